//! `Input`: uncompressed bytes on their way to the tar reader, in order, each only once.
//!
//! Two kinds: [`Chunks`] come from a thread that reads, decompresses and hashes; a [`Window`] of a
//! file is read in place and may jump over what nobody asks for.

mod chunks;
mod window;

use std::fs::File;
use std::sync::Arc;

pub(crate) use chunks::{Chunks, Feed, gauged_pipe, pipe};
pub(crate) use window::{Window, read_at_most};

use crate::stop::Stop;

/// Bytes of a tar block (POSIX.1-2017, pax: 512).
pub(crate) const BLOCK_BYTES: usize = 512;

/// One tar block.
pub(crate) type Block = [u8; BLOCK_BYTES];

/// A place in a file.
pub(crate) struct Place {
    pub(crate) file: Arc<File>,
    /// Offset of the place in the file.
    pub(crate) offset: u64,
    /// Bytes from there to the input's end.
    pub(crate) left_bytes: u64,
}

/// Uncompressed bytes in order. A stop is final: every later call gives it again.
pub(crate) trait Input {
    /// Bytes consumed or skipped so far.
    fn position(&self) -> u64;

    /// What is at hand without reading.
    fn buffered(&self) -> &[u8];

    /// Reads so that something is at hand; nothing is only at the end.
    fn fill(&mut self) -> Result<&[u8], Stop>;

    /// Marks bytes of `buffered` as used.
    fn consume(&mut self, count: usize);

    /// Jumps over bytes; gives fewer than asked only when the input ends.
    fn skip(&mut self, count: u64) -> Result<u64, Stop>;

    /// Where the next byte is, when the input is a file read in place.
    fn place(&self) -> Option<Place>;

    /// Fills `output` unless the input ends; gives the count.
    fn read(&mut self, output: &mut [u8]) -> Result<usize, Stop> {
        let mut filled = 0;
        while let Some(free) = output.get_mut(filled..).filter(|free| !free.is_empty()) {
            let bytes = self.fill()?;
            let count = bytes.len().min(free.len());
            if count == 0 {
                break;
            }
            if let (Some(to), Some(from)) = (free.get_mut(..count), bytes.get(..count)) {
                to.copy_from_slice(from);
            }
            self.consume(count);
            filled += count;
        }
        Ok(filled)
    }

    /// The next block, copied; `None` at the end, a stop when a part of a block is left.
    fn block(&mut self, block: &mut Block) -> Result<Option<()>, Stop> {
        let bytes = self.fill()?;
        if let Some(whole) = bytes.first_chunk::<BLOCK_BYTES>() {
            *block = *whole;
            self.consume(BLOCK_BYTES);
            return Ok(Some(()));
        }
        match self.read(block)? {
            0 => Ok(None),
            BLOCK_BYTES => Ok(Some(())),
            part => Err(Stop::truncated(format!(
                "ends within a tar header: {part} bytes of {BLOCK_BYTES} at byte {}",
                self.position() - part as u64,
            ))),
        }
    }
}
