//! The log's laws: what is appended is read back, a changed byte is found, a torn tail is cut.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use model::{
    Ancestor, AuditKind, AuditOutcome, AuditRecord, ContainerRef, Engine, Initiator, ProcessId,
    Severity,
};
use proptest::prelude::*;

use super::frame::{Frames, Head};
use super::manifest::Manifest;
use super::row::{Column, Row};
use super::segment::SegmentReader;
use super::*;

const SECOND_NS: i64 = 1_000_000_000;

fn record(number: u64) -> AuditRecord {
    let host = number.is_multiple_of(3);
    AuditRecord {
        time_ns: number as i64 * SECOND_NS,
        kind: AuditKind::ALL[number as usize % AuditKind::ALL.len()],
        action: "exec".into(),
        outcome: AuditOutcome::ALL[number as usize % 5],
        initiator: Initiator {
            process: ProcessId { pid: number as u32 + 100, start_ns: u64::MAX - number },
            parent: ProcessId { pid: 1, start_ns: 5 },
            exe: "/usr/bin/curl".into(),
            command: format!("curl 'http://example.test/{number}'"),
            uid: host.then_some(0),
            ancestors: vec![Ancestor { exe: "/bin/sh".into(), ..Ancestor::default() }],
            ..Initiator::default()
        },
        container: (!host).then(|| ContainerRef {
            id: "c0ffee".repeat(10),
            name: "wéb".into(),
            engine: Engine::Docker,
            ..ContainerRef::default()
        }),
        target: format!("/tmp/{number}"),
        severity: Severity::ALL[number as usize % 6],
        details: BTreeMap::from([("n".to_owned(), number.to_string())]),
        ..AuditRecord::default()
    }
}

fn records(numbers: std::ops::Range<u64>) -> Vec<AuditRecord> {
    numbers.map(record).collect()
}

fn options() -> AuditOptions {
    AuditOptions { segment_max_bytes: u64::MAX, ..AuditOptions::default() }
}

/// A log of three sealed segments of ten records, and five in the active one.
fn sample(folder: &Path) {
    let mut log = AuditLog::open(folder, options()).unwrap();
    for segment in 0..3 {
        log.append(&records(segment * 10 + 1..segment * 10 + 11)).unwrap();
        log.seal().unwrap();
    }
    log.append(&records(31..36)).unwrap();
}

fn numbers(reader: &AuditReader, query: &AuditQuery<'_>) -> Vec<u64> {
    let mut numbers = Vec::new();
    let scanned = reader.scan(query, &mut |_| true, &mut |number, found| {
        assert_eq!(found, record(number));
        numbers.push(number);
        ControlFlow::Continue(())
    });
    assert_eq!(scanned.unwrap().damaged, []);
    numbers
}

fn verified(folder: &Path) -> Verified {
    AuditReader::open(folder).unwrap().verify(None).unwrap()
}

#[test]
fn what_is_appended_is_read_back_in_order_and_by_range() {
    let scratch = tempfile::tempdir().unwrap();
    sample(scratch.path());
    let reader = AuditReader::open(scratch.path()).unwrap();
    let all: Vec<u64> = (1..36).collect();
    assert_eq!(numbers(&reader, &AuditQuery::default()), all);
    let newest = AuditQuery { newest_first: true, ..AuditQuery::default() };
    assert_eq!(numbers(&reader, &newest), all.iter().rev().copied().collect::<Vec<_>>());
    let times = AuditQuery { times_ns: 9 * SECOND_NS..22 * SECOND_NS, ..AuditQuery::default() };
    assert_eq!(numbers(&reader, &times), (9..22).collect::<Vec<_>>());
    let some = AuditQuery { numbers: 30..33, ..AuditQuery::default() };
    assert_eq!(numbers(&reader, &some), [30, 31, 32]);
    let scanned = reader.scan(&some, &mut |_| true, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((scanned.segments, scanned.segments_left_out, scanned.records), (2, 2, 3));
    assert_eq!(reader.record(17).unwrap(), Some(record(17)));
    assert_eq!(reader.record(36).unwrap(), None);
    assert_eq!(reader.next_number().unwrap(), 36);
    assert_eq!(verified(scratch.path()).records, 35);
}

#[test]
fn only_the_columns_that_are_asked_for_decide() {
    let scratch = tempfile::tempdir().unwrap();
    sample(scratch.path());
    let reader = AuditReader::open(scratch.path()).unwrap();
    let query = AuditQuery { columns: &[Column::Target, Column::Uid], ..AuditQuery::default() };
    let mut found = Vec::new();
    let mut wanted =
        |seen: Seen<'_>| seen.text(Column::Target).ends_with('4') && seen.number(Column::Uid) == 0;
    let visit = &mut |number, _| {
        found.push(number);
        ControlFlow::Continue(())
    };
    reader.scan(&query, &mut wanted, visit).unwrap();
    assert_eq!(found, [24]);
}

#[test]
fn a_log_goes_on_where_it_ended() {
    let scratch = tempfile::tempdir().unwrap();
    sample(scratch.path());
    let mut log = AuditLog::open(scratch.path(), options()).unwrap();
    assert_eq!(log.cut_tail(), None);
    let kept = log.append(&records(36..38)).unwrap();
    assert_eq!(kept.numbers, 36..38);
    assert!(matches!(AuditLog::open(scratch.path(), options()), Err(AuditError::Locked { .. })));
    drop(log);
    let after = verified(scratch.path());
    assert_eq!((after.records, after.head, after.broken), (37, kept.head, None));
}

#[test]
fn segments_are_sealed_by_size_and_told_by_age() {
    let scratch = tempfile::tempdir().unwrap();
    let options =
        AuditOptions { segment_max_bytes: 4096, segment_max_age_s: 60, ..AuditOptions::default() };
    let mut log = AuditLog::open(scratch.path(), options).unwrap();
    let begun = log.active.head.begun_ns;
    assert!(!log.is_seal_due(begun + 61 * SECOND_NS), "there is nothing to seal");
    for number in 1..60 {
        log.append(&[record(number)]).unwrap();
    }
    assert!(log.manifest.segments.len() > 2, "{:?}", log.manifest);
    let begun = log.active.head.begun_ns;
    assert!(!log.is_seal_due(begun + 59 * SECOND_NS) && log.is_seal_due(begun + 60 * SECOND_NS));
    drop(log);
    let after = verified(scratch.path());
    assert_eq!((after.records, after.broken), (59, None));
}

#[test]
fn retention_takes_whole_segments_and_the_rest_verifies() {
    let scratch = tempfile::tempdir().unwrap();
    sample(scratch.path());
    let keep = AuditOptions { keep_max_age_s: 100, ..options() };
    let mut log = AuditLog::open(scratch.path(), keep).unwrap();
    // The newest record of the first segment is of second 10, that of the second of second 20.
    assert_eq!(log.retain(110 * SECOND_NS, 9).unwrap(), Forgotten::default());
    assert_eq!(log.retain(111 * SECOND_NS, 0).unwrap(), Forgotten::default());
    let forgotten = log.retain(111 * SECOND_NS, 9).unwrap();
    assert_eq!((forgotten.segments, forgotten.records), (1, 10));
    let after = verified(scratch.path());
    assert_eq!((after.first, after.records, after.broken), (11, 25, None));

    log.options.keep_max_bytes = log.bytes() - 1;
    assert_eq!(log.retain(0, 0).unwrap().segments, 1);
    log.options.keep_max_bytes = 0;
    assert_eq!(log.retain(0, 0).unwrap().segments, 1);
    log.append(&records(36..37)).unwrap();
    drop(log);
    let after = verified(scratch.path());
    assert_eq!((after.first, after.records, after.broken), (31, 6, None));
    let log = AuditLog::open(scratch.path(), options()).unwrap();
    assert_eq!(log.head().0, 36);
}

#[test]
fn a_kept_hash_finds_a_log_that_was_cut_or_written_anew() {
    let scratch = tempfile::tempdir().unwrap();
    let mut log = AuditLog::open(scratch.path(), options()).unwrap();
    log.append(&records(1..3)).unwrap();
    let (number, hash) = log.head();
    log.append(&records(3..5)).unwrap();
    let (last, newest) = log.head();
    drop(log);
    let verify = |known| {
        let reader = AuditReader::open(scratch.path()).unwrap();
        reader.verify(Some(known)).unwrap().broken.map(|broken| broken.why)
    };
    assert_eq!(verify((number, hash)), None);
    assert_eq!(verify((last, newest)), None);
    assert!(verify((number, newest)).unwrap().contains("anew"));
    assert!(verify((last + 1, newest)).unwrap().contains("cut short"));
}

#[test]
fn a_tail_cut_at_any_byte_loses_only_what_it_cuts() {
    let made = tempfile::tempdir().unwrap();
    let mut log = AuditLog::open(made.path(), options()).unwrap();
    let mut ends = vec![log.active.bytes];
    for number in 1..4 {
        log.append(&[record(number)]).unwrap();
        ends.push(log.active.bytes);
    }
    drop(log);
    let active = fs::read(disk::active(made.path(), 1)).unwrap();
    for length in ends[0]..=ends[3] {
        let scratch = tempfile::tempdir().unwrap();
        fs::copy(made.path().join("manifest"), scratch.path().join("manifest")).unwrap();
        let path = disk::active(scratch.path(), 1);
        fs::write(&path, &active[..length as usize]).unwrap();
        let whole = ends.iter().filter(|end| **end <= length).count() as u64 - 1;
        let torn = length - ends[whole as usize];
        let before = verified(scratch.path());
        assert_eq!((before.records, before.broken.is_some()), (whole, torn > 0), "{length}");
        let mut log = AuditLog::open(scratch.path(), options()).unwrap();
        assert_eq!(log.cut_tail().map_or(0, |cut| cut.bytes), torn);
        if let Some(cut) = log.cut_tail() {
            let kept = fs::read(cut.kept.as_ref().unwrap()).unwrap();
            assert_eq!((cut.after, kept.len() as u64), (whole, torn));
        }
        log.append(&[record(whole + 1)]).unwrap();
        drop(log);
        let after = verified(scratch.path());
        assert_eq!((after.records, after.broken), (whole + 1, None), "{length}");
    }
}

/// What a kill between two steps of sealing leaves.
#[test]
fn an_interrupted_seal_is_finished_or_undone() {
    let before = tempfile::tempdir().unwrap();
    let mut log = AuditLog::open(before.path(), options()).unwrap();
    log.append(&records(1..5)).unwrap();
    let after = tempfile::tempdir().unwrap();
    copy(before.path(), after.path());
    log.seal().unwrap();
    drop(log);
    // In order: the sealed file, the next active one, the manifest, the old one gone.
    let steps = [
        ("0000000001.parquet", true),
        ("0000000002.wal", true),
        ("manifest", true),
        ("0000000001.wal", false),
    ];
    for done in 0..=steps.len() {
        let scratch = tempfile::tempdir().unwrap();
        copy(after.path(), scratch.path());
        for (name, is_put) in &steps[..done] {
            let path = scratch.path().join(name);
            if *is_put {
                fs::copy(before.path().join(name), path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
        fs::write(scratch.path().join("manifest.tmp"), "half a li").unwrap();
        assert_eq!(verified(scratch.path()).broken, None, "after {done} steps");
        let mut log = AuditLog::open(scratch.path(), options()).unwrap();
        assert_eq!(log.head().0, 4, "after {done} steps");
        log.append(&records(5..6)).unwrap();
        log.seal().unwrap();
        drop(log);
        let reader = AuditReader::open(scratch.path()).unwrap();
        assert_eq!(numbers(&reader, &AuditQuery::default()), [1, 2, 3, 4, 5]);
        assert_eq!(verified(scratch.path()).broken, None, "after {done} steps");
        let names = disk::files(scratch.path()).unwrap();
        assert!(names.iter().all(|(name, _)| *name != disk::Name::Unfinished), "{names:?}");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| !path.ends_with("lock")).collect();
    files.sort();
    files
}

#[test]
fn a_changed_byte_anywhere_is_found() {
    let scratch = tempfile::tempdir().unwrap();
    let mut log = AuditLog::open(scratch.path(), options()).unwrap();
    log.append(&records(1..3)).unwrap();
    log.seal().unwrap();
    log.append(&records(3..5)).unwrap();
    drop(log);
    assert_eq!(verified(scratch.path()).broken, None);
    for path in files(scratch.path()) {
        let whole = fs::read(&path).unwrap();
        // Every byte of the texts; of the Parquet files some, as one SHA-256 covers all.
        let step = if path.extension().is_some_and(|kind| kind == "parquet") { 41 } else { 1 };
        for at in (0..whole.len()).step_by(step) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, &bytes).unwrap();
            let broken = verified(scratch.path()).broken;
            let broken = broken.unwrap_or_else(|| panic!("{}: byte {at}", path.display()));
            assert!(!broken.why.is_empty() && broken.path == path, "{broken:?}");
        }
        fs::write(&path, &whole).unwrap();
    }
    fs::write(scratch.path().join("lock"), "x").unwrap();
    assert!(verified(scratch.path()).broken.is_some());
}

#[test]
fn missing_exchanged_and_foreign_files_are_found() {
    let made = tempfile::tempdir().unwrap();
    sample(made.path());
    type Harm = fn(&Path);
    let damage: [(&str, Harm); 5] = [
        ("it is missing", |folder| fs::remove_file(folder.join("0000000002.parquet")).unwrap()),
        ("its SHA-256 is another", |folder| {
            fs::copy(folder.join("0000000001.parquet"), folder.join("0000000002.parquet")).unwrap();
        }),
        ("no part of the log", |folder| fs::write(folder.join("notes.txt"), "x").unwrap()),
        ("active segment is missing", |folder| {
            fs::remove_file(folder.join("0000000004.wal")).unwrap();
        }),
        ("cut short", |folder| fs::write(folder.join("manifest"), "").unwrap()),
    ];
    for (expected, change) in damage {
        let scratch = tempfile::tempdir().unwrap();
        copy(made.path(), scratch.path());
        change(scratch.path());
        let broken = verified(scratch.path()).broken.unwrap();
        assert!(broken.why.contains(expected), "{expected}: {broken:?}");
    }
}

#[test]
fn a_search_goes_on_behind_a_damaged_segment_and_tells_it() {
    let scratch = tempfile::tempdir().unwrap();
    sample(scratch.path());
    fs::write(scratch.path().join("0000000002.parquet"), "PAR1 and nothing").unwrap();
    let reader = AuditReader::open(scratch.path()).unwrap();
    let mut found = 0;
    let query = AuditQuery::default();
    let scanned = reader.scan(&query, &mut |_| true, &mut |_, _| {
        found += 1;
        ControlFlow::Continue(())
    });
    let damaged = scanned.unwrap().damaged;
    assert_eq!((found, damaged.len()), (25, 1));
    assert!(damaged[0].path.ends_with("0000000002.parquet"));
}

#[test]
fn long_texts_are_cut_and_said_to_be() {
    let long = AuditRecord {
        text: "é".repeat(40_000),
        details: (0..9000).map(|n| (format!("k{n}"), "v".repeat(20))).collect(),
        ..record(1)
    };
    let row = Row::of(1, &long);
    let mut bytes = Vec::new();
    row.encode(&mut bytes);
    assert!(bytes.len() < crate::limits::AUDIT_ROW_MAX_BYTES);
    let back = Row::decode(&bytes).unwrap().record().unwrap();
    assert!(back.text.ends_with("é…") && back.text.len() <= 32 * 1024 + 3);
    assert_eq!(back.details["cut"], "true");
    assert!(back.details.len() > 100);
}

fn any_record() -> impl Strategy<Value = AuditRecord> {
    let process = (any::<u32>(), any::<u64>());
    let texts = proptest::collection::vec(".{0,12}", 12);
    let numbers = (any::<i64>(), any::<Option<u32>>(), any::<Option<u32>>(), any::<u32>());
    let words = (0..13_usize, 0..5_usize, 0..6_usize, any::<bool>());
    let details = proptest::collection::btree_map(".{0,6}", ".{0,6}", 0..4);
    (process, texts, numbers, words, details).prop_map(
        |(process, texts, numbers, words, details)| {
            let mut texts = texts.into_iter();
            let mut text = || texts.next().unwrap_or_default();
            let process = ProcessId { pid: process.0, start_ns: process.1 };
            let container = ContainerRef { id: text(), pod: text(), ..ContainerRef::default() };
            AuditRecord {
                time_ns: numbers.0,
                kind: AuditKind::ALL[words.0],
                outcome: AuditOutcome::ALL[words.1],
                severity: Severity::ALL[words.2],
                container: words.3.then_some(container),
                initiator: Initiator {
                    process,
                    uid: numbers.1,
                    login_uid: numbers.2,
                    tty: numbers.3,
                    exe: text(),
                    command: text(),
                    user: text(),
                    ancestors: vec![Ancestor { process, exe: text(), command: text() }],
                    ..Initiator::default()
                },
                action: text(),
                target: text(),
                text: text(),
                rule: text(),
                node: text(),
                details,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_record_comes_back_from_both_forms(all in proptest::collection::vec(any_record(), 1..20)) {
        let scratch = tempfile::tempdir().unwrap();
        let mut log = AuditLog::open(scratch.path(), options()).unwrap();
        let reader = AuditReader::open(scratch.path()).unwrap();
        log.append(&all).unwrap();
        for _ in 0..2 {
            let mut found = Vec::new();
            reader.scan(&AuditQuery::default(), &mut |_| true, &mut |_, record| {
                found.push(record);
                ControlFlow::Continue(())
            }).unwrap();
            prop_assert_eq!(&found, &all);
            prop_assert_eq!(reader.verify(None).unwrap().broken, None);
            log.seal().unwrap();
        }
    }

    #[test]
    fn foreign_bytes_are_refused_in_words(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = Row::decode(&bytes);
        let _ = Manifest::read(&bytes);
        let head = Head { segment: 1, first: 1, begun_ns: 0, previous: Hash::beginning() };
        let mut segment = head.encode();
        segment.extend_from_slice(&bytes);
        prop_assert_eq!(Frames::new(&segment, &head).count(), 0);
        let read = active_records(&segment);
        prop_assert_eq!(read.is_ok_and(|read| read.fault.is_none()), bytes.is_empty());
    }
}

#[test]
fn records_are_written_for_other_tools_in_the_columns_of_the_log() {
    let bytes = Bytes::from(parquet_of_ten());
    let segment = SegmentReader::open(bytes).unwrap();
    let batch = segment.read(0, &Column::ALL).unwrap();
    let read: Vec<_> = (0..batch.len()).map(|row| batch.record(row).unwrap()).collect();
    assert_eq!(read, records(1..11));
    assert_eq!(segment.span(0, Column::Number), Some((1, 10)));
}

fn parquet_of_ten() -> Vec<u8> {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("ten.parquet");
    let mut file = ParquetFile::create(&path).unwrap();
    for number in 1..11 {
        file.push(number, &record(number)).unwrap();
    }
    assert!(!path.exists(), "it appears when it is whole");
    assert_eq!(file.finish().unwrap(), 10);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(ParquetFile::create(scratch.path()).is_err(), "a folder is no file");
    fs::read(path).unwrap()
}
