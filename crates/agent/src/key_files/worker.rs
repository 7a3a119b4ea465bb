//! `Worker`: hashes what was touched, tells it, and looks again: at once, a little later while a
//! writer may still be at work, and every now and then at everything.

mod look;

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
    /// Whether it was touched by a thread that has mounts of its own.
    pub(super) has_own_mounts: bool,
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

/// Whether a process is Docker's daemon that unpacks a layer below another root: up to release 20 a
/// helper in a `chroot`, later a thread with mounts of its own. The program is the kernel's word, so
/// that no other can call itself so.
fn unpacks_a_layer(initiator: &Initiator, has_own_mounts: bool) -> bool {
    let called = initiator.command.split(' ').next().unwrap_or_default();
    let is_helper = matches!(called, "docker-untar" | "docker-applyLayer");
    initiator.exe.ends_with("/dockerd") && (is_helper || has_own_mounts)
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
        let tells = is_there || !unpacks_a_layer(&record.initiator, job.has_own_mounts);
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
