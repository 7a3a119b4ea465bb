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

/// The filling thread's end of the pipe.
pub(crate) struct Recycling {
    full: Sender<Filled>,
    empty: Receiver<Vec<u8>>,
}

/// The reading end of the pipe.
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
pub(crate) fn pipe() -> (Recycling, Chunks) {
    let (full_sender, full) = bounded(CHUNKS_AHEAD);
    let (empty_sender, empty) = bounded(CHUNKS_AHEAD + 2);
    let chunks = Chunks {
        full,
        empty: empty_sender,
        chunk: Vec::new(),
        at: 0,
        position: 0,
        stop: None,
        ended: false,
    };
    (Recycling { full: full_sender, empty }, chunks)
}

impl Recycling {
    /// Ends the pipe with a stop.
    pub(crate) fn stop(self, stop: Stop) {
        let _ = self.full.send(Err(stop));
    }
}

/// Decompresses all of `stream` into `pipe`, hashing it beside when asked, until the end, a stop,
/// or the reader goes away (then, and after a stop, there is no digest).
pub(crate) fn feed(
    stream: &mut Decompressor<'_>,
    pipe: Recycling,
    mut hashing: Option<Hashing>,
    most_bytes: u64,
) -> Option<(Digest, u64)> {
    let mut total: u64 = 0;
    loop {
        let mut chunk = pipe.empty.try_recv().unwrap_or_default();
        chunk.resize(CHUNK_BYTES, 0);
        let outcome = stream.fill(&mut chunk);
        let got = *outcome.as_ref().unwrap_or(&0);
        let room = usize::try_from(most_bytes - total).unwrap_or(usize::MAX);
        chunk.truncate(got.min(room));
        if let Some(hashing) = &mut hashing {
            hashing.update(&chunk);
        }
        total += chunk.len() as u64;
        let message = match outcome {
            Err(stop) => Err(stop),
            Ok(0) => return hashing.map(|hashing| (hashing.finish(), total)),
            Ok(_) => Ok(chunk),
        };
        let over = got > room;
        let last = message.is_err();
        if pipe.full.send(message).is_err() || last {
            return None;
        }
        if over {
            let _ = pipe.full.send(Err(over_limit(most_bytes)));
            return None;
        }
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
