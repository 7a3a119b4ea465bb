//! `State`: what the watch knows at a moment: processes, containers, users.

use std::num::NonZeroUsize;
use std::path::Path;

use model::{CgroupName, Container, Engine, Event, EventKind, Namespaces, Start};

use super::runtime::Announced;
use crate::attribute::{Directory, Process, Processes, cgroups_below, processes_of};
use crate::detect::{self, Detection, Observed, Users};

const LIVE_PROCESSES: NonZeroUsize = NonZeroUsize::new(32_768).expect("not zero");
const DEAD_PROCESSES: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");
/// Where the unified hierarchy is mounted: alone, or beside the old ones.
const UNIFIED: [&str; 2] = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

/// What the watch knows at a moment.
pub struct State {
    processes: Processes,
    containers: Directory,
    users: Users,
    node: String,
    boot_ns: i64,
    host_namespaces: Namespaces,
    number: u64,
}

/// An event with all that is known of it.
pub struct Seen<'a> {
    /// The event and what the rules are told.
    pub observed: Observed<'a>,
    /// What the rules say.
    pub detections: Vec<Detection>,
}

impl State {
    /// What is there before the first event.
    pub fn at_start(containers: Directory) -> Self {
        let mut state = State {
            processes: Processes::new(LIVE_PROCESSES, DEAD_PROCESSES),
            containers,
            users: Users::below(Path::new("/")),
            node: node_name(),
            boot_ns: boot_ns(),
            host_namespaces: host_namespaces(),
            number: 0,
        };
        let mount = UNIFIED.iter().map(Path::new).find(|path| path.join("cgroup.procs").exists());
        for cgroup in mount.map(|mount| cgroups_below(mount, 0)).unwrap_or_default() {
            state.containers.write(|containers| containers.cgroup_made(&cgroup, 0));
        }
        for process in processes_of(Path::new("/proc")) {
            state.processes.seed(process);
        }
        state
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
        self.processes.observe(&event);
        self.attribute(&event, announced);
        let stranger = Process::default();
        let id = event.task.process;
        let container = self.containers.of_cgroup(event.task.cgroup_id);
        let observed = Observed {
            event: &event,
            number: self.number,
            boot_ns: self.boot_ns,
            process: self.processes.find(id).unwrap_or(&stranger),
            processes: &self.processes,
            container: container.as_deref(),
            host_namespaces: self.host_namespaces,
            users: &self.users,
            node: &self.node,
        };
        let detections = engine.observe(&observed);
        sink(&Seen { observed, detections });
    }

    fn attribute(&mut self, event: &Event, announced: &Announced) {
        match &event.kind {
            EventKind::CgroupMade(cgroup) => self.cgroup(cgroup, event.time_ns, announced),
            EventKind::Exec(exec) => {
                if let Some(cgroup) = &exec.cgroup {
                    self.cgroup(cgroup, event.time_ns, announced);
                }
                self.first_program(event);
            }
            _ => {}
        }
    }

    fn cgroup(&mut self, cgroup: &CgroupName, now_ns: u64, announced: &Announced) {
        let made = self.containers.write(|containers| containers.cgroup_made(cgroup, now_ns));
        let Some(new) = made else { return };
        let Some(told) = announced.take(&new.id) else { return };
        let learn = |container: &mut Container| {
            let engine =
                if told.engine == Engine::Unknown { container.engine } else { told.engine };
            let since_ns = container.since_ns;
            *container = Container { engine, since_ns, ..told };
        };
        self.containers.write(|containers| containers.learn(&new.id, learn));
    }

    /// A container's first program: in its cgroup, with a mount namespace of its own. What the
    /// runtime does there before is not the container's.
    fn first_program(&mut self, event: &Event) {
        let task = &event.task;
        let Some(container) = self.containers.of_cgroup(task.cgroup_id) else { return };
        if container.start.is_some() || task.namespaces.mnt == self.host_namespaces.mnt {
            return;
        }
        let start = Start { namespaces: task.namespaces, capabilities: task.capabilities };
        let id = container.id.clone();
        let learn = |container: &mut Container| container.start = Some(start);
        self.containers.write(|containers| containers.learn(&id, learn));
    }
}

/// The namespaces of the host's first process; the agent's own where that one may not be looked at.
fn host_namespaces() -> Namespaces {
    let number_at = |process: &str, name: &str| {
        let link = std::fs::read_link(format!("/proc/{process}/ns/{name}")).ok()?;
        let text = link.to_string_lossy().into_owned();
        text.rsplit('[').next().and_then(|rest| rest.trim_end_matches(']').parse().ok())
    };
    let number =
        |name: &str| number_at("1", name).or_else(|| number_at("self", name)).unwrap_or_default();
    Namespaces {
        mnt: number("mnt"),
        pid: number("pid"),
        net: number("net"),
        user: number("user"),
        ipc: number("ipc"),
        uts: number("uts"),
        cgroup: number("cgroup"),
    }
}

fn node_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// The moment of the kernel's zero, in nanoseconds since 1970.
fn boot_ns() -> i64 {
    let now = model::Timestamp::now().as_nanosecond();
    let up = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let up = i128::from(up.tv_sec) * 1_000_000_000 + i128::from(up.tv_nsec);
    i64::try_from(now - up).unwrap_or_default()
}
