//! `import`: snapshots to records, in three steps that run at the same time: one thread reads and
//! decompresses, all cores parse a batch, the caller's thread hands the records over in order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use model::{Advisory, AdvisoryId, Progress, Timestamp};
use rayon::prelude::*;

use super::limits::{BATCHES_QUEUED, REASON_MAX_CHARS, REJECTED_LISTED, STRAY_MAX_RECORDS};
use super::plan::{Outcome, Plan};
use super::sets::snapshots;
use super::snapshot::{Batch, Snapshot};
use super::text::shorten;
use super::{Feed, Reading};
use crate::{AdvisoryError, Record, RecordSink, SourceSummary};

/// Name under which parts of a folder are listed that hold no advisories.
const UNRECOGNISED: &str = "unrecognised";

/// Reads local snapshots: a directory, a tar (plain, gzip, zstd), a zip or one file of any source;
/// also a folder of such. The format is told from what is in the files.
///
/// Each source is given to `sink` whole, one after the other. Files that cannot be read are listed
/// in the summaries; they are no errors.
///
/// # Errors
/// When the path cannot be read, an archive is damaged, or nothing in it is an advisory.
pub fn import(
    path: &Path,
    sink: &mut dyn RecordSink,
    progress: &dyn Progress,
) -> Result<Vec<SourceSummary>, AdvisoryError> {
    let found = snapshots(path)?;
    let alone = found.len() == 1;
    let mut summaries = Vec::new();
    for snapshot in found {
        let part = snapshot.path().to_owned();
        match read_snapshot(snapshot, None, sink, progress) {
            Ok(read) => summaries.extend(read),
            Err(AdvisoryError::NotAdvisories { .. }) if !alone => {
                summaries.push(unrecognised(&part));
            }
            Err(error) => return Err(error),
        }
    }
    if summaries.iter().all(|summary| summary.source == UNRECOGNISED) {
        return Err(AdvisoryError::NotAdvisories { path: path.to_owned() });
    }
    Ok(summaries)
}

/// Reads one snapshot that is known to be of this source.
pub(super) fn import_source(
    source: &str,
    path: &Path,
    sink: &mut dyn RecordSink,
    progress: &dyn Progress,
) -> Result<Vec<SourceSummary>, AdvisoryError> {
    read_snapshot(Snapshot::open(path)?, Some(source), sink, progress)
}

fn unrecognised(path: &Path) -> SourceSummary {
    SourceSummary {
        source: UNRECOGNISED.to_owned(),
        rejected: vec![format!("{}: no advisories of a known format", path.display())],
        rejected_count: 1,
        ..SourceSummary::default()
    }
}

fn read_snapshot(
    snapshot: Snapshot,
    source: Option<&str>,
    sink: &mut dyn RecordSink,
    progress: &dyn Progress,
) -> Result<Vec<SourceSummary>, AdvisoryError> {
    let path = snapshot.path().to_owned();
    let size_bytes = snapshot.size_bytes();
    let sample = snapshot.sample()?;
    std::thread::scope(|scope| {
        let (to_parse, batches) = sync_channel(BATCHES_QUEUED);
        let reader = scope.spawn(move || snapshot.read(&mut |batch| to_parse.send(batch).is_ok()));
        // A stream has no sample: its first batch has to do.
        let first: Option<Batch> = if sample.is_some() { None } else { batches.recv().ok() };
        let looked_at = sample.as_deref().or(first.as_ref().map(|batch| batch.members.as_slice()));
        let plan = looked_at.and_then(|members| Plan::of(members, source));
        let Some(plan) = plan.map(Arc::new) else {
            drop(batches);
            join(reader)?;
            return Err(AdvisoryError::NotAdvisories { path });
        };
        let (to_give, parsed) = sync_channel(BATCHES_QUEUED);
        let parser_plan = Arc::clone(&plan);
        scope.spawn(move || parse(&parser_plan, first, &batches, &to_give));
        progress.begin(&format!("reading {}", plan.main().source()), Some(size_bytes));
        let delivered = Delivery::begin(&plan, sink).and_then(|mut delivery| {
            delivery.take_all(parsed, progress)?;
            join(reader)?;
            delivery.end()
        });
        delivered.inspect_err(|_| sink.abandon_source())
    })
}

fn join(
    reader: std::thread::ScopedJoinHandle<'_, Result<(), AdvisoryError>>,
) -> Result<(), AdvisoryError> {
    match reader.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// A parsed batch.
struct Parsed {
    outcomes: Vec<(String, Outcome)>,
    read_bytes: u64,
}

/// Parses batches on all cores, keeping the order of their members.
fn parse(plan: &Plan, first: Option<Batch>, batches: &Receiver<Batch>, out: &SyncSender<Parsed>) {
    for batch in first.into_iter().chain(batches) {
        let members = batch.members.into_par_iter();
        let outcomes = members.map(|member| (member.name.clone(), plan.read(member))).collect();
        if out.send(Parsed { outcomes, read_bytes: batch.read_bytes }).is_err() {
            return;
        }
    }
}

/// Hands records over, source by source, and keeps count.
struct Delivery<'a> {
    plan: &'a Plan,
    sink: &'a mut dyn RecordSink,
    sources: Vec<Tally>,
    stray_records: usize,
    /// Nothing was changed after this moment, whatever a source's slip of the pen says.
    now: Timestamp,
}

/// What has come of one source so far.
#[derive(Default)]
struct Tally {
    summary: SourceSummary,
    /// Advisories that are joined by id before they are given.
    joined: BTreeMap<AdvisoryId, Box<Advisory>>,
    /// Records of a source that is not the snapshot's main one: given after it.
    waiting: Vec<Record>,
}

impl<'a> Delivery<'a> {
    fn begin(plan: &'a Plan, sink: &'a mut dyn RecordSink) -> Result<Self, AdvisoryError> {
        sink.begin_source(plan.main().source())?;
        let tally = |feed: &dyn Feed| {
            let summary =
                SourceSummary { source: feed.source().to_owned(), ..SourceSummary::default() };
            Tally { summary, ..Tally::default() }
        };
        let sources = plan.feeds().map(tally).collect();
        Ok(Delivery { plan, sink, sources, stray_records: 0, now: Timestamp::now() })
    }

    fn take_all(
        &mut self,
        parsed: Receiver<Parsed>,
        progress: &dyn Progress,
    ) -> Result<(), AdvisoryError> {
        for part in parsed {
            progress.advance(part.read_bytes);
            for (name, outcome) in part.outcomes {
                self.take(&name, outcome)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, name: &str, outcome: Outcome) -> Result<(), AdvisoryError> {
        let (at, reading) = match outcome {
            Outcome::Aside => return Ok(()),
            Outcome::Rejected(why) => (0, Reading { rejected: vec![why], ..Reading::default() }),
            Outcome::Read(at, reading) => (at, reading),
        };
        let Some(tally) = self.sources.get_mut(at) else {
            return Ok(());
        };
        tally.summary.files += 1;
        reading.rejected.iter().for_each(|why| reject(&mut tally.summary, name, why));
        newest(&mut tally.summary, reading.dated, self.now);
        let joins = self.plan.feeds().nth(at).is_some_and(Feed::joins);
        for record in reading.records {
            if let Record::Advisory(advisory) = &record {
                newest(&mut tally.summary, advisory.modified, self.now);
                newest(&mut tally.summary, advisory.published, self.now);
            }
            match record {
                Record::Advisory(advisory) if joins => join_in(&mut tally.joined, advisory),
                record if at == 0 => give(self.sink, &mut tally.summary, record)?,
                record => {
                    self.stray_records += 1;
                    if self.stray_records <= STRAY_MAX_RECORDS {
                        tally.waiting.push(record);
                    } else {
                        reject(
                            &mut tally.summary,
                            name,
                            "too much of another source: import it alone",
                        );
                    }
                }
            }
        }
        Ok(())
    }

    fn end(self) -> Result<Vec<SourceSummary>, AdvisoryError> {
        let mut summaries = Vec::new();
        for (at, mut tally) in self.sources.into_iter().enumerate() {
            if at > 0 {
                self.sink.begin_source(&tally.summary.source)?;
            }
            let joined = tally.joined.into_values().map(Record::Advisory);
            for record in joined.chain(tally.waiting) {
                give(self.sink, &mut tally.summary, record)?;
            }
            self.sink.end_source(&tally.summary)?;
            summaries.push(tally.summary);
        }
        Ok(summaries)
    }
}

fn give(
    sink: &mut dyn RecordSink,
    summary: &mut SourceSummary,
    record: Record,
) -> Result<(), AdvisoryError> {
    summary.records += 1;
    sink.record(record)
}

fn reject(summary: &mut SourceSummary, name: &str, why: &str) {
    summary.rejected_count += 1;
    if summary.rejected.len() < REJECTED_LISTED {
        // One line, whatever a parser's message looks like.
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        summary.rejected.push(format!("{name}: {}", shorten(why, REASON_MAX_CHARS)));
    }
}

fn newest(summary: &mut SourceSummary, moment: Option<Timestamp>, now: Timestamp) {
    summary.newest = summary.newest.max(moment.filter(|moment| *moment <= now));
}

/// Adds what another document says under the same id.
fn join_in(joined: &mut BTreeMap<AdvisoryId, Box<Advisory>>, next: Box<Advisory>) {
    let Some(known) = joined.get_mut(&next.id) else {
        joined.insert(next.id.clone(), next);
        return;
    };
    known.aliases.extend(next.aliases);
    known.aliases.sort();
    known.aliases.dedup();
    known.covers.extend(next.covers);
    known.covers.sort();
    known.covers.dedup();
    known.cvss.extend(next.cvss);
    known.cvss.dedup();
    known.severity = known.severity.max(next.severity);
    known.published = known.published.or(next.published);
    known.modified = known.modified.max(next.modified);
    known.affected.extend(next.affected);
    if known.summary.is_empty() {
        known.summary = next.summary;
    }
}

#[cfg(test)]
mod tests;
