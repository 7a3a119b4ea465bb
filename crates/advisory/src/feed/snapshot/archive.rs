//! Members of tar and zip archives.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tar::EntryType;
use zip::ZipArchive;

use super::Batcher;
use super::member::{Member, Payload, is_candidate, spread, too_large};
use crate::AdvisoryError;
use crate::feed::limits::{
    MEMBER_MAX_BYTES, SAMPLE_MEMBERS, SNAPSHOT_MAX_BYTES, SNAPSHOT_MAX_MEMBERS,
};

/// Length of a member's name that is read, in bytes.
const NAME_MAX_BYTES: u64 = 64 << 10;

/// Reads the regular files of a tar. Long names of GNU and POSIX archives are understood.
pub(super) fn read_tar(
    path: &Path,
    reader: Box<dyn Read + Send>,
    read: &Arc<AtomicU64>,
    batcher: &mut Batcher<'_>,
) -> Result<(), AdvisoryError> {
    let damaged = |error: std::io::Error| damaged(path, error);
    let mut archive = tar::Archive::new(reader.take(SNAPSHOT_MAX_BYTES));
    let mut long_name = None;
    let mut told_bytes = 0;
    // Raw entries: long names are read here, within a limit.
    for (count, entry) in archive.entries().map_err(damaged)?.raw(true).enumerate() {
        let mut entry = entry.map_err(damaged)?;
        if count > SNAPSHOT_MAX_MEMBERS {
            return Err(too_many(path));
        }
        match entry.header().entry_type() {
            EntryType::GNULongName => long_name = gnu_name(&mut entry).map_err(damaged)?,
            EntryType::XHeader => {
                long_name = pax_name(&mut entry).map_err(damaged)?.or(long_name);
            }
            EntryType::Regular | EntryType::Continuous => {
                let name = long_name
                    .take()
                    .unwrap_or_else(|| String::from_utf8_lossy(&entry.path_bytes()).into_owned());
                if !is_candidate(&name) {
                    continue;
                }
                let member = tar_member(name, &mut entry).map_err(damaged)?;
                let now_bytes = read.load(Ordering::Relaxed);
                if !batcher.push(member, now_bytes.saturating_sub(told_bytes)) {
                    return Ok(());
                }
                told_bytes = now_bytes;
            }
            _ => long_name = None,
        }
    }
    batcher.finish();
    Ok(())
}

fn tar_member<R: Read>(name: String, entry: &mut tar::Entry<'_, R>) -> std::io::Result<Member> {
    let size_bytes = entry.size();
    if size_bytes > MEMBER_MAX_BYTES {
        return Ok(Member { name, size_bytes, payload: Payload::Refused(too_large()) });
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < size_bytes {
        return Err(std::io::Error::other(format!("it ends in the middle of {name}")));
    }
    Ok(Member { name, size_bytes, payload: Payload::Bytes(bytes) })
}

fn gnu_name(entry: &mut impl Read) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    entry.take(NAME_MAX_BYTES).read_to_end(&mut bytes)?;
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn pax_name(entry: &mut impl Read) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    entry.take(NAME_MAX_BYTES).read_to_end(&mut bytes)?;
    let mut name = None;
    for extension in tar::PaxExtensions::new(&bytes).flatten() {
        if extension.key_bytes() == b"path" {
            name = Some(String::from_utf8_lossy(extension.value_bytes()).into_owned());
        }
    }
    Ok(name)
}

/// Reads the files of a zip, in the order of its directory.
pub(super) fn read_zip(
    path: &Path,
    file: File,
    batcher: &mut Batcher<'_>,
) -> Result<(), AdvisoryError> {
    let mut archive = open_zip(path, file)?;
    let mut total_bytes = 0_u64;
    for at in 0..archive.len() {
        let Some((member, read_bytes)) = zip_member(path, &mut archive, at)? else {
            continue;
        };
        total_bytes = total_bytes.saturating_add(member.size_bytes);
        if total_bytes > SNAPSHOT_MAX_BYTES {
            let what = format!("it unpacks to more than {} GiB", SNAPSHOT_MAX_BYTES >> 30);
            return Err(AdvisoryError::SnapshotDamaged { path: path.to_owned(), what });
        }
        if !batcher.push(member, read_bytes) {
            return Ok(());
        }
    }
    batcher.finish();
    Ok(())
}

/// Files from all over a zip.
pub(super) fn sample_zip(path: &Path, file: &File) -> Result<Vec<Member>, AdvisoryError> {
    let file =
        file.try_clone().map_err(|source| AdvisoryError::File { path: path.to_owned(), source })?;
    let mut archive = open_zip(path, file)?;
    let mut sample = Vec::new();
    for at in spread(archive.len(), SAMPLE_MEMBERS) {
        sample.extend(zip_member(path, &mut archive, at)?.map(|(member, _)| member));
    }
    Ok(sample)
}

fn open_zip(path: &Path, file: File) -> Result<ZipArchive<BufReader<File>>, AdvisoryError> {
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(path, error))?;
    if archive.len() > SNAPSHOT_MAX_MEMBERS {
        return Err(too_many(path));
    }
    Ok(archive)
}

/// One file of a zip and its compressed size; `None` for what is no candidate.
fn zip_member(
    path: &Path,
    archive: &mut ZipArchive<BufReader<File>>,
    at: usize,
) -> Result<Option<(Member, u64)>, AdvisoryError> {
    let mut entry = archive.by_index(at).map_err(|error| damaged(path, error))?;
    let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
    if entry.is_dir() || !is_candidate(&name) {
        return Ok(None);
    }
    let (size_bytes, read_bytes) = (entry.size(), entry.compressed_size());
    let mut bytes = Vec::new();
    // The directory may lie about the size: the limit is on what comes out.
    let read = entry.by_ref().take(MEMBER_MAX_BYTES + 1).read_to_end(&mut bytes);
    let payload = match read {
        Ok(read) if read as u64 > MEMBER_MAX_BYTES => Payload::Refused(too_large()),
        Ok(_) => Payload::Bytes(bytes),
        Err(error) => Payload::Refused(error.to_string()),
    };
    Ok(Some((Member { name, size_bytes, payload }, read_bytes)))
}

fn damaged(path: &Path, error: impl std::fmt::Display) -> AdvisoryError {
    AdvisoryError::SnapshotDamaged { path: path.to_owned(), what: error.to_string() }
}

fn too_many(path: &Path) -> AdvisoryError {
    AdvisoryError::SnapshotDamaged {
        path: path.to_owned(),
        what: format!("it has more than {SNAPSHOT_MAX_MEMBERS} files"),
    }
}
