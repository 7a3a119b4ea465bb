//! Opening the log to write: taking the lock, finishing or undoing what a kill interrupted, cutting
//! a torn tail.

use std::fs::{File, TryLockError};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::disk::{self, Name};
use super::error::AuditError;
use super::frame::{Frames, HEAD_BYTES, Head};
use super::log::{Active, AuditLog, AuditOptions, CutTail, now_ns};
use super::manifest::Manifest;
use crate::limits::{AUDIT_ACTIVE_READ_BYTES, AUDIT_LOCK_ATTEMPTS, AUDIT_PAUSE_MS};

pub(super) fn open(folder: &Path, options: AuditOptions) -> Result<AuditLog, AuditError> {
    disk::make_folder(folder)?;
    let lock = lock(folder)?;
    let manifest = manifest(folder)?;
    clear(folder, &manifest)?;
    let path = disk::active(folder, manifest.active());
    let (active, cut) = match disk::read(&path, AUDIT_ACTIVE_READ_BYTES)? {
        None => (Active::begin(folder, &manifest, now_ns())?, None),
        Some(bytes) => recover(folder, path, &bytes, &manifest)?,
    };
    Ok(AuditLog {
        folder: folder.to_path_buf(),
        options,
        manifest,
        active,
        cut,
        alarm: None,
        unsealed: None,
        _lock: lock,
    })
}

fn lock(folder: &Path) -> Result<File, AuditError> {
    let path = folder.join(disk::LOCK);
    let file = disk::open_to_write(&path)?;
    for attempt in 0..AUDIT_LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(AuditError::of("lock", &path, &error)),
            Err(TryLockError::WouldBlock) if attempt + 1 < AUDIT_LOCK_ATTEMPTS => {
                thread::sleep(Duration::from_millis(AUDIT_PAUSE_MS));
            }
            Err(TryLockError::WouldBlock) => break,
        }
    }
    Err(AuditError::Locked { folder: folder.to_path_buf() })
}

fn manifest(folder: &Path) -> Result<Manifest, AuditError> {
    if let Some(manifest) = Manifest::load(folder)? {
        return Ok(manifest);
    }
    let is_segment = |name: &Name| matches!(name, Name::Active(_) | Name::Sealed(_));
    if disk::files(folder)?.iter().any(|(name, _)| is_segment(name)) {
        let path = folder.join(disk::MANIFEST);
        return Err(AuditError::damaged(&path, "it is missing, and there are segments"));
    }
    let manifest = Manifest::new();
    manifest.save(folder)?;
    Ok(manifest)
}

/// Removes what a killed writer left: unfinished files, the active form of a segment that is
/// sealed, the sealed form of one that is still active, what retention had forgotten.
fn clear(folder: &Path, manifest: &Manifest) -> Result<(), AuditError> {
    for (name, path) in disk::files(folder)? {
        let is_left = match name {
            Name::Unfinished => true,
            Name::Active(segment) if segment == manifest.active().saturating_add(1) => {
                // Begun, and the kill came before the one before it was sealed.
                path.metadata().is_ok_and(|meta| meta.len() <= HEAD_BYTES as u64)
            }
            Name::Active(segment) => segment < manifest.active(),
            Name::Sealed(segment) => {
                segment < manifest.anchor.segment || segment == manifest.active()
            }
            _ => false,
        };
        if is_left {
            disk::remove(&path)?;
        }
    }
    disk::sync_folder(folder)
}

/// Takes up the active segment where its last whole record ends.
fn recover(
    folder: &Path,
    path: PathBuf,
    bytes: &[u8],
    manifest: &Manifest,
) -> Result<(Active, Option<CutTail>), AuditError> {
    let head = Head::read(bytes).map_err(|why| AuditError::damaged(&path, why))?;
    let follows = head.segment == manifest.active()
        && head.first == manifest.next_record()
        && head.previous == manifest.head();
    if !follows {
        return Err(AuditError::damaged(&path, "it does not follow the last sealed segment"));
    }
    let mut frames = Frames::new(bytes, &head);
    let records = frames.by_ref().count() as u64;
    let (end, hash) = (frames.at, frames.hash);
    let next = head.first.saturating_add(records);
    let file = disk::open_to_write(&path)?;
    let wrong = |error: std::io::Error| AuditError::of("cut", &path, &error);
    let tail = bytes.get(end..).unwrap_or_default();
    let mut cut = None;
    if !tail.is_empty() {
        let kept = keep(folder, tail);
        cut = Some(CutTail { after: next.saturating_sub(1), bytes: tail.len() as u64, kept });
        file.set_len(end as u64).map_err(wrong)?;
    }
    // Records that were written but not yet synced by the one before count from here on.
    file.sync_all().map_err(wrong)?;
    let active = Active { file, path, head, bytes: end as u64, hash, next };
    Ok((active, cut))
}

/// Keeps what is cut off, by its hash: should it be no torn write but damage, it is evidence.
fn keep(folder: &Path, tail: &[u8]) -> Option<PathBuf> {
    let path = folder.join(format!("{}.cut", disk::sha256(tail)));
    let put = disk::put(&path, |file| {
        file.write_all_at(tail, 0).map_err(|error| AuditError::of("write", &path, &error))
    });
    put.is_ok().then_some(path)
}
