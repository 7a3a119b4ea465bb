//! The audit trail through the real binary: found, told as a tree, checked, taken out; whole after
//! its writer was killed, and broken when a byte is.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use model::{AuditKind, AuditRecord, ContainerRef, Engine, Initiator, ProcessId, Severity};
use store::audit::{AuditLog, AuditOptions};
use walks::{Run, command, run, scratch};

/// Names the folder to the child that writes until it is killed.
const CHILD: &str = "LAZARET_WALK_AUDIT_CHILD";
const KILLS: usize = 6;
/// 2026-11-25T10:00:00Z.
const BEGIN_NS: i64 = 1_795_600_800_000_000_000;

fn options() -> AuditOptions {
    AuditOptions { segment_max_bytes: 30_000, ..AuditOptions::default() }
}

fn record(number: u64) -> AuditRecord {
    let parent = ProcessId { pid: 10, start_ns: 1 };
    AuditRecord {
        time_ns: BEGIN_NS + number as i64 * 1_000_000_000,
        kind: if number.is_multiple_of(10) { AuditKind::Alert } else { AuditKind::Command },
        action: "exec".into(),
        severity: if number.is_multiple_of(10) { Severity::High } else { Severity::Unknown },
        rule: if number.is_multiple_of(10) { "Drift".into() } else { String::new() },
        initiator: Initiator {
            process: ProcessId { pid: 1000 + number as u32, start_ns: number },
            parent,
            exe: if number.is_multiple_of(2) { "/usr/bin/curl" } else { "/usr/bin/date" }.into(),
            command: format!("run \"{number}\", twice"),
            uid: Some(33),
            user: "www-data".into(),
            ..Initiator::default()
        },
        container: Some(ContainerRef {
            id: "c".repeat(64),
            name: "web".into(),
            engine: Engine::Docker,
            ..ContainerRef::default()
        }),
        text: format!("run {number}"),
        node: "node-1".into(),
        ..AuditRecord::default()
    }
}

fn append(folder: &Path, count: u64) {
    let mut log = AuditLog::open(folder, options()).unwrap();
    let (last, _) = log.head();
    let records: Vec<_> = (last + 1..=last + count).map(record).collect();
    for batch in records.chunks(25) {
        log.append(batch).unwrap();
    }
}

fn audit(data: &Path, arguments: &[&str]) -> Run {
    run(command(data, data).arg("audit").args(arguments))
}

/// Not a walk by itself: the child's part.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let mut log = AuditLog::open(Path::new(&folder), options()).unwrap();
    loop {
        let (last, _) = log.head();
        let records: Vec<_> = (last + 1..last + 8).map(record).collect();
        log.append(&records).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "kept {}", log.head().0).unwrap();
        out.flush().unwrap();
    }
}

/// Writes in a process of its own, kills it, and gives the last record that it acknowledged.
fn write_and_kill(folder: &Path, batches: usize) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut kept = lines.map_while(Result::ok).filter_map(|line| {
        let (_, number) = line.split_once("kept ")?;
        number.trim().parse::<u64>().ok()
    });
    let before = kept.by_ref().take(batches).last().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    kept.last().unwrap_or(before)
}

#[test]
fn records_are_found_told_and_taken_out() {
    let data = scratch();
    let folder = data.path().join("audit");
    append(&folder, 300);
    let json = |run: &Run| -> Vec<serde_json::Value> {
        run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };

    let filter = "audit.kind = command and proc.exe endswith /curl and container.name = web";
    let range = ["--since", "2026-11-25T10:01:00Z", "--until", "2026-11-25T10:02:00Z"];
    let found = audit(data.path(), &[&["search", "-f", "json"], &range[..], &[filter]].concat());
    let found = json(&found.expect(0));
    assert_eq!(found.len(), 24, "of second 60 to 119, the even ones without the tens");
    assert!(found.iter().all(|one| one["initiator"]["exe"] == "/usr/bin/curl"));
    assert_eq!(found[0]["number"], 62);
    assert_eq!(found[0]["time"], "2026-11-25T10:01:02Z");

    let table =
        audit(data.path(), &["search", "-n", "2", "audit.severity", ">=", "high"]).expect(0);
    let lines: Vec<&str> = table.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", table.out);
    assert!(lines[2].contains("300") && lines[2].contains("Drift") && lines[2].contains("web"));
    assert!(table.err.contains("older ones"), "{}", table.err);
    assert!(!table.out.contains('\u{1b}'), "no colour where there is no terminal");

    let csv = audit(data.path(), &["search", "-f", "csv", "evt.num = 3"]).expect(0);
    let lines: Vec<&str> = csv.out.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains("\"run \"\"3\"\", twice\""), "{}", lines[1]);

    let tree = audit(data.path(), &["tree", "--around", "100"]).expect(0);
    assert!(tree.out.contains("◆") && tree.out.contains("record 100"), "{}", tree.out);
    assert!(tree.out.contains("also in container web"), "{}", tree.out);
    let tree = audit(data.path(), &["tree", "--around", "1100@100", "-f", "json"]).expect(0);
    assert_eq!(tree.json()["around"]["number"], 100);

    let file = data.path().join("out.parquet");
    let to = file.to_str().unwrap();
    let done = audit(data.path(), &["export", "-f", "parquet", "-o", to, "audit.rule = Drift"]);
    assert_eq!(done.expect(0).out, "30 records\n");
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    assert_eq!(json(&audit(data.path(), &["export"]).expect(0)).len(), 300);
}

#[test]
fn what_is_asked_wrongly_is_said_in_a_line() {
    let data = scratch();
    let missing = audit(data.path(), &["search"]).expect(2);
    assert!(missing.error_line().contains("no audit log is in"), "{}", missing.err);
    append(&data.path().join("audit"), 1);
    let wrong = audit(data.path(), &["search", "audit.kind = comand"]).expect(2);
    assert!(wrong.err.contains("comand"), "{}", wrong.err);
    let wrong = audit(data.path(), &["search", "--since", "yesterday"]).expect(2);
    assert!(wrong.error_line().contains("`yesterday` is no time"), "{}", wrong.err);
    let wrong = audit(data.path(), &["tree", "--around", "77"]).expect(2);
    assert!(wrong.error_line().contains("no such record"), "{}", wrong.err);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_writer_is_killed() {
    let data = scratch();
    let folder = data.path().join("audit");
    let mut acknowledged = 0;
    for kill in 0..KILLS {
        acknowledged = write_and_kill(&folder, 20 + 7 * kill);
        // Opening it to write is what the next start of the agent does first.
        drop(AuditLog::open(&folder, options()).unwrap());
        let verified = audit(data.path(), &["verify", "-f", "json"]).expect(0).json();
        assert!(verified["records"].as_u64().unwrap() >= acknowledged, "kill {kill}");
    }
    let last = format!("evt.num = {acknowledged}");
    let found = audit(data.path(), &["search", "-f", "json", &last]).expect(0);
    assert!(found.out.contains(&format!("run {acknowledged}\"")), "{}", found.out);
}

#[test]
fn a_changed_byte_is_found_and_the_rest_is_still_searched() {
    let data = scratch();
    let folder = data.path().join("audit");
    append(&folder, 300);
    let whole = audit(data.path(), &["verify"]).expect(0);
    let head = whole.out.split_whitespace().last().unwrap().to_owned();
    assert!(head.starts_with("300:"), "{}", whole.out);
    audit(data.path(), &["verify", "--known", &head]).expect(0);

    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| !path.ends_with("lock"));
    assert!(files.len() > 3, "several segments: {files:?}");
    for path in &files {
        let bytes = fs::read(path).unwrap();
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 4;
        fs::write(path, &changed).unwrap();
        let broken = audit(data.path(), &["verify"]).expect(1);
        assert!(broken.out.contains(path.to_str().unwrap()), "{}", broken.out);
        fs::write(path, &bytes).unwrap();
    }

    let first = folder.join("0000000001.parquet");
    fs::write(&first, "PAR1").unwrap();
    let found = audit(data.path(), &["search", "-f", "json", "-n", "1000"]).expect(1);
    assert!(found.err.contains("0000000001.parquet") && found.out.lines().count() >= 100);
    // A log that somebody wrote anew is whole, but not the one that was there.
    fs::remove_dir_all(&folder).unwrap();
    append(&folder, 10);
    audit(data.path(), &["verify"]).expect(0);
    audit(data.path(), &["verify", "--known", &head]).expect(1);
}
