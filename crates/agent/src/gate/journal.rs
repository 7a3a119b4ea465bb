//! `Journal`: decision records on their way to the store, in a bounded queue with one writer, so
//! that no start waits for the disk. Old ones leave the store by age and size.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use model::{DecisionRecord, Timestamp};
use serde::Deserialize;
use store::{Store, StoreError};

use super::{Counter, Counters};
use crate::limits::RECORDS_WAITING;

/// After how many decisions is looked whether old ones must go. The store numbers them, so that gates
/// that live for one decision only take their turn too.
const PRUNE_EVERY: i64 = 256;
/// The same where a start waits for the writer. One that nobody else prunes for stays bounded: as
/// many may go at a time.
const PRUNE_EVERY_IN_HASTE: i64 = 4096;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// How much of the decision log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecisionsConfig {
    /// Most bytes; the oldest decisions go first.
    pub keep_max_bytes: u64,
    /// Most days; older decisions go.
    pub keep_max_days: u32,
}

impl Default for DecisionsConfig {
    fn default() -> Self {
        DecisionsConfig { keep_max_bytes: 512 * 1024 * 1024, keep_max_days: 365 }
    }
}

/// Takes decision records and writes them down in order.
#[derive(Debug)]
pub(crate) struct Journal {
    queue: Mutex<Option<SyncSender<Box<DecisionRecord>>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
    /// A start waits until everything is written down.
    in_haste: Arc<AtomicBool>,
}

impl Journal {
    /// Starts the writer.
    pub(crate) fn start(store: Arc<Store>, counters: Arc<Counters>, keep: DecisionsConfig) -> Self {
        let (queue, records) = sync_channel::<Box<DecisionRecord>>(RECORDS_WAITING);
        let counted = Arc::clone(&counters);
        let writer = thread::Builder::new().name("journal".into());
        let in_haste = Arc::new(AtomicBool::new(false));
        let hastens = Arc::clone(&in_haste);
        let work = move || {
            for record in records {
                let haste = hastens.load(Ordering::Relaxed);
                write(&store, &record, &counted, keep, haste);
            }
        };
        let writer = writer.spawn(work).ok();
        Journal { queue: Mutex::new(Some(queue)), writer: Mutex::new(writer), counters, in_haste }
    }

    /// From now on a start waits for the writer: old decisions are left to others, nearly always.
    pub(crate) fn hasten(&self) {
        self.in_haste.store(true, Ordering::Relaxed);
    }

    /// Takes a record. A record that finds the queue full is lost, counted and told.
    pub(crate) fn record(&self, record: DecisionRecord) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let why = match queue.as_ref().map(|queue| queue.try_send(Box::new(record))) {
            Some(Ok(())) => return,
            Some(Err(TrySendError::Full(_))) => "too many wait",
            Some(Err(TrySendError::Disconnected(_))) | None => "the writer has ended",
        };
        self.counters.count(Counter::Lost);
        eprintln!("lazaret agent: a decision is not written down: {why}");
    }

    /// Writes down what waits, and ends.
    pub(crate) fn finish(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.finish();
    }
}

fn write(
    store: &Store,
    record: &DecisionRecord,
    counters: &Counters,
    keep: DecisionsConfig,
    in_haste: bool,
) {
    let every = if in_haste { PRUNE_EVERY_IN_HASTE } else { PRUNE_EVERY };
    match store.append_decision(record) {
        Ok(number) if number % every == 0 => {
            if let Err(error) = prune(store, keep, Timestamp::now()) {
                eprintln!("lazaret agent: old decisions are not taken out: {error}");
            }
        }
        Ok(_) => {}
        Err(error) => {
            counters.count(Counter::Lost);
            eprintln!("lazaret agent: a decision is not written down: {error}");
        }
    }
}

fn prune(store: &Store, keep: DecisionsConfig, now: Timestamp) -> Result<u64, StoreError> {
    let age_ms = DAY_MS.saturating_mul(i64::from(keep.keep_max_days));
    let since = Timestamp::from_millisecond(now.as_millisecond().saturating_sub(age_ms));
    store.prune_decisions(since.unwrap_or(Timestamp::UNIX_EPOCH), keep.keep_max_bytes)
}

#[cfg(test)]
mod tests {
    use model::{Decision, Digest, Gate, Verdict, Workload};

    use super::*;

    #[test]
    fn what_is_older_than_the_days_or_beyond_the_bytes_goes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("lazaret.sqlite")).unwrap());
        let counters = Arc::new(Counters::default());
        let keep = DecisionsConfig { keep_max_days: 30, ..DecisionsConfig::default() };
        let journal = Journal::start(Arc::clone(&store), Arc::clone(&counters), keep);
        let now = Timestamp::now().as_millisecond();
        for number in 1..=2 * PRUNE_EVERY {
            let days = if number <= 100 { 31 } else { 1 };
            journal.record(decision(now - days * DAY_MS));
        }
        journal.finish();
        let chain = store.verify_decisions().unwrap();
        assert_eq!((chain.pruned, chain.broken), (100, None));
        assert_eq!(chain.decisions, 2 * PRUNE_EVERY as u64 - 100);
        assert_eq!(counters.value(Counter::Lost), 0);
        let keep = DecisionsConfig { keep_max_bytes: 10_000, ..keep };
        assert!(prune(&store, keep, Timestamp::now()).unwrap() > 0);
        assert_eq!(store.verify_decisions().unwrap().broken, None);
    }

    #[test]
    fn who_is_in_haste_leaves_old_decisions_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("lazaret.sqlite")).unwrap());
        let keep = DecisionsConfig { keep_max_days: 30, ..DecisionsConfig::default() };
        let journal = Journal::start(Arc::clone(&store), Arc::default(), keep);
        journal.hasten();
        for _ in 0..PRUNE_EVERY {
            journal.record(decision(Timestamp::now().as_millisecond() - 31 * DAY_MS));
        }
        journal.finish();
        assert_eq!(store.verify_decisions().unwrap().pruned, 0);
    }

    fn decision(at_ms: i64) -> DecisionRecord {
        DecisionRecord {
            at: Timestamp::from_millisecond(at_ms).unwrap(),
            gate: Gate::DockerAuthz,
            action: "POST /containers/{id}/start".into(),
            workload: Workload::default(),
            reports: Vec::new(),
            policy: Digest::sha256(&[1; 32]),
            verdict: Verdict { decision: Decision::Allow, reasons: Vec::new() },
            enforced: Decision::Allow,
            because: String::new(),
            duration_us: 1,
        }
    }
}
