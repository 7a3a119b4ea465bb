//! `Teller`: how the hands tell what they did where nobody may wait: on the thread of the events, on
//! one that reads a ring, on one that the kernel waits for.
//!
//! A record goes to the trail at once. What finds no room there waits here, and the worker hands it
//! in later.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::AuditRecord;

use crate::trail::Trail;

/// Records that wait for room in the trail.
const MAX_WAITING: usize = 1024;

/// Who tells without waiting. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    trail: Trail,
    waiting: Arc<Mutex<VecDeque<AuditRecord>>>,
}

impl Teller {
    pub(super) fn new(trail: Trail) -> Self {
        Teller { trail, waiting: Arc::default() }
    }

    /// Tells a record, now or later. One that finds no room here either is lost, and counted.
    pub(super) fn tell(&self, record: AuditRecord) {
        let mut waiting = self.waiting();
        // None overtakes those that wait.
        let back = match waiting.is_empty() {
            true => self.trail.offer(record),
            false => Some(record),
        };
        match back {
            Some(record) if waiting.len() < MAX_WAITING => waiting.push_back(record),
            Some(_) => self.trail.lose(1),
            None => {}
        }
    }

    /// Hands in what waits, as far as there is room.
    pub(super) fn pass_on(&self) {
        let mut waiting = self.waiting();
        while let Some(record) = waiting.pop_front() {
            if let Some(record) = self.trail.offer(record) {
                waiting.push_front(record);
                return;
            }
        }
    }

    /// Hands in what waits, at the end: the first that finds no room waits for it, and when it comes
    /// to none, all that is left is lost, and counted.
    pub(super) fn finish(&self) {
        self.pass_on();
        let left = std::mem::take(&mut *self.waiting());
        let mut left = left.into_iter();
        while let Some(record) = left.next() {
            if !self.trail.hand_in(record) {
                self.trail.lose(left.len() as u64);
                return;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<AuditRecord>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use model::{AuditKind, AuditOutcome};

    use super::*;
    use crate::limits::TRAIL_ENTRIES;
    use crate::respond::record::told;

    #[test]
    fn what_finds_no_room_waits_and_keeps_its_order() {
        let (trail, entries) = Trail::open();
        let teller = Teller::new(trail.clone());
        for number in 0..TRAIL_ENTRIES + MAX_WAITING + 3 {
            let mut record = told("kill_program", AuditOutcome::Success, number.to_string());
            assert_eq!(record.kind, AuditKind::Response);
            record.initiator = model::Initiator::default();
            teller.tell(record);
        }
        assert_eq!(trail.lost().records.load(Ordering::Relaxed), 3);
        teller.pass_on();
        assert_eq!(teller.waiting().len(), MAX_WAITING);
        let mut came = Vec::new();
        while came.len() < TRAIL_ENTRIES + MAX_WAITING {
            let some = entries.next(Duration::from_secs(1)).unwrap();
            assert!(!some.is_empty(), "what waited does not come");
            came.extend(some.iter().map(|entry| entry.to_record().text));
            teller.pass_on();
        }
        let expected = (0..TRAIL_ENTRIES + MAX_WAITING).map(|number| number.to_string());
        assert!(came.into_iter().eq(expected));
        teller.tell(told("never", AuditOutcome::Failure, "last".to_owned()));
        teller.finish();
        assert_eq!(trail.depth(), 1);
    }
}
