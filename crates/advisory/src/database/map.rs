//! The database file in memory. The one place of this room with `unsafe`, an exception to the rule
//! that only `sensor` has it.
//!
//! Mapping a file is unsafe in Rust because the bytes may change, or end, under the reader when
//! someone else writes the file in place. Nobody does here: a database file is written whole under
//! another name, synchronised, made read-only and then renamed over the old one, so the inode that
//! is mapped never changes. Whoever truncates it by hand gets a bus error, as with any mapped file;
//! a changed byte is found by the checksums and never breaks memory safety, since only plain bytes
//! are read out of the map and each of them is checked.

use std::fs::File;
use std::io;
use std::ops::Deref;

/// The bytes of a database, mapped or owned.
#[derive(Debug)]
pub(super) enum Bytes {
    /// A file.
    Mapped(memmap2::Mmap),
    /// Bytes that someone already has.
    Owned(Vec<u8>),
}

impl Bytes {
    /// Maps a whole file, read-only.
    #[allow(unsafe_code)]
    pub(super) fn map(file: &File) -> io::Result<Self> {
        // SAFETY: the file is immutable once it has its name; see the head of this file.
        let map = unsafe { memmap2::Mmap::map(file) }?;
        Ok(Bytes::Mapped(map))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
        }
    }
}
