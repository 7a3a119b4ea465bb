//! `Member`: one file of a snapshot, on disk or already read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::decompress;
use crate::feed::limits::MEMBER_MAX_BYTES;

/// Endings of the names of files that may hold advisories.
const CANDIDATE_ENDINGS: [&str; 6] = [".json", ".yaml", ".yml", ".md", ".xml", ".csv"];
/// Endings that a compressed single file adds.
const COMPRESSED_ENDINGS: [&str; 2] = [".gz", ".zst"];
/// Endings of the names of archives.
const ARCHIVE_ENDINGS: [&str; 6] = [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".zip"];

/// One file of a snapshot.
#[derive(Debug, Clone)]
pub(in crate::feed) struct Member {
    /// Path inside the snapshot, `/` between its parts.
    pub(in crate::feed) name: String,
    /// Size on disk or in the archive, in bytes.
    pub(in crate::feed) size_bytes: u64,
    /// Its bytes.
    pub(in crate::feed) payload: Payload,
}

/// The bytes of a member.
#[derive(Debug, Clone)]
pub(in crate::feed) enum Payload {
    /// Read.
    Bytes(Vec<u8>),
    /// Still on disk.
    File(PathBuf),
    /// Not to be read, and why.
    Refused(String),
}

impl Member {
    /// A file on disk, named by its path below `root`.
    pub(in crate::feed) fn file(root: &Path, path: &Path) -> Self {
        let below = path.strip_prefix(root).ok().filter(|below| !below.as_os_str().is_empty());
        let shown = below.map(Path::as_os_str).or(path.file_name());
        let name = shown.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let size_bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        Member { name, size_bytes, payload: Payload::File(path.to_owned()) }
    }

    /// Bytes that it holds in memory.
    pub(super) fn held_bytes(&self) -> usize {
        match &self.payload {
            Payload::Bytes(bytes) => bytes.len(),
            Payload::File(_) => usize::try_from(self.size_bytes).unwrap_or(usize::MAX),
            Payload::Refused(_) => 0,
        }
    }

    /// The bytes, decompressed; or why they cannot be had.
    pub(in crate::feed) fn into_bytes(self) -> Result<Vec<u8>, String> {
        match self.payload {
            Payload::Bytes(bytes) if is_compressed(&self.name) => {
                read_limited(std::io::Cursor::new(bytes))
            }
            Payload::Bytes(bytes) => Ok(bytes),
            Payload::File(path) => {
                read_limited(File::open(&path).map_err(|error| error.to_string())?)
            }
            Payload::Refused(why) => Err(why),
        }
    }
}

/// Reads to the end, undoing gzip and zstd, up to the limit.
fn read_limited(reader: impl Read + Send + 'static) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut reader = decompress(reader).map_err(|error| error.to_string())?.take(MEMBER_MAX_BYTES);
    reader.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 >= MEMBER_MAX_BYTES {
        return Err(too_large());
    }
    Ok(bytes)
}

/// Why a file beyond the limit is refused.
pub(super) fn too_large() -> String {
    format!("larger than {} MiB", MEMBER_MAX_BYTES >> 20)
}

/// Whether a file of this name may hold advisories: a known ending, not hidden.
pub(in crate::feed) fn is_candidate(name: &str) -> bool {
    let hidden = name.split('/').any(|part| part.starts_with('.') && part != "." && part != "..");
    let name = name.to_ascii_lowercase();
    let bare = COMPRESSED_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
    let bare = bare.unwrap_or(&name);
    !hidden && CANDIDATE_ENDINGS.iter().any(|ending| bare.ends_with(ending))
}

/// Whether a file of this name is an archive.
pub(in crate::feed) fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ARCHIVE_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn is_compressed(name: &str) -> bool {
    COMPRESSED_ENDINGS.iter().any(|ending| name.to_ascii_lowercase().ends_with(ending))
}

/// `wanted` places spread evenly over `count`, first and last included.
pub(super) fn spread(count: usize, wanted: usize) -> impl Iterator<Item = usize> {
    let taken = wanted.min(count);
    let last = count.saturating_sub(1);
    (0..taken).map(move |at| at.saturating_mul(last) / taken.saturating_sub(1).max(1))
}
