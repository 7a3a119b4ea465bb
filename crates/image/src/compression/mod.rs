//! Compression: told from the first bytes, undone piece by piece.
//!
//! Every format here is a chain of members (gzip members, zstd frames, xz streams): stargz writes
//! one gzip member a file, zstd:chunked adds skippable frames, and some tools pad the end. What
//! follows the last member and is none is ignored by every runtime; here it is counted and said.

mod decompressor;
mod gzip;
mod transport;
mod xz;
mod zstandard;

pub(crate) use decompressor::{Decompressor, Finish};
pub(crate) use transport::Transport;

use crate::stop::Stop;

/// Bytes that are enough to tell every format.
pub(crate) const MAGIC_BYTES: usize = 6;

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// Not at all.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// The .xz file format.
    Xz,
    /// Known and not read.
    Unsupported(&'static str),
}

impl Compression {
    /// Tells the format from a stream's first bytes; fewer than [`MAGIC_BYTES`] are a plain stream.
    pub(crate) fn sniff(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, 0x08, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, ..] => Compression::Unsupported("bzip2"),
            [0x04, 0x22, 0x4d, 0x18, ..] => Compression::Unsupported("lz4"),
            _ => Compression::Plain,
        }
    }
}

/// What one call to a decoder did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Step {
    /// Bytes of input used up.
    pub(crate) consumed: usize,
    /// Bytes of output written.
    pub(crate) produced: usize,
    /// The member is complete; the next byte of input is the next member's first.
    pub(crate) member_ended: bool,
}

/// Undoes one compression, member by member.
pub(crate) trait Decoder: Send {
    /// What one member is called, for messages.
    fn member_name(&self) -> &'static str;

    /// Whether a member may begin with these bytes; at least [`MAGIC_BYTES`] unless the input ends.
    fn begins(&self, head: &[u8]) -> bool;

    /// Goes on with `input` into `output`. Called until `member_ended`, then, if another member
    /// begins, on with that one.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Stop>;
}

#[cfg(test)]
mod tests;
