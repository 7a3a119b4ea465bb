//! Feeds: each advisory source's own format, read into [`Record`]s.
//!
//! [`import`] reads local snapshots, [`update`] fetches the sources of [`sources`] and reads those.
//! Both tell a format from what is in the files, parse them on all cores and hand the records over
//! in a fixed order. Nothing here compares versions for matching, and nothing keeps records.

mod alpine;
mod amazon;
mod arch;
mod azure;
mod cve_record;
mod debian;
mod detect;
mod end_of_life;
mod epss;
mod ids;
mod import;
mod interval;
mod kev;
mod limits;
mod names;
mod nvd;
mod openvex;
mod osv;
mod php;
mod plan;
#[cfg(test)]
mod real_sets;
mod redhat;
mod redhat_cve;
mod redhat_vex;
mod rocky;
mod rubysec;
mod rustsec;
mod sets;
mod snapshot;
mod sources;
mod suse;
mod text;
mod ubuntu;
mod update;

use model::{Advisory, AdvisoryId, AdvisoryKind, Severity};

pub use end_of_life::built_in_end_of_life;
pub use import::import;
pub use sources::{Endpoint, Source, SourceFormat, sources};
pub use update::{Deliver, Fetched, SourceUpdate, UpdateOptions, update};

use crate::Record;

/// One source family's format.
trait Feed: Send + Sync {
    /// The source's name, as `advisories status` lists it and its records carry it.
    fn source(&self) -> &str;

    /// Whether one vulnerability is spoken of in several places, so that what is said under one id
    /// has to be joined once everything has been read.
    fn joins(&self) -> bool {
        false
    }

    /// Reads one document. `name` is its path inside the snapshot.
    fn read(&self, name: &str, bytes: &[u8]) -> Result<Reading, Malformed>;
}

/// What came of one document.
#[derive(Debug, Default)]
struct Reading {
    /// The statements, in the document's order.
    records: Vec<Record>,
    /// Statements left out, with the reason; the document's name is added by the caller.
    rejected: Vec<String>,
    /// When the source dates the document itself.
    dated: Option<model::Timestamp>,
}

impl Reading {
    fn of(records: Vec<Record>) -> Self {
        Reading { records, ..Reading::default() }
    }

    /// An advisory if it speaks of packages (or is withdrawn), else nothing.
    fn of_advisory(advisory: Advisory) -> Self {
        let speaks = advisory.withdrawn || !advisory.affected.is_empty();
        Reading::of(speaks.then(|| Record::Advisory(Box::new(advisory))).into_iter().collect())
    }
}

/// The document is not in the format that the feed reads.
#[derive(Debug, PartialEq, Eq)]
struct Malformed(String);

impl<E: std::fmt::Display> From<E> for Malformed {
    fn from(error: E) -> Self {
        Malformed(error.to_string())
    }
}

/// What is wrong with a YAML document.
fn yaml_error(error: serde_saphyr::Error) -> Malformed {
    Malformed(error.to_string())
}

/// An advisory that says nothing yet.
fn advisory(source: &str, id: &str) -> Advisory {
    Advisory {
        id: AdvisoryId(id.to_owned()),
        source: source.to_owned(),
        aliases: Vec::new(),
        covers: Vec::new(),
        kind: AdvisoryKind::Vulnerability,
        summary: String::new(),
        severity: Severity::Unknown,
        cvss: Vec::new(),
        published: None,
        modified: None,
        withdrawn: false,
        affected: Vec::new(),
    }
}

/// A severity in a source's words; words that are none are unknown.
fn severity(word: &str) -> Severity {
    word.parse().unwrap_or_default()
}
