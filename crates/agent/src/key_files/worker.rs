//! `Worker`: hashes what was touched, tells it, and looks again: at once, a little later while a
//! writer may still be at work, and every now and then at everything.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use model::{Alert, AuditKind, AuditOutcome, AuditRecord, Initiator};

use super::config::KeyFilesConfig;
use super::index::Index;
use super::notify::Notify;
use super::pattern::Rule;
use super::state::{FileState, Kept};
use super::tell::{Happened, away_alert};
use super::touch::Touch;
use crate::AgentError;
use crate::clock::now_ns;
use crate::commands::Fold;
use crate::trail::Trail;

/// How long the queue is waited for.
const PATIENCE: Duration = Duration::from_millis(20);
/// After which times a file that is open for writing is looked at again.
const AGAIN: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(60),
];
/// How long the event of a change may take to come before the change counts as unseen, or as the
/// work of whoever is known to have the file open.
const SUSPICION: Duration = Duration::from_secs(3);
/// Files that are looked at again at once.
const OPEN: usize = 4096;
/// For how long the same reader of the same file is counted, in seconds.
const READS_FOLD_S: u64 = 60;
/// How often the states are written down, when they changed.
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// What the observer hands over.
pub(super) struct Job {
    pub(super) touch: Touch,
    pub(super) path: String,
    pub(super) rule: Rule,
    pub(super) base: AuditRecord,
}

/// Hashes and tells.
pub(super) struct Worker {
    pub(super) config: KeyFilesConfig,
    pub(super) index: Index,
    pub(super) trail: Trail,
    pub(super) node: String,
    pub(super) kept: PathBuf,
    pub(super) lost: std::sync::Arc<AtomicU64>,
}

/// What a running worker remembers.
struct Running<'a> {
    worker: &'a Worker,
    /// Where alerts go.
    tell: &'a dyn Fn(Alert),
    /// By path: who may still be writing.
    open: HashMap<String, Open>,
    /// By path: found changed, and no event yet.
    suspects: HashMap<String, Suspect>,
    reads: Fold<(String, String, String)>,
    notify: Option<Notify>,
    lost_told: u64,
    looked: Instant,
    hashed: Instant,
    kept: Instant,
    dirty: bool,
    kept_failed: bool,
}

/// A change that no event has told yet.
struct Suspect {
    since: Instant,
    /// Who is known to have the file open for writing, or was notified of.
    base: Option<AuditRecord>,
}

struct Open {
    base: AuditRecord,
    since: Instant,
    /// The next of `AGAIN`.
    next: usize,
}

impl Worker {
    /// Works until `stop` says so.
    pub(super) fn run(
        &self,
        jobs: &Receiver<Job>,
        stop: &AtomicBool,
        tell: &dyn Fn(Alert),
    ) -> Result<(), AgentError> {
        let now = Instant::now();
        let mut running = Running {
            worker: self,
            tell,
            open: HashMap::new(),
            suspects: HashMap::new(),
            reads: Fold::of_seconds(READS_FOLD_S),
            notify: if self.config.fanotify { Notify::open() } else { None },
            lost_told: 0,
            looked: now,
            hashed: now,
            kept: now,
            dirty: true,
            kept_failed: false,
        };
        running.begin();
        loop {
            match jobs.recv_timeout(PATIENCE) {
                Ok(job) => running.take(job),
                Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
                Err(_) => break,
            }
            running.turn();
        }
        running.finish();
        running.keep()
    }

    fn state(&self, path: &str) -> Option<FileState> {
        if !self.index.is_hashed(path) {
            return FileState::outside_of(Path::new(path));
        }
        FileState::of(Path::new(path), self.config.hash_max_bytes)
    }

    fn base(&self) -> AuditRecord {
        AuditRecord { time_ns: now_ns(), node: self.node.clone(), ..AuditRecord::default() }
    }
}

/// Whether a process is Docker's own helper that unpacks a layer below another root. The program is
/// the kernel's word, so that no other can call itself so.
fn unpacks_a_layer(initiator: &Initiator) -> bool {
    let called = initiator.command.split(' ').next().unwrap_or_default();
    initiator.exe.ends_with("/dockerd") && matches!(called, "docker-untar" | "docker-applyLayer")
}

/// Whether a name was touched below another root, as an engine does that unpacks a layer in a
/// `chroot`: the object is not the file that has the name here, nor was it before; or there is no
/// object and nothing has changed.
fn is_elsewhere(job: &Job, before: Option<&FileState>, after: Option<&FileState>) -> bool {
    let states = [before, after];
    match job.touch.object {
        Some(object) => {
            let mut known = states.into_iter().flatten();
            let is_known = known.clone().any(|state| state.object() == object);
            known.next().is_some() && !is_known
        }
        None => before.is_some() && before == after && job.touch.error.is_none(),
    }
}

impl Running<'_> {
    /// Compares with what was kept, and marks.
    fn begin(&mut self) {
        let worker = self.worker;
        let before = Kept::read(&worker.kept);
        let mut changed = Vec::new();
        let found = worker.index.look();
        for path in &found {
            let state = worker.state(path);
            if let (Some(before), Some(rule)) = (&before, worker.index.rule(path)) {
                let old = before.files.get(path).cloned();
                let one = Happened {
                    base: worker.base(),
                    path: path.clone(),
                    rule,
                    before: old,
                    after: state.clone(),
                };
                changed.extend(one.is_changed().then_some(one));
            }
            self.put(path, state);
        }
        let gone = before.iter().flat_map(|before| &before.files);
        for (path, old) in gone.filter(|(path, _)| found.binary_search(path).is_err()) {
            let Some(rule) = worker.index.rule(path) else { continue };
            let before = Some(old.clone());
            let (base, path) = (worker.base(), path.clone());
            changed.push(Happened { base, path, rule, before, after: None });
        }
        for one in &changed {
            let mut record = one.finished("change");
            record.details.insert("seen".to_owned(), "while the agent was away".to_owned());
            worker.trail.record(record);
        }
        if let Some(alert) = away_alert(&changed, &worker.node, now_ns()) {
            (self.tell)(alert);
        }
    }

    fn put(&mut self, path: &str, state: Option<FileState>) {
        if let (Some(notify), Some(state)) = (&mut self.notify, &state) {
            notify.mark(path, state);
        }
        self.worker.index.put(path, state);
        self.suspects.remove(path);
        self.dirty = true;
    }

    /// A touch: told with what the file was and is.
    fn take(&mut self, job: Job) {
        let worker = self.worker;
        let before = worker.index.state(&job.path);
        let is_read = job.touch.action == "read";
        let after = if is_read { before.clone() } else { worker.state(&job.path) };
        // Its number was another file's before: then this was not the one that was touched.
        let is_other =
            |state: &FileState| job.touch.object.is_some_and(|object| object != state.object());
        if job.touch.path != job.path && after.as_ref().is_some_and(is_other) {
            return;
        }
        if !is_read && is_elsewhere(&job, before.as_ref(), after.as_ref()) {
            return;
        }
        let happened = Happened {
            base: job.base.clone(),
            path: job.path.clone(),
            rule: job.rule,
            before,
            after: after.clone(),
        };
        let record = happened.record(&job.touch);
        if is_read {
            let exe = record.initiator.exe.clone();
            let container = record.container.as_ref().map(|one| one.id.clone()).unwrap_or_default();
            let key = (job.path, exe, container);
            self.reads.take(key, record).into_iter().for_each(|told| worker.trail.record(told));
            return;
        }
        self.put(&job.path, after);
        // What is neither there before nor after is gone already, or was made elsewhere.
        let is_there = happened.before.is_some() || happened.after.is_some();
        let tells = is_there || !unpacks_a_layer(&record.initiator);
        let alert = happened.alert(&record, &worker.config.tools).filter(|_| tells);
        worker.trail.record(record);
        if let Some(alert) = alert {
            (self.tell)(alert);
        }
        if matches!(job.touch.action, "write" | "mmap_write" | "open") {
            self.watch_on(job.path, job.base);
        }
    }

    fn watch_on(&mut self, path: String, base: AuditRecord) {
        if self.open.len() < OPEN || self.open.contains_key(&path) {
            self.open.insert(path, Open { base, since: Instant::now(), next: 0 });
        }
    }

    /// Everything that is due.
    fn turn(&mut self) {
        self.tell_lost();
        self.notified();
        self.look_again();
        let every = Duration::from_secs(self.worker.config.look_every_s.max(1));
        if self.looked.elapsed() >= every {
            self.look();
        }
        self.judge_suspects(SUSPICION);
        for told in self.reads.over(now_ns()) {
            self.worker.trail.record(told);
        }
        if self.dirty && self.kept.elapsed() >= KEEP_EVERY {
            self.keep_or_say();
        }
    }

    fn notified(&mut self) {
        let Some(notify) = &mut self.notify else { return };
        for written in notify.written() {
            let Some(path) = self.worker.index.path_of(written.object) else { continue };
            // Whoever the sensor named is known better.
            let pid = |open: &Open| open.base.initiator.process.pid;
            let named = self.open.get(&path).is_some_and(|open| pid(open) == written.pid);
            if named || written.pid == std::process::id() {
                continue;
            }
            let mut base = self.worker.base();
            base.initiator = super::by_pid(written.pid);
            base.details.insert("seen".to_owned(), "fanotify".to_owned());
            self.suspect(path, Some(base));
        }
    }

    /// A change, or what may be one. An event that tells of it takes it over.
    fn suspect(&mut self, path: String, base: Option<AuditRecord>) {
        self.suspects.entry(path).or_insert_with(|| Suspect { since: Instant::now(), base });
    }

    /// Looks at what may still be written.
    fn look_again(&mut self) {
        let is_due =
            |open: &Open| AGAIN.get(open.next).is_some_and(|due| open.since.elapsed() >= *due);
        let due: Vec<String> = self
            .open
            .iter()
            .filter(|(_, open)| is_due(open))
            .map(|(path, _)| path.clone())
            .collect();
        for path in due {
            self.look_at(&path);
            if let Some(open) = self.open.get_mut(&path) {
                open.next += 1;
                if open.next >= AGAIN.len() {
                    self.open.remove(&path);
                }
            }
        }
    }

    fn look_at(&mut self, path: &str) {
        let worker = self.worker;
        let before = worker.index.state(path);
        let outside = FileState::outside_of(Path::new(path));
        let same = match (&before, &outside) {
            (Some(before), Some(outside)) => before.looks_like(outside),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        // Another may have written it, whose event is on its way.
        let base = self.open.get(path).map(|open| open.base.clone());
        self.suspect(path.to_owned(), base);
    }

    /// Looks at everything: what differs from what is known is suspected.
    fn look(&mut self) {
        self.looked = Instant::now();
        let worker = self.worker;
        let everything =
            self.hashed.elapsed() >= Duration::from_secs(worker.config.hash_every_s.max(1));
        if everything {
            self.hashed = Instant::now();
        }
        let mut paths = worker.index.look();
        paths.extend(worker.index.all().into_iter().map(|(path, _)| path));
        paths.sort_unstable();
        paths.dedup();
        for path in paths {
            let known = worker.index.state(&path);
            let now = if everything {
                worker.state(&path)
            } else {
                FileState::outside_of(Path::new(&path))
            };
            let differs = match (&known, &now) {
                (Some(known), Some(now)) if everything => !known.is_same(now),
                (Some(known), Some(now)) => !known.looks_like(now),
                (None, None) => false,
                _ => true,
            };
            if differs && !self.open.contains_key(&path) {
                self.suspect(path, None);
            }
        }
    }

    /// What was suspected, and still no event has come.
    fn judge_suspects(&mut self, patience: Duration) {
        let due: Vec<String> = self
            .suspects
            .iter()
            .filter(|(_, suspect)| suspect.since.elapsed() >= patience)
            .map(|(path, _)| path.clone())
            .collect();
        for path in due {
            let base = self.suspects.remove(&path).and_then(|suspect| suspect.base);
            self.judge(&path, base);
        }
    }

    fn judge(&mut self, path: &str, known: Option<AuditRecord>) {
        let worker = self.worker;
        let (before, after) = (worker.index.state(path), worker.state(path));
        let rule = worker.index.rule(path).unwrap_or_default();
        let base =
            AuditRecord { time_ns: now_ns(), ..known.clone().unwrap_or_else(|| worker.base()) };
        let happened = Happened { base, path: path.to_owned(), rule, before, after: after.clone() };
        self.put(path, after);
        if !happened.is_changed() {
            return;
        }
        let mut record = happened.finished("change");
        let alert = if known.is_some() {
            // Of whoever the sensor saw opening it, that was told already.
            let told = !record.details.contains_key("seen");
            happened.alert(&record, &worker.config.tools).filter(|_| !told)
        } else {
            record.outcome = AuditOutcome::Unknown;
            record.details.insert("seen".to_owned(), "without an event".to_owned());
            happened.unseen_alert(&record)
        };
        worker.trail.record(record);
        if let Some(alert) = alert {
            (self.tell)(alert);
        }
    }

    /// Touches that found no room: the next look shows what they did, but not who.
    fn tell_lost(&mut self) {
        let lost = self.worker.lost.load(Ordering::Relaxed);
        if lost == self.lost_told {
            return;
        }
        let mut record = self.worker.base();
        record.kind = AuditKind::Agent;
        record.action = "blind".to_owned();
        record.outcome = AuditOutcome::Failure;
        record.text =
            format!("{} touches of key files were too many at once", lost - self.lost_told);
        self.lost_told = lost;
        self.worker.trail.record(record);
    }

    fn finish(&mut self) {
        let open: Vec<String> = self.open.keys().cloned().collect();
        open.iter().for_each(|path| self.look_at(path));
        self.judge_suspects(Duration::ZERO);
        for told in self.reads.rest() {
            self.worker.trail.record(told);
        }
    }

    fn keep_or_say(&mut self) {
        let kept = self.keep();
        if let Err(why) = &kept
            && !self.kept_failed
        {
            let mut record = self.worker.base();
            record.kind = AuditKind::Agent;
            record.action = "keep".to_owned();
            record.outcome = AuditOutcome::Failure;
            record.text = why.to_string();
            self.worker.trail.record(record);
        }
        self.kept_failed = kept.is_err();
    }

    fn keep(&mut self) -> Result<(), AgentError> {
        self.kept = Instant::now();
        self.dirty = false;
        let files = self.worker.index.all().into_iter().collect();
        Kept { time_ns: now_ns(), files }.write(&self.worker.kept)
    }
}
