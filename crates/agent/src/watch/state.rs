//! `State`: what the watch knows at a moment: processes, containers, users.

use std::num::NonZeroUsize;
use std::path::Path;

use model::{Engine, Event, EventKind};

use super::runtime::Announced;
use crate::attribute::{Containers, Process, Processes, cgroups_below, processes_of};
use crate::detect::{self, Detection, Observed, Users};

const LIVE_PROCESSES: NonZeroUsize = NonZeroUsize::new(32_768).expect("not zero");
const DEAD_PROCESSES: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");
/// Where the unified hierarchy is mounted: alone, or beside the old ones.
const UNIFIED: [&str; 2] = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

/// What the watch knows at a moment.
pub struct State {
    processes: Processes,
    containers: Containers,
    users: Users,
    node: String,
    boot_ns: i64,
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
    pub fn at_start() -> Self {
        let mut state = State {
            processes: Processes::new(LIVE_PROCESSES, DEAD_PROCESSES),
            containers: Containers::default(),
            users: Users::below(Path::new("/")),
            node: node_name(),
            boot_ns: boot_ns(),
            number: 0,
        };
        let mount = UNIFIED.iter().map(Path::new).find(|path| path.join("cgroup.procs").exists());
        for cgroup in mount.map(|mount| cgroups_below(mount, 0)).unwrap_or_default() {
            state.containers.cgroup_made(&cgroup, 0);
        }
        for process in processes_of(Path::new("/proc")) {
            state.processes.seed(process);
        }
        state
    }

    /// The containers that are known.
    pub fn containers(&self) -> &Containers {
        &self.containers
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
        let container = self.containers.of_cgroup(event.task.cgroup_id).cloned();
        let observed = Observed {
            event: &event,
            number: self.number,
            boot_ns: self.boot_ns,
            process: self.processes.find(id).unwrap_or(&stranger),
            processes: &self.processes,
            container: container.as_deref(),
            users: &self.users,
            node: &self.node,
        };
        let detections = engine.observe(&observed);
        sink(&Seen { observed, detections });
    }

    fn attribute(&mut self, event: &Event, announced: &Announced) {
        let cgroup = match &event.kind {
            EventKind::CgroupMade(cgroup) => Some(cgroup),
            EventKind::Exec(exec) => exec.cgroup.as_ref(),
            _ => None,
        };
        let Some(cgroup) = cgroup else { return };
        let Some(new) = self.containers.cgroup_made(cgroup, event.time_ns) else { return };
        let Some(told) = announced.take(&new.id) else { return };
        self.containers.learn(&new.id, |container| {
            let (since_ns, engine) = (container.since_ns, container.engine);
            *container = told;
            container.since_ns = since_ns;
            if container.engine == Engine::Unknown {
                container.engine = engine;
            }
        });
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
