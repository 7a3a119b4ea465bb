//! Figures of the audit log: `cargo run --release -p lazaret-store --example audit_figures -- FOLDER
//! [RECORDS]` appends with one sync for every hundred records, then fills the log to RECORDS in
//! larger batches, and goes over it. The folder must not be there yet.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use lazaret_store::audit::{AuditLog, AuditOptions, AuditQuery, AuditReader, Column};
use model::{
    Ancestor, AuditKind, AuditOutcome, AuditRecord, ContainerRef, Engine, Initiator, ProcessId,
};

const BATCH: u64 = 100;
const SYNCED: u64 = 100_000;
const FILL: u64 = 4096;
const STEP_NS: i64 = 100_000_000;
const BEGIN_NS: i64 = 1_764_000_000_000_000_000;

const PROGRAMS: [(&str, &str); 12] = [
    ("/usr/bin/bash", "bash -c 'run-parts --report /etc/cron.hourly'"),
    ("/usr/bin/grep", "grep -qs '^processor' /proc/cpuinfo"),
    ("/usr/bin/sed", "sed -e 's/[^0-9]//g'"),
    ("/usr/bin/python3.11", "python3 -m app.worker --queue mail"),
    ("/usr/sbin/nginx", "nginx -t -c /etc/nginx/nginx.conf"),
    ("/usr/bin/redis-cli", "redis-cli -h 10.0.3.17 ping"),
    ("/usr/bin/pg_isready", "pg_isready -q -d app -h db"),
    ("/usr/bin/node", "node /srv/app/server.js"),
    ("/usr/bin/curl", "curl -fsS http://127.0.0.1:8080/healthz"),
    ("/usr/bin/git", "git rev-parse --short HEAD"),
    ("/usr/bin/tar", "tar -czf /backup/etc.tar.gz /etc"),
    ("/bin/busybox", "sh -c 'date +%s'"),
];

/// A small generator of its own, so that each run writes the same.
fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn record(number: u64) -> AuditRecord {
    let dice = mixed(number);
    let (exe, command) = PROGRAMS[(dice % 12) as usize];
    let box_number = dice / 16 % 48;
    let process = ProcessId {
        pid: 300 + (number % 4_000_000) as u32,
        start_ns: number * 100_000_000 + dice % 1_000_000,
    };
    let parent = ProcessId { pid: 1000 + box_number as u32, start_ns: box_number * 7_000_000_000 };
    let kind = match dice / 1024 % 20 {
        0 => AuditKind::File,
        1 | 2 => AuditKind::Connection,
        3 => AuditKind::Line,
        _ => AuditKind::Command,
    };
    let target = match kind {
        AuditKind::File => format!("/etc/app/conf.d/{}.conf", dice / 4096 % 300),
        AuditKind::Connection => format!("10.0.{}.{}:5432", dice / 4096 % 8, dice / 65_536 % 256),
        _ => exe.to_owned(),
    };
    AuditRecord {
        time_ns: BEGIN_NS + number as i64 * STEP_NS + (dice % 1_000_000) as i64,
        kind,
        action: if kind == AuditKind::Command { "exec" } else { "write" }.to_owned(),
        outcome: AuditOutcome::Success,
        initiator: Initiator {
            process,
            parent,
            exe: exe.to_owned(),
            command: format!("{command} --id {}", dice / 64 % 100_000),
            cwd: "/srv/app".into(),
            uid: Some([0, 33, 999, 1000][(box_number % 4) as usize]),
            user: ["root", "www-data", "postgres", "app"][(box_number % 4) as usize].into(),
            login_uid: None,
            tty: 0,
            session: 1000 + box_number as u32,
            ancestors: vec![Ancestor {
                process: parent,
                exe: "/usr/bin/containerd-shim-runc-v2".into(),
                command: "containerd-shim-runc-v2 -namespace moby".into(),
            }],
        },
        container: (box_number < 40).then(|| ContainerRef {
            id: format!("{:016x}{:016x}", mixed(box_number), mixed(box_number + 99)).repeat(2),
            name: format!("app-{box_number}"),
            engine: Engine::Docker,
            image: format!("registry.example/app:{}", box_number % 7),
            image_digest: format!("sha256:{:016x}", mixed(box_number % 7)),
            ..ContainerRef::default()
        }),
        target,
        text: format!("{command} --id {}", dice / 64 % 100_000),
        node: "node-1".into(),
        ..AuditRecord::default()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder")?;
    let total: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = Path::new(&folder);
    let mut log = AuditLog::open(folder, AuditOptions::default())?;

    let batches: Vec<Vec<AuditRecord>> = (0..SYNCED / BATCH)
        .map(|batch| (batch * BATCH..(batch + 1) * BATCH).map(record).collect())
        .collect();
    let mut waits: Vec<u128> = Vec::new();
    let began = Instant::now();
    for batch in &batches {
        let began = Instant::now();
        log.append(batch)?;
        waits.push(began.elapsed().as_micros());
    }
    let took = began.elapsed();
    waits.sort_unstable();
    println!(
        "appended, a sync each {BATCH}: {:.0} records/s; a call p50 {} µs, p99 {} µs",
        SYNCED as f64 / took.as_secs_f64(),
        waits[waits.len() / 2],
        waits[waits.len() * 99 / 100]
    );

    let began = Instant::now();
    let mut number = SYNCED;
    while number < total {
        let end = total.min(number + FILL);
        log.append(&(number..end).map(record).collect::<Vec<_>>())?;
        number = end;
    }
    println!("filled to {total}, sealing with it: {:.1} s", began.elapsed().as_secs_f64());
    log.seal()?;
    println!(
        "at rest: {} bytes, {:.1} bytes/record",
        log.bytes(),
        log.bytes() as f64 / total.max(SYNCED) as f64
    );
    drop(log);
    read(folder, total)
}

fn read(folder: &Path, total: u64) -> Result<(), Box<dyn std::error::Error>> {
    let reader = AuditReader::open(folder)?;
    let end_ns = BEGIN_NS + total as i64 * STEP_NS;
    let columns = [Column::Kind, Column::Exe, Column::ContainerName];
    for (what, times_ns) in [
        ("all of it", i64::MIN..i64::MAX),
        ("its last tenth", end_ns - total as i64 / 10 * STEP_NS..end_ns),
        ("two hours", BEGIN_NS + 7_200_000_000_000..BEGIN_NS + 14_400_000_000_000),
    ] {
        let began = Instant::now();
        let query = AuditQuery { times_ns, columns: &columns, ..AuditQuery::default() };
        let mut found = 0_u64;
        let scanned = reader.scan(
            &query,
            &mut |seen| {
                seen.text(Column::Kind) == "file"
                    && seen.text(Column::Exe).ends_with("/curl")
                    && seen.text(Column::ContainerName) == "app-7"
            },
            &mut |_, _| {
                found += 1;
                ControlFlow::Continue(())
            },
        )?;
        println!(
            "scan of {what}: {:.2} s, {} records in {} segments, {found} wanted",
            began.elapsed().as_secs_f64(),
            scanned.records,
            scanned.segments
        );
    }
    let began = Instant::now();
    let verified = reader.verify(None)?;
    println!(
        "verify: {:.1} s, {} records, broken: {:?}",
        began.elapsed().as_secs_f64(),
        verified.records,
        verified.broken
    );
    Ok(())
}
