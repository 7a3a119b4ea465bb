//! The laws of the database: it depends on the records alone, a writer never harms a reader, and
//! damage is an error.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use model::{Advisory, Epss, KnownExploited, RangeEnd, Severity};
use proptest::prelude::*;

use super::replace::DATABASE_FILE;
use super::*;
use crate::samples::{advisory, affected, affected_source, give, ids, now, record};
use crate::{CvssVector, EndOfLife, EpssRecord, KevRecord, Record, RecordSink, RepositoryCpes};

fn debian(fixed: &str) -> Vec<Record> {
    let mut records = Vec::new();
    for number in 0..500 {
        let mut advisory = advisory("debian", &format!("CVE-2024-{number:04}"));
        advisory.cvss = vec!["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into()];
        for release in ["debian:11", "debian:12"] {
            let package = format!("package{}", number % 40);
            advisory.affected.push(affected_source(release, &package, fixed));
        }
        records.push(record(advisory));
    }
    records
}

fn enrichment() -> Vec<Record> {
    let epss = |cve: &str, score, date: &str| {
        let epss = Epss { score, percentile: Some(0.5) };
        Record::Epss(EpssRecord { cve: cve.into(), epss, date: date.into() })
    };
    let kev = |added: &str, ransomware| {
        let kev = KnownExploited { added: added.into(), due: String::new(), ransomware };
        Record::Kev(KevRecord { cve: "CVE-2024-0001".into(), kev })
    };
    vec![
        epss("CVE-2024-0001", 0.5, "2025-02-01"),
        epss("CVE-2024-0001", 0.25, "2025-01-01"),
        kev("2024-03-01", false),
        kev("2024-04-01", true),
        Record::Cvss(CvssVector {
            cve: "CVE-2024-0001".into(),
            source: "nvd".into(),
            vectors: vec!["AV:N/AC:L/Au:N/C:P/I:P/A:P".into()],
            severity: Some(Severity::High),
        }),
        Record::EndOfLife(EndOfLife {
            distro: "debian".into(),
            release: "11".into(),
            standard: Some("2024-08-14".into()),
            extended: Some("2026-08-31".into()),
        }),
        Record::RepositoryCpes(RepositoryCpes {
            repository: "rhel-8-for-x86_64-baseos-rpms".into(),
            cpes: vec!["cpe:/o:redhat:enterprise_linux:8::baseos".into()],
        }),
    ]
}

fn import(directory: &Path, sources: &[(&str, Vec<Record>)]) -> DatabaseVersion {
    let mut builder = Builder::open(directory, now()).unwrap();
    builder.origin("/snapshots", false);
    for (source, records) in sources {
        give(&mut builder, source, records);
    }
    builder.write().unwrap()
}

fn file(directory: &Path) -> Vec<u8> {
    std::fs::read(directory.join(DATABASE_FILE)).unwrap()
}

/// Everything one database says of a package: advisory ids with their first fixed version.
fn said(
    database: &Database,
    source: &str,
    ecosystem: &str,
    package: &str,
) -> Vec<(String, String)> {
    let mut session = Session::new(database).unwrap();
    let (number, _) = session.segments().find(|(_, segment)| segment.name == source).unwrap();
    let mut fixed = Vec::new();
    if let Some((postings, block)) = session.statements(number, ecosystem, package).unwrap() {
        for posting in postings {
            let body = block.body(posting.body).unwrap();
            let text = match body.spans.first().map(|span| span.end) {
                Some(SpanEnd::Fixed(version)) => version.to_owned(),
                _ => String::new(),
            };
            fixed.push((posting.advisory, text));
        }
    }
    let numbers: Vec<u32> = fixed.iter().map(|(number, _)| *number).collect();
    let mut names = Vec::new();
    session.advisories(number, &numbers, |_, entry| names.push(entry.id.to_owned())).unwrap();
    names.into_iter().zip(fixed.into_iter().map(|(_, fixed)| fixed)).collect()
}

#[test]
fn what_is_written_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let version = import(directory.path(), &[("debian", debian("1.2")), ("extra", enrichment())]);
    let database = Database::open(directory.path()).unwrap();
    assert_eq!(database.version(), &version);
    assert_eq!(database.version().built, now());
    let names: Vec<&str> = database.sources().map(|status| status.name.as_str()).collect();
    assert_eq!(names, ["debian", "extra"]);
    let status = database.sources().next().unwrap();
    assert_eq!((status.records, status.fetched_at), (500, now()));
    assert_eq!(status.fresh_as_of(), "2024-02-01T00:00:00Z".parse().unwrap());

    let said = said(&database, "debian", "debian:12", "package7");
    assert_eq!(said.len(), 13);
    assert_eq!(said[0], ("CVE-2024-0007".to_owned(), "1.2".to_owned()));
    database.verify().unwrap();

    let tables = Session::new(&database).unwrap().known().unwrap();
    let known = tables.find("CVE-2024-0001").unwrap();
    assert_eq!(known.epss, Some(Epss { score: 0.5, percentile: Some(0.5) }));
    let kev = known.kev.unwrap();
    assert_eq!((kev.added.as_str(), kev.ransomware), ("2024-03-01", true));
    let rated: Vec<(&str, Severity)> =
        known.ratings.iter().map(|rating| (rating.source, rating.severity)).collect();
    assert_eq!(rated, [("debian", Severity::Unknown), ("nvd", Severity::High)]);
    assert!(tables.find("CVE-2024-0002").unwrap().kev.is_none());
    let extra = database.segments().nth(1).unwrap();
    assert_eq!(extra.end_of_life()[0].release, "11");
    let mut session = Session::new(&database).unwrap();
    let cpes = session.repository_cpes("rhel-8-for-x86_64-baseos-rpms").unwrap().unwrap();
    assert_eq!(cpes, ["cpe:/o:redhat:enterprise_linux:8::baseos"]);
    assert_eq!(session.repository_cpes("epel").unwrap(), None);
    assert_eq!(session.named(0, "CVE-2024-0499").unwrap().len(), 1);
    assert!(session.named(0, "CVE-2024-0500").unwrap().is_empty());
}

#[test]
fn incremental_equals_full() {
    let (full, step) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    import(full.path(), &[("alpine", debian("9")), ("debian", debian("2")), ("kev", enrichment())]);
    import(step.path(), &[("debian", debian("1")), ("kev", enrichment())]);
    let before = Database::open(step.path()).unwrap();
    import(step.path(), &[("debian", debian("2"))]);
    import(step.path(), &[("alpine", debian("9"))]);
    assert_eq!(file(full.path()), file(step.path()));
    // The reader of the old file still reads it.
    assert_eq!(said(&before, "debian", "debian:11", "package1")[0].1, "1");
    let after = Database::open(step.path()).unwrap();
    assert_eq!(said(&after, "debian", "debian:11", "package1")[0].1, "2");
    assert_ne!(before.version().digest, after.version().digest);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn the_order_of_records_does_not_show(seed in any::<u64>()) {
        let mut records = debian("3");
        records.extend(enrichment());
        let mut newer = advisory("debian", "CVE-2024-0003");
        newer.modified = "2024-12-01T00:00:00Z".parse().ok();
        newer.affected.push(affected_source("debian:12", "package3", "4"));
        records.push(record(newer));
        let mut shuffled = records.clone();
        let mut state = seed | 1;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            shuffled.swap(index, (state >> 33) as usize % (index + 1));
        }
        let segment = |records: &[Record]| {
            let mut builder = builder::SegmentBuilder::new("debian");
            records.iter().for_each(|record| builder.record(record.clone()).unwrap());
            builder.finish().unwrap()
        };
        prop_assert_eq!(segment(&records), segment(&shuffled));
    }
}

#[test]
fn the_newest_form_of_an_advisory_speaks() {
    let form = |modified: &str, withdrawn, id: &str, affected: Vec<model::Affected>| {
        let mut advisory = advisory("s", id);
        advisory.modified = modified.parse().ok();
        Advisory { withdrawn, affected, ..advisory }
    };
    let (old, new) = ("2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z");
    let records: Vec<Record> = [
        form(new, false, "A-1", vec![affected("npm", "x", "2")]),
        form(old, false, "A-1", vec![affected("npm", "x", "1"), affected("npm", "y", "1")]),
        form(old, false, "A-2", vec![affected("npm", "x", "1")]),
        form(new, true, "A-2", vec![]),
        form(new, false, "A-3", vec![affected("npm", "x", "5")]),
        form(old, true, "A-3", vec![affected("npm", "x", "4")]),
    ]
    .map(record)
    .to_vec();
    let database = crate::samples::database(&[("s", records)]);
    let text = |said: Vec<(String, String)>| {
        said.into_iter().map(|(id, fixed)| format!("{id}<{fixed}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(text(said(&database, "s", "npm", "x")), "A-1<2 A-3<5");
    assert_eq!(text(said(&database, "s", "npm", "y")), "A-1<1");
}

#[test]
fn a_source_that_breaks_off_or_is_older_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &[("debian", debian("1")), ("kev", enrichment())]);
    let later: model::Timestamp = "2025-03-02T12:00:00Z".parse().unwrap();
    let mut builder = Builder::open(directory.path(), later).unwrap();
    give(&mut builder, "alpine", &debian("7"));
    let mut older = advisory("alpine", "CVE-2024-0001");
    older.modified = "2020-01-01T00:00:00Z".parse().ok();
    give(&mut builder, "alpine", &[record(older)]);
    builder.begin_source("debian").unwrap();
    builder.record(debian("2").remove(0)).unwrap();
    builder.confirm("kev");
    builder.write().unwrap();
    let database = Database::open(directory.path()).unwrap();
    assert_eq!(said(&database, "debian", "debian:12", "package1")[0].1, "1");
    assert_eq!(said(&database, "alpine", "debian:12", "package1")[0].1, "7");
    let fetched: Vec<bool> = database.sources().map(|status| status.fetched_at == later).collect();
    assert_eq!(fetched, [true, false, true]);
}

#[test]
fn changed_packages_are_named() {
    let about = |id: &str, package: &str, fixed: &str| {
        let mut advisory = advisory("s", id);
        advisory.affected.push(affected("npm", package, fixed));
        record(advisory)
    };
    let old = crate::samples::database(&[
        ("gone", vec![about("G-1", "gone", "1")]),
        (
            "s",
            vec![
                about("A-1", "same", "1"),
                about("A-2", "other-fix", "1"),
                about("A-3", "cleared", "1"),
            ],
        ),
        ("t", vec![about("A-9", "untouched", "1")]),
    ]);
    let mut reworded = advisory("s", "A-5");
    (reworded.summary, reworded.affected) = ("new".into(), vec![affected("npm", "x", "1")]);
    let new = crate::samples::database(&[
        (
            "s",
            vec![
                about("A-0", "new", "1"),
                about("A-1", "same", "1"),
                about("A-2", "other-fix", "2"),
                record(reworded),
            ],
        ),
        ("t", vec![about("A-9", "untouched", "1")]),
    ]);
    let names = |changed: Vec<(model::Ecosystem, String)>| {
        changed.into_iter().map(|(_, package)| package).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(new.changed_packages(&old).unwrap()), "cleared gone new other-fix x");
    assert_eq!(names(new.changed_packages(&new).unwrap()), "");
}

#[test]
fn names_of_an_advisory_lead_to_it() {
    let mut notice = advisory("s", "DSA-1");
    notice.covers = ids(&["CVE-2024-1", "CVE-2024-2"]);
    notice.affected = vec![affected("debian:12", "x", "2")];
    let mut alias = advisory("s", "GHSA-1");
    alias.aliases = ids(&["CVE-2024-2"]);
    alias.affected = vec![affected("npm", "a", "2")];
    let database = crate::samples::database(&[("s", vec![record(notice), record(alias)])]);
    let mut session = Session::new(&database).unwrap();
    assert_eq!(session.named(0, "CVE-2024-2").unwrap(), [0, 1]);
    assert_eq!(session.named(0, "DSA-1").unwrap(), [1]);
}

#[test]
fn readers_and_fifty_writers() {
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &[("debian", debian("0"))]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut reads = 0;
                    while !done.load(Ordering::Relaxed) {
                        let database = Database::open(directory.path()).unwrap();
                        let said = said(&database, "debian", "debian:12", "package3");
                        assert!(said.len() == 13 && said.iter().all(|pair| pair.1 == said[0].1));
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        for round in 1..=50 {
            import(directory.path(), &[("debian", debian(&round.to_string()))]);
        }
        done.store(true, Ordering::Relaxed);
        readers.into_iter().for_each(|reader| assert!(reader.join().unwrap() > 0));
    });
    let database = Database::open(directory.path()).unwrap();
    assert_eq!(said(&database, "debian", "debian:12", "package3")[0].1, "50");
}

#[test]
fn a_second_writer_is_told_who_is_first() {
    let directory = tempfile::tempdir().unwrap();
    let first = Builder::open(directory.path(), now()).unwrap();
    let second = Builder::open(directory.path(), now()).err().unwrap().to_string();
    assert!(second.contains(&format!("process {}", std::process::id())), "{second}");
    drop(first);
    Builder::open(directory.path(), now()).unwrap();
}

#[test]
fn a_writer_that_dies_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &[("debian", debian("1"))]);
    let before = file(directory.path());
    let mut builder = Builder::open(directory.path(), now()).unwrap();
    give(&mut builder, "debian", &debian("2"));
    drop(builder);
    assert_eq!(file(directory.path()), before);
    // What a killed writer leaves lying about goes with the next write.
    let partial = directory.path().join(".advisories-XYZ");
    std::fs::write(&partial, &before[..100]).unwrap();
    assert!(Database::open(directory.path()).is_ok());
    import(directory.path(), &[("debian", debian("3"))]);
    assert!(!partial.exists());
}

#[test]
fn what_is_no_database_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Database::open(directory.path()).err().unwrap();
    assert!(matches!(open(), AdvisoryError::DatabaseMissing { .. }));
    import(directory.path(), &[("debian", debian("1"))]);
    let good = file(directory.path());
    let path = directory.path().join(DATABASE_FILE);
    let put = |bytes: &[u8]| {
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
    };
    for bad in [&[][..], b"{}", &good[..60], &good[..good.len() - 1], &[0; 4096]] {
        put(bad);
        let error = open();
        assert!(matches!(error, AdvisoryError::DatabaseDamaged { .. }), "{error}");
        assert!(error.to_string().contains("import the advisories again"), "{error}");
        // Nobody writes over what cannot be read: the other sources would be lost unseen.
        assert!(Builder::open(directory.path(), now()).is_err());
    }
    let mut newer = good.clone();
    newer[8..12].copy_from_slice(&99u32.to_le_bytes());
    put(&newer);
    assert!(matches!(open(), AdvisoryError::DatabaseNewer { found: 99, .. }));
    // A changed byte in a segment is found when the segment is read or copied.
    let mut changed = good.clone();
    let middle = good.len() / 2;
    changed[middle] ^= 0xff;
    put(&changed);
    let database = Database::open(directory.path()).unwrap();
    assert!(matches!(database.verify(), Err(AdvisoryError::DatabaseDamaged { .. })));
    let mut builder = Builder::open(directory.path(), now()).unwrap();
    give(&mut builder, "kev", &enrichment());
    assert!(matches!(builder.write(), Err(AdvisoryError::DatabaseDamaged { .. })));
    assert_eq!(file(directory.path()), changed);
}

#[test]
fn no_changed_byte_makes_a_reader_panic() {
    let directory = tempfile::tempdir().unwrap();
    let few: Vec<Record> = debian("1").into_iter().take(30).collect();
    import(directory.path(), &[("debian", few), ("extra", enrichment())]);
    let good = file(directory.path());
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x5a;
        let Ok(database) = Database::from_bytes(bytes) else { continue };
        let Ok(mut session) = Session::new(&database) else { continue };
        for (number, _) in session.segments() {
            let _ = session.statements(number, "debian:12", "package7");
            let _ = session.advisories(number, &[0, 7, 29], |_, _| {});
            let _ = session.named(number, "CVE-2024-0001");
        }
        if let Ok(tables) = session.known() {
            let _ = tables.find("CVE-2024-0001");
        }
        let _ = session.repository_cpes("rhel-8-for-x86_64-baseos-rpms");
    }
}

#[test]
fn ranges_of_every_kind_are_kept() {
    let mut many = affected("npm", "x", "1.5");
    for (introduced, end) in
        [(Some("2.0"), RangeEnd::LastAffected("2.3".into())), (Some("3.0"), RangeEnd::Open)]
    {
        many.ranges.push(model::VersionRange { introduced: introduced.map(str::to_owned), end });
    }
    many.versions = vec!["1.9".into(), "1.8".into()];
    many.module = Some("nodejs:12".into());
    many.arches = vec!["x86_64".into(), "aarch64".into()];
    many.severity = Some(Severity::Low);
    let mut advisory = advisory("s", "A-1");
    advisory.affected.push(many);
    let database = crate::samples::database(&[("s", vec![record(advisory)])]);
    let mut session = Session::new(&database).unwrap();
    let (postings, block) = session.statements(0, "npm", "x").unwrap().unwrap();
    let body = block.body(postings[0].body).unwrap();
    assert_eq!(body.versions, ["1.9", "1.8"]);
    assert_eq!((body.module, body.severity), (Some("nodejs:12"), Some(Severity::Low)));
    assert_eq!(body.arches, ["aarch64", "x86_64"]);
    let ends: Vec<SpanEnd<&str>> = body.spans.iter().map(|span| span.end).collect();
    assert_eq!(ends, [SpanEnd::Fixed("1.5"), SpanEnd::LastAffected("2.3"), SpanEnd::Open]);
    assert_eq!(body.spans[1].introduced, Some("2.0"));
}
