//! `State`: what the watch knows at a moment: processes, containers, users. An event whose program is
//! still being held against its image is asked about again when that is done.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use model::{CgroupName, Container, Event, EventKind, ProcessId, Start};

use super::runtime::{Announced, know};
use super::snapshot::Snapshot;
use crate::attribute::{Begun, Directory, Process, Processes};
use crate::detect::{self, Detection, Observed, Relay, Relays, is_runtime};
use crate::drift::Drift;

const LIVE_PROCESSES: NonZeroUsize = NonZeroUsize::new(32_768).expect("not zero");
const DEAD_PROCESSES: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");
/// How old a container is before its first program is looked for: it may be told yet.
const HEALED_AGE_NS: u64 = 5_000_000_000;
/// Events that wait for the same program to be compared.
const WAITING_EVENTS: usize = 64;

/// What the watch knows at a moment.
pub struct State {
    processes: Processes,
    containers: Directory,
    before: Snapshot,
    number: u64,
    relays: Relays,
    drift: Option<Arc<Drift>>,
    /// Events whose program is being compared, by the comparison's number.
    waiting: HashMap<u64, Vec<Waiting>>,
}

/// An event with all that is known of it.
pub struct Seen<'a> {
    /// The event and what the rules are told.
    pub observed: Observed<'a>,
    /// What the rules say.
    pub detections: Vec<Detection>,
    /// The event was told before; only the detections are new, as its program was compared meanwhile.
    pub is_late: bool,
}

/// What is known of an event besides the state.
#[derive(Clone, Copy)]
struct Known<'a> {
    event: &'a Event,
    process: &'a Process,
    container: Option<&'a Container>,
    /// Whom it is done to.
    target: Option<&'a Container>,
    relay: Option<&'a Relay>,
    number: u64,
    is_container_start: bool,
    left_container: bool,
}

/// An event whose program is being compared, and what was known of it.
struct Waiting {
    event: Event,
    process: Process,
    container: Option<Arc<Container>>,
    target: Option<Arc<Container>>,
    relay: Option<Relay>,
    number: u64,
    is_container_start: bool,
    /// The rules that have spoken of it already.
    told: Vec<String>,
}

impl Waiting {
    fn known(&self) -> Known<'_> {
        Known {
            event: &self.event,
            process: &self.process,
            container: self.container.as_deref(),
            target: self.target.as_deref(),
            relay: self.relay.as_ref(),
            number: self.number,
            is_container_start: self.is_container_start,
            left_container: false,
        }
    }
}

impl State {
    /// What was there before the first event.
    pub(super) fn begin(before: Snapshot, containers: Directory) -> Self {
        let mut processes = Processes::new(LIVE_PROCESSES, DEAD_PROCESSES);
        containers.write(|containers| {
            for cgroup in &before.cgroups {
                containers.cgroup_made(cgroup, 0);
            }
        });
        for process in &before.processes {
            let mut process = process.clone();
            process.of_host = is_of_host(&process, &before, &containers);
            processes.seed(process);
        }
        seed(&containers, &before.begun, u64::MAX);
        let (cgroups, processes_before, begun) = (Vec::new(), Vec::new(), Vec::new());
        let before = Snapshot { cgroups, processes: processes_before, begun, ..before };
        State {
            processes,
            containers,
            before,
            number: 0,
            relays: Relays::default(),
            drift: None,
            waiting: HashMap::new(),
        }
    }

    /// Holds programs against images: not when events of another day are looked at.
    pub(super) fn with_drift(mut self, drift: Arc<Drift>) -> Self {
        self.drift = Some(drift);
        self
    }

    /// Makes the processes what the kernel said they are when it was asked, and the starts of
    /// containers known whose first program was not told; nothing when it does not say.
    pub(super) fn heal(&mut self, running: &[Event], asked_ns: u64) {
        let Some(now_ns) = running.iter().map(|event| event.time_ns).max() else { return };
        let mut processes: Vec<Process> = running.iter().filter_map(Process::running).collect();
        // Parents before their children.
        processes.sort_by_key(|process| process.id.start_ns);
        for process in &mut processes {
            process.of_host = is_of_host(process, &self.before, &self.containers);
        }
        self.processes.heal(processes, asked_ns);
        let begun = Begun::of(running, self.before.host_namespaces.mnt);
        seed(&self.containers, &begun, now_ns.saturating_sub(HEALED_AGE_NS));
    }

    /// Processes that were forgotten for want of room.
    pub(super) fn forgotten(&self) -> u64 {
        self.processes.counts().2
    }

    /// Takes an event in and tells what it means.
    pub(super) fn take(
        &mut self,
        event: Event,
        announced: &Announced,
        engine: &detect::Engine,
        sink: &mut impl FnMut(&Seen<'_>),
    ) {
        self.number += 1;
        let left = self.leaves(&event);
        let began = self.begins(&event);
        self.processes.observe(&event);
        let is_container_start = self.attribute(&event, announced);
        if let Some((moved, home)) = left {
            self.processes.change(moved, |process| process.home_cgroup = home);
        }
        if let Some((of_host, from_runtime)) = began {
            let outside = of_host || self.container_of(&event).is_none();
            self.processes.change(event.task.process, |process| {
                process.of_host = outside;
                process.from_runtime = from_runtime;
            });
        }
        let relay = self.relays.observe(&event);
        let stranger = Process::default();
        let container = self.container_of(&event);
        let target = acted_upon(&event).and_then(|cgroup| self.containers.of_cgroup(cgroup));
        let known = Known {
            event: &event,
            process: self.processes.find(event.task.process).unwrap_or(&stranger),
            container: container.as_deref(),
            target: target.as_deref(),
            relay: relay.as_ref(),
            number: self.number,
            is_container_start,
            left_container: left.is_some(),
        };
        let detections = engine.observe(&self.observed(known, engine));
        let ticket = self.drift.as_ref().and_then(|drift| drift.handed_in());
        let kept = ticket.map(|ticket| {
            let told = detections.iter().map(|one| one.rule.clone()).collect();
            (ticket, known.process.clone(), told)
        });
        sink(&Seen { observed: self.observed(known, engine), detections, is_late: false });
        let Some((ticket, process, told)) = kept else { return };
        let number = self.number;
        self.wait(
            ticket,
            Waiting { event, process, container, target, relay, number, is_container_start, told },
        );
    }

    /// Asks again about events whose programs have been compared meanwhile.
    pub(super) fn again(&mut self, engine: &detect::Engine, sink: &mut impl FnMut(&Seen<'_>)) {
        let Some(drift) = self.drift.clone() else { return };
        drift.answered(|ticket| {
            for one in self.waiting.remove(&ticket).unwrap_or_default() {
                let observed = self.observed(one.known(), engine);
                let mut detections = engine.observe(&observed);
                detections.retain(|detection| !one.told.contains(&detection.rule));
                if !detections.is_empty() {
                    sink(&Seen { observed, detections, is_late: true });
                }
            }
            // Who asks for another program in the same event is not waited for a second time.
            drift.handed_in().into_iter().for_each(|_| drift.give_up(1));
        });
    }

    /// Counts the events that still wait: the watch ends.
    pub(super) fn finish(&mut self) {
        let left = self.waiting.drain().map(|(_, events)| events.len()).sum();
        self.drift.iter().for_each(|drift| drift.give_up(left));
    }

    fn wait(&mut self, ticket: u64, one: Waiting) {
        let events = self.waiting.entry(ticket).or_default();
        if events.len() < WAITING_EVENTS {
            events.push(one);
        } else {
            self.drift.iter().for_each(|drift| drift.give_up(1));
        }
    }

    fn observed<'a>(&'a self, known: Known<'a>, engine: &detect::Engine) -> Observed<'a> {
        let Known { event, process, container, target, relay, number, .. } = known;
        Observed {
            event,
            number,
            boot_ns: self.before.boot_ns,
            process,
            processes: &self.processes,
            container,
            target,
            host_namespaces: self.before.host_namespaces,
            users: &self.before.users,
            node: &self.before.node,
            drift: self.drift.as_deref(),
            relay,
            is_container_start: known.is_container_start,
            left_container: known.left_container,
            strict_names: engine.has_strict_names(),
        }
    }

    /// The container of an event: that of its cgroup, or the one that its process was moved out of
    /// by another hand than the runtime's.
    fn container_of(&self, event: &Event) -> Option<Arc<Container>> {
        let home = self.processes.find(event.task.process).map_or(0, |process| process.home_cgroup);
        self.containers.of_cgroup(if home == 0 { event.task.cgroup_id } else { home })
    }

    /// Of an exec, before it is taken in: whether the host's hand is in it although it may be in a
    /// container's cgroup, as a runtime's is; and whether it was a runtime until now.
    fn begins(&self, event: &Event) -> Option<(bool, bool)> {
        let EventKind::Exec(_) = event.kind else { return None };
        let task = &event.task;
        let known = self.processes.find(task.process);
        let parent = || self.processes.find(task.parent);
        // A process that was never seen born is its parent's child.
        let before = known.filter(|process| process.exe.is_some()).or_else(parent);
        let in_hosts_mounts = task.namespaces.mnt == self.before.host_namespaces.mnt;
        let of_host = in_hosts_mounts && before.is_some_and(|process| process.of_host);
        let from_runtime = known.is_some_and(|process| is_runtime(process, &self.processes));
        Some((of_host, from_runtime))
    }

    /// Who is moved out of its container's cgroup by another than a runtime, or is born outside of
    /// it: which process, and the cgroup that it belongs to.
    fn leaves(&self, event: &Event) -> Option<(ProcessId, u64)> {
        let by = self.processes.find(event.task.process);
        let (child, from, to) = match &event.kind {
            EventKind::CgroupEntered(cgroup, child) => {
                (child, self.processes.find(child.process)?, cgroup.id)
            }
            EventKind::Fork(child) => (child, by?, child.cgroup_id),
            _ => return None,
        };
        let home = from.attributed_cgroup();
        if to == home || home == 0 || to == 0 {
            return None;
        }
        let container = self.containers.of_cgroup(home)?;
        // A container that it was put into by an engine in its own is below its own, and has it.
        let stays = self.containers.read(|all| all.is_within(to, &container.id));
        let by_host = by.is_some_and(|by| is_runtime(by, &self.processes) || is_systemd(by));
        (!stays && !by_host).then_some((child.process, home))
    }

    /// Whether the event is the exec of a container's first program.
    fn attribute(&mut self, event: &Event, announced: &Announced) -> bool {
        match &event.kind {
            EventKind::CgroupMade(cgroup) => {
                self.cgroup(cgroup, event.time_ns, announced);
                false
            }
            EventKind::CgroupRemoved(cgroup) => {
                self.containers.write(|containers| containers.cgroup_removed(cgroup.id));
                false
            }
            EventKind::Exec(exec) => {
                if let Some(cgroup) = &exec.cgroup {
                    self.cgroup(cgroup, event.time_ns, announced);
                }
                self.first_program(event)
            }
            _ => false,
        }
    }

    fn cgroup(&mut self, cgroup: &CgroupName, now_ns: u64, announced: &Announced) {
        let made = self.containers.write(|containers| containers.cgroup_made(cgroup, now_ns));
        let Some(new) = made else { return };
        if let Some(told) = announced.take(&new.id, &cgroup.path) {
            know(&self.containers, told);
        }
    }

    /// A container's first program: in its cgroup, with a mount namespace of its own. What the
    /// runtime does there before is not the container's.
    fn first_program(&mut self, event: &Event) -> bool {
        let task = &event.task;
        let Some(container) = self.containers.of_cgroup(task.cgroup_id) else { return false };
        if container.start.is_some() || task.namespaces.mnt == self.before.host_namespaces.mnt {
            return false;
        }
        let start = Start { namespaces: task.namespaces, capabilities: task.capabilities };
        let id = container.id.clone();
        let learn = |container: &mut Container| container.start = Some(start);
        self.containers.write(|containers| containers.learn(&id, learn));
        true
    }
}

/// The cgroup of the process that an event acts upon.
fn acted_upon(event: &Event) -> Option<u64> {
    match &event.kind {
        EventKind::Call(call) => call.target.map(|target| target.cgroup_id),
        _ => None,
    }
}

/// Takes in what the first programs of containers had that were made until a moment: of each
/// container its oldest process tells it.
fn seed(containers: &Directory, begun: &[Begun], until_ns: u64) {
    let mut oldest: HashMap<String, Begun> = HashMap::new();
    for one in begun {
        let Some(container) = containers.of_cgroup(one.cgroup_id) else { continue };
        if container.start.is_some() || container.since_ns > until_ns {
            continue;
        }
        let known = oldest.entry(container.id.clone()).or_insert(*one);
        if one.process.start_ns < known.process.start_ns {
            *known = *one;
        }
    }
    for (id, one) in oldest {
        let learn = |container: &mut Container| container.start = Some(one.start);
        containers.write(|containers| containers.learn(&id, learn));
    }
}

/// Whether what runs already belongs to the host: it is in the host's mounts, or in a cgroup that is
/// known and no container's.
fn is_of_host(process: &Process, before: &Snapshot, containers: &Directory) -> bool {
    let mounts = process.mount_namespace;
    let in_hosts_mounts = mounts != 0 && mounts == before.host_namespaces.mnt;
    let cgroup = process.cgroup_id;
    in_hosts_mounts || (cgroup != 0 && containers.of_cgroup(cgroup).is_none())
}

/// The host's own systemd moves what it was asked to move.
fn is_systemd(process: &Process) -> bool {
    const PATHS: [&str; 2] = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
    process.of_host && process.exe.as_ref().is_some_and(|exe| PATHS.contains(&exe.path.as_str()))
}
