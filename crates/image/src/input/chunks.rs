//! `Chunks`: an input that another thread fills, a few buffers ahead.

use crossbeam_channel::{Receiver, Sender, bounded};
use model::{Digest, SkipReason};

use super::{Input, Place};
use crate::compression::Decompressor;
use crate::hashing::Hashing;
use crate::stop::Stop;

/// Bytes of one buffer; a multiple of the tar block, so that no header lies across two.
const CHUNK_BYTES: usize = 256 << 10;
/// Buffers between the threads.
const CHUNKS_AHEAD: usize = 4;

/// What the filling thread sends.
type Filled = Result<Vec<u8>, Stop>;

/// The filling thread's end of a pipe.
pub(crate) struct Feed {
    full: Sender<Filled>,
    empty: Receiver<Vec<u8>>,
}

/// A station between the two ends that hashes what passes.
pub(crate) struct Gauge {
    from: Receiver<Filled>,
    to: Sender<Filled>,
}

/// The reading end of a pipe.
pub(crate) struct Chunks {
    full: Receiver<Filled>,
    empty: Sender<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
    position: u64,
    stop: Option<Stop>,
    ended: bool,
}

/// A pipe of a few buffers that travel round.
pub(crate) fn pipe() -> (Feed, Chunks) {
    let (full, from) = bounded(CHUNKS_AHEAD);
    let (to, empty) = bounded(2 * CHUNKS_AHEAD);
    (Feed { full, empty }, Chunks::new(from, to))
}

/// A pipe with a station, so that decompressing, hashing and walking are three threads' work.
pub(crate) fn gauged_pipe() -> (Feed, Gauge, Chunks) {
    let (full, from) = bounded(CHUNKS_AHEAD / 2);
    let (to, gauged) = bounded(CHUNKS_AHEAD / 2);
    let (used, empty) = bounded(2 * CHUNKS_AHEAD);
    (Feed { full, empty }, Gauge { from, to }, Chunks::new(gauged, used))
}

impl Feed {
    /// Ends the pipe with a stop.
    pub(crate) fn stop(self, stop: Stop) {
        let _ = self.full.send(Err(stop));
    }

    /// Decompresses all of `stream` into the pipe; `None` when it stops before its end, or the
    /// reader goes away.
    pub(crate) fn fill(self, stream: &mut Decompressor<'_>, most_bytes: u64) -> Option<()> {
        let mut left = most_bytes;
        loop {
            let mut chunk = self.empty.try_recv().unwrap_or_default();
            chunk.resize(CHUNK_BYTES, 0);
            let got = match stream.fill(&mut chunk) {
                Ok(0) => return Some(()),
                Ok(got) => got as u64,
                Err(stop) => {
                    self.stop(stop);
                    return None;
                }
            };
            chunk.truncate(usize::try_from(got.min(left)).unwrap_or(CHUNK_BYTES));
            self.full.send(Ok(chunk)).ok()?;
            if got > left {
                self.stop(over_limit(most_bytes));
                return None;
            }
            left -= got;
        }
    }
}

impl Gauge {
    /// Passes everything on; gives the SHA-256 of it when it came to its end.
    pub(crate) fn hash(self) -> Option<Digest> {
        let mut hashing = Hashing::sha256();
        for filled in self.from {
            let ended = filled.is_err();
            if let Ok(chunk) = &filled {
                hashing.update(chunk);
            }
            self.to.send(filled).ok()?;
            if ended {
                return None;
            }
        }
        Some(hashing.finish())
    }
}

/// The stop of a stream that expands to more than `most_bytes`.
pub(crate) fn over_limit(most_bytes: u64) -> Stop {
    Stop::new(
        SkipReason::TooLarge,
        format!("more than {most_bytes} uncompressed bytes, the limit for one layer"),
    )
}

impl Chunks {
    fn new(full: Receiver<Filled>, empty: Sender<Vec<u8>>) -> Self {
        Chunks { full, empty, chunk: Vec::new(), at: 0, position: 0, stop: None, ended: false }
    }

    fn refill(&mut self) -> Result<(), Stop> {
        if let Some(stop) = &self.stop {
            return Err(stop.clone());
        }
        while self.at >= self.chunk.len() && !self.ended {
            match self.full.recv() {
                Ok(Ok(chunk)) => {
                    let used = std::mem::replace(&mut self.chunk, chunk);
                    self.at = 0;
                    let _ = self.empty.try_send(used);
                }
                Ok(Err(stop)) => {
                    self.stop = Some(stop.clone());
                    return Err(stop);
                }
                Err(_) => self.ended = true,
            }
        }
        Ok(())
    }
}

impl Input for Chunks {
    fn position(&self) -> u64 {
        self.position
    }

    fn buffered(&self) -> &[u8] {
        self.chunk.get(self.at..).unwrap_or_default()
    }

    fn fill(&mut self) -> Result<&[u8], Stop> {
        if self.at >= self.chunk.len() {
            self.refill()?;
        }
        Ok(self.buffered())
    }

    fn consume(&mut self, count: usize) {
        let count = count.min(self.chunk.len() - self.at);
        self.at += count;
        self.position += count as u64;
    }

    fn skip(&mut self, count: u64) -> Result<u64, Stop> {
        let mut left = count;
        while left > 0 {
            let at_hand = self.fill()?.len();
            if at_hand == 0 {
                break;
            }
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(at_hand);
            self.consume(step);
            left -= step as u64;
        }
        Ok(count - left)
    }

    fn place(&self) -> Option<Place> {
        None
    }
}
