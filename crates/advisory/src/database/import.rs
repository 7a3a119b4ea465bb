//! `Builder`: takes sources, keeps the others of the old database, puts the new one in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use model::{DatabaseVersion, Timestamp};

use super::builder::SegmentBuilder;
use super::file::NewSegment;
use super::replace::WriterLock;
use super::{Database, SourceStatus};
use crate::{AdvisoryError, Record, RecordSink, SourceSummary};

/// Builds the next database of a data directory. Give it sources as a [`RecordSink`], then
/// [`write`](Builder::write). Dropped before that, it changes nothing.
///
/// A source that it is given replaces what the old database has of it; the other sources are
/// copied. Of a source given twice the one with the newer statements stays. One that does not end
/// (its feed broke off) counts as not given. Holds the writers' lock of the directory.
pub struct Builder {
    lock: WriterLock,
    old: Option<Database>,
    now: Timestamp,
    origin: String,
    downloaded: bool,
    open: Option<SegmentBuilder>,
    confirmed: BTreeSet<String>,
    finished: BTreeMap<String, (SourceStatus, Vec<u8>)>,
}

impl Builder {
    /// Begins; `now` is the time of the build and of every source given.
    ///
    /// # Errors
    /// `DatabaseBusy` when another process is writing; what [`Database::open`] says of an old
    /// database that cannot be read, since its other sources would be lost.
    pub fn open(data_dir: &Path, now: Timestamp) -> Result<Self, AdvisoryError> {
        let lock = WriterLock::take(data_dir, now)?;
        let old = match Database::open(data_dir) {
            Ok(database) => Some(database),
            Err(AdvisoryError::DatabaseMissing { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Builder {
            lock,
            old,
            now,
            origin: String::new(),
            downloaded: false,
            open: None,
            confirmed: BTreeSet::new(),
            finished: BTreeMap::new(),
        })
    }

    /// Says where the sources that follow come from: a path, or a URL when they are `downloaded`.
    pub fn origin(&mut self, origin: impl Into<String>, downloaded: bool) {
        self.origin = origin.into();
        self.downloaded = downloaded;
    }

    /// Says that a source has not changed: what the old database has of it is as new as now.
    pub fn confirm(&mut self, source: &str) {
        self.confirmed.insert(source.to_owned());
    }

    /// The old database, if there is one.
    pub fn old(&self) -> Option<&Database> {
        self.old.as_ref()
    }

    /// Writes the database and puts it in the place of the old one.
    pub fn write(self) -> Result<DatabaseVersion, AdvisoryError> {
        let mut segments: BTreeMap<&str, NewSegment<'_>> = BTreeMap::new();
        if let Some(old) = &self.old {
            let kept = |status: &&SourceStatus| !self.finished.contains_key(&status.name);
            for (number, known) in old.sources().enumerate().filter(|(_, status)| kept(status)) {
                let mut status = known.clone();
                if self.confirmed.contains(&known.name) {
                    status.fetched_at = self.now;
                }
                let bytes = old.whole_segment(number)?;
                segments.insert(&known.name, NewSegment { status, bytes });
            }
        }
        for (name, (status, bytes)) in &self.finished {
            segments.insert(name, NewSegment { status: status.clone(), bytes });
        }
        let segments: Vec<NewSegment<'_>> = segments.into_values().collect();
        self.lock.replace(&segments, self.now)
    }
}

impl RecordSink for Builder {
    fn begin_source(&mut self, source: &str) -> Result<(), AdvisoryError> {
        self.open = Some(SegmentBuilder::new(source));
        Ok(())
    }

    fn record(&mut self, record: Record) -> Result<(), AdvisoryError> {
        match &mut self.open {
            Some(builder) => builder.record(record),
            // A record outside every source is nobody's statement.
            None => Ok(()),
        }
    }

    fn end_source(&mut self, summary: &SourceSummary) -> Result<(), AdvisoryError> {
        let Some(builder) = self.open.take() else { return Ok(()) };
        let name = builder.source().to_owned();
        let newest = summary.newest.or_else(|| builder.newest());
        if self.finished.get(&name).is_some_and(|(earlier, _)| earlier.newest > newest) {
            return Ok(());
        }
        let status = SourceStatus {
            name: name.clone(),
            records: summary.records,
            rejected: summary.rejected_count,
            newest,
            fetched_at: self.now,
            origin: self.origin.clone(),
            downloaded: self.downloaded,
        };
        self.finished.insert(name, (status, builder.finish()?));
        Ok(())
    }
}
