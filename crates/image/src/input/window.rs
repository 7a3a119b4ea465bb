//! `Window`: a span of a file as an input, read in place with positioned reads.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::chunks::over_limit;
use super::{Input, Place};
use crate::stop::Stop;

/// Bytes read first after a jump: a header, and the small files behind it.
const FIRST_READ_BYTES: usize = 8 << 10;
/// Bytes read at once when everything is wanted.
const MOST_READ_BYTES: usize = 256 << 10;

/// A span of a file.
pub(crate) struct Window {
    file: Arc<File>,
    offset: u64,
    size_bytes: u64,
    /// Bytes of the span that may be read; beyond is over the limit for a layer.
    readable_bytes: u64,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the span of the byte after the buffered ones.
    next: u64,
    read_bytes: usize,
    stop: Option<Stop>,
}

impl Window {
    /// The `size_bytes` bytes of `file` from `offset`, of which at most `most_bytes` are read.
    pub(crate) fn new(file: Arc<File>, offset: u64, size_bytes: u64, most_bytes: u64) -> Self {
        Window {
            file,
            offset,
            size_bytes,
            readable_bytes: size_bytes.min(most_bytes),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            next: 0,
            read_bytes: FIRST_READ_BYTES,
            stop: None,
        }
    }

    fn refill(&mut self) -> Result<(), Stop> {
        if let Some(stop) = &self.stop {
            return Err(stop.clone());
        }
        let left = self.readable_bytes.saturating_sub(self.next);
        if left == 0 && self.size_bytes > self.readable_bytes {
            return Err(self.stopped(over_limit(self.readable_bytes)));
        }
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(self.read_bytes);
        if self.buffer.len() < want {
            self.buffer.resize(want, 0);
        }
        let target = self.buffer.get_mut(..want).unwrap_or_default();
        match read_at_most(&self.file, self.offset.saturating_add(self.next), target) {
            Ok(got) if got < want => {
                Err(self.stopped(Stop::truncated("the file became shorter while it was read")))
            }
            Ok(got) => {
                (self.start, self.end) = (0, got);
                self.next += got as u64;
                self.read_bytes = (self.read_bytes * 2).min(MOST_READ_BYTES);
                Ok(())
            }
            Err(error) => Err(self.stopped(error.into())),
        }
    }

    fn stopped(&mut self, stop: Stop) -> Stop {
        self.stop = Some(stop.clone());
        stop
    }
}

impl Input for Window {
    fn position(&self) -> u64 {
        self.next - (self.end - self.start) as u64
    }

    fn buffered(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn fill(&mut self) -> Result<&[u8], Stop> {
        if self.start >= self.end {
            self.refill()?;
        }
        Ok(self.buffered())
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    fn skip(&mut self, count: u64) -> Result<u64, Stop> {
        let at_hand = (self.end - self.start) as u64;
        if count <= at_hand {
            self.consume(count as usize);
            return Ok(count);
        }
        let beyond = count - at_hand;
        let left = self.readable_bytes.saturating_sub(self.next);
        (self.start, self.end) = (0, 0);
        self.next += beyond.min(left);
        if beyond > MOST_READ_BYTES as u64 / 4 {
            self.read_bytes = FIRST_READ_BYTES;
        }
        if beyond > left && self.size_bytes > self.readable_bytes {
            return Err(self.stopped(over_limit(self.readable_bytes)));
        }
        Ok(at_hand + beyond.min(left))
    }

    fn place(&self) -> Option<Place> {
        Some(Place {
            file: Arc::clone(&self.file),
            offset: self.offset.saturating_add(self.position()),
            left_bytes: self.readable_bytes.saturating_sub(self.position()),
        })
    }
}

/// Reads until `buffer` is full or the file ends.
pub(crate) fn read_at_most(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
        match file.read_at(free, offset.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(got) => filled += got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
