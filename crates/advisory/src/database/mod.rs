//! The advisory database: one immutable file, mapped into memory.
//!
//! `Builder` takes the records of each source and writes a segment for it; `Database` opens the
//! file and `Session` reads it. A file is never changed: a new one is written beside it and takes
//! its name, so readers that have it open go on reading the old one. What the statements mean for
//! an installed package is `matching`'s matter.

mod blocks;
mod body;
mod builder;
mod by_cve;
mod bytes;
mod codes;
mod delta;
mod dictionary;
mod entry;
mod file;
mod import;
mod intern;
mod known;
mod limits;
mod map;
mod postings;
mod replace;
mod segment;
mod session;
mod status;
mod writer;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use model::DatabaseVersion;

use self::bytes::Read;
use self::file::Directory;
use self::map::Bytes;
use self::segment::SegmentHeader;
use crate::AdvisoryError;

pub(crate) use self::body::{Body, Span, SpanEnd};
pub(crate) use self::bytes::Damage;
pub(crate) use self::entry::{Entry, EntryBlock};
pub use self::import::Builder;
pub(crate) use self::known::{Known, KnownTables};
pub(crate) use self::postings::{Posting, PostingsBlock};
pub(crate) use self::segment::Rating;
use self::segment::Segment;
pub(crate) use self::session::Session;
pub use self::status::SourceStatus;

/// An advisory database, open for reading. Cheap to open; any number may be open at once, in any
/// number of processes, also while a new one is being written.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
    bytes: Bytes,
    directory: Directory,
    version: DatabaseVersion,
    segments: Vec<OpenSegment>,
}

/// A segment whose header has been read.
#[derive(Debug)]
struct OpenSegment {
    header: SegmentHeader,
    /// Where it lies in the file.
    whole: Range<usize>,
    /// Where its tables lie in the file.
    tables: Range<usize>,
}

impl Database {
    /// Opens the database of a data directory.
    ///
    /// # Errors
    /// `DatabaseMissing` when there is none, `DatabaseDamaged` when it is cut or changed,
    /// `DatabaseNewer` when a later version of the program wrote it.
    pub fn open(data_dir: &Path) -> Result<Self, AdvisoryError> {
        let path = data_dir.join(replace::DATABASE_FILE);
        let file = File::open(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => AdvisoryError::DatabaseMissing { path: path.clone() },
            _ => AdvisoryError::File { path: path.clone(), source },
        })?;
        let bytes = match file.metadata() {
            Ok(metadata) if metadata.len() == 0 => Bytes::Owned(Vec::new()),
            _ => Bytes::map(&file).map_err(replace::file_error(&path))?,
        };
        Database::read(bytes, path)
    }

    /// Reads a database that is in memory.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, AdvisoryError> {
        Database::read(Bytes::Owned(bytes), PathBuf::from("in memory"))
    }

    fn read(bytes: Bytes, path: PathBuf) -> Result<Self, AdvisoryError> {
        let (directory, segments_at) = Directory::read(&bytes, &path)?;
        let version = directory.version();
        let open = |place: &file::SegmentPlace| -> Read<OpenSegment> {
            let range = place.range(segments_at)?;
            let segment = bytes.get(range.clone()).ok_or(Damage("a segment lies outside"))?;
            let (header, tables_at) = SegmentHeader::read(segment)?;
            let tables = range.start + tables_at..range.end;
            Ok(OpenSegment { header, whole: range, tables })
        };
        let segments = directory
            .segments
            .iter()
            .map(|place| open(place).map_err(|damage| damaged(&path, &place.status.name, damage)));
        let segments = segments.collect::<Result<_, _>>()?;
        Ok(Database { path, bytes, directory, version, segments })
    }

    /// Which database this is: the digest of what its sources say, and when it was built.
    pub fn version(&self) -> &DatabaseVersion {
        &self.version
    }

    /// The sources, sorted by name.
    pub fn sources(&self) -> impl Iterator<Item = &SourceStatus> {
        self.directory.segments.iter().map(|place| &place.status)
    }

    /// Size of the file, in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Reads the whole file and compares each source with its digest.
    pub fn verify(&self) -> Result<(), AdvisoryError> {
        (0..self.segments.len()).try_for_each(|number| self.whole_segment(number).map(drop))
    }

    /// The segments, sorted by source.
    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        (0..self.segments.len()).filter_map(|number| self.segment(number))
    }

    fn segment(&self, number: usize) -> Option<Segment<'_>> {
        let (open, place) = (self.segments.get(number)?, self.directory.segments.get(number)?);
        let tables = self.bytes.get(open.tables.clone())?;
        Some(Segment::new(&place.status.name, &open.header, tables))
    }

    /// All bytes of a segment, found to be the ones that were written.
    fn whole_segment(&self, number: usize) -> Result<&[u8], AdvisoryError> {
        let (place, open) = (&self.directory.segments[number], &self.segments[number]);
        let bytes = self.bytes.get(open.whole.clone()).ok_or(Damage("a segment lies outside"));
        let checked = bytes.and_then(|bytes| place.check(bytes).map(|()| bytes));
        checked.map_err(|damage| damaged(&self.path, &place.status.name, damage))
    }
}

fn damaged(path: &Path, source: &str, damage: Damage) -> AdvisoryError {
    AdvisoryError::DatabaseDamaged { path: path.to_owned(), what: format!("{source}: {damage}") }
}

#[cfg(test)]
mod tests;
