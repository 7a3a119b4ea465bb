//! `Comparing`: a program on a container's upper layer held against the image's file of the same
//! path, byte by byte. What is alike in its first MiB goes to a thread of its own, so that no event
//! waits until a large file is read.
//!
//! ```text
//! begin ─other size, or other in the first MiB→ known
//!        ├ nothing behind that MiB→ known
//!        └ more ─bounded queue→ thread ─→ Answer
//! ```

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};

use model::FileObject;

use super::Key;
use super::layers::{Below, Layers};

/// Bytes that are compared while the event waits.
const AT_ONCE_BYTES: u64 = 1024 * 1024;
/// The largest program that is compared.
const COMPARED_BYTES: u64 = 1024 * 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;
/// Programs that wait to be compared, two open files each.
const QUEUE: usize = 64;

/// What became of a comparison at once.
pub(super) enum Begun {
    /// It is known already.
    Known(Below),
    /// It goes on; the answer carries this number.
    Later(u64),
    /// It cannot be made: the program is too large or gone, or too many others wait.
    Not,
}

/// A comparison that was made to its end.
pub(super) struct Answer {
    pub ticket: u64,
    pub key: Key,
    pub below: Below,
    /// The program was changed a moment before, so that the answer holds for this start only.
    pub is_fresh: bool,
}

struct Job {
    answer: Answer,
    lower: File,
    upper: File,
}

struct Thread {
    jobs: SyncSender<Job>,
    answers: Mutex<Receiver<Answer>>,
}

/// Compares programs. The thread begins with the first that is large.
#[derive(Default)]
pub(super) struct Comparing {
    thread: OnceLock<Option<Thread>>,
    tickets: std::sync::atomic::AtomicU64,
}

impl Comparing {
    /// Begins to compare the program that `key` stands for.
    pub(super) fn begin(
        &self,
        layers: &Layers,
        exe: &FileObject,
        key: &Key,
        is_fresh: bool,
    ) -> Begun {
        let Some(lower) = layers.find(&exe.path) else { return Begun::Known(Below::Nothing) };
        let Ok(metadata) = lower.metadata() else { return Begun::Known(Below::Other) };
        let size_bytes = metadata.len();
        if size_bytes != exe.size_bytes {
            return Begun::Known(Below::Other);
        }
        let Some(upper) = layers.upper(&exe.path) else {
            // The container is gone already. A copy that only its mode was changed of keeps its
            // time; one that was written to may have been given the same time again.
            let is_other = metadata.mtime() != exe.modified_s;
            return if is_other { Begun::Known(Below::Other) } else { Begun::Not };
        };
        if !same(&lower, &upper, 0, size_bytes.min(AT_ONCE_BYTES)) {
            return Begun::Known(Below::Other);
        }
        if size_bytes <= AT_ONCE_BYTES {
            return Begun::Known(Below::Same);
        }
        let ticket = self.tickets.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let answer = Answer { ticket, key: key.clone(), below: Below::Other, is_fresh };
        let thread = self.thread.get_or_init(start).as_ref();
        let has_room = size_bytes <= COMPARED_BYTES
            && thread.is_some_and(|to| to.jobs.try_send(Job { answer, lower, upper }).is_ok());
        if has_room { Begun::Later(ticket) } else { Begun::Not }
    }

    /// A comparison that has ended since.
    pub(super) fn answer(&self) -> Option<Answer> {
        let thread = self.thread.get()?.as_ref()?;
        thread.answers.lock().unwrap_or_else(PoisonError::into_inner).try_recv().ok()
    }
}

/// The thread ends when nobody can hand anything in any more.
fn start() -> Option<Thread> {
    let (jobs, wanted) = sync_channel::<Job>(QUEUE);
    let (told, answers) = sync_channel(QUEUE);
    let work = move || {
        for Job { mut answer, lower, upper } in wanted {
            if same(&lower, &upper, AT_ONCE_BYTES, answer.key.size_bytes) {
                answer.below = Below::Same;
            }
            if told.send(answer).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("drift".to_owned()).spawn(work).ok()?;
    Some(Thread { jobs, answers: Mutex::new(answers) })
}

/// Whether two files have the same bytes between two places.
pub(super) fn same(one: &File, other: &File, from: u64, to: u64) -> bool {
    let (mut a, mut b) = (vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]);
    let mut at = from;
    while at < to {
        let wanted = usize::try_from(to - at).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        let (a, b) = (&mut a[..wanted], &mut b[..wanted]);
        if one.read_exact_at(a, at).is_err() || other.read_exact_at(b, at).is_err() || a != b {
            return false;
        }
        at += wanted as u64;
    }
    true
}
