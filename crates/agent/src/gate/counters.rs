//! `Counters`: what the gates did since they began, for whoever watches.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// Requests that the engine asked about.
    Requests,
    /// Workloads that were judged.
    Judged,
    /// Workloads that were refused.
    Refused,
    /// Requests that were refused without judging: unknown, unreadable, or not allowed at all.
    Rejected,
    /// Decisions that could not be made and so were refusals.
    Failed,
    /// Requests refused because too many waited.
    Overloaded,
    /// Refusals that the break-glass file turned.
    BrokenGlass,
    /// Scans begun for want of a report.
    Scans,
    /// Containers found running that no request had started.
    Unasked,
    /// Containers stopped for that.
    Stopped,
    /// Decision records that could not be written down.
    Lost,
    /// Connections to an engine that had to be made again.
    Reconnects,
}

const NAMES: [(Counter, &str); 12] = [
    (Counter::Requests, "requests"),
    (Counter::Judged, "judged"),
    (Counter::Refused, "refused"),
    (Counter::Rejected, "rejected"),
    (Counter::Failed, "failed"),
    (Counter::Overloaded, "overloaded"),
    (Counter::BrokenGlass, "broken_glass"),
    (Counter::Scans, "scans"),
    (Counter::Unasked, "unasked"),
    (Counter::Stopped, "stopped"),
    (Counter::Lost, "lost_records"),
    (Counter::Reconnects, "reconnects"),
];

/// What the gates did since they began.
#[derive(Debug, Default)]
pub struct Counters([AtomicU64; NAMES.len()]);

impl Counters {
    /// Counts one.
    pub fn count(&self, counter: Counter) {
        if let Some(value) = self.0.get(counter as usize) {
            value.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many there were.
    pub fn value(&self, counter: Counter) -> u64 {
        self.0.get(counter as usize).map_or(0, |value| value.load(Ordering::Relaxed))
    }

    /// All of them by name.
    pub fn all(&self) -> Vec<(&'static str, u64)> {
        NAMES.iter().map(|(counter, name)| (*name, self.value(*counter))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_place() {
        for (at, (counter, _)) in NAMES.iter().enumerate() {
            assert_eq!(*counter as usize, at);
        }
        let counters = Counters::default();
        counters.count(Counter::Lost);
        assert_eq!(counters.value(Counter::Lost), 1);
        assert_eq!(counters.all().iter().map(|(_, value)| value).sum::<u64>(), 1);
    }
}
