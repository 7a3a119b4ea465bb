//! `Journal`: decision records on their way to the store, in a bounded queue with one writer, so
//! that no start waits for the disk.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use model::DecisionRecord;
use store::Store;

use super::{Counter, Counters};
use crate::limits::RECORDS_WAITING;

/// Takes decision records and writes them down in order.
#[derive(Debug)]
pub(crate) struct Journal {
    queue: Mutex<Option<SyncSender<Box<DecisionRecord>>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
}

impl Journal {
    /// Starts the writer.
    pub(crate) fn start(store: Arc<Store>, counters: Arc<Counters>) -> Self {
        let (queue, records) = sync_channel(RECORDS_WAITING);
        let counted = Arc::clone(&counters);
        let writer = thread::Builder::new().name("journal".into());
        let writer = writer.spawn(move || write(&store, &records, &counted)).ok();
        Journal { queue: Mutex::new(Some(queue)), writer: Mutex::new(writer), counters }
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

fn write(store: &Store, records: &Receiver<Box<DecisionRecord>>, counters: &Counters) {
    for record in records {
        if let Err(error) = store.append_decision(&record) {
            counters.count(Counter::Lost);
            eprintln!("lazaret agent: a decision is not written down: {error}");
        }
    }
}
