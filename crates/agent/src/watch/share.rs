//! `Shares`: how much of the queue each cgroup has, so that one that floods it loses its own events and
//! not those of others.
//!
//! A cgroup may have as much of the queue as is still free. One that floods gets half of it, two get a
//! third each, and there is always room for whoever sends little.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use lru::LruCache;
use sensor::EventClass;

/// Counts of cgroups; a power of two. Cgroups whose numbers fall together share a part.
const SLOTS: usize = 1024;
/// Cgroups whose losses are remembered.
const LOSERS: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// Who has how much of a queue.
pub(super) struct Shares {
    places: usize,
    taken: AtomicUsize,
    by_cgroup: Vec<AtomicUsize>,
}

impl Shares {
    /// An empty queue of so many places.
    pub(super) fn of(places: usize) -> Self {
        let by_cgroup = (0..SLOTS).map(|_| AtomicUsize::new(0)).collect();
        Shares { places, taken: AtomicUsize::new(0), by_cgroup }
    }

    /// Takes a place, unless the cgroup has its share already.
    pub(super) fn take(&self, cgroup_id: u64) -> bool {
        let free = self.places.saturating_sub(self.taken.load(Ordering::Relaxed));
        let Some(own) = self.slot(cgroup_id) else { return false };
        if own.load(Ordering::Relaxed) >= free {
            return false;
        }
        own.fetch_add(1, Ordering::Relaxed);
        self.taken.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Gives a place back that was taken.
    pub(super) fn give_back(&self, cgroup_id: u64) {
        if let Some(own) = self.slot(cgroup_id) {
            own.fetch_sub(1, Ordering::Relaxed);
            self.taken.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn slot(&self, cgroup_id: u64) -> Option<&AtomicUsize> {
        // Numbers of cgroups are inodes, given out one after the other.
        let mixed = (cgroup_id ^ (cgroup_id >> 32)) as usize;
        self.by_cgroup.get(mixed % SLOTS)
    }
}

/// What found no room in the queue, by cgroup. Those that lost nothing for long are forgotten first.
#[derive(Debug)]
pub(super) struct Losers(Mutex<LruCache<(u64, EventClass), u64>>);

impl Default for Losers {
    fn default() -> Self {
        Losers(Mutex::new(LruCache::new(LOSERS)))
    }
}

impl Losers {
    /// A cgroup lost one more.
    pub(super) fn add(&self, cgroup_id: u64, class: EventClass) {
        let mut losers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *losers.get_or_insert_mut((cgroup_id, class), || 0) += 1;
    }

    /// What each lost so far.
    pub(super) fn all(&self) -> Vec<(u64, EventClass, u64)> {
        let losers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        losers.iter().map(|((cgroup_id, class), count)| (*cgroup_id, *class, *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(shares: &Shares, cgroup_id: u64, tries: usize) -> usize {
        (0..tries).filter(|_| shares.take(cgroup_id)).count()
    }

    #[test]
    fn whoever_floods_leaves_room_for_others() {
        let shares = Shares::of(1200);
        assert_eq!(taken(&shares, 7, 5000), 600);
        assert_eq!(taken(&shares, 8, 5000), 300);
        assert_eq!(taken(&shares, 9, 50), 50);
        for _ in 0..600 {
            shares.give_back(7);
        }
        assert_eq!(taken(&shares, 9, 5000), 400, "450 of its own, 450 free");
    }

    #[test]
    fn what_was_lost_is_known_by_cgroup() {
        let losers = Losers::default();
        losers.add(7, EventClass::Bulk);
        losers.add(7, EventClass::Bulk);
        losers.add(8, EventClass::Alert);
        let mut all = losers.all();
        all.sort_unstable();
        assert_eq!(all, [(7, EventClass::Bulk, 2), (8, EventClass::Alert, 1)]);
    }
}
