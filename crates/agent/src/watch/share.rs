//! `Shares`: how much of a room, in events or in bytes, each cgroup has, so that one that floods it
//! loses its own events and not those of others.
//!
//! A cgroup may have as much of the room as is still free. One that floods gets half of it, two get a
//! third each, and there is always some for whoever sends little.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use lru::LruCache;
use sensor::EventClass;

/// Counts of cgroups; a power of two. Cgroups whose numbers fall together share a part.
const SLOTS: usize = 1024;
/// Cgroups whose losses are remembered.
const LOSERS: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// Who has how much of a room.
pub(super) struct Shares {
    room: usize,
    taken: AtomicUsize,
    by_cgroup: Vec<AtomicUsize>,
}

impl Shares {
    /// An empty room of such a size.
    pub(super) fn of(room: usize) -> Self {
        let by_cgroup = (0..SLOTS).map(|_| AtomicUsize::new(0)).collect();
        Shares { room, taken: AtomicUsize::new(0), by_cgroup }
    }

    /// Takes so much of it, unless the cgroup has its share already.
    pub(super) fn take(&self, cgroup_id: u64, size: usize) -> bool {
        let free = self.room.saturating_sub(self.taken());
        let Some(own) = self.slot(cgroup_id) else { return false };
        if own.load(Ordering::Relaxed) >= free {
            return false;
        }
        own.fetch_add(size, Ordering::Relaxed);
        self.taken.fetch_add(size, Ordering::Relaxed);
        true
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&self, cgroup_id: u64, size: usize) {
        if let Some(own) = self.slot(cgroup_id) {
            own.fetch_sub(size, Ordering::Relaxed);
            self.taken.fetch_sub(size, Ordering::Relaxed);
        }
    }

    /// How much is taken.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether one that floods has its share already, or many have it all.
    pub(super) fn is_pressed(&self) -> bool {
        self.taken() > self.room / 8 * 3
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
        (0..tries).filter(|_| shares.take(cgroup_id, 1)).count()
    }

    #[test]
    fn whoever_floods_leaves_room_for_others() {
        let shares = Shares::of(1200);
        assert_eq!(taken(&shares, 7, 5000), 600);
        assert_eq!(taken(&shares, 8, 5000), 300);
        assert_eq!(taken(&shares, 9, 50), 50);
        for _ in 0..600 {
            shares.give_back(7, 1);
        }
        assert_eq!(taken(&shares, 9, 5000), 400, "450 of its own, 450 free");
    }

    #[test]
    fn what_is_large_takes_as_much_of_the_room() {
        let shares = Shares::of(1200);
        assert!((0..6).all(|_| shares.take(7, 100)) && !shares.take(7, 100));
        assert!(shares.take(8, 300) && !shares.take(8, 1));
        shares.give_back(7, 600);
        assert_eq!((shares.taken(), shares.is_pressed()), (300, false));
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
