//! `Watched`: one container under the monitor's eyes, from its first look to its last.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use model::{Container, ContainerRef, Known};

use super::busiest::{Busiest, InImage, MAX_PROCESSES, Question, Suspect};
use super::cgroups::{Hierarchies, Place};
use super::conditions::Condition;
use super::config::IsolationConfig;
use super::gauges::{Gauges, Limits, Sample};
use super::latch::Latch;
use super::layer::{Layer, Overlay};
use super::normal::Use;
use super::view::NS_PER_S;
use super::window::Window;
use crate::attribute::{Directory, workload_of};

/// Looks after which limits and names are read anew.
const REFRESH_LOOKS: u64 = 10;
/// Looks in which a runtime may still be making the container.
const SETTLING_LOOKS: u64 = 3;
/// Looks in which a process of the container is looked for.
const FIRST_PROCESS_LOOKS: u64 = 30;
/// Percent of the memory limit from which on it is worth knowing what can be taken back.
const NEAR_LIMIT_PERCENT: u64 = 75;

/// One container.
pub(super) struct Watched {
    pub gauges: Gauges,
    pub reference: ContainerRef,
    pub container: Option<Arc<Container>>,
    pub workload: String,
    pub sample: Sample,
    pub limits: Limits,
    pub window: Window,
    pub forks: Window,
    pub latches: [Latch; Condition::ALL.len()],
    pub looks: u64,
    /// Kills for want of memory that were there before, or are told.
    pub oom_kills_told: u64,
    pub limits_told: bool,
    pub layer: Option<Layer>,
    pub used: Use,
    pub suspect: Option<Suspect>,
    busiest: Busiest,
    asked_ns: Option<u64>,
    innocent_times: u32,
    has_process: bool,
    /// Whether it has a pid namespace of its own.
    has_own_pids: bool,
    last_pid: Option<u64>,
}

impl Watched {
    pub(super) fn new(hierarchies: &Hierarchies, place: &Place, keep: bool) -> Self {
        let reference = ContainerRef {
            id: place.container.id.clone(),
            engine: place.container.engine,
            ..ContainerRef::default()
        };
        Watched {
            gauges: Gauges::open(hierarchies, place, keep),
            workload: format!("container:{}", reference.id),
            reference,
            container: None,
            sample: Sample::default(),
            limits: Limits::default(),
            window: Window::default(),
            forks: Window::default(),
            latches: Default::default(),
            looks: 0,
            oom_kills_told: 0,
            limits_told: false,
            layer: None,
            used: Use::default(),
            suspect: None,
            busiest: Busiest::default(),
            asked_ns: None,
            innocent_times: 0,
            has_process: false,
            has_own_pids: false,
            last_pid: None,
        }
    }

    /// Whether enough is known of it for what is learnt to be found again.
    pub(super) fn has_workload(&self) -> bool {
        !self.workload.starts_with("container:")
    }

    /// Reads names and limits where it is time for them.
    pub(super) fn refresh(&mut self, directory: &Directory, buffer: &mut Vec<u8>) {
        let complete = self.container.as_ref().is_some_and(|known| known.known == Known::Full);
        let due = self.looks.is_multiple_of(REFRESH_LOOKS);
        let asks = due || (!complete && self.looks < REFRESH_LOOKS);
        let found = if asks { directory.find(&self.reference.id) } else { None };
        if let Some(container) = found {
            self.reference = ContainerRef::from(&*container);
            self.workload = workload_of(&container);
            self.container = Some(container);
        }
        if due || self.looks < SETTLING_LOOKS {
            self.gauges.complete();
            self.limits = self.gauges.limits(buffer);
        }
    }

    /// Finds a process of the container, and with it the writable layer and the count of forks.
    pub(super) fn find_process(&mut self, proc: &Path, config: &IsolationConfig) {
        if self.has_process || self.looks > FIRST_PROCESS_LOOKS {
            return;
        }
        let mounts = |pid: &str| std::fs::read_link(proc.join(pid).join("ns/mnt")).ok();
        let root = |pid: &str| std::fs::metadata(proc.join(pid).join("root")).ok();
        let place = |pid: &str| root(pid).map(|root| (root.dev(), root.ino()));
        // Where the first process may not be looked at, the agent's own place is the host's.
        let host_mounts = mounts("1").or_else(|| mounts("self"));
        let host_root = place("1").or_else(|| place("self"));
        for pid in self.gauges.processes(MAX_PROCESSES) {
            let own = pid.to_string();
            let own_mounts = mounts(&own);
            // The runtime's own process is in the control group before the container's mounts are.
            if own_mounts.is_none() || own_mounts == host_mounts {
                continue;
            }
            // It has a mount namespace before it changes the root.
            if host_root.is_some() && place(&own) == host_root {
                continue;
            }
            self.has_process = true;
            let namespace = |pid: &str| std::fs::read_link(proc.join(pid).join("ns/pid")).ok();
            let host_pids = namespace("1").or_else(|| namespace("self"));
            self.has_own_pids = namespace(&own) != host_pids;
            let wanted = config.disk.enabled || config.mining.enabled;
            let overlay = wanted.then(|| Overlay::of(proc, pid)).flatten();
            self.layer = overlay.map(Layer::new);
            return;
        }
    }

    /// Looks at the numbers that its processes are given, or forgets them when nobody asks.
    pub(super) fn count_forks(&mut self, wanted: bool, proc: &Path, buffer: &mut Vec<u8>) {
        if !wanted || !self.has_own_pids {
            self.last_pid = None;
            return;
        }
        let newest = self.gauges.newest_pid(proc, buffer);
        self.last_pid = self.last_pid.max(newest);
    }

    /// Reads the container's numbers; `false` when it is gone.
    pub(super) fn measure(&mut self, forks: Option<u64>, buffer: &mut Vec<u8>) -> bool {
        let Some(mut sample) = self.gauges.sample(buffer) else { return false };
        let near = |limit: u64| limit / 100 * NEAR_LIMIT_PERCENT;
        let used = sample.memory_bytes.unwrap_or_default();
        if self.limits.memory_bytes.is_some_and(|limit| used >= near(limit)) {
            sample.memory_reclaimable_bytes = self.gauges.reclaimable_bytes(buffer);
        }
        sample.forks = forks;
        sample.last_pid = self.last_pid;
        self.sample = sample;
        self.looks += 1;
        true
    }

    /// Keeps the sample, and tells what is used on average.
    pub(super) fn keep(&mut self, now_ns: u64, config: &IsolationConfig) {
        let window_ns = config.window_s.max(1) * NS_PER_S;
        self.window.keep(now_ns, &self.sample, window_ns);
        self.forks.keep(now_ns, &self.sample, config.forks_window_s.max(1) * NS_PER_S);
        let span = self.window.span(now_ns, &self.sample, window_ns);
        self.used = Use {
            millicores: span.and_then(|span| span.millicores()),
            memory_bytes: self.sample.memory_bytes.map(|bytes| bytes as f64),
            pids: self.sample.pids.map(|pids| pids as f64),
            written_per_s: span.and_then(|span| span.rate(|sample| sample.written_bytes)),
        };
    }

    /// Asks who burns the processor, while much of it is burnt.
    pub(super) fn suspect(&mut self, now_ns: u64, busy: bool, question: &Suspicion<'_>) {
        if !busy {
            (self.suspect, self.asked_ns, self.innocent_times) = (None, None, 0);
            return;
        }
        let every_ns = question.config.window_s.max(1) * NS_PER_S;
        if self.asked_ns.is_some_and(|at| now_ns.saturating_sub(at) < every_ns) {
            return;
        }
        self.asked_ns = Some(now_ns);
        let pids = self.gauges.processes(MAX_PROCESSES);
        let found = self.busiest.suspect(&Question {
            proc: question.proc,
            pids: &pids,
            overlay: self.layer.as_ref().map(|layer| &layer.overlay),
            container: self.container.as_deref(),
            in_image: question.in_image,
            names: &question.config.mining.names,
        });
        self.innocent_times = if found.is_some() { 0 } else { self.innocent_times + 1 };
        // Another program in between does not make the miner innocent.
        if found.is_some() || self.innocent_times > 1 {
            self.suspect = found;
        }
    }
}

/// What is needed to look for a suspect.
pub(super) struct Suspicion<'a> {
    pub proc: &'a Path,
    pub config: &'a IsolationConfig,
    pub in_image: Option<&'a InImage>,
}
