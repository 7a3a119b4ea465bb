//! The database file: a fixed head, a directory of segments, the segments.
//!
//! Head, 56 bytes: magic, format version, the directory's length, the file's length, SHA-256 of
//! the directory. Opening checks head and directory; a segment is checked block by block as it is
//! read, and as a whole when it is copied into another database.

use std::ops::Range;
use std::path::Path;

use model::{DatabaseVersion, Digest, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::SourceStatus;
use super::bytes::{Damage, Read, Reader};
use super::limits::SOURCES_MAX;
use crate::AdvisoryError;

/// The first bytes of a database file.
const MAGIC: &[u8; 8] = b"LAZARETA";

/// The format this program writes, and the newest it reads. Raise it with every change of a table.
const FORMAT: u32 = 1;

/// Bytes of the head.
const HEAD_BYTES: usize = 56;

/// What a database holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Directory {
    /// When it was built.
    pub(super) built: Timestamp,
    /// Sorted by source.
    pub(super) segments: Vec<SegmentPlace>,
}

/// One segment of a database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SegmentPlace {
    pub(super) status: SourceStatus,
    /// From the end of the directory.
    offset: u64,
    len: u64,
    sha256: [u8; 32],
}

/// The head as written.
struct Head {
    directory_len: usize,
    file_len: u64,
    directory_sha256: [u8; 32],
}

/// A segment to be written.
pub(super) struct NewSegment<'a> {
    pub(super) status: SourceStatus,
    pub(super) bytes: &'a [u8],
}

impl Directory {
    /// Reads head and directory of a file; gives the directory and where the segments begin.
    pub(super) fn read(bytes: &[u8], path: &Path) -> Result<(Self, usize), AdvisoryError> {
        let damaged = |damage: Damage| AdvisoryError::DatabaseDamaged {
            path: path.to_owned(),
            what: damage.to_string(),
        };
        let mut reader = Reader::new(bytes);
        let found = format(&mut reader).map_err(damaged)?;
        if found > FORMAT {
            let path = path.to_owned();
            return Err(AdvisoryError::DatabaseNewer { path, found, known: FORMAT });
        }
        if found < FORMAT {
            return Err(damaged(Damage("its format is that of an older program")));
        }
        read_directory(bytes, reader).map_err(damaged)
    }

    /// The digest of what all sources say (their names and their segments' digests) and the time of
    /// the build. When they were fetched is not in the digest: the same statements have the same.
    pub(super) fn version(&self) -> DatabaseVersion {
        let mut hasher = Sha256::new();
        hasher.update(FORMAT.to_le_bytes());
        for segment in &self.segments {
            hasher.update((segment.status.name.len() as u64).to_le_bytes());
            hasher.update(segment.status.name.as_bytes());
            hasher.update(segment.sha256);
        }
        let digest = Digest::sha256(&hasher.finalize().into());
        DatabaseVersion { digest, built: self.built }
    }
}

impl SegmentPlace {
    /// Where the segment lies in the file.
    pub(super) fn range(&self, segments_at: usize) -> Read<Range<usize>> {
        let narrow = |number: u64| usize::try_from(number).ok();
        let start = narrow(self.offset).and_then(|offset| offset.checked_add(segments_at));
        let end = start.zip(narrow(self.len)).and_then(|(start, len)| start.checked_add(len));
        start.zip(end).map(|(start, end)| start..end).ok_or(Damage("a segment lies outside"))
    }

    /// The digest of the segment.
    pub(super) fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// Whether the bytes are the ones that were written.
    pub(super) fn check(&self, bytes: &[u8]) -> Read<()> {
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        if sha256 == self.sha256 { Ok(()) } else { Err(Damage("a segment has been changed")) }
    }
}

/// The first bytes of a database of these segments, which follow in order; and its version.
pub(super) fn write_head(
    segments: &[NewSegment<'_>],
    built: Timestamp,
) -> (Vec<u8>, DatabaseVersion) {
    let mut offset = 0;
    let place = |segment: &NewSegment<'_>| {
        let len = segment.bytes.len() as u64;
        let place = SegmentPlace {
            status: segment.status.clone(),
            offset,
            len,
            sha256: Sha256::digest(segment.bytes).into(),
        };
        offset += len;
        place
    };
    let segments = segments.iter().map(place).collect();
    let directory = Directory { built, segments };
    let version = directory.version();
    let directory = postcard::to_allocvec(&directory).unwrap_or_default();
    let mut out = Vec::with_capacity(HEAD_BYTES + directory.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&FORMAT.to_le_bytes());
    out.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    let file_len = (HEAD_BYTES + directory.len()) as u64 + offset;
    out.extend_from_slice(&file_len.to_le_bytes());
    out.extend_from_slice(&Sha256::digest(&directory));
    out.extend_from_slice(&directory);
    (out, version)
}

fn format(reader: &mut Reader<'_>) -> Read<u32> {
    if reader.take(MAGIC.len()).ok() != Some(MAGIC) {
        return Err(Damage("it is not an advisory database"));
    }
    reader.u32()
}

fn read_directory(bytes: &[u8], mut reader: Reader<'_>) -> Read<(Directory, usize)> {
    let head = Head {
        directory_len: reader.u32()? as usize,
        file_len: reader.u64()?,
        directory_sha256: reader.take(32)?.try_into().map_err(|_| Damage("ends early"))?,
    };
    if head.file_len != bytes.len() as u64 {
        return Err(Damage("it has not the length that was written"));
    }
    let directory = reader.take(head.directory_len)?;
    let sha256: [u8; 32] = Sha256::digest(directory).into();
    if sha256 != head.directory_sha256 {
        return Err(Damage("its directory has been changed"));
    }
    let directory: Directory =
        postcard::from_bytes(directory).map_err(|_| Damage("its directory cannot be read"))?;
    if directory.segments.len() > SOURCES_MAX {
        return Err(Damage("it has too many sources"));
    }
    Ok((directory, reader.position()))
}
