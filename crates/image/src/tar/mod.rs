//! The tar reader: headers to members, extended headers applied, within the limits.
//!
//! Reads what container runtimes read: their unpackers stand on Go's `archive/tar`, so where the
//! formats leave room this follows its choices (global headers name nothing, a GNU long name beats
//! a PAX path, links and directories have no content whatever their size says, two zero blocks
//! end the archive). Sources: POSIX.1-2017 pax, the GNU tar manual ("Basic Tar Format",
//! "Storing Sparse Files").

mod header;
mod path;
mod pax;
mod reader;
mod sparse;

pub(crate) use path::{clean_path, shown};
pub(crate) use reader::{Member, MemberKind, TarReader, padding};
pub(crate) use sparse::SparseMap;

/// Whether a file that begins with `head` is a tar: its first block is a header.
pub(crate) fn looks_like_tar(head: &[u8]) -> bool {
    head.first_chunk().is_some_and(|block| header::Header::new(block).is_some())
}

#[cfg(test)]
mod tests;
