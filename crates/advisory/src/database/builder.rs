//! `SegmentBuilder`: takes the records of one source and writes its segment.
//!
//! Records are packed as they come: texts and bodies once each, a statement in sixteen bytes. The
//! order in which they come does not show in the result.
//!
//! When a source gives one advisory several times, the newest speaks for each package it names,
//! and an advisory whose newest form is withdrawn is left out.

use model::{Advisory, AdvisoryKind, Affected, RangeEnd, Severity, Timestamp, VersionRange};

use super::body::{Body, Span, SpanEnd};
use super::by_cve::{EpssRow, cve_key};
use super::intern::Interner;
use super::limits::{SOURCE_MAX_ADVISORIES, SOURCE_MAX_STATEMENTS, SUMMARY_MAX_BYTES};
use super::segment::{put_known_exploited, put_rating};
use super::writer;
use crate::{AdvisoryError, CvssVector, EndOfLife, EpssRecord, Record, RecordSink};

/// Takes the records of one source.
pub(super) struct SegmentBuilder {
    pub(super) source: String,
    pub(super) strings: Interner<str>,
    pub(super) bodies: Interner<[u8]>,
    pub(super) rows: Vec<AdvisoryRow>,
    pub(super) statements: Vec<StatementRow>,
    /// CVE and encoded rating.
    pub(super) ratings: Vec<(u32, Vec<u8>)>,
    /// CVE and encoded entry.
    pub(super) kev: Vec<(u32, Vec<u8>)>,
    pub(super) epss: Vec<EpssRow>,
    /// The days of the EPSS rows.
    pub(super) days: Interner<str>,
    pub(super) end_of_life: Vec<EndOfLife>,
    pub(super) repositories: Vec<(String, Vec<String>)>,
}

/// An advisory as given once; texts by number.
#[derive(Debug)]
pub(super) struct AdvisoryRow {
    pub(super) id: u32,
    pub(super) aliases: Box<[u32]>,
    pub(super) covers: Box<[u32]>,
    pub(super) cvss: Box<[u32]>,
    pub(super) kind: AdvisoryKind,
    pub(super) severity: Severity,
    pub(super) withdrawn: bool,
    pub(super) published: Option<Timestamp>,
    pub(super) modified: Option<Timestamp>,
    pub(super) summary: u32,
}

/// A statement: the row of its advisory says this body of this package.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatementRow {
    pub(super) ecosystem: u32,
    pub(super) package: u32,
    pub(super) advisory: u32,
    pub(super) body: u32,
}

impl SegmentBuilder {
    pub(super) fn new(source: &str) -> Self {
        SegmentBuilder {
            source: source.to_owned(),
            strings: Interner::new(),
            bodies: Interner::new(),
            rows: Vec::new(),
            statements: Vec::new(),
            ratings: Vec::new(),
            kev: Vec::new(),
            epss: Vec::new(),
            days: Interner::new(),
            end_of_life: Vec::new(),
            repositories: Vec::new(),
        }
    }

    /// The source's name.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The newest change of an advisory.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.rows.iter().filter_map(|row| row.modified).max()
    }

    /// Writes the segment.
    pub(super) fn finish(self) -> Result<Vec<u8>, AdvisoryError> {
        writer::write(self)
    }

    fn advisory(&mut self, advisory: &Advisory) -> Result<(), AdvisoryError> {
        self.check_room(advisory)?;
        let row = self.rows.len() as u32;
        let notice = !advisory.covers.is_empty();
        for affected in &advisory.affected {
            let body = self.body(affected, notice);
            let ecosystem = self.strings.number(affected.ecosystem.0.as_str());
            let package = self.strings.number(affected.package.as_str());
            self.statements.push(StatementRow { ecosystem, package, advisory: row, body });
        }
        self.rate(advisory);
        let texts = |strings: &mut Interner<str>, texts: &mut dyn Iterator<Item = &str>| {
            texts.map(|text| strings.number(text)).collect::<Box<[u32]>>()
        };
        let strings = &mut self.strings;
        let row = AdvisoryRow {
            id: strings.number(advisory.id.0.as_str()),
            aliases: texts(strings, &mut advisory.aliases.iter().map(|id| id.0.as_str())),
            covers: texts(strings, &mut advisory.covers.iter().map(|id| id.0.as_str())),
            cvss: texts(strings, &mut advisory.cvss.iter().map(String::as_str)),
            kind: advisory.kind,
            severity: advisory.severity,
            withdrawn: advisory.withdrawn,
            published: advisory.published,
            modified: advisory.modified,
            summary: strings.number(one_line(&advisory.summary)),
        };
        self.rows.push(row);
        Ok(())
    }

    fn check_room(&self, advisory: &Advisory) -> Result<(), AdvisoryError> {
        let statements = self.statements.len().saturating_add(advisory.affected.len());
        let (what, limit) = match () {
            () if self.rows.len() >= SOURCE_MAX_ADVISORIES => ("advisories", SOURCE_MAX_ADVISORIES),
            () if statements > SOURCE_MAX_STATEMENTS => ("statements", SOURCE_MAX_STATEMENTS),
            () => return Ok(()),
        };
        let source_name = self.source.clone();
        Err(AdvisoryError::SourceTooLarge { source_name, what, limit: limit as u64 })
    }

    fn body(&mut self, affected: &Affected, notice: bool) -> u32 {
        let strings = &mut self.strings;
        let mut sorted = |texts: &[String]| {
            let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            texts.sort_unstable();
            texts.dedup();
            texts.into_iter().map(|text| strings.number(text)).collect::<Vec<u32>>()
        };
        let arches = sorted(&affected.arches);
        let cpes = sorted(&affected.cpes);
        let versions = affected.versions.iter().map(|text| strings.number(text.as_str())).collect();
        let body = Body {
            name_of: affected.name_of,
            fix_state: affected.fix_state,
            notice,
            severity: affected.severity,
            module: affected.module.as_deref().map(|text| strings.number(text)),
            arches,
            cpes,
            spans: affected.ranges.iter().map(|range| span(strings, range)).collect(),
            versions,
        };
        let mut bytes = Vec::new();
        body.encode(&mut bytes, |number| *number);
        self.bodies.number(bytes.as_slice())
    }

    /// Keeps the rating of a vulnerability under its CVE, for findings of other sources.
    fn rate(&mut self, advisory: &Advisory) {
        let rated = advisory.severity != Severity::Unknown || !advisory.cvss.is_empty();
        if advisory.withdrawn || !rated || !advisory.covers.is_empty() {
            return;
        }
        let mut names = std::iter::once(&advisory.id).chain(&advisory.aliases);
        let cve = match advisory.id.is_cve() {
            true => Some(&advisory.id),
            false => names.find(|name| name.is_cve()).filter(|_| !names.any(|name| name.is_cve())),
        };
        let Some(cve) = cve.and_then(|id| cve_key(&id.0)) else { return };
        let vectors: Vec<&str> = advisory.cvss.iter().map(String::as_str).collect();
        self.ratings.push((cve, put_rating(&self.source, advisory.severity, &vectors)));
    }

    fn cvss(&mut self, rating: &CvssVector) {
        let Some(cve) = cve_key(&rating.cve) else { return };
        let vectors: Vec<&str> = rating.vectors.iter().map(String::as_str).collect();
        let severity = rating.severity.unwrap_or_default();
        self.ratings.push((cve, put_rating(&rating.source, severity, &vectors)));
    }

    fn epss(&mut self, record: &EpssRecord) {
        let Some(cve) = cve_key(&record.cve) else { return };
        let day = self.days.number(record.date.as_str());
        let (score, percentile) = (record.epss.score, record.epss.percentile);
        self.epss.push(EpssRow { cve, day, score, percentile });
    }
}

impl RecordSink for SegmentBuilder {
    fn record(&mut self, record: Record) -> Result<(), AdvisoryError> {
        match record {
            Record::Advisory(advisory) => return self.advisory(&advisory),
            Record::Epss(record) => self.epss(&record),
            Record::Kev(record) => {
                let entry = put_known_exploited(&record.kev);
                self.kev.extend(cve_key(&record.cve).map(|cve| (cve, entry)));
            }
            Record::Cvss(rating) => self.cvss(&rating),
            Record::EndOfLife(release) => self.end_of_life.push(release),
            Record::RepositoryCpes(repository) => {
                self.repositories.push((repository.repository, repository.cpes));
            }
        }
        Ok(())
    }
}

fn span(strings: &mut Interner<str>, range: &VersionRange) -> Span<u32> {
    let introduced = range.introduced.as_deref().map(|text| strings.number(text));
    let end = match &range.end {
        RangeEnd::Fixed(text) => SpanEnd::Fixed(strings.number(text.as_str())),
        RangeEnd::LastAffected(text) => SpanEnd::LastAffected(strings.number(text.as_str())),
        RangeEnd::Open => SpanEnd::Open,
    };
    Span { introduced, end }
}

/// The first line of a summary, cut to the limit.
fn one_line(summary: &str) -> &str {
    let line = summary.trim().lines().next().unwrap_or_default().trim_end();
    &line[..line.floor_char_boundary(SUMMARY_MAX_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_one_short_line() {
        assert_eq!(one_line("\n one \n two"), "one");
        assert_eq!(one_line(""), "");
        let long = "ß".repeat(SUMMARY_MAX_BYTES);
        assert_eq!(one_line(&long).len(), SUMMARY_MAX_BYTES);
        assert_eq!(one_line(&format!("a{long}")).len(), SUMMARY_MAX_BYTES - 1);
    }
}
