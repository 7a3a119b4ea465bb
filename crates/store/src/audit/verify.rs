//! `verify`: follows the chain from where the log begins to its newest record, and looks at every
//! byte of every file on the way.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use bytes::Bytes;

use super::disk::{self, Name};
use super::error::AuditError;
use super::frame::{Frames, HEAD_BYTES, Hash, Head};
use super::manifest::Sealed;
use super::reader::{AuditReader, Snapshot};
use super::row::{Column, Row};
use super::segment::SegmentReader;
use crate::limits::{
    AUDIT_ACTIVE_READ_BYTES, AUDIT_LOCK_ATTEMPTS, AUDIT_PAUSE_MS, AUDIT_SEALED_MAX_BYTES,
};

/// What came of following the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The first record that is kept; older ones were taken away by retention.
    pub first: u64,
    /// Records whose hashes hold.
    pub records: u64,
    /// Segments, the active one included.
    pub segments: u64,
    /// Bytes of the segments.
    pub bytes: u64,
    /// The hash of the last record that holds. Whoever keeps it elsewhere, with its number, can
    /// tell later whether anything before it was changed or taken out.
    pub head: Hash,
    /// The first place that is broken; `None` when all holds.
    pub broken: Option<Broken>,
}

/// A place that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file.
    pub path: PathBuf,
    /// The first record that does not hold, where it is one.
    pub record: Option<u64>,
    /// What is wrong.
    pub why: String,
}

impl AuditReader {
    /// Follows the log from its beginning and tells the first place where it is broken: a changed
    /// byte, a missing, added or exchanged record, a foreign file. `known` is a number and its hash
    /// that somebody kept elsewhere: a log that was cut short or written anew is found by it.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn verify(&self, known: Option<(u64, Hash)>) -> Result<Verified, AuditError> {
        let snapshot = match self.snapshot() {
            Err(AuditError::Damaged { path, why }) => {
                return Ok(Verified::nothing(Broken { path, record: None, why }));
            }
            taken => taken?,
        };
        let mut walk = Walk::new(self, &snapshot, known);
        let broken = walk.sealed().and_then(|()| walk.active()).and_then(|()| walk.others());
        let broken = broken.and_then(|()| walk.known()).err();
        Ok(Verified { broken, ..walk.verified })
    }
}

impl Verified {
    fn nothing(broken: Broken) -> Verified {
        let head = Hash::beginning();
        Verified { first: 0, records: 0, segments: 0, bytes: 0, head, broken: Some(broken) }
    }
}

/// The way along the chain.
struct Walk<'a> {
    reader: &'a AuditReader,
    snapshot: &'a Snapshot,
    verified: Verified,
    known: Option<(u64, Hash)>,
    /// Whether the known hash was met; `Some(false)` is another hash at its number.
    met: Option<bool>,
}

impl<'a> Walk<'a> {
    fn new(
        reader: &'a AuditReader,
        snapshot: &'a Snapshot,
        known: Option<(u64, Hash)>,
    ) -> Walk<'a> {
        let anchor = &snapshot.manifest.anchor;
        let verified = Verified {
            first: anchor.first,
            records: 0,
            segments: 0,
            bytes: 0,
            head: anchor.previous,
            broken: None,
        };
        let mut walk = Walk { reader, snapshot, verified, known, met: None };
        walk.meet();
        walk
    }

    fn next(&self) -> u64 {
        self.verified.first.saturating_add(self.verified.records)
    }

    /// Whether the record before the next is the known one, and has its hash.
    fn meet(&mut self) {
        if let Some((number, hash)) = self.known
            && number.saturating_add(1) == self.next()
        {
            self.met = Some(hash == self.verified.head);
        }
    }

    /// One record further.
    fn step(&mut self, row: &[u8]) -> Result<i64, String> {
        let read = Row::decode(row)?;
        if read.number(Column::Number).cast_unsigned() != self.next() {
            return Err("it has another number".into());
        }
        read.record()?;
        self.verified.head = self.verified.head.then(row);
        self.verified.records = self.verified.records.saturating_add(1);
        self.meet();
        Ok(read.number(Column::Time))
    }

    fn sealed(&mut self) -> Result<(), Broken> {
        for sealed in &self.snapshot.manifest.segments {
            let path = disk::sealed(self.reader.folder(), sealed.segment);
            if let Err((why, record)) = self.segment(sealed) {
                return Err(Broken { path, record, why });
            }
            self.verified.segments = self.verified.segments.saturating_add(1);
            self.verified.bytes = self.verified.bytes.saturating_add(sealed.bytes);
        }
        Ok(())
    }

    fn segment(&mut self, sealed: &Sealed) -> Result<(), (String, Option<u64>)> {
        let bytes = self.reader.sealed_bytes(sealed).map_err(|why| (why, Some(sealed.first)))?;
        let Some(bytes) = bytes else { return Err(("it was taken away meanwhile".into(), None)) };
        let here = |walk: &Walk<'_>, why: String| (why, Some(walk.next()));
        let segment = SegmentReader::open(Bytes::from(bytes)).map_err(|why| here(self, why))?;
        let mut row = Vec::new();
        let (mut oldest, mut newest) = (i64::MAX, i64::MIN);
        for group in 0..segment.groups() {
            let batch = segment.read(group, &Column::ALL).map_err(|why| here(self, why))?;
            for at in 0..batch.len() {
                row.clear();
                batch.row(at).encode(&mut row);
                let time_ns = self.step(&row).map_err(|why| here(self, why))?;
                (oldest, newest) = (oldest.min(time_ns), newest.max(time_ns));
            }
        }
        let last = sealed.first.saturating_add(sealed.records);
        if self.verified.head != sealed.head || self.next() != last {
            return Err(here(self, "its records do not lead to its hash in the manifest".into()));
        }
        if (oldest, newest) != (sealed.oldest_ns, sealed.newest_ns) {
            return Err(here(self, "its times are not those of the manifest".into()));
        }
        Ok(())
    }

    fn active(&mut self) -> Result<(), Broken> {
        let manifest = &self.snapshot.manifest;
        let path = disk::active(self.reader.folder(), manifest.active());
        let at = |why: &str| Broken { path: path.clone(), record: None, why: why.to_owned() };
        let Some(bytes) = &self.snapshot.active else {
            return Err(at("the active segment is missing"));
        };
        let head = Head::read(bytes).map_err(|why| at(&why))?;
        if head.segment != manifest.active()
            || head.first != manifest.next_record()
            || head.previous != manifest.head()
        {
            return Err(at("it does not follow the last sealed segment"));
        }
        let mut frames = Frames::new(bytes, &head);
        for row in frames.by_ref() {
            let number = self.next();
            self.step(row).map_err(|why| Broken { record: Some(number), ..at(&why) })?;
        }
        self.verified.segments = self.verified.segments.saturating_add(1);
        self.verified.bytes = self.verified.bytes.saturating_add(bytes.len() as u64);
        match frames.fault {
            Some(fault) if !self.is_being_written(&path, frames.at, bytes.len()) => {
                let why = format!(
                    "at byte {}: {fault}; a writer that was killed leaves this too, and the next \
                     start cuts it off",
                    frames.at
                );
                Err(Broken { record: Some(self.next()), ..at(&why) })
            }
            _ => Ok(()),
        }
    }

    /// Whether what lies between two bytes of the active segment is a write that another process is
    /// about to finish: some time later whole records reach beyond it, or it was undone.
    fn is_being_written(&self, path: &Path, from: usize, to: usize) -> bool {
        for _ in 0..AUDIT_LOCK_ATTEMPTS {
            if !self.has_writer() {
                return false;
            }
            thread::sleep(Duration::from_millis(AUDIT_PAUSE_MS));
            match disk::read(path, AUDIT_ACTIVE_READ_BYTES) {
                Ok(Some(bytes)) => {
                    let Ok(head) = Head::read(&bytes) else { return false };
                    let mut frames = Frames::new(&bytes, &head);
                    frames.by_ref().for_each(drop);
                    if frames.at >= to || (frames.at >= from && frames.fault.is_none()) {
                        return true;
                    }
                }
                // Sealed meanwhile: sealing refuses what is not whole.
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
        false
    }

    fn has_writer(&self) -> bool {
        let lock = File::open(self.reader.folder().join(disk::LOCK));
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Files that are no segment of the manifest.
    fn others(&self) -> Result<(), Broken> {
        let folder = self.reader.folder();
        let unreadable = |error: AuditError| Broken {
            path: folder.to_path_buf(),
            record: None,
            why: error.to_string(),
        };
        for (name, path) in disk::files(folder).map_err(unreadable)? {
            if let Err(why) = self.other(&name, &path) {
                return Err(Broken { path, record: None, why });
            }
        }
        Ok(())
    }

    fn other(&self, name: &Name, path: &Path) -> Result<(), String> {
        let manifest = &self.snapshot.manifest;
        match name {
            Name::Manifest | Name::Unfinished => Ok(()),
            Name::Lock if path.metadata().is_ok_and(|meta| meta.len() == 0) => Ok(()),
            Name::Lock => Err("something was written into it".into()),
            // What a kill or a writer at work leaves for a moment; the next start removes it.
            Name::Active(segment) if *segment <= manifest.active() => Ok(()),
            Name::Active(_) if self.has_writer() => Ok(()),
            Name::Active(segment) if *segment == manifest.active().saturating_add(1) => {
                let bytes = disk::read(path, AUDIT_ACTIVE_READ_BYTES).map_err(|e| e.to_string())?;
                let bytes = bytes.unwrap_or_default();
                if bytes.len() > HEAD_BYTES {
                    return Err("its records are not in the manifest's order".into());
                }
                Head::read(&bytes).map(drop)
            }
            Name::Sealed(segment) if *segment <= manifest.active() || self.has_writer() => Ok(()),
            Name::Cut(hash) => {
                let bytes = disk::read(path, AUDIT_SEALED_MAX_BYTES).map_err(|e| e.to_string())?;
                if disk::sha256(&bytes.unwrap_or_default()) == *hash {
                    return Ok(());
                }
                Err("it is not what was cut off".into())
            }
            Name::Active(_) | Name::Sealed(_) | Name::Other => {
                Err("it is no part of the log".into())
            }
        }
    }

    fn known(&self) -> Result<(), Broken> {
        let Some((number, _)) = self.known else { return Ok(()) };
        let why = match self.met {
            Some(true) => return Ok(()),
            Some(false) => "its hash is not the one that was kept: the log was written anew",
            None if number < self.verified.first => {
                "it is no longer kept: retention took it away, and its hash says nothing"
            }
            None => "it is not in the log: the log was cut short",
        };
        let path = self.reader.folder().to_path_buf();
        Err(Broken { path, record: Some(number), why: why.to_owned() })
    }
}
