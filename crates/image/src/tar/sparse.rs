//! Sparse files: which spans of a file are in the archive; the rest are zeros.

use super::header::number;
use super::pax::decimal;
use crate::input::{BLOCK_BYTES, Block, Input};
use crate::stop::Stop;

/// Most spans of one file; a map in a PAX header is bounded by the header's size as well.
const MAX_SPANS: usize = 100_000;
/// Bytes of one old GNU map entry: offset and length.
const ENTRY_BYTES: usize = 24;
/// Old GNU: where the map lies in the header, and its flag for "goes on in another block".
const HEADER_MAP: (usize, usize) = (386, 482);
const HEADER_GOES_ON: usize = 482;
const HEADER_REAL_SIZE: (usize, usize) = (483, 495);
/// Old GNU: the same in a block of its own.
const EXTENSION_MAP: (usize, usize) = (0, 504);
const EXTENSION_GOES_ON: usize = 504;

/// The spans of a file that are stored, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SparseMap {
    /// Offset in the file and length, in bytes.
    pub(crate) spans: Vec<(u64, u64)>,
}

impl SparseMap {
    /// Appends a span, which must lie behind the last.
    pub(super) fn push(&mut self, offset: u64, length: u64) -> Result<(), Stop> {
        let end = offset.checked_add(length).filter(|&end| i64::try_from(end).is_ok());
        let last = self.spans.last().map_or(0, |(offset, length)| offset + length);
        if end.is_none() || offset < last || self.spans.len() >= MAX_SPANS {
            return Err(damaged());
        }
        self.spans.push((offset, length));
        Ok(())
    }

    /// Checks the map against the file's size and the bytes that are stored for it.
    pub(super) fn check(&self, real_size: u64, stored: u64) -> Result<(), Stop> {
        let end = self.spans.last().map_or(0, |(offset, length)| offset + length);
        let data: u64 = self.spans.iter().map(|(_, length)| length).sum();
        if end > real_size || data > stored { Err(damaged()) } else { Ok(()) }
    }
}

/// Reads the map of an old GNU sparse member (`S`); gives it with the file's size.
pub(super) fn read_old<I: Input>(
    input: &mut I,
    header: &Block,
    most_bytes: u64,
) -> Result<(SparseMap, u64), Stop> {
    let mut map = SparseMap::default();
    let real_size = number(&header[HEADER_REAL_SIZE.0..HEADER_REAL_SIZE.1]).ok_or_else(damaged)?;
    take_entries(&mut map, &header[HEADER_MAP.0..HEADER_MAP.1])?;
    let mut goes_on = header[HEADER_GOES_ON] != 0;
    let mut read: u64 = 0;
    let mut block = [0; BLOCK_BYTES];
    while goes_on {
        read += BLOCK_BYTES as u64;
        if read > most_bytes {
            return Err(damaged());
        }
        input.block(&mut block)?.ok_or_else(|| Stop::truncated("ends within a sparse map"))?;
        take_entries(&mut map, &block[EXTENSION_MAP.0..EXTENSION_MAP.1])?;
        goes_on = block[EXTENSION_GOES_ON] != 0;
    }
    Ok((map, real_size))
}

fn take_entries(map: &mut SparseMap, bytes: &[u8]) -> Result<(), Stop> {
    for entry in bytes.chunks_exact(ENTRY_BYTES) {
        let (offset, length) = entry.split_at(ENTRY_BYTES / 2);
        if offset.first() == Some(&0) || length.first() == Some(&0) {
            break; // An empty entry ends the map.
        }
        match (number(offset), number(length)) {
            (Some(offset), Some(length)) => map.push(offset, length)?,
            _ => return Err(damaged()),
        }
    }
    Ok(())
}

/// Reads the map that stands before the content in PAX format 1.0: decimal numbers, one a line,
/// the count of spans first, padded to a block. Gives it with the bytes it took.
pub(super) fn read_version_1<I: Input>(
    input: &mut I,
    stored: u64,
    most_bytes: u64,
) -> Result<(SparseMap, u64), Stop> {
    let mut lines = Lines { input, text: Vec::new(), at: 0, read: 0, most: stored.min(most_bytes) };
    let count = lines.number()?;
    let mut map = SparseMap::default();
    for _ in 0..count {
        let offset = lines.number()?;
        map.push(offset, lines.number()?)?;
    }
    Ok((map, lines.read))
}

/// Decimal lines out of whole blocks.
struct Lines<'i, I> {
    input: &'i mut I,
    text: Vec<u8>,
    at: usize,
    read: u64,
    most: u64,
}

impl<I: Input> Lines<'_, I> {
    fn number(&mut self) -> Result<u64, Stop> {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            if let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
                let number = decimal(rest.get(..end).unwrap_or_default())?;
                self.at += end + 1;
                return Ok(number);
            }
            self.more()?;
        }
    }

    fn more(&mut self) -> Result<(), Stop> {
        self.read += BLOCK_BYTES as u64;
        if self.read > self.most {
            return Err(damaged());
        }
        let mut block = [0; BLOCK_BYTES];
        self.input.block(&mut block)?.ok_or_else(|| Stop::truncated("ends within a sparse map"))?;
        self.text.drain(..self.at);
        self.at = 0;
        self.text.extend_from_slice(&block);
        Ok(())
    }
}

fn damaged() -> Stop {
    Stop::malformed("the map of a sparse file contradicts itself or is over its limit")
}
