//! Limits of the database: how much one source may bring, how much a reader believes.

/// Decompressed size of one block that a reader accepts, in bytes. What is said of one package lies
/// in one block; the largest real one (a kernel) is under 1 MiB.
pub(super) const BLOCK_MAX_BYTES: usize = 16 << 20;

/// Size at which a block of postings is closed, in bytes before compression.
pub(super) const POSTINGS_BLOCK_BYTES: usize = 32 << 10;

/// Size at which a block of advisories is closed, in bytes before compression.
pub(super) const ADVISORIES_BLOCK_BYTES: usize = 24 << 10;

/// Size at which a block of a dictionary is closed, in bytes before compression.
pub(super) const DICTIONARY_BLOCK_BYTES: usize = 16 << 10;

/// Size of a segment, and so of everything one source says, in bytes on disk.
pub(super) const SEGMENT_MAX_BYTES: usize = 1 << 30;

/// Advisories of one source.
pub(super) const SOURCE_MAX_ADVISORIES: usize = 5_000_000;

/// Statements (advisory and package) of one source.
pub(super) const SOURCE_MAX_STATEMENTS: usize = 100_000_000;

/// Sources in one database.
pub(super) const SOURCES_MAX: usize = 4096;

/// Length of a summary that is kept, in bytes; the rest is cut at a character's end.
pub(super) const SUMMARY_MAX_BYTES: usize = 200;
