//! `AuditReader`: the log, read. Also while another process writes it: a reader sees what was there
//! when it looked.

use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use model::AuditRecord;

use super::batch::{Batch, Seen};
use super::disk;
use super::error::AuditError;
use super::frame::{Frames, Head};
use super::manifest::{Manifest, Sealed};
use super::row::{Column, Row};
use super::segment::{ROWS_PER_GROUP, SegmentReader};
use crate::limits::{
    AUDIT_ACTIVE_READ_BYTES, AUDIT_PAUSE_MS, AUDIT_SEALED_MAX_BYTES, AUDIT_SNAPSHOT_ATTEMPTS,
};

/// The log, to be read.
#[derive(Debug, Clone)]
pub struct AuditReader {
    folder: PathBuf,
}

/// Which records a look goes over.
#[derive(Debug, Clone)]
pub struct AuditQuery<'a> {
    /// Their times, nanoseconds since 1970, the end not included.
    pub times_ns: Range<i64>,
    /// Their numbers.
    pub numbers: Range<u64>,
    /// The columns that are looked at to decide whether a record is wanted. Number and time are
    /// always there.
    pub columns: &'a [Column],
    /// Whether the newest come first.
    pub newest_first: bool,
}

impl Default for AuditQuery<'_> {
    fn default() -> Self {
        AuditQuery {
            times_ns: i64::MIN..i64::MAX,
            numbers: 0..u64::MAX,
            columns: &[],
            newest_first: false,
        }
    }
}

/// What a look went over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Records that were looked at.
    pub records: u64,
    /// Segments that were read.
    pub segments: u64,
    /// Segments that were left out by their times and numbers.
    pub segments_left_out: u64,
    /// What could not be read; its records are missing from the answer.
    pub damaged: Vec<Damage>,
}

/// A part of the log that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

/// The manifest and the active segment's bytes at one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) manifest: Manifest,
    pub(super) active: Option<Vec<u8>>,
}

/// What is called for each record that is wanted.
type Visit<'a> = &'a mut dyn FnMut(u64, AuditRecord) -> ControlFlow<()>;
/// What decides whether a record is wanted.
type Keep<'a> = &'a mut dyn FnMut(Seen<'_>) -> bool;

impl AuditReader {
    /// The log of a folder.
    ///
    /// # Errors
    /// There is none.
    pub fn open(folder: &Path) -> Result<AuditReader, AuditError> {
        if !folder.join(disk::MANIFEST).is_file() {
            return Err(AuditError::Missing { folder: folder.to_path_buf() });
        }
        Ok(AuditReader { folder: folder.to_path_buf() })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Goes over records: `keep` decides by a few columns, `visit` gets those that are wanted, with
    /// their numbers, until it breaks.
    ///
    /// `keep` is asked in the order of the numbers within a row group, also when the newest come
    /// first. Segments and row groups outside of the query's times and numbers are not read.
    ///
    /// # Errors
    /// The manifest cannot be read. Damage of a segment is told in what is given back.
    pub fn scan(
        &self,
        query: &AuditQuery<'_>,
        keep: &mut dyn FnMut(Seen<'_>) -> bool,
        visit: &mut dyn FnMut(u64, AuditRecord) -> ControlFlow<()>,
    ) -> Result<Scanned, AuditError> {
        let snapshot = self.snapshot()?;
        let mut scanned = Scanned::default();
        let mut parts: Vec<Part<'_>> =
            snapshot.manifest.segments.iter().map(Part::Sealed).collect();
        if let Some(bytes) = &snapshot.active {
            parts.push(Part::Active(bytes));
        }
        if query.newest_first {
            parts.reverse();
        }
        for part in parts {
            if part.is_outside(query) {
                scanned.segments_left_out = scanned.segments_left_out.saturating_add(1);
                continue;
            }
            let looked = match part {
                Part::Sealed(sealed) => {
                    self.scan_sealed(sealed, query, &mut scanned, (keep, visit))
                }
                Part::Active(bytes) => scan_active(bytes, query, &mut scanned, (keep, visit)),
            };
            match looked {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => break,
                Err(why) => {
                    let path = part.path(&self.folder, &snapshot.manifest);
                    scanned.damaged.push(Damage { path, why });
                }
            }
        }
        Ok(scanned)
    }

    /// The record of a number.
    pub fn record(&self, number: u64) -> Result<Option<AuditRecord>, AuditError> {
        let query = AuditQuery { numbers: number..number.saturating_add(1), ..Default::default() };
        let mut found = None;
        self.scan(&query, &mut |_| true, &mut |_, record| {
            found = Some(record);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// The number of the record that comes next.
    pub fn next_number(&self) -> Result<u64, AuditError> {
        let snapshot = self.snapshot()?;
        let first = snapshot.manifest.next_record();
        let Some((head, bytes)) = snapshot.active.as_deref().and_then(with_head) else {
            return Ok(first);
        };
        Ok(first.saturating_add(Frames::new(bytes, &head).count() as u64))
    }

    /// The manifest and the active segment, of one moment: between the two a segment may be sealed.
    pub(super) fn snapshot(&self) -> Result<Snapshot, AuditError> {
        let mut manifest = self.manifest()?;
        for _ in 0..AUDIT_SNAPSHOT_ATTEMPTS {
            let path = disk::active(&self.folder, manifest.active());
            let active = disk::read(&path, AUDIT_ACTIVE_READ_BYTES)?;
            let after = self.manifest()?;
            if after == manifest {
                return Ok(Snapshot { manifest, active });
            }
            manifest = after;
            thread::sleep(Duration::from_millis(AUDIT_PAUSE_MS));
        }
        Err(AuditError::damaged(&self.folder, "its segments change faster than they can be read"))
    }

    fn manifest(&self) -> Result<Manifest, AuditError> {
        let found = Manifest::load(&self.folder)?;
        found.ok_or_else(|| AuditError::Missing { folder: self.folder.clone() })
    }

    /// A sealed segment's bytes, as the manifest says they are; `None` when retention took it away.
    /// Nothing of a file with another hash is parsed.
    pub(super) fn sealed_bytes(&self, sealed: &Sealed) -> Result<Option<Vec<u8>>, String> {
        let path = disk::sealed(&self.folder, sealed.segment);
        let bytes = disk::read(&path, AUDIT_SEALED_MAX_BYTES).map_err(|error| error.to_string())?;
        let Some(bytes) = bytes else {
            let now = self.manifest().map_err(|error| error.to_string())?;
            if sealed.segment < now.anchor.segment {
                return Ok(None);
            }
            return Err("it is missing".into());
        };
        if bytes.len() as u64 != sealed.bytes || disk::sha256(&bytes) != sealed.sha256 {
            return Err("it is not as it was sealed: its SHA-256 is another".into());
        }
        Ok(Some(bytes))
    }

    fn scan_sealed(
        &self,
        sealed: &Sealed,
        query: &AuditQuery<'_>,
        scanned: &mut Scanned,
        (keep, visit): (Keep<'_>, Visit<'_>),
    ) -> Result<ControlFlow<()>, String> {
        let Some(bytes) = self.sealed_bytes(sealed)? else { return Ok(ControlFlow::Continue(())) };
        let segment = SegmentReader::open(Bytes::from(bytes))?;
        scanned.segments = scanned.segments.saturating_add(1);
        let mut columns = vec![Column::Number, Column::Time];
        columns.extend_from_slice(query.columns);
        let mut groups: Vec<usize> = (0..segment.groups()).collect();
        if query.newest_first {
            groups.reverse();
        }
        for group in groups {
            let times = segment.span(group, Column::Time);
            let numbers = segment.span(group, Column::Number);
            if times.is_some_and(|span| !touches_times(query, span))
                || numbers.is_some_and(|span| !touches_numbers(query, span))
            {
                continue;
            }
            let mut batch = segment.read(group, &columns)?;
            let wanted = wanted(&batch, query, scanned, keep);
            if wanted.is_empty() {
                continue;
            }
            segment.add(group, &Column::ALL, &mut batch)?;
            if hand_out(&batch, wanted, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// What an active segment's bytes hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActiveRecords {
    /// The records whose hashes hold, with their numbers.
    pub records: Vec<(u64, AuditRecord)>,
    /// What is wrong behind the last of them; `None` when the bytes end there.
    pub fault: Option<String>,
}

/// The records of an active segment that is read by itself, as one that was saved from a disk.
///
/// # Errors
/// The bytes have no head of an active segment.
pub fn active_records(bytes: &[u8]) -> Result<ActiveRecords, String> {
    let head = Head::read(bytes)?;
    let mut read = ActiveRecords::default();
    let mut frames = Frames::new(bytes, &head);
    for row in frames.by_ref() {
        let row = Row::decode(row)?;
        read.records.push((row.number(Column::Number).cast_unsigned(), row.record()?));
    }
    read.fault = frames.fault.map(|fault| format!("at byte {}: {fault}", frames.at));
    Ok(read)
}

/// A segment of either form.
#[derive(Clone, Copy)]
enum Part<'a> {
    Sealed(&'a Sealed),
    Active(&'a [u8]),
}

impl Part<'_> {
    fn is_outside(&self, query: &AuditQuery<'_>) -> bool {
        let Part::Sealed(sealed) = self else { return false };
        let last = sealed.first.saturating_add(sealed.records.saturating_sub(1));
        !touches_times(query, (sealed.oldest_ns, sealed.newest_ns))
            || !touches_numbers(query, (sealed.first.cast_signed(), last.cast_signed()))
    }

    fn path(&self, folder: &Path, manifest: &Manifest) -> PathBuf {
        match self {
            Part::Sealed(sealed) => disk::sealed(folder, sealed.segment),
            Part::Active(_) => disk::active(folder, manifest.active()),
        }
    }
}

fn touches_times(query: &AuditQuery<'_>, (oldest, newest): (i64, i64)) -> bool {
    oldest < query.times_ns.end && newest >= query.times_ns.start
}

fn touches_numbers(query: &AuditQuery<'_>, (first, last): (i64, i64)) -> bool {
    first.cast_unsigned() < query.numbers.end && last.cast_unsigned() >= query.numbers.start
}

/// The head of an active segment, and its bytes; `None` where it has none.
pub(super) fn with_head(bytes: &[u8]) -> Option<(Head, &[u8])> {
    Head::read(bytes).ok().map(|head| (head, bytes))
}

/// What a writer has not finished yet, or a killed one never will, ends the look; `verify` tells.
fn scan_active(
    bytes: &[u8],
    query: &AuditQuery<'_>,
    scanned: &mut Scanned,
    (keep, visit): (Keep<'_>, Visit<'_>),
) -> Result<ControlFlow<()>, String> {
    let head = Head::read(bytes)?;
    scanned.segments = scanned.segments.saturating_add(1);
    let mut batches = vec![Batch::default()];
    for row in Frames::new(bytes, &head) {
        let row = Row::decode(row)?;
        if batches.last().is_none_or(|batch| batch.len() >= ROWS_PER_GROUP) {
            batches.push(Batch::default());
        }
        if let Some(batch) = batches.last_mut() {
            batch.push(&row)?;
        }
    }
    if query.newest_first {
        batches.reverse();
    }
    for batch in batches {
        let wanted = wanted(&batch, query, scanned, keep);
        if hand_out(&batch, wanted, visit)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The rows of a batch that are wanted, in the query's order.
fn wanted(
    batch: &Batch,
    query: &AuditQuery<'_>,
    scanned: &mut Scanned,
    keep: Keep<'_>,
) -> Vec<usize> {
    let times = batch.numbers(Column::Time).iter();
    let numbers = batch.numbers(Column::Number).iter();
    let mut wanted = Vec::new();
    for (at, (time, number)) in times.zip(numbers).enumerate() {
        if query.times_ns.contains(time) && query.numbers.contains(&number.cast_unsigned()) {
            scanned.records = scanned.records.saturating_add(1);
            if keep(batch.seen(at)) {
                wanted.push(at);
            }
        }
    }
    if query.newest_first {
        wanted.reverse();
    }
    wanted
}

fn hand_out(
    batch: &Batch,
    wanted: Vec<usize>,
    visit: Visit<'_>,
) -> Result<ControlFlow<()>, String> {
    for at in wanted {
        let number = batch.numbers(Column::Number).get(at).copied().unwrap_or(0);
        if visit(number.cast_unsigned(), batch.record(at)?).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
