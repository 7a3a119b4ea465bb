//! The limits of this room, in one place.

/// Largest text file (lock file, metadata) that is parsed, in bytes.
pub(crate) const MAX_TEXT_BYTES: u64 = 64 << 20;
/// Most packages taken from one file.
pub(crate) const MAX_PACKAGES: usize = 200_000;
