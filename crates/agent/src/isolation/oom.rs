//! Kills for want of memory, by workload: a loop goes over containers that are started anew.

use std::collections::{HashMap, VecDeque};

use model::ContainerRef;

use super::latch::{Change, Latch, Reading};
use super::view::CALM_NS;

/// Workloads whose kills are remembered.
const MAX_WORKLOADS: usize = 4096;
/// Kills of one workload that are remembered.
const MAX_KILLS: usize = 256;

/// The kills of each workload. A loop is the workload's and not a container's: it goes on while one
/// container after the other is killed, and is told once.
#[derive(Debug, Default)]
pub(super) struct OomLog(HashMap<String, Kills>);

#[derive(Debug, Default)]
struct Kills {
    /// When, in nanoseconds of the steady clock.
    at_ns: VecDeque<u64>,
    /// The container of the last one.
    container: ContainerRef,
    latch: Latch,
}

/// What became of a workload's loop.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loop {
    pub workload: String,
    /// The container that was killed last.
    pub container: ContainerRef,
    /// Kills within the time of a loop.
    pub kills: u64,
    pub change: Change,
}

impl OomLog {
    pub(super) fn add(
        &mut self,
        workload: &str,
        container: &ContainerRef,
        kills: u64,
        now_ns: u64,
    ) {
        if !self.0.contains_key(workload) && self.0.len() >= MAX_WORKLOADS {
            let oldest = self.0.iter().min_by_key(|(_, kills)| kills.at_ns.back().copied());
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|name| self.0.remove(&name));
        }
        let log = self.0.entry(workload.to_owned()).or_default();
        log.container.clone_from(container);
        for _ in 0..kills.min(MAX_KILLS as u64) {
            log.at_ns.push_back(now_ns);
        }
        while log.at_ns.len() > MAX_KILLS {
            log.at_ns.pop_front();
        }
    }

    /// Loops that begin or end: so many kills within so many nanoseconds. Older ones are forgotten.
    pub(super) fn loops(&mut self, now_ns: u64, most: u64, within_ns: u64) -> Vec<Loop> {
        let mut loops = Vec::new();
        self.0.retain(|workload, log| {
            while log.at_ns.front().is_some_and(|at| now_ns.saturating_sub(*at) > within_ns) {
                log.at_ns.pop_front();
            }
            let kills = log.at_ns.len() as u64;
            let raise = most.max(1) as f64;
            let clear = (raise * 0.1).max(1.0).min(raise);
            let reading =
                Reading { value: kills as f64, raise, clear, hold_ns: 0, calm_ns: CALM_NS };
            let change = log.latch.take(now_ns, reading);
            if change != Change::None {
                let (workload, container) = (workload.clone(), log.container.clone());
                loops.push(Loop { workload, container, kills, change });
            }
            kills > 0 || log.latch.is_on()
        });
        loops
    }
}

/// Kills that the host counts and no container's files explain: of a container that is gone.
#[derive(Debug, Default)]
pub(super) struct Unexplained {
    host_before: Option<u64>,
    kills: i64,
    since_ns: u64,
}

impl Unexplained {
    /// For how long a kill may wait for its container to go, in nanoseconds.
    const PATIENCE_NS: u64 = 5_000_000_000;

    /// Takes in the host's counter, and what containers told in the same look.
    pub(super) fn take(&mut self, host: Option<u64>, explained: u64, now_ns: u64) {
        let rise = match (host, self.host_before) {
            (Some(now), Some(before)) => now.saturating_sub(before),
            _ => 0,
        };
        self.host_before = host.or(self.host_before);
        let change = i64::try_from(rise).unwrap_or(0) - i64::try_from(explained).unwrap_or(0);
        if change != 0 {
            self.since_ns = now_ns;
        } else if now_ns.saturating_sub(self.since_ns) > Self::PATIENCE_NS {
            self.kills = 0;
        }
        self.kills = (self.kills + change).clamp(-64, 64);
    }

    /// Whether one is left for a container that has gone.
    pub(super) fn explain_one(&mut self) -> bool {
        let left = self.kills > 0;
        self.kills -= i64::from(left);
        left
    }
}

/// Containers that are gone, or came and went between two looks: the watch may tell their kills a
/// moment later than their files did.
#[derive(Debug, Default)]
pub(super) struct Gone(HashMap<String, GoneOne>);

#[derive(Debug, Clone, Copy)]
struct GoneOne {
    since_ns: u64,
    told: u64,
}

impl Gone {
    /// How long one that was never looked at may still turn up, in nanoseconds.
    const MAY_COME_NS: u64 = 2_000_000_000;
    /// How long kills are awaited, in nanoseconds.
    const KEPT_NS: u64 = 15_000_000_000;

    /// A container went, whose kills were told so far.
    pub(super) fn went(&mut self, id: &str, told: u64, now_ns: u64) {
        // As if it had been awaited already: what comes now is new.
        let since_ns = now_ns.saturating_sub(Self::MAY_COME_NS);
        self.0.insert(id.to_owned(), GoneOne { since_ns, told });
    }

    /// Kills that are new, of a container that is not looked at.
    pub(super) fn new_kills(&mut self, id: &str, counted: u64, now_ns: u64) -> u64 {
        let fresh = GoneOne { since_ns: now_ns, told: 0 };
        let one = self.0.entry(id.to_owned()).or_insert(fresh);
        if now_ns.saturating_sub(one.since_ns) < Self::MAY_COME_NS {
            return 0;
        }
        let new = counted.saturating_sub(one.told);
        one.told = one.told.max(counted);
        new
    }

    /// Forgets those of which nothing more is awaited.
    pub(super) fn forget_old(&mut self, now_ns: u64) {
        self.0.retain(|_, one| now_ns.saturating_sub(one.since_ns) < Self::KEPT_NS);
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// It is looked at: its own files tell.
    pub(super) fn came(&mut self, id: &str) {
        self.0.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_told_once_though_its_containers_come_and_go() {
        const S: u64 = 1_000_000_000;
        let mut log = OomLog::default();
        let mut told = Vec::new();
        // A kill a second for a minute, each in a container of its own, and one of another workload.
        for second in 0..200 {
            let id = format!("c{second}");
            let container = ContainerRef { id, ..ContainerRef::default() };
            if second < 60 {
                log.add("web", &container, 1, second * S);
            }
            if second == 5 {
                log.add("db", &container, 2, second * S);
            }
            for one in log.loops(second * S, 3, 100 * S) {
                told.push((second, one.container.id, matches!(one.change, Change::Began)));
            }
        }
        // The last kill is forgotten after 100 seconds; five more have to be quiet.
        assert_eq!(told, [(2, "c2".to_owned(), true), (165, "c59".to_owned(), false)]);
        assert!(log.0.is_empty());
        log.add("web", &ContainerRef::default(), u64::MAX, 500 * S);
        assert_eq!(log.loops(500 * S, 3, S)[0].kills, MAX_KILLS as u64);
    }

    #[test]
    fn a_kill_that_no_container_explains_waits_for_one_that_goes() {
        let mut unexplained = Unexplained::default();
        unexplained.take(Some(7), 0, 0);
        assert!(!unexplained.explain_one());
        unexplained.take(Some(8), 0, 1);
        assert!(unexplained.explain_one() && !unexplained.explain_one());
        // A container tells it a look before the host does.
        unexplained.take(Some(8), 1, 2);
        unexplained.take(Some(9), 0, 3);
        assert!(!unexplained.explain_one());
        unexplained.take(Some(10), 0, 4);
        unexplained.take(Some(10), 0, 4 + 2 * Unexplained::PATIENCE_NS);
        assert!(!unexplained.explain_one());
    }

    #[test]
    fn kills_are_told_once_whoever_tells_them_first() {
        const S: u64 = 1_000_000_000;
        let mut gone = Gone::default();
        gone.went("seen", 1, 10 * S);
        assert_eq!(gone.new_kills("seen", 1, 10 * S), 0);
        assert_eq!(gone.new_kills("seen", 2, 11 * S), 1);
        assert_eq!(gone.new_kills("brief", 1, 10 * S), 0);
        assert_eq!(gone.new_kills("brief", 1, 12 * S), 1);
        assert_eq!(gone.new_kills("brief", 1, 13 * S), 0);
        gone.forget_old(60 * S);
        assert!(!gone.has("brief"));
    }
}
