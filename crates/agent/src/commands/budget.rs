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
}

impl Budget {
    /// So many a second, so many at once; 0 a second for no limit.
    pub(super) fn new(rate: u32, burst: u32) -> Self {
        Budget { rate, burst: burst.max(1), places: LruCache::new(PLACES) }
    }

    /// The record when there is room for it, and before it how many found none.
    pub(super) fn pass(&mut self, place: &str, record: AuditRecord) -> Vec<AuditRecord> {
        if self.rate == 0 {
            return vec![record];
        }
        let (rate, full) = (i64::from(self.rate), i64::from(self.burst) * 1000);
        let fresh = || Left { milli: full, at_ns: record.time_ns, untold: 0 };
        let left = self.places.get_or_insert_mut_ref(place, fresh);
        let passed_ns = (record.time_ns - left.at_ns).clamp(0, NS_PER_S * 3600);
        left.milli = (left.milli + passed_ns.saturating_mul(rate) / 1_000_000).min(full);
        left.at_ns = record.time_ns;
        if left.milli < 1000 {
            left.untold += 1;
            return Vec::new();
        }
        left.milli -= 1000;
        let untold = std::mem::take(&mut left.untold);
        let mut told = Vec::new();
        if untold > 0 {
            told.push(left_out(&record, untold));
        }
        told.push(record);
        told
    }
}

fn left_out(after: &AuditRecord, untold: u64) -> AuditRecord {
    let mut record = AuditRecord {
        time_ns: after.time_ns,
        kind: after.kind,
        action: "left_out".to_owned(),
        container: after.container.clone(),
        node: after.node.clone(),
        text: format!("{untold} commands were too many to be told one by one"),
        ..AuditRecord::default()
    };
    record.details.insert("times".to_owned(), untold.to_string());
    if let Some(session) = after.details.get("session") {
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
}
