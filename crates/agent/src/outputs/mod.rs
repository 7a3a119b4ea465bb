//! Outputs: where alerts and records go besides the audit log.
//!
//! ```text
//! entries ─Outputs::pass→ a queue each ─thread→ deliver │ does not take it → spool on disk, later
//! ```
//!
//! A destination that is slow or away holds up nobody else. Its queue and its spool are bounded;
//! what finds no room is counted.

mod config;
mod deliver;
mod format;
mod spool;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{
    Receiver as Queue, RecvTimeoutError, SyncSender, TrySendError, sync_channel,
};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::AgentError;
use crate::limits::{ENTRIES_TOGETHER, OUTPUT_ENTRIES, SPOOL_MAX_BYTES};
use crate::trail::Entry;
pub use config::{Destination, OutputConfig};
use deliver::Receiver;
pub use format::{json, text};
use spool::Spool;
pub use spool::{read_spool, write_spool};

/// How long entries wait for others to go with them.
const GATHER: Duration = Duration::from_millis(20);
/// How long a destination that does not take anything is left alone at first, and at most.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What became of the entries for one destination.
#[derive(Debug, Default)]
pub struct Counts {
    /// Told.
    pub told: AtomicU64,
    /// Deliveries that failed.
    pub failed: AtomicU64,
    /// Waiting on disk.
    pub waiting: AtomicU64,
    /// Lost for want of room.
    pub lost: AtomicU64,
}

/// All destinations.
pub struct Outputs {
    all: Vec<Output>,
}

struct Output {
    config: OutputConfig,
    queue: Option<SyncSender<Entry>>,
    counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
}

impl Outputs {
    /// Begins to tell. Each destination's spool is a folder below `spool`.
    pub fn open(configs: &[OutputConfig], spool: &Path) -> Result<Outputs, AgentError> {
        let begin = |(index, config): (usize, &OutputConfig)| {
            let before = configs.iter().take(index).filter(|one| one.place() == config.place());
            let kept = spool.join(folder_name(config, before.count()));
            let spool = Spool::open(&kept, SPOOL_MAX_BYTES)?;
            let (sender, queue) = sync_channel(OUTPUT_ENTRIES);
            let counts = Arc::new(Counts::default());
            let telling = Telling {
                receiver: Receiver::new(&config.to),
                name: config.name(),
                spool,
                counts: Arc::clone(&counts),
                pause: PAUSE,
                not_before: Instant::now(),
                ending: AtomicBool::new(false),
            };
            let thread = std::thread::spawn(move || telling.run(&queue));
            let config = config.clone();
            Ok(Output { config, queue: Some(sender), counts, thread: Some(thread) })
        };
        Ok(Outputs {
            all: configs.iter().enumerate().map(begin).collect::<Result<_, AgentError>>()?,
        })
    }

    /// Hands entries to every destination that wants them. Never waits.
    pub fn pass(&self, entries: &[Entry]) {
        for output in &self.all {
            let Some(queue) = &output.queue else { continue };
            for entry in entries.iter().filter(|entry| output.config.wants(entry)) {
                if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
                    queue.try_send(entry.clone())
                {
                    output.counts.lost.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// The destinations' names and counts.
    pub fn counts(&self) -> impl Iterator<Item = (String, &Counts)> {
        self.all.iter().map(|output| (output.config.name(), &*output.counts))
    }
}

impl Drop for Outputs {
    /// Tells what is queued, or leaves it in the spool.
    fn drop(&mut self) {
        for output in &mut self.all {
            output.queue = None;
        }
        for output in &mut self.all {
            if let Some(thread) = output.thread.take() {
                let _ = thread.join();
            }
        }
    }
}

/// The work of one destination.
struct Telling {
    receiver: Receiver,
    name: String,
    spool: Spool,
    counts: Arc<Counts>,
    pause: Duration,
    not_before: Instant,
    ending: AtomicBool,
}

impl Telling {
    fn run(mut self, queue: &Queue<Entry>) {
        loop {
            let batch = gather(queue);
            let ended = batch.is_none();
            self.ending.store(ended, Ordering::Relaxed);
            self.tell_waiting();
            let batch = batch.unwrap_or_default();
            if !batch.is_empty() {
                self.tell(&batch);
            }
            self.counts.waiting.store(self.spool.len(), Ordering::Relaxed);
            if ended {
                return;
            }
        }
    }

    /// What waits on disk goes first.
    fn tell_waiting(&mut self) {
        while !self.spool.is_empty() && self.may_try() {
            let entries = match self.spool.front() {
                Ok(entries) => entries,
                Err(why) => return self.fail(&format!("its spool cannot be read: {why}")),
            };
            if !entries.is_empty() && !self.try_deliver(&entries) {
                return;
            }
            let lost = self.spool.pop(entries.len());
            self.counts.lost.fetch_add(lost, Ordering::Relaxed);
        }
    }

    fn tell(&mut self, batch: &[Entry]) {
        if !self.spool.is_empty() || !self.may_try() || !self.try_deliver(batch) {
            let lost = self.spool.push(batch);
            self.counts.lost.fetch_add(lost, Ordering::Relaxed);
        }
    }

    fn may_try(&self) -> bool {
        self.ending.load(Ordering::Relaxed) || Instant::now() >= self.not_before
    }

    fn try_deliver(&mut self, entries: &[Entry]) -> bool {
        match self.receiver.deliver(entries) {
            Ok(()) => {
                self.counts.told.fetch_add(entries.len() as u64, Ordering::Relaxed);
                self.pause = PAUSE;
                true
            }
            Err(why) => {
                self.fail(&why);
                false
            }
        }
    }

    fn fail(&mut self, why: &str) {
        if self.counts.failed.fetch_add(1, Ordering::Relaxed) == 0 {
            let name = &self.name;
            eprintln!("lazaret agent: {name} does not take alerts: {why}; they wait on disk");
        }
        self.not_before = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

/// The next entries; empty when none came for a while, `None` when none will come.
fn gather(queue: &Queue<Entry>) -> Option<Vec<Entry>> {
    let first = match queue.recv_timeout(PAUSE) {
        Ok(first) => first,
        Err(RecvTimeoutError::Timeout) => return Some(Vec::new()),
        Err(RecvTimeoutError::Disconnected) => return None,
    };
    let until = Instant::now() + GATHER;
    let mut batch = vec![first];
    while batch.len() < ENTRIES_TOGETHER {
        match queue.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(entry) => batch.push(entry),
            Err(_) => break,
        }
    }
    Some(batch)
}

/// A folder's name that two destinations never share: of those that tell the same place, each has
/// its number. What else is configured may change without what waits being left behind.
fn folder_name(config: &OutputConfig, before: usize) -> String {
    let name = config.name();
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let mut place = config.place();
    if before > 0 {
        place.push_str(&format!(" {before}"));
    }
    let digest = format::digest_of(&place).to_string();
    let digits: String = digest.chars().rev().take(8).collect();
    format!("{}-{digits}", plain.take(40).collect::<String>())
}

#[cfg(test)]
mod tests;
