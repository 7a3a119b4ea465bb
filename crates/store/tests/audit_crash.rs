//! The audit log when its writer is killed and when the disk is full: what was acknowledged stays.
#![allow(clippy::unwrap_used)] // A test log that cannot be made is a failure.

use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};

use lazaret_store::audit::{AuditError, AuditLog, AuditOptions, AuditQuery, AuditReader};
use model::AuditRecord;

/// Names the folder to the child that writes until it is killed.
const CHILD: &str = "LAZARET_TEST_AUDIT_CHILD";
const KILLS: u64 = 12;
/// Small, so that kills fall into sealing too.
const SEGMENT_BYTES: u64 = 20_000;

fn options() -> AuditOptions {
    AuditOptions { segment_max_bytes: SEGMENT_BYTES, ..AuditOptions::default() }
}

fn record(number: u64) -> AuditRecord {
    AuditRecord { text: format!("line {number} {}", "x".repeat(200)), ..AuditRecord::default() }
}

/// Not a test by itself: the child's part.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let mut log = AuditLog::open(Path::new(&folder), options()).unwrap();
    loop {
        let (last, _) = log.head();
        let records: Vec<_> = (last + 1..last + 8).map(record).collect();
        let kept = log.append(&records).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "kept {}", kept.numbers.end - 1).unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_the_writer_is_killed() {
    let scratch = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(CHILD, scratch.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut kept = lines.map_while(Result::ok).filter_map(|line| {
            let (_, number) = line.split_once("kept ")?;
            number.trim().parse::<u64>().ok()
        });
        // Some batches later each time, so that the kill falls into different work.
        let before_kill = kept.by_ref().take(10 + 3 * kill as usize).last();
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = kept.last().or(before_kill).unwrap();
        let log = AuditLog::open(scratch.path(), options()).unwrap();
        assert!(log.head().0 >= acknowledged, "kill {kill}");
        drop(log);
        let verified = AuditReader::open(scratch.path()).unwrap().verify(None).unwrap();
        assert_eq!(verified.broken, None, "kill {kill}");
    }
    let reader = AuditReader::open(scratch.path()).unwrap();
    let mut next = 1;
    let all = AuditQuery::default();
    let scanned = reader.scan(&all, &mut |_| true, &mut |number, found| {
        assert_eq!((number, found), (next, record(next)));
        next += 1;
        ControlFlow::Continue(())
    });
    assert_eq!(scanned.unwrap().damaged, []);
    assert!(next > acknowledged && acknowledged > 100);
}

/// A small filesystem that goes when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let flags = rustix::mount::MountFlags::empty();
        let options = c"size=256k";
        match rustix::mount::mount("tmpfs", folder.path(), "tmpfs", flags, options) {
            Ok(()) => Some(SmallDisk { folder }),
            Err(error) => {
                eprintln!("skipped: no tmpfs can be mounted here: {error}");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let flags = rustix::mount::UnmountFlags::DETACH;
        let _ = rustix::mount::unmount(self.folder.path(), flags);
    }
}

#[test]
fn a_full_disk_keeps_what_was_acknowledged_and_is_left_behind_when_room_comes_back() {
    let Some(disk) = SmallDisk::mount() else { return };
    let folder = disk.folder.path().join("audit");
    let ballast = disk.folder.path().join("ballast");
    std::fs::write(&ballast, vec![0; 100_000]).unwrap();
    let mut log = AuditLog::open(&folder, options()).unwrap();
    let mut number = 1;
    let refused = loop {
        let batch: Vec<_> = (number..number + 20).map(record).collect();
        match log.append(&batch) {
            Ok(kept) => number = kept.numbers.end,
            Err(error) => break error,
        }
        assert!(number < 10_000, "the disk is never full");
    };
    assert!(matches!(refused, AuditError::Full { .. }), "{refused}");
    assert!(refused.to_string().contains("no space left"), "{refused}");
    assert!(log.alarm().is_some_and(|why| why.contains("no space left")));
    assert_eq!(log.head().0, number - 1);
    let verified = AuditReader::open(&folder).unwrap().verify(None).unwrap();
    assert_eq!((verified.records, verified.broken), (number - 1, None));
    assert!(log.append(&(number..number + 20).map(record).collect::<Vec<_>>()).is_err());

    std::fs::remove_file(&ballast).unwrap();
    let kept = log.append(&(number..number + 20).map(record).collect::<Vec<_>>()).unwrap();
    assert_eq!(kept.numbers.start, number);
    assert_eq!(log.alarm(), None);
    log.seal().unwrap();
    assert_eq!(log.unsealed(), None);
    drop(log);
    let verified = AuditReader::open(&folder).unwrap().verify(None).unwrap();
    assert_eq!((verified.records, verified.broken), (number + 19, None));
}
