//! `Fold`: the same thing over and over is told once, then counted, and the count told when it is
//! over. Nothing is left out without its number.

use std::hash::Hash;
use std::num::NonZeroUsize;

use lru::LruCache;
use model::AuditRecord;

/// Things that are counted at once.
const KINDS: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// How often it is looked for counts that are over, in events.
const LOOK_EVERY: u32 = 256;

/// Counts what comes again and again.
pub(crate) struct Fold<K: Hash + Eq> {
    window_ns: i64,
    counted: LruCache<K, Counted>,
    since_look: u32,
}

/// The last of its kind, and how many were not told.
struct Counted {
    record: AuditRecord,
    until_ns: i64,
    untold: u64,
}

impl<K: Hash + Eq> Fold<K> {
    /// Counts for so many seconds after each telling.
    pub(crate) fn of_seconds(seconds: u64) -> Self {
        let window_ns = i64::try_from(seconds.saturating_mul(1_000_000_000)).unwrap_or(i64::MAX);
        Fold { window_ns, counted: LruCache::new(KINDS), since_look: 0 }
    }

    /// Takes a record in. Gives what is to be told now.
    pub(crate) fn take(&mut self, key: K, record: AuditRecord) -> Vec<AuditRecord> {
        if self.window_ns == 0 {
            return vec![record];
        }
        let now_ns = record.time_ns;
        if let Some(counted) = self.counted.get_mut(&key)
            && now_ns < counted.until_ns
        {
            counted.untold += 1;
            counted.record = record;
            return self.over(now_ns);
        }
        let mut told = self.over(now_ns);
        let until_ns = now_ns.saturating_add(self.window_ns);
        let fresh = Counted { record: record.clone(), until_ns, untold: 0 };
        told.extend(self.counted.push(key, fresh).and_then(|(_, old)| old.told()));
        told.push(record);
        told
    }

    /// What is over by now. Looked for now and then only.
    pub(crate) fn over(&mut self, now_ns: i64) -> Vec<AuditRecord> {
        self.since_look += 1;
        if self.since_look < LOOK_EVERY {
            return Vec::new();
        }
        self.end(|counted| counted.until_ns <= now_ns)
    }

    /// Everything that is still counted.
    pub(crate) fn rest(&mut self) -> Vec<AuditRecord> {
        self.end(|_| true)
    }

    fn end(&mut self, is_over: impl Fn(&Counted) -> bool) -> Vec<AuditRecord> {
        self.since_look = 0;
        let mut told = Vec::new();
        let mut kept = Vec::new();
        // The oldest come first and go back in the same order.
        while let Some((key, counted)) = self.counted.pop_lru() {
            if is_over(&counted) {
                told.extend(counted.told());
            } else {
                kept.push((key, counted));
            }
        }
        for (key, counted) in kept {
            self.counted.push(key, counted);
        }
        told
    }
}

impl Counted {
    /// The last of its kind with the number of those that were not told.
    fn told(self) -> Option<AuditRecord> {
        let Counted { mut record, untold, .. } = self;
        if untold == 0 {
            return None;
        }
        record.text.push_str(&format!(" ×{untold}"));
        record.details.insert("times".to_owned(), untold.to_string());
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str, seconds: i64) -> AuditRecord {
        let time_ns = seconds * 1_000_000_000;
        AuditRecord { text: text.to_owned(), time_ns, ..AuditRecord::default() }
    }

    #[test]
    fn the_same_is_told_once_and_counted() {
        let mut fold = Fold::of_seconds(60);
        let mut told = Vec::new();
        for second in 0..10 {
            told.extend(fold.take("a", record("curl", second)));
        }
        told.extend(fold.take("b", record("ls", 10)));
        told.extend(fold.take("a", record("curl", 61)));
        let texts: Vec<&str> = told.iter().map(|record| record.text.as_str()).collect();
        assert_eq!(texts, ["curl", "ls", "curl ×9", "curl"]);
        assert_eq!(told[2].details["times"], "9");
        assert!(fold.rest().is_empty());
    }

    #[test]
    fn what_finds_no_room_is_told_with_its_count() {
        let mut fold = Fold::of_seconds(60);
        fold.take(0, record("first", 1));
        fold.take(0, record("first", 1));
        let mut told = Vec::new();
        for number in 1..=KINDS.get() {
            told.extend(fold.take(number, record("other", 2)));
        }
        assert!(told.iter().any(|record| record.text == "first ×1"));
        assert_eq!(told.len(), KINDS.get() + 1);
    }
}
