//! `AuditLog`: the log, open to be written. One process at a time.
//!
//! ```text
//! append ─frames, one write, one fsync→ 0000000007.wal ─seal→ 0000000007.parquet + a line of the manifest
//! ```

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use model::AuditRecord;

use super::disk;
use super::error::AuditError;
use super::frame::{self, Frames, HEAD_BYTES, Hash, Head};
use super::manifest::{Manifest, Sealed};
use super::open;
use super::row::Row;
use super::seal;
use crate::limits::AUDIT_ACTIVE_MAX_BYTES;

/// When segments are sealed and how much is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditOptions {
    /// Size of the active segment at which it is sealed, in bytes.
    pub segment_max_bytes: u64,
    /// Age of the active segment at which [`AuditLog::is_seal_due`] says so, in seconds.
    pub segment_max_age_s: u64,
    /// Most bytes of all segments together; the oldest go first.
    pub keep_max_bytes: u64,
    /// Age at which a segment goes, by its newest record, in seconds.
    pub keep_max_age_s: u64,
}

impl Default for AuditOptions {
    /// 32 MiB or six hours a segment; 4 GiB or 180 days in all.
    fn default() -> Self {
        AuditOptions {
            segment_max_bytes: 32 * 1024 * 1024,
            segment_max_age_s: 6 * 3600,
            keep_max_bytes: 4 * 1024 * 1024 * 1024,
            keep_max_age_s: 180 * 24 * 3600,
        }
    }
}

/// What was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The records' numbers.
    pub numbers: Range<u64>,
    /// The hash of the last record that the log has.
    pub head: Hash,
}

/// What a writer that was stopped in the middle of a write left behind, cut off at the next start.
/// None of it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutTail {
    /// The last record before it.
    pub after: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Where the bytes are kept; `None` when there was no room for them.
    pub kept: Option<PathBuf>,
}

/// What retention took away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Segments.
    pub segments: u64,
    /// Records.
    pub records: u64,
    /// Bytes.
    pub bytes: u64,
}

/// The log, open to be written.
#[derive(Debug)]
pub struct AuditLog {
    pub(super) folder: PathBuf,
    pub(super) options: AuditOptions,
    pub(super) manifest: Manifest,
    pub(super) active: Active,
    pub(super) cut: Option<CutTail>,
    /// Why nothing is kept at the moment.
    pub(super) alarm: Option<String>,
    /// Why the last try to seal failed, and the size at which it is tried again.
    pub(super) unsealed: Option<(String, u64)>,
    /// Held locked for as long as the log is open.
    pub(super) _lock: File,
}

/// The segment that is appended to.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) head: Head,
    /// Bytes that are written whole.
    pub(super) bytes: u64,
    /// The hash of its last record.
    pub(super) hash: Hash,
    /// The number of its next record.
    pub(super) next: u64,
}

impl AuditLog {
    /// Opens the log of a folder, making it where it is missing.
    ///
    /// A tail that a killed writer left is cut; see [`AuditLog::cut_tail`].
    ///
    /// # Errors
    /// Another process writes the log, a part of it is damaged, or the system refuses.
    pub fn open(folder: &Path, options: AuditOptions) -> Result<AuditLog, AuditError> {
        open::open(folder, options)
    }

    /// Appends records. When it returns they are on the disk, all of them; after an error none is.
    ///
    /// # Errors
    /// There is no room, or the disk fails: the log is as it was, [`AuditLog::alarm`] says why,
    /// and the next call tries again.
    pub fn append(&mut self, records: &[AuditRecord]) -> Result<Appended, AuditError> {
        let mut bytes = Vec::with_capacity(records.len().saturating_mul(512));
        let (mut hash, mut next) = (self.active.hash, self.active.next);
        let first = next;
        let mut row = Vec::new();
        for record in records {
            row.clear();
            Row::of(next, record).encode(&mut row);
            hash = frame::put(&mut bytes, &row, &hash);
            next = next.saturating_add(1);
        }
        let written = self.make_room(bytes.len() as u64).and_then(|()| {
            let written = self.active.write(&bytes);
            written.map_err(|error| AuditError::of("write", &self.active.path, &error))
        });
        if let Err(error) = written {
            self.alarm = Some(error.to_string());
            return Err(error);
        }
        self.alarm = None;
        self.active.bytes = self.active.bytes.saturating_add(bytes.len() as u64);
        (self.active.hash, self.active.next) = (hash, next);
        self.seal_when_large();
        Ok(Appended { numbers: first..next, head: hash })
    }

    /// Why nothing is kept at the moment; `None` when all is well.
    pub fn alarm(&self) -> Option<&str> {
        self.alarm.as_deref()
    }

    /// Why the active segment could not be sealed; it is kept as it is and tried again.
    pub fn unsealed(&self) -> Option<&str> {
        self.unsealed.as_ref().map(|(why, _)| why.as_str())
    }

    /// What was cut off when the log was opened.
    pub fn cut_tail(&self) -> Option<&CutTail> {
        self.cut.as_ref()
    }

    /// The hash of the last record, and its number; 0 when there is none.
    pub fn head(&self) -> (u64, Hash) {
        (self.active.next.saturating_sub(1), self.active.hash)
    }

    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.manifest.bytes().saturating_add(self.active.bytes)
    }

    /// Whether the active segment is old enough to be sealed.
    pub fn is_seal_due(&self, now_ns: i64) -> bool {
        let age_ns = now_ns.saturating_sub(self.active.head.begun_ns).max(0).cast_unsigned();
        self.active.next > self.active.head.first
            && age_ns >= self.options.segment_max_age_s.saturating_mul(1_000_000_000)
    }

    /// Seals the active segment, if it has records, and begins the next.
    ///
    /// # Errors
    /// There is no room, or the disk fails: the segment stays active.
    pub fn seal(&mut self) -> Result<(), AuditError> {
        if self.active.next == self.active.head.first {
            return Ok(());
        }
        let sealed = seal::write(&self.folder, &self.active)?;
        let mut manifest = self.manifest.clone();
        manifest.segments.push(sealed);
        // The next segment is there before the manifest asks for it. Without its line in the
        // manifest the sealed file is nothing: a later try and the next start write over it.
        let next = Active::begin(&self.folder, &manifest, now_ns())?;
        if let Err(error) = manifest.save(&self.folder) {
            // It may be in place all the same, and only not certain to stay there.
            match Manifest::load(&self.folder) {
                Ok(Some(found)) if found == manifest => {}
                _ => return Err(error),
            }
        }
        self.manifest = manifest;
        let old = std::mem::replace(&mut self.active, next);
        self.unsealed = None;
        disk::remove(&old.path)?;
        disk::sync_folder(&self.folder)
    }

    /// Takes away the oldest segments while there are more bytes than are kept, and of those that
    /// are older than is kept so many at most. The log then begins later, and still verifies.
    pub fn retain(&mut self, now_ns: i64, by_age: usize) -> Result<Forgotten, AuditError> {
        let age_ns = self.options.keep_max_age_s.saturating_mul(1_000_000_000);
        let limit_ns = now_ns.saturating_sub_unsigned(age_ns);
        let mut manifest = self.manifest.clone();
        let mut forgotten: Vec<Sealed> = Vec::new();
        let mut by_age = by_age;
        while let Some(oldest) = manifest.segments.first() {
            let bytes = manifest.bytes().saturating_add(self.active.bytes);
            if bytes <= self.options.keep_max_bytes {
                if oldest.newest_ns >= limit_ns || by_age == 0 {
                    break;
                }
                by_age -= 1;
            }
            forgotten.extend(manifest.forget_oldest());
        }
        if forgotten.is_empty() {
            return Ok(Forgotten::default());
        }
        manifest.save(&self.folder)?;
        self.manifest = manifest;
        let mut sum = Forgotten::default();
        for one in forgotten {
            disk::remove(&disk::sealed(&self.folder, one.segment))?;
            sum.segments = sum.segments.saturating_add(1);
            sum.records = sum.records.saturating_add(one.records);
            sum.bytes = sum.bytes.saturating_add(one.bytes);
        }
        disk::sync_folder(&self.folder)?;
        Ok(sum)
    }

    /// A segment that could not be sealed for long is not written beyond what can be read again.
    /// The next one goes on with the same number and hash.
    fn make_room(&mut self, bytes: u64) -> Result<(), AuditError> {
        let is_too_large = self.active.bytes.saturating_add(bytes) > AUDIT_ACTIVE_MAX_BYTES;
        if is_too_large { self.seal() } else { Ok(()) }
    }

    /// Records that are acknowledged stay so when sealing fails: that is told, and tried again
    /// when the segment has grown by another half.
    fn seal_when_large(&mut self) {
        let limit = self.unsealed.as_ref().map_or(self.options.segment_max_bytes, |(_, at)| *at);
        if self.active.bytes < limit {
            return;
        }
        if let Err(error) = self.seal() {
            let again = self.active.bytes.saturating_add(self.options.segment_max_bytes / 2);
            self.unsealed = Some((error.to_string(), again));
        }
    }
}

impl Active {
    /// Begins the segment after a manifest's last: its file is there whole or not at all.
    pub(super) fn begin(
        folder: &Path,
        manifest: &Manifest,
        now_ns: i64,
    ) -> Result<Active, AuditError> {
        let head = Head {
            segment: manifest.active(),
            first: manifest.next_record(),
            begun_ns: now_ns,
            previous: manifest.head(),
        };
        let path = disk::active(folder, head.segment);
        let text = head.encode();
        disk::put(&path, |file| {
            file.write_all_at(&text, 0).map_err(|error| AuditError::of("write", &path, &error))
        })?;
        let file = disk::open_to_write(&path)?;
        let (hash, next) = (head.previous, head.first);
        Ok(Active { file, path, head, bytes: HEAD_BYTES as u64, hash, next })
    }

    /// Writes at the end and syncs. After an error the end is where it was.
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let written =
            self.file.write_all_at(bytes, self.bytes).and_then(|()| self.file.sync_data());
        written.inspect_err(|_| {
            // What is left beyond the end is written over by the next call.
            let _ = self.file.set_len(self.bytes);
        })
    }

    /// Its frames, from bytes read from its file.
    pub(super) fn frames<'a>(&self, bytes: &'a [u8]) -> Frames<'a> {
        Frames::new(bytes, &self.head)
    }
}

/// The clock, for the age of segments.
pub(super) fn now_ns() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
