//! `Record`: one statement of a feed, whatever the feed is about.

use model::{Advisory, Epss, KnownExploited, Severity};
use serde::{Deserialize, Serialize};

/// One statement of a feed. Feeds give these, the database keeps them, matching reads them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// Packages with a vulnerability.
    Advisory(Box<Advisory>),
    /// A probability of exploitation.
    Epss(EpssRecord),
    /// A known exploited vulnerability.
    Kev(KevRecord),
    /// CVSS vectors for a CVE, from a source that names no packages.
    Cvss(CvssVector),
    /// When a release ends.
    EndOfLife(EndOfLife),
    /// The products that a Red Hat repository belongs to.
    RepositoryCpes(RepositoryCpes),
}

/// EPSS of one CVE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpssRecord {
    /// The CVE.
    pub cve: String,
    /// Its score.
    pub epss: Epss,
    /// Day of the scores, `YYYY-MM-DD`.
    pub date: String,
}

/// CISA's entry for one CVE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KevRecord {
    /// The CVE.
    pub cve: String,
    /// The entry.
    pub kev: KnownExploited,
}

/// Vectors for one CVE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CvssVector {
    /// The CVE.
    pub cve: String,
    /// Who scored: `nvd`, `cisa-adp`, `redhat` …
    pub source: String,
    /// The vectors, any CVSS version.
    pub vectors: Vec<String>,
    /// A rating in words, where the source has one.
    pub severity: Option<Severity>,
}

/// The end of a release's support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndOfLife {
    /// os-release ID.
    pub distro: String,
    /// Release as in `Ecosystem`.
    pub release: String,
    /// Date on which standard (free) support ends, `YYYY-MM-DD`.
    pub standard: Option<String>,
    /// Date on which extended, paid or volunteer support ends, `YYYY-MM-DD`.
    pub extended: Option<String>,
}

/// The products that a Red Hat repository belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepositoryCpes {
    /// The repository (content set) name.
    pub repository: String,
    /// CPE URIs.
    pub cpes: Vec<String>,
}

/// Takes the records of the sources as they are read.
///
/// One source after the other: `begin_source`, its records, `end_source` (or `abandon_source` when
/// it cannot be read to its end). A source is always read whole, so what a sink holds of that name
/// from earlier is replaced by what it is given now.
pub trait RecordSink {
    /// The records of this source follow.
    fn begin_source(&mut self, _source: &str) -> Result<(), crate::AdvisoryError> {
        Ok(())
    }

    /// Takes one record.
    fn record(&mut self, record: Record) -> Result<(), crate::AdvisoryError>;

    /// The source could not be read to its end: what came of it does not count.
    fn abandon_source(&mut self) {}

    /// The source has been read to its end.
    fn end_source(&mut self, _summary: &SourceSummary) -> Result<(), crate::AdvisoryError> {
        Ok(())
    }
}

/// What came of reading one source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSummary {
    /// The source's name: `debian`, `ghsa`, `redhat-cve` …
    pub source: String,
    /// Files or archive members read.
    pub files: u64,
    /// Records taken.
    pub records: u64,
    /// Statements left out, with file and reason; at most the first hundred.
    pub rejected: Vec<String>,
    /// Statements left out, in all.
    pub rejected_count: u64,
    /// The newest change that the source itself dates.
    pub newest: Option<model::Timestamp>,
}
