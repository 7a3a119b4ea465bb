//! Hand-made records and databases for tests.

use model::{
    Advisory, AdvisoryId, AdvisoryKind, Affected, Ecosystem, FixState, NameOf, RangeEnd, Severity,
    Timestamp, VersionRange,
};

use crate::database::{Builder, Database};
use crate::{Record, RecordSink, SourceSummary};

/// A moment for tests that need one.
pub(crate) fn now() -> Timestamp {
    "2025-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn ids(names: &[&str]) -> Vec<AdvisoryId> {
    names.iter().map(|name| AdvisoryId((*name).to_owned())).collect()
}

/// An advisory of a source, with nothing else said.
pub(crate) fn advisory(source: &str, id: &str) -> Advisory {
    Advisory {
        id: AdvisoryId(id.to_owned()),
        source: source.to_owned(),
        aliases: Vec::new(),
        covers: Vec::new(),
        kind: AdvisoryKind::Vulnerability,
        summary: format!("About {id}"),
        severity: Severity::Unknown,
        cvss: Vec::new(),
        published: "2024-01-01T00:00:00Z".parse().ok(),
        modified: "2024-02-01T00:00:00Z".parse().ok(),
        withdrawn: false,
        affected: Vec::new(),
    }
}

/// A package with all versions before `fixed`; all versions when `fixed` is empty.
pub(crate) fn affected(ecosystem: &str, package: &str, fixed: &str) -> Affected {
    let (end, fix_state) = match fixed {
        "" => (RangeEnd::Open, FixState::Affected),
        _ => (RangeEnd::Fixed(fixed.to_owned()), FixState::Fixed),
    };
    Affected {
        ecosystem: Ecosystem(ecosystem.to_owned()),
        package: package.to_owned(),
        name_of: NameOf::Binary,
        ranges: vec![VersionRange { introduced: None, end }],
        fix_state,
        ..Affected::default()
    }
}

/// The same, of a source package.
pub(crate) fn affected_source(ecosystem: &str, package: &str, fixed: &str) -> Affected {
    Affected { name_of: NameOf::Source, ..affected(ecosystem, package, fixed) }
}

pub(crate) fn record(advisory: Advisory) -> Record {
    Record::Advisory(Box::new(advisory))
}

/// Gives one source to a sink.
pub(crate) fn give(sink: &mut dyn RecordSink, source: &str, records: &[Record]) {
    sink.begin_source(source).unwrap();
    for record in records {
        sink.record(record.clone()).unwrap();
    }
    let summary = SourceSummary {
        source: source.to_owned(),
        records: records.len() as u64,
        ..SourceSummary::default()
    };
    sink.end_source(&summary).unwrap();
}

/// A database of these sources, built as if downloaded at [`now`].
pub(crate) fn database(sources: &[(&str, Vec<Record>)]) -> Database {
    let directory = tempfile::tempdir().unwrap();
    let mut builder = Builder::open(directory.path(), now()).unwrap();
    builder.origin("https://feeds.example/", true);
    for (source, records) in sources {
        give(&mut builder, source, records);
    }
    builder.write().unwrap();
    Database::open(directory.path()).unwrap()
}
