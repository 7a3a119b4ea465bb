//! `Budget`: how many commands one session or container may have told in a while. What goes beyond
//! is counted, and the number told when there is room again.

use std::num::NonZeroUsize;

use lru::LruCache;
use model::AuditRecord;

/// Places whose budgets are remembered.
const PLACES: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
const NS_PER_S: i64 = 1_000_000_000;

/// What each place may still tell.
pub(super) struct Budget {
    rate: u32,
    burst: u32,
    places: LruCache<String, Left>,
}

struct Left {
    /// Records, in thousandths.
    milli: i64,
    at_ns: i64,
    untold: u64,
    /// What tells of those that were not told, without their number.
    summary: Option<Box<AuditRecord>>,
}

impl Budget {
    /// So many a second, so many at once; 0 a second for no limit.
    pub(super) fn new(rate: u32, burst: u32) -> Self {
        Budget { rate, burst: burst.max(1), places: LruCache::new(PLACES) }
    }

    /// The record when there is room for it, and before it how many found none: here, and in a
    /// place that is not remembered any more.
    pub(super) fn pass(&mut self, place: &str, record: AuditRecord) -> Vec<AuditRecord> {
        if self.rate == 0 {
            return vec![record];
        }
        let (rate, full) = (i64::from(self.rate), i64::from(self.burst) * 1000);
        let mut told = Vec::new();
        if !self.places.contains(place) {
            let fresh = Left { milli: full, at_ns: record.time_ns, untold: 0, summary: None };
            let gone = self.places.push(place.to_owned(), fresh);
            told.extend(gone.and_then(|(_, mut left)| left.left_out()));
        }
        let Some(left) = self.places.get_mut(place) else { return told };
        let passed_ns = (record.time_ns - left.at_ns).clamp(0, NS_PER_S * 3600);
        left.milli = (left.milli + passed_ns.saturating_mul(rate) / 1_000_000).min(full);
        left.at_ns = record.time_ns;
        if left.milli < 1000 {
            left.untold += 1;
            left.summary.get_or_insert_with(|| Box::new(summary(&record)));
            return told;
        }
        left.milli -= 1000;
        told.extend(left.left_out());
        told.push(record);
        told
    }

    /// How many found no room in a place that is over.
    pub(super) fn end(&mut self, place: &str) -> Option<AuditRecord> {
        self.places.peek_mut(place).and_then(Left::left_out)
    }

    /// How many found no room, everywhere.
    pub(super) fn rest(&mut self) -> Vec<AuditRecord> {
        self.places.iter_mut().filter_map(|(_, left)| left.left_out()).collect()
    }
}

impl Left {
    fn left_out(&mut self) -> Option<AuditRecord> {
        let untold = std::mem::take(&mut self.untold);
        let mut record = *self.summary.take()?;
        record.time_ns = self.at_ns;
        record.text = format!("{untold} commands were too many to be told one by one");
        record.details.insert("times".to_owned(), untold.to_string());
        Some(record)
    }
}

fn summary(of: &AuditRecord) -> AuditRecord {
    let mut record = AuditRecord {
        kind: of.kind,
        action: "left_out".to_owned(),
        container: of.container.clone(),
        node: of.node.clone(),
        ..AuditRecord::default()
    };
    if let Some(session) = of.details.get("session") {
        record.details.insert("session".to_owned(), session.clone());
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_are_counted_and_the_number_told() {
        let mut budget = Budget::new(10, 5);
        let at = |ms: i64| AuditRecord { time_ns: ms * 1_000_000, ..AuditRecord::default() };
        let mut told = Vec::new();
        for _ in 0..20 {
            told.extend(budget.pass("web", at(1000)));
        }
        assert_eq!(told.len(), 5);
        assert_eq!(budget.pass("db", at(1000)).len(), 1);
        let later = budget.pass("web", at(1200));
        assert_eq!(later.len(), 2);
        assert_eq!(
            (later[0].action.as_str(), later[0].details["times"].as_str()),
            ("left_out", "15")
        );
    }
    #[test]
    fn what_was_left_out_is_told_at_the_end_whatever_ends() {
        let mut budget = Budget::new(1, 1);
        let at = |ms: i64| AuditRecord { time_ns: ms * 1_000_000, ..AuditRecord::default() };
        for place in ["ended", "evicted", "rest"] {
            assert_eq!([1, 2, 3].map(|ms| budget.pass(place, at(ms)).len()), [1, 0, 0]);
        }
        let ended = budget.end("ended").unwrap();
        assert_eq!((ended.details["times"].as_str(), ended.time_ns), ("2", 3_000_000));
        assert_eq!((budget.end("ended"), budget.end("nowhere")), (None, None));
        budget.pass("rest", at(4));
        let others = (1..PLACES.get()).map(|number| budget.pass(&number.to_string(), at(4)).len());
        assert_eq!(others.sum::<usize>(), PLACES.get());
        let rest = budget.rest();
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].details["times"], "3");
        assert!(budget.rest().is_empty());
    }
}
