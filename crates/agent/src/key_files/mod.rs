//! Key files: who reads, writes, moves, links or removes the files that a container host stands on,
//! with the hash of each before and after.
//!
//! ```text
//! watch ─Seen→ touches ─path or object→ Index ─Job→ Worker: hash, record, alert → Trail
//!                    fanotify, a look now and then ┘
//! ```
//!
//! A file is known by its object too: written through a mount of a container or a hard link it is
//! the same file. What changed without an event, or while the agent was away, is told as that.

mod built_in;
mod config;
mod index;
mod notify;
mod pattern;
mod state;
mod tell;
mod tools;
mod touch;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use model::{Alert, AuditKind, EventKind, Initiator, ProcessId};

use crate::AgentError;
use crate::detect::Observed;
use crate::lifecycle::Surroundings;
use crate::watch::{Seen, record};
pub use config::{KeyFile, KeyFilesConfig};
use index::Index;
use pattern::{Patterns, Rule};
pub(crate) use tools::is_manager;
pub(crate) use touch::host_path;
use touch::{Touch, on_host, touches};
use worker::{Job, Worker};

/// The system calls that the sensor is to tell of for key files, as far as it knows them.
pub const CALLS: [&str; 28] = [
    "open",
    "openat",
    "openat2",
    "creat",
    "open_by_handle_at",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "mknod",
    "mknodat",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "lchown",
    "fchown",
    "fchownat",
    "truncate",
    "ftruncate",
    "mmap",
];
/// Touches that wait to be hashed.
const JOBS: usize = 4096;
/// Where the states are kept, below the agent's folder.
const KEPT_FILE: &str = "key_files.json";

/// Turns what the watch tells of key files into work for [`KeyFilesWorker`].
pub struct KeyFiles {
    index: Index,
    jobs: SyncSender<Job>,
    lost: Arc<AtomicU64>,
    /// The agent's folder, and its program.
    own: PathBuf,
    program: PathBuf,
}

/// Hashes key files and tells what happens to them.
pub struct KeyFilesWorker {
    worker: Worker,
    jobs: Receiver<Job>,
}

impl KeyFiles {
    /// The observer, and the worker that wants a thread of its own. Nothing is read yet.
    pub fn new(config: KeyFilesConfig, place: Surroundings) -> (KeyFiles, KeyFilesWorker) {
        let Surroundings { trail, node, data, .. } = place;
        let own = data.canonicalize().unwrap_or(data);
        let index = Index::of(Patterns::of(&config, &own), &own);
        let (sender, jobs) = sync_channel(JOBS);
        let lost = Arc::new(AtomicU64::new(0));
        let program = std::env::current_exe().unwrap_or_default();
        let (kept, told) = (own.join(KEPT_FILE), Arc::clone(&lost));
        let worker = Worker { config, index: index.clone(), trail, node, kept, lost: told };
        (KeyFiles { index, jobs: sender, lost, own, program }, KeyFilesWorker { worker, jobs })
    }

    /// Takes in what the watch tells.
    pub fn observe(&mut self, seen: &Seen<'_>) {
        let seen = &seen.observed;
        // Nearly all there is: something else is read.
        let reads = match &seen.event.kind {
            EventKind::Call(call) => touch::read_object(call),
            EventKind::IoUring(_) => None,
            _ => return,
        };
        if reads.is_some_and(|object| self.index.path_of(object).is_none()) {
            return;
        }
        for touch in touches(seen.event, &seen.process.cwd) {
            if let Some((path, rule)) = self.key_file(seen, &touch) {
                self.hand_over(seen, touch, path, rule);
            }
        }
    }

    /// The key file that is touched, by object or else by path.
    fn key_file(&self, seen: &Observed<'_>, touch: &Touch) -> Option<(String, Rule)> {
        let known = touch.object.and_then(|object| self.index.path_of(object));
        let named = on_host(seen, &touch.path).filter(|path| self.index.rule(path).is_some());
        // The number of a file that is gone may be another's by now, so a key file's own name
        // counts first. A read matters only of what is known to be there, by its object.
        let path = match (known, touch.action) {
            (None, "read") => return None,
            (known, _) => named.or(known)?,
        };
        let rule = self.index.rule(&path)?;
        let wanted = touch.action != "read" || rule.reads;
        // What the agent starts itself scans and keeps things in its folder.
        let own_work = Path::new(&path).starts_with(&self.own) && self.is_own_program(seen);
        (wanted && !own_work).then_some((path, rule))
    }

    fn is_own_program(&self, seen: &Observed<'_>) -> bool {
        let exe = seen.process.exe.as_ref().map(|exe| exe.path.as_str());
        seen.container.is_none() && exe.is_some_and(|exe| Path::new(exe) == self.program)
    }

    fn hand_over(&self, seen: &Observed<'_>, touch: Touch, path: String, rule: Rule) {
        let base = record(seen, AuditKind::File, touch.action);
        let has_own_mounts = seen.event.task.namespaces.mnt != seen.host_namespaces.mnt;
        if self.jobs.try_send(Job { touch, path, rule, base, has_own_mounts }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl KeyFilesWorker {
    /// Works until `stop` says so, or the observer is gone. Hashes everything first: some seconds.
    /// Alerts go into the trail as they are.
    pub fn run(self, stop: &AtomicBool) -> Result<(), AgentError> {
        let trail = self.worker.trail.clone();
        self.run_telling(stop, &|alert| trail.alert(alert))
    }

    /// The same, with alerts told elsewhere.
    pub fn run_telling(self, stop: &AtomicBool, tell: &dyn Fn(Alert)) -> Result<(), AgentError> {
        self.worker.run(&self.jobs, stop, tell)
    }
}

/// A process as `/proc` tells it, for notifications that name only its number.
fn by_pid(pid: u32) -> Initiator {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    let login: Option<u32> = text("loginuid").trim().parse().ok();
    let uid = std::fs::metadata(&folder).ok();
    Initiator {
        process: ProcessId { pid, start_ns: 0 },
        exe: std::fs::read_link(folder.join("exe"))
            .map(|path| path.to_string_lossy().into_owned())
            .unwrap_or_default(),
        command: text("cmdline").trim_end_matches('\0').replace('\0', " "),
        uid: uid.map(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata)),
        login_uid: login.filter(|uid| *uid != u32::MAX),
        ..Initiator::default()
    }
}
