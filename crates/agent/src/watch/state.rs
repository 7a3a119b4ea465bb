//! `State`: what the watch knows at a moment: processes, containers, users.

use std::num::NonZeroUsize;
use std::path::Path;

use lru::LruCache;
use model::{Event, EventKind, Exec};

use super::runtime;
use crate::attribute::{
    Bundle, Containers, Process, Processes, cgroups_below, learn, processes_of, read_bundle,
};
use crate::detect::{Detection, Engine, Observed, Users};

const LIVE_PROCESSES: NonZeroUsize = NonZeroUsize::new(32_768).expect("not zero");
const DEAD_PROCESSES: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");
/// Bundles of containers that have no cgroup yet.
const BUNDLES: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");
/// Where the unified hierarchy is mounted: alone, or beside the old ones.
const UNIFIED: [&str; 2] = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

/// What the watch knows at a moment.
pub struct State {
    processes: Processes,
    containers: Containers,
    bundles: LruCache<String, Bundle>,
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
            bundles: LruCache::new(BUNDLES),
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
    pub fn take(&mut self, event: Event, engine: &Engine, sink: &mut impl FnMut(&Seen<'_>)) {
        self.number += 1;
        self.processes.observe(&event);
        self.attribute(&event);
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

    fn attribute(&mut self, event: &Event) {
        match &event.kind {
            EventKind::CgroupMade(cgroup) => self.cgroup(cgroup, event.time_ns),
            EventKind::Exec(exec) => {
                if let Some(cgroup) = &exec.cgroup {
                    self.cgroup(cgroup, event.time_ns);
                }
                self.remember_bundle(exec);
            }
            _ => {}
        }
    }

    fn cgroup(&mut self, cgroup: &model::CgroupName, now_ns: u64) {
        let Some(container) = self.containers.cgroup_made(cgroup, now_ns) else { return };
        if let Some(bundle) = self.bundles.pop(&container.id) {
            self.containers.learn(&container.id, |container| learn(container, &bundle));
        }
    }

    /// The runtime is told which bundle to make a container of; the cgroup comes a moment later.
    fn remember_bundle(&mut self, exec: &Exec) {
        let Some((id, folder)) = runtime::container_made(exec) else { return };
        // A folder that is gone already is a container that is gone already.
        let Ok(bundle) = read_bundle(&folder) else { return };
        if self.containers.by_id(&id).is_some() {
            self.containers.learn(&id, |container| learn(container, &bundle));
        } else {
            self.bundles.put(id, bundle);
        }
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
