//! The trail: what everybody on the node has to tell goes through one bounded queue to one writer,
//! which keeps it and then passes it on.
//!
//! ```text
//! watch, isolation, life cycle, files, hands ─Trail→ queue ─Writer→ audit log, then outputs
//! ```

mod weight;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use model::{Alert, AuditKind, AuditRecord};

use crate::limits::{ENTRIES_TOGETHER, TRAIL_BYTES, TRAIL_ENTRIES};
pub(crate) use weight::weight_bytes;

/// How long an alert waits for room before it is lost.
const ALERT_PATIENCE: Duration = Duration::from_secs(5);
/// How long an entry may wait for others to be written together with it.
const GATHER: Duration = Duration::from_millis(5);

/// Something to keep and to pass on.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Something that was done.
    Record(Box<AuditRecord>),
    /// Something to look at. It is kept as a record too.
    Alert(Box<Alert>),
}

impl Entry {
    /// The entry as a record of the log.
    pub fn to_record(&self) -> AuditRecord {
        match self {
            Entry::Record(record) => (**record).clone(),
            Entry::Alert(alert) => AuditRecord::from(&**alert),
        }
    }
}

/// Where entries are handed in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Trail {
    sender: SyncSender<(Entry, usize)>,
    lost: Arc<Lost>,
    /// Bytes of what waits.
    bytes: Arc<AtomicUsize>,
    /// How much waits.
    entries: Arc<AtomicUsize>,
}

/// What found no room, in entries.
#[derive(Debug, Default)]
pub struct Lost {
    /// Records.
    pub records: AtomicU64,
    /// Alerts.
    pub alerts: AtomicU64,
}

impl Trail {
    /// A queue and its end.
    pub fn open() -> (Trail, Entries) {
        let (sender, receiver) = sync_channel(TRAIL_ENTRIES);
        let (bytes, entries) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let end = Entries { receiver, bytes: Arc::clone(&bytes), entries: Arc::clone(&entries) };
        (Trail { sender, lost: Arc::default(), bytes, entries }, end)
    }

    /// Hands in a record. One that finds no room is lost, and counted; what the agent itself did
    /// waits for room.
    pub fn record(&self, record: AuditRecord) {
        self.hand_in(record);
    }

    /// The same. Gives whether it found room.
    pub(crate) fn hand_in(&self, record: AuditRecord) -> bool {
        let patience = match record.kind {
            AuditKind::Alert | AuditKind::Response | AuditKind::Agent => ALERT_PATIENCE,
            _ => Duration::ZERO,
        };
        let is_in = self.send(Entry::Record(Box::new(record)), patience);
        if !is_in {
            self.lose(1);
        }
        is_in
    }

    /// Hands in a record where there is room for it, and gives it back where there is none. It never
    /// waits.
    pub(crate) fn offer(&self, record: AuditRecord) -> Option<AuditRecord> {
        let entry = Entry::Record(Box::new(record));
        let weight = weight::of_entry(&entry);
        match self.try_send(entry, weight) {
            Err(TrySendError::Full((Entry::Record(back), _))) => Some(*back),
            Err(_) => {
                self.lose(1);
                None
            }
            Ok(()) => None,
        }
    }

    /// Counts records that were lost before they came here.
    pub(crate) fn lose(&self, records: u64) {
        self.lost.records.fetch_add(records, Ordering::Relaxed);
    }

    /// Hands in an alert. It waits for room a while before it is lost, and counted.
    pub fn alert(&self, alert: Alert) {
        if !self.send(Entry::Alert(Box::new(alert)), ALERT_PATIENCE) {
            self.lost.alerts.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was lost so far.
    pub fn lost(&self) -> &Lost {
        &self.lost
    }

    /// How many entries wait to be kept.
    pub fn depth(&self) -> usize {
        self.entries.load(Ordering::Relaxed)
    }

    fn send(&self, mut entry: Entry, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let weight = weight::of_entry(&entry);
        loop {
            match self.try_send(entry, weight) {
                Ok(()) => return true,
                Err(TrySendError::Full((back, _))) if Instant::now() < until => {
                    entry = back;
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(_) => return false,
            }
        }
    }

    /// Puts an entry in where there is room for it, in number and in bytes.
    fn try_send(&self, entry: Entry, weight: usize) -> Result<(), TrySendError<(Entry, usize)>> {
        self.entries.fetch_add(1, Ordering::Relaxed);
        let before = self.bytes.fetch_add(weight, Ordering::Relaxed);
        let sent = match before == 0 || before.saturating_add(weight) <= TRAIL_BYTES {
            true => self.sender.try_send((entry, weight)),
            false => Err(TrySendError::Full((entry, weight))),
        };
        if sent.is_err() {
            self.bytes.fetch_sub(weight, Ordering::Relaxed);
            self.entries.fetch_sub(1, Ordering::Relaxed);
        }
        sent
    }
}

/// The queue's end.
#[derive(Debug)]
pub struct Entries {
    receiver: Receiver<(Entry, usize)>,
    bytes: Arc<AtomicUsize>,
    entries: Arc<AtomicUsize>,
}

impl Entries {
    /// The next entries, those that came close together at once; empty when none came within
    /// `patience`, `None` when nobody will hand in any more.
    pub fn next(&self, patience: Duration) -> Option<Vec<Entry>> {
        let first = match self.receiver.recv_timeout(patience) {
            Ok(first) => self.taken(first),
            Err(RecvTimeoutError::Timeout) => return Some(Vec::new()),
            Err(RecvTimeoutError::Disconnected) => return None,
        };
        let until = Instant::now() + GATHER;
        let mut entries = vec![first];
        while entries.len() < ENTRIES_TOGETHER {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(entry) = self.receiver.recv_timeout(left) else { break };
            entries.push(self.taken(entry));
        }
        Some(entries)
    }

    fn taken(&self, (entry, weight): (Entry, usize)) -> Entry {
        self.bytes.fetch_sub(weight, Ordering::Relaxed);
        self.entries.fetch_sub(1, Ordering::Relaxed);
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_and_the_rest_keeps_its_order() {
        let (trail, entries) = Trail::open();
        for number in 0..TRAIL_ENTRIES + 3 {
            trail.record(AuditRecord { target: number.to_string(), ..AuditRecord::default() });
        }
        assert_eq!(trail.lost().records.load(Ordering::Relaxed), 3);
        drop(trail);
        let mut came = Vec::new();
        while let Some(some) = entries.next(Duration::from_secs(1)) {
            assert!(some.len() <= ENTRIES_TOGETHER);
            came.extend(some.iter().map(|entry| entry.to_record().target));
        }
        let expected: Vec<_> = (0..TRAIL_ENTRIES).map(|number| number.to_string()).collect();
        assert_eq!(came, expected);
    }

    #[test]
    fn bytes_count_as_much_as_entries() {
        let (trail, entries) = Trail::open();
        let record = |target: String| AuditRecord { target, ..AuditRecord::default() };
        let large = "x".repeat(TRAIL_BYTES / 16);
        for _ in 0..20 {
            trail.record(record(large.clone()));
        }
        let lost = trail.lost().records.load(Ordering::Relaxed);
        assert!((5..10).contains(&lost), "{lost}");
        assert_eq!(trail.depth() as u64, 20 - lost);
        assert!(entries.next(Duration::from_secs(1)).unwrap().len() > 10);
        assert_eq!((trail.depth(), trail.bytes.load(Ordering::Relaxed)), (0, 0));
        // One that is larger than all the room gets in alone.
        trail.record(record("x".repeat(TRAIL_BYTES + 1)));
        assert_eq!(trail.depth(), 1);
    }
}
