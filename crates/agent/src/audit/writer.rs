//! `Writer`: one thread that keeps what is handed into the trail, and then passes it on.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use model::{AuditKind, AuditOutcome, AuditRecord, Severity};
use store::audit::{AuditError, AuditLog};

use super::clock::Clock;
use super::late::LateLog;
use super::unkept::Unkept;
use crate::AgentError;
use crate::clock::{now_ns, since_boot_ns};
use crate::limits::TRAIL_ENTRIES;
use crate::trail::{Entries, Entry};

/// How long the writer waits for entries before it looks whether it is to stop.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long it waits before it tries again to keep what the disk refused.
const AGAIN: Duration = Duration::from_secs(1);
/// How often it looks whether a segment is to be sealed or forgotten.
const UPKEEP: Duration = Duration::from_secs(30);

/// Entries that are passed on.
#[derive(Debug)]
pub struct Kept<'a> {
    /// The entries, in the order they were handed in.
    pub entries: &'a [Entry],
    /// Their numbers in the log; `None` when the disk refuses them: alerts must go out all the
    /// same. They are kept later, with the numbers that come then, if there is room again.
    pub numbers: Option<Range<u64>>,
}

/// Where entries go after they are kept: the outputs.
pub type Sink = Box<dyn FnMut(Kept<'_>) + Send>;

/// Keeps what is handed into the trail and passes it on, until `stop` says so or nobody can hand in
/// any more. What is in the queue when it is told to stop is kept and passed on; what is handed in
/// later may not be. `node` is the name that the log's own records carry.
pub fn keep(
    entries: &Entries,
    (log, node): (LateLog, &str),
    stop: &AtomicBool,
    counts: &WriterCounts,
    sink: &mut dyn FnMut(Kept<'_>),
) {
    let mut keeper = Keeper {
        log,
        sink,
        node: node.to_owned(),
        counts,
        unkept: Unkept::default(),
        waited: 0,
        since: None,
        given_up: 0,
        upkeep: Instant::now(),
        is_cut_told: false,
        clock: Clock::begin(up(), now_ns()),
    };
    keeper.run(entries, stop);
}

/// What the writer did so far.
#[derive(Debug, Default)]
pub struct WriterCounts {
    /// Records that are in the log.
    pub kept: AtomicU64,
    /// Records that wait for room on the disk.
    pub waiting: AtomicU64,
    /// Records that were given up because too many waited, or the agent ended.
    pub lost: AtomicU64,
    /// Tries to keep, to seal and to forget that failed.
    pub failures: AtomicU64,
    alarm: Mutex<Option<String>>,
}

impl WriterCounts {
    /// Why nothing can be kept at the moment, or why upkeep fails; `None` when all is well.
    pub fn alarm(&self) -> Option<String> {
        self.alarm.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tell(&self, alarm: Option<String>) {
        *self.alarm.lock().unwrap_or_else(PoisonError::into_inner) = alarm;
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterEnd {
    /// Records that are in the log.
    pub kept: u64,
    /// Records that are not, all in all.
    pub lost: u64,
}

/// The thread that keeps the trail.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    counts: Arc<WriterCounts>,
}

impl Writer {
    /// Starts a thread that does what [`keep`] does.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(
        entries: Entries,
        log: impl Into<LateLog>,
        node: &str,
        sink: Sink,
    ) -> Result<Writer, AgentError> {
        let stop = Arc::new(AtomicBool::new(false));
        let counts = Arc::new(WriterCounts::default());
        let (until, told, node) = (Arc::clone(&stop), Arc::clone(&counts), node.to_owned());
        let (mut sink, log) = (sink, log.into());
        let thread = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || keep(&entries, (log, &node), &until, &told, &mut *sink))
            .map_err(|error| AgentError::System {
                what: "cannot start the audit thread",
                why: error.to_string(),
            })?;
        Ok(Writer { thread, stop, counts })
    }

    /// What it did so far.
    pub fn counts(&self) -> &Arc<WriterCounts> {
        &self.counts
    }

    /// Ends it, as [`keep`] ends. It ends by itself when nobody can hand in any more.
    pub fn stop(self) -> WriterEnd {
        self.stop.store(true, Ordering::Release);
        if self.thread.join().is_err() {
            self.counts.failures.fetch_add(1, Ordering::Relaxed);
        }
        let kept = self.counts.kept.load(Ordering::Acquire);
        WriterEnd { kept, lost: self.counts.lost.load(Ordering::Acquire) }
    }
}

/// The thread's own.
struct Keeper<'a> {
    log: LateLog,
    sink: &'a mut dyn FnMut(Kept<'_>),
    node: String,
    counts: &'a WriterCounts,
    /// What the disk refused, in order.
    unkept: Unkept,
    /// How many of those that waited are kept by now, the gap not yet told.
    waited: usize,
    /// When it was refused last.
    since: Option<Instant>,
    /// How many were given up since it was refused first.
    given_up: u64,
    upkeep: Instant,
    is_cut_told: bool,
    clock: Clock,
}

impl Keeper<'_> {
    fn run(&mut self, entries: &Entries, stop: &AtomicBool) {
        // Opened late, it is told with the first record that is kept.
        self.say_what_was_cut();
        let mut after_stop = 0;
        // A queue that is filled without end must not keep the writer from ending.
        while after_stop <= TRAIL_ENTRIES {
            let is_stopping = stop.load(Ordering::Acquire);
            let patience = if is_stopping { Duration::ZERO } else { PATIENCE };
            match entries.next(patience) {
                None => break,
                Some(some) if some.is_empty() && is_stopping => break,
                Some(some) if some.is_empty() => self.keep_again(),
                Some(some) => {
                    if is_stopping {
                        after_stop += some.len();
                    }
                    self.take(&some);
                }
            }
            if self.upkeep.elapsed() >= UPKEEP {
                self.keep_up();
            }
        }
        self.since = None;
        self.keep_again();
        let lost = self.unkept.len() as u64;
        self.counts.lost.fetch_add(lost, Ordering::AcqRel);
    }

    /// Keeps new entries, behind those that wait, and passes them on.
    fn take(&mut self, entries: &[Entry]) {
        let records: Vec<AuditRecord> = entries.iter().map(Entry::to_record).collect();
        self.keep_again();
        let numbers = if self.unkept.is_empty() { self.keep(&records) } else { None };
        if numbers.is_none() {
            self.put_aside(records);
        }
        (self.sink)(Kept { entries, numbers });
    }

    fn keep(&mut self, records: &[AuditRecord]) -> Option<Range<u64>> {
        let append = |log: &mut AuditLog| {
            let numbers = log.append(records)?.numbers;
            Ok((numbers, log.unsealed().map(str::to_owned)))
        };
        match self.log.get().and_then(append) {
            Ok((numbers, unsealed)) => {
                self.counts.kept.fetch_add(records.len() as u64, Ordering::AcqRel);
                self.counts.tell(unsealed);
                self.since = None;
                self.say_what_was_cut();
                Some(numbers)
            }
            Err(error) => {
                self.fail(&error);
                self.since = Some(Instant::now());
                None
            }
        }
    }

    /// Tries to keep what waits, now and then, and to tell of it when all of it is kept.
    fn keep_again(&mut self) {
        let waits = !self.unkept.is_empty() || self.waited > 0;
        if !waits || self.since.is_some_and(|since| since.elapsed() < AGAIN) {
            return;
        }
        let mut unkept = std::mem::take(&mut self.unkept);
        while !unkept.is_empty() {
            let count = unkept.first().len();
            if self.keep(unkept.first()).is_none() {
                break;
            }
            unkept.kept(count);
            self.waited += count;
        }
        if unkept.is_empty() && self.keep(&[self.gap(self.waited)]).is_some() {
            (self.waited, self.given_up) = (0, 0);
        }
        self.counts.waiting.store(unkept.len() as u64, Ordering::Release);
        self.unkept = unkept;
    }

    /// What waits is bounded.
    fn put_aside(&mut self, records: Vec<AuditRecord>) {
        for record in records {
            self.unkept.push(record);
        }
        let excess = self.unkept.give_up() as u64;
        self.given_up = self.given_up.saturating_add(excess);
        self.counts.lost.fetch_add(excess, Ordering::AcqRel);
        self.counts.waiting.store(self.unkept.len() as u64, Ordering::Release);
    }

    fn keep_up(&mut self) {
        self.upkeep = Instant::now();
        let now_ns = now_ns();
        if let Some(step) = self.clock.step(up(), now_ns) {
            let own = self.own("clock", step, Severity::High);
            self.take(&[Entry::Record(Box::new(own))]);
        }
        let by_age = self.clock.may_forget(up());
        let Some(log) = self.log.opened() else { return };
        let sealed = if log.is_seal_due(now_ns) { log.seal() } else { Ok(()) };
        let forgotten = log.retain(now_ns, by_age);
        if let Err(error) = sealed {
            self.fail(&error);
        }
        match forgotten {
            Ok(gone) if gone.segments > 0 => {
                let text = format!(
                    "the audit log gave up its oldest {} records, {} bytes",
                    gone.records, gone.bytes
                );
                let own = self.own("forget", text, Severity::Unknown);
                self.take(&[Entry::Record(Box::new(own))]);
            }
            Ok(_) => {}
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&self, error: &AuditError) {
        self.counts.failures.fetch_add(1, Ordering::Relaxed);
        self.counts.tell(Some(error.to_string()));
    }

    fn say_what_was_cut(&mut self) {
        let Some(log) = self.log.opened().filter(|_| !self.is_cut_told) else { return };
        self.is_cut_told = true;
        let Some(cut) = log.cut_tail() else { return };
        let kept = cut.kept.as_ref().map_or("nowhere".to_owned(), |at| at.display().to_string());
        let text = format!(
            "the audit log ended in {} bytes of a record that was not finished after record {}; \
             they were cut off and are kept in {kept}",
            cut.bytes, cut.after
        );
        let own = self.own("recover", text, Severity::Low);
        self.take(&[Entry::Record(Box::new(own))]);
    }

    /// The record that tells of the time in which nothing could be kept.
    fn gap(&self, waited: usize) -> AuditRecord {
        let text = format!(
            "the audit log could not be written for a time: {waited} records waited and are kept \
             now, {} were lost",
            self.given_up
        );
        let severity = if self.given_up > 0 { Severity::High } else { Severity::Medium };
        self.own("gap", text, severity)
    }

    fn own(&self, action: &str, text: String, severity: Severity) -> AuditRecord {
        AuditRecord {
            time_ns: now_ns(),
            kind: AuditKind::Agent,
            action: action.to_owned(),
            outcome: AuditOutcome::Success,
            target: "audit log".to_owned(),
            text,
            severity,
            node: self.node.clone(),
            ..AuditRecord::default()
        }
    }
}

/// Since the kernel's zero.
fn up() -> Duration {
    Duration::from_nanos(since_boot_ns())
}
