//! Kills for want of memory, by workload: a loop goes over containers that are started anew.

use std::collections::{HashMap, VecDeque};

/// Workloads whose kills are remembered.
const MAX_WORKLOADS: usize = 4096;
/// Kills of one workload that are remembered.
const MAX_KILLS: usize = 256;

/// When processes of a workload were killed, in nanoseconds of the steady clock.
#[derive(Debug, Default)]
pub(super) struct OomLog(HashMap<String, VecDeque<u64>>);

impl OomLog {
    pub(super) fn add(&mut self, workload: &str, kills: u64, now_ns: u64) {
        if !self.0.contains_key(workload) && self.0.len() >= MAX_WORKLOADS {
            let oldest = self.0.iter().min_by_key(|(_, kills)| kills.back().copied());
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|name| self.0.remove(&name));
        }
        let log = self.0.entry(workload.to_owned()).or_default();
        for _ in 0..kills.min(MAX_KILLS as u64) {
            log.push_back(now_ns);
        }
        while log.len() > MAX_KILLS {
            log.pop_front();
        }
    }

    /// Kills within the last `within_ns`; older ones are forgotten.
    pub(super) fn within(&mut self, workload: &str, now_ns: u64, within_ns: u64) -> u64 {
        let Some(log) = self.0.get_mut(workload) else { return 0 };
        while log.front().is_some_and(|at| now_ns.saturating_sub(*at) > within_ns) {
            log.pop_front();
        }
        let count = log.len() as u64;
        if count == 0 {
            self.0.remove(workload);
        }
        count
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
    fn kills_are_counted_within_a_time() {
        let mut log = OomLog::default();
        log.add("web", 2, 10);
        log.add("web", 1, 20);
        assert_eq!(log.within("web", 25, 10), 1);
        assert_eq!(log.within("db", 25, 10), 0);
        assert_eq!(log.within("web", 40, 10), 0);
        log.add("web", u64::MAX, 50);
        assert_eq!(log.within("web", 50, 10), MAX_KILLS as u64);
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
