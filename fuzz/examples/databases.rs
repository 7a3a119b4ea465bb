//! Writes the seeds of the target `advisory_database`.

use std::error::Error;
use std::path::Path;

use advisory::{
    Builder, CvssVector, EndOfLife, EpssRecord, KevRecord, Record, RecordSink, RepositoryCpes,
    SourceSummary,
};
use model::{
    Advisory, AdvisoryId, AdvisoryKind, Affected, Ecosystem, Epss, FixState, KnownExploited,
    NameOf, RangeEnd, Severity, Timestamp, VersionRange,
};

/// When everything was said.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/advisory_database");
    std::fs::create_dir_all(&corpus)?;
    let seeds = [
        ("empty", Vec::new()),
        ("one", vec![("debian", vec![debian()])]),
        ("enriched", vec![("debian", vec![debian()]), ("extra", enrichment())]),
        ("rhel", vec![("redhat", vec![redhat(), repository()]), ("npm", vec![npm()])]),
    ];
    for (name, sources) in seeds {
        std::fs::write(corpus.join(name), database(&sources)?)?;
    }
    Ok(())
}

fn database(sources: &[(&str, Vec<Record>)]) -> Result<Vec<u8>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut builder = Builder::open(folder.path(), NOW)?;
    for (source, records) in sources {
        builder.begin_source(source)?;
        records.iter().try_for_each(|record| builder.record(record.clone()))?;
        let summary = SourceSummary { source: (*source).into(), ..SourceSummary::default() };
        builder.end_source(&summary)?;
    }
    builder.write()?;
    let files = std::fs::read_dir(folder.path())?.filter_map(Result::ok);
    let file =
        files.map(|file| file.path()).find(|path| path.extension().is_some_and(|e| e == "lzdb"));
    Ok(std::fs::read(file.ok_or("no database was written")?)?)
}

fn advisory(source: &str, id: &str, affected: Affected) -> Record {
    Record::Advisory(Box::new(Advisory {
        id: AdvisoryId(id.into()),
        source: source.into(),
        aliases: vec![AdvisoryId("CVE-2024-0001".into())],
        covers: Vec::new(),
        kind: AdvisoryKind::Vulnerability,
        summary: "A flaw".into(),
        severity: Severity::High,
        cvss: vec!["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into()],
        published: Some(NOW),
        modified: Some(NOW),
        withdrawn: false,
        affected: vec![affected],
    }))
}

fn affected(ecosystem: &str, package: &str, fixed: &str) -> Affected {
    let end = RangeEnd::Fixed(fixed.into());
    Affected {
        ecosystem: Ecosystem(ecosystem.into()),
        package: package.into(),
        ranges: vec![VersionRange { introduced: None, end }],
        fix_state: FixState::Fixed,
        ..Affected::default()
    }
}

fn debian() -> Record {
    let curl = affected("debian:12", "curl", "7.88.1-10+deb12u5");
    advisory("debian", "CVE-2024-0001", Affected { name_of: NameOf::Source, ..curl })
}

fn npm() -> Record {
    let lodash = affected("npm", "lodash", "4.17.21");
    advisory("npm", "GHSA-x", Affected { versions: vec!["4.17.15".into()], ..lodash })
}

fn redhat() -> Record {
    let cpes = vec!["cpe:/o:redhat:enterprise_linux:8::baseos".into()];
    let arches = vec!["x86_64".into()];
    let curl = Affected { cpes, arches, ..affected("rhel:8", "curl", "0:7.61.1-33.el8") };
    advisory("redhat", "RHSA-2024:1", curl)
}

fn repository() -> Record {
    Record::RepositoryCpes(RepositoryCpes {
        repository: "rhel-8-for-x86_64-baseos-rpms".into(),
        cpes: vec!["cpe:/o:redhat:enterprise_linux:8::baseos".into()],
    })
}

fn enrichment() -> Vec<Record> {
    let cve = || "CVE-2024-0001".to_owned();
    let epss = Epss { score: 0.5, percentile: Some(0.9) };
    let kev = KnownExploited { added: "2024-03-01".into(), due: String::new(), ransomware: true };
    let vectors = vec!["AV:N/AC:L/Au:N/C:P/I:P/A:P".into()];
    vec![
        Record::Epss(EpssRecord { cve: cve(), epss, date: "2025-02-01".into() }),
        Record::Kev(KevRecord { cve: cve(), kev }),
        Record::Cvss(CvssVector { cve: cve(), source: "nvd".into(), vectors, severity: None }),
        Record::EndOfLife(EndOfLife {
            distro: "debian".into(),
            release: "12".into(),
            standard: Some("2026-06-10".into()),
            extended: None,
        }),
    ]
}
