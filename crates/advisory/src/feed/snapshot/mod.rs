//! `Snapshot`: a local copy of a source, read in batches of files: a directory, a tar (plain, gzip,
//! zstd), a zip, or one file. Knows no format of advisories.
//!
//! Batches come in a fixed order (a directory sorted by name, an archive as it is packed), so an
//! import gives the same records in the same order each time.

mod archive;
mod directory;
mod member;

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) use directory::{children, files};
#[cfg(test)]
pub(super) use member::Payload;
pub(super) use member::{Member, is_archive, is_candidate};

use super::limits::{BATCH_MAX_BYTES, BATCH_MAX_MEMBERS, SAMPLE_MEMBERS, ZSTD_WINDOW_LOG_MAX};
use crate::AdvisoryError;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";
/// Bytes that tell a tar from a plain file.
const TAR_HEAD_BYTES: u64 = 512;
const TAR_MAGIC_AT: usize = 257;
const TAR_MAGIC: &[u8] = b"ustar";
const READ_BUFFER_BYTES: usize = 1 << 20;

/// A local copy of a source.
pub(super) struct Snapshot {
    path: PathBuf,
    size_bytes: u64,
    content: Content,
}

enum Content {
    /// Files of a directory, sorted.
    Files(Vec<Member>),
    /// A tar, already decompressed.
    Tar(Box<dyn Read + Send>, Arc<AtomicU64>),
    Zip(File),
}

/// Files that are parsed together.
pub(super) struct Batch {
    /// The files.
    pub(super) members: Vec<Member>,
    /// Bytes of the snapshot that were read for them.
    pub(super) read_bytes: u64,
}

impl Snapshot {
    /// Opens a snapshot and tells what kind it is from its first bytes.
    pub(super) fn open(path: &Path) -> Result<Self, AdvisoryError> {
        let failed = |source| AdvisoryError::File { path: path.to_owned(), source };
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return Self::of_files(path, files(path)?);
        }
        let mut file = File::open(path).map_err(failed)?;
        let mut magic = [0; 4];
        let read = read_up_to(&mut file, &mut magic).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let size_bytes = metadata.len();
        let content = if magic.get(..read).is_some_and(|magic| magic == ZIP_MAGIC) {
            Content::Zip(file)
        } else {
            stream(path, file)?
        };
        Ok(Snapshot { path: path.to_owned(), size_bytes, content })
    }

    /// A snapshot of these files only.
    pub(super) fn of_files(path: &Path, members: Vec<Member>) -> Result<Self, AdvisoryError> {
        let size_bytes = members.iter().map(|member| member.size_bytes).sum();
        Ok(Snapshot { path: path.to_owned(), size_bytes, content: Content::Files(members) })
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Size on disk, in bytes.
    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Files from all over the snapshot, where it can be read in any order; `None` for a stream,
    /// whose first batch has to do.
    pub(super) fn sample(&self) -> Result<Option<Vec<Member>>, AdvisoryError> {
        match &self.content {
            Content::Files(members) => {
                let at = member::spread(members.len(), SAMPLE_MEMBERS);
                Ok(Some(at.filter_map(|at| members.get(at).cloned()).collect()))
            }
            Content::Tar(..) => Ok(None),
            Content::Zip(file) => archive::sample_zip(&self.path, file).map(Some),
        }
    }

    /// Gives every batch in order to `emit`, until that says `false`.
    pub(super) fn read(self, emit: &mut dyn FnMut(Batch) -> bool) -> Result<(), AdvisoryError> {
        match self.content {
            Content::Files(members) => {
                let mut batcher = Batcher::new(emit);
                for member in members {
                    let read_bytes = member.size_bytes;
                    if !batcher.push(member, read_bytes) {
                        return Ok(());
                    }
                }
                batcher.finish();
                Ok(())
            }
            Content::Tar(reader, read) => {
                archive::read_tar(&self.path, reader, &read, &mut Batcher::new(emit))
            }
            Content::Zip(file) => archive::read_zip(&self.path, file, &mut Batcher::new(emit)),
        }
    }
}

/// A tar or a single file, decompressed when it has to be.
fn stream(path: &Path, file: File) -> Result<Content, AdvisoryError> {
    let failed = |source| AdvisoryError::File { path: path.to_owned(), source };
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted { file, read: Arc::clone(&read) };
    let mut reader = decompress(counted).map_err(failed)?;
    let mut head = Vec::new();
    let damaged = |error: std::io::Error| AdvisoryError::SnapshotDamaged {
        path: path.to_owned(),
        what: error.to_string(),
    };
    reader.by_ref().take(TAR_HEAD_BYTES).read_to_end(&mut head).map_err(damaged)?;
    if head.get(TAR_MAGIC_AT..).is_some_and(|rest| rest.starts_with(TAR_MAGIC)) {
        return Ok(Content::Tar(Box::new(Cursor::new(head).chain(reader)), read));
    }
    Ok(Content::Files(vec![Member::file(path, path)]))
}

/// Undoes gzip or zstd, as the first bytes ask for.
pub(super) fn decompress(
    reader: impl Read + Send + 'static,
) -> std::io::Result<Box<dyn Read + Send>> {
    let mut reader = BufReader::with_capacity(READ_BUFFER_BYTES, reader);
    let mut magic = [0; 4];
    let length = read_up_to(&mut reader, &mut magic)?;
    let head = magic.get(..length).unwrap_or_default().to_vec();
    let is = |magic: &[u8]| head.starts_with(magic);
    let (gzip, zstd) = (is(GZIP_MAGIC), is(ZSTD_MAGIC));
    let reader = Cursor::new(head).chain(reader);
    if gzip {
        return Ok(Box::new(flate2::read::MultiGzDecoder::new(reader)));
    }
    if zstd {
        let buffered = BufReader::with_capacity(READ_BUFFER_BYTES, reader);
        let mut decoder = zstd::Decoder::with_buffer(buffered)?;
        decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
        return Ok(Box::new(decoder));
    }
    Ok(Box::new(reader))
}

fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A file that tells how far it has been read.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Collects members into batches.
struct Batcher<'a> {
    emit: &'a mut dyn FnMut(Batch) -> bool,
    members: Vec<Member>,
    held_bytes: usize,
    read_bytes: u64,
}

impl<'a> Batcher<'a> {
    fn new(emit: &'a mut dyn FnMut(Batch) -> bool) -> Self {
        Batcher { emit, members: Vec::new(), held_bytes: 0, read_bytes: 0 }
    }

    /// Takes a member; `false` when nobody wants more.
    fn push(&mut self, member: Member, read_bytes: u64) -> bool {
        self.held_bytes += member.held_bytes();
        self.read_bytes += read_bytes;
        self.members.push(member);
        if self.members.len() < BATCH_MAX_MEMBERS && self.held_bytes < BATCH_MAX_BYTES {
            return true;
        }
        self.flush()
    }

    fn finish(&mut self) {
        if !self.members.is_empty() {
            self.flush();
        }
    }

    fn flush(&mut self) -> bool {
        let members = std::mem::take(&mut self.members);
        let read_bytes = std::mem::take(&mut self.read_bytes);
        self.held_bytes = 0;
        (self.emit)(Batch { members, read_bytes })
    }
}

#[cfg(test)]
mod tests;
