//! `Pool`: several threads that look into the files of one layer while it is read on.
//!
//! The walk of a layer is one thread's: it decompresses and goes from header to header. Small
//! files are handed over with their bytes; large ones are looked at where they lie.

use std::panic::resume_unwind;
use std::thread::scope;

use analyze::Analyzer;
use crossbeam_channel::{Receiver, Sender, bounded};
use model::{Content, FileEntry};

use crate::eyes::Eyes;
use crate::look::{Looked, look};

/// Files that wait for a thread: with [`HANDED_BYTES`] this bounds the memory.
const WAITING_FILES: usize = 64;
/// Largest file that is handed over, in bytes.
pub(crate) const HANDED_BYTES: u64 = 1 << 20;

/// A file to look into.
struct Job {
    /// Its place in the layer.
    order: usize,
    entry: FileEntry,
    bytes: Vec<u8>,
    wanted: Vec<&'static dyn Analyzer>,
}

/// Where the walk hands files over.
pub(crate) struct Jobs {
    waiting: Sender<Job>,
    /// Buffers of files that were looked at: memory that the kernel need not clear again.
    spare: Receiver<Vec<u8>>,
}

impl Jobs {
    /// Hands over a file with a copy of its bytes. The threads live until the walk has ended.
    pub(crate) fn hand(
        &self,
        order: usize,
        entry: &FileEntry,
        content: &[u8],
        wanted: Vec<&'static dyn Analyzer>,
    ) {
        let mut bytes = self.spare.try_recv().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(content);
        let _ = self.waiting.send(Job { order, entry: entry.clone(), bytes, wanted });
    }
}

/// Runs the walk of a layer with threads that take its files. Gives what the walk gives and what
/// was seen, in no order.
pub(crate) fn with_pool<T>(
    eyes: &Eyes<'_>,
    threads: usize,
    walk: impl FnOnce(&Jobs) -> T,
) -> (T, Vec<Looked>) {
    let (waiting, queue) = bounded(WAITING_FILES);
    let (used, spare) = bounded(WAITING_FILES);
    scope(|scope| {
        let start = |_| {
            let (queue, used) = (queue.clone(), used.clone());
            scope.spawn(move || work(eyes, &queue, &used))
        };
        let workers: Vec<_> = (0..threads).map(start).collect();
        let jobs = Jobs { waiting, spare };
        let done = walk(&jobs);
        drop(jobs);
        let seen = workers.into_iter().flat_map(|worker| match worker.join() {
            Ok(seen) => seen,
            Err(panic) => resume_unwind(panic),
        });
        (done, seen.collect())
    })
}

fn work(eyes: &Eyes<'_>, queue: &Receiver<Job>, used: &Sender<Vec<u8>>) -> Vec<Looked> {
    let see = |job: Job| {
        let content: &dyn Content = &job.bytes.as_slice();
        let looked = look(eyes, (job.order, &job.entry), content, &job.wanted);
        let _ = used.try_send(job.bytes);
        // Most files have nothing to tell.
        looked.is_told().then_some(looked)
    };
    queue.iter().filter_map(see).collect()
}
