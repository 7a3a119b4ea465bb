//! `SourceStatus`: what the database knows of one source.

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// What the database knows of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// Its name: `debian`, `ghsa`, `redhat-cve` …
    pub name: String,
    /// Records taken.
    pub records: u64,
    /// Statements left out.
    pub rejected: u64,
    /// The newest change that the source itself dates.
    pub newest: Option<Timestamp>,
    /// When it was downloaded or imported.
    pub fetched_at: Timestamp,
    /// Where from: a URL or a path; several are joined by `, `.
    pub origin: String,
    /// Downloaded from its upstream, and so as new as `fetched_at`. An imported snapshot is only
    /// as new as its newest statement.
    pub downloaded: bool,
}

impl SourceStatus {
    /// The moment up to which the source can have spoken.
    pub fn fresh_as_of(&self) -> Timestamp {
        if self.downloaded { self.fetched_at } else { self.newest.unwrap_or(self.fetched_at) }
    }
}
