//! The real programs in the real kernel: do the thing, then look at each field. Only events of
//! processes that the test made itself are looked at.
//!
//! One load for all cases: each test of its own would see the others' children too.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    clippy::type_complexity,
    unreachable_pub,
    clippy::excessive_nesting
)]

use std::collections::HashSet;
use std::process::{Child as Running, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lazaret_sensor::{Reading, Ring, Sensor, SensorError, SensorOptions, decode};
use model::{Call, Event, EventKind, Exec, Peer, SocketFamily};

/// How long an event may take; far more than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says why and gives `None` where the kernel or the rights are not there.
fn sensor(reading: Reading) -> Option<Sensor> {
    let options = SensorOptions { reading: Some(reading), ..SensorOptions::default() };
    match Sensor::load(&options) {
        Ok(sensor) => Some(sensor),
        Err(why @ (SensorError::NoTypes | SensorError::Refused { .. })) => {
            println!("skipped: {why}");
            None
        }
        Err(why) => panic!("{why}"),
    }
}

/// Every event of a process and its children until it has exited, in the order of time. The rings
/// are read side by side, so a child's open may be read before its fork: who belongs to whom is
/// asked at the end.
fn events_of(rings: &[Ring], mut running: Running) -> Vec<Event> {
    let pid = running.id();
    let (seen, ended) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for ring in rings {
            let (seen, ended) = (&seen, &ended);
            scope.spawn(move || {
                let sink = |bytes: Option<&[u8]>| {
                    let Some(bytes) = bytes else {
                        return !ended.load(Ordering::Relaxed) && begun.elapsed() < PATIENCE;
                    };
                    let event = decode(bytes).unwrap();
                    if matches!(event.kind, EventKind::Exit { .. }) && event.task.process.pid == pid
                    {
                        ended.store(true, Ordering::Relaxed);
                    }
                    seen.lock().unwrap().push(event);
                    true
                };
                ring.read(Duration::from_millis(50), sink).unwrap();
            });
        }
        running.wait().unwrap();
    });
    assert!(ended.into_inner(), "no exit of {pid} within {PATIENCE:?}");
    let mut events: Vec<Event> = seen.into_inner().unwrap();
    events.sort_by_key(|event| event.time_ns);
    let mut family = HashSet::from([pid]);
    for event in &events {
        if let EventKind::Fork(child) = &event.kind
            && family.contains(&event.task.process.pid)
        {
            family.insert(child.process.pid);
        }
    }
    events.retain(|event| family.contains(&event.task.process.pid));
    events
}

fn shell(script: &str) -> Running {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).env_clear().env("PATH", "/usr/bin:/bin").env("LAZARET", "7");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn calls<'a>(events: &'a [Event], name: &str) -> Vec<(&'a Event, &'a Call)> {
    let call = |event: &'a Event| match &event.kind {
        EventKind::Call(call) if call.name == name => Some((event, &**call)),
        _ => None,
    };
    events.iter().filter_map(call).collect()
}

fn execs<'a>(events: &'a [Event]) -> Vec<(&'a Event, &'a Exec)> {
    let exec = |event: &'a Event| match &event.kind {
        EventKind::Exec(exec) => Some((event, &**exec)),
        _ => None,
    };
    events.iter().filter_map(exec).collect()
}

#[test]
fn the_kernel_tells_what_a_process_does() {
    told_by(Reading::Probed);
    told_by(Reading::Direct);
}

fn told_by(reading: Reading) {
    let Some(sensor) = sensor(reading) else { return };
    assert_eq!(sensor.reading(), reading);
    let rings = sensor.rings().unwrap();
    programs(&rings);
    files(&rings);
    names(&rings);
    sockets(&rings);
    let losses = sensor.losses().unwrap();
    assert!(losses.sent_alerts > 0 && losses.sent_bulk > 0);
    assert_eq!((losses.alerts_full, losses.bulk_full), (0, 0));
}

fn programs(rings: &[Ring]) {
    let events = events_of(rings, shell("/bin/true one 'two three'; exit 3"));
    let execs = execs(&events);
    let (event, exec) = execs.last().unwrap();
    assert_eq!(exec.arguments, ["/bin/true", "one", "two three"]);
    assert_eq!(exec.claimed, "/bin/true");
    assert_eq!(exec.arguments_bytes, 24);
    assert!(exec.environment.contains(&"LAZARET=7".to_owned()));
    assert_eq!(event.task.comm, "true");
    let exe = exec.exe.as_ref().unwrap();
    assert_eq!(exe.path, "/usr/bin/true");
    let real = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata("/bin/true").unwrap());
    assert_eq!(exe.inode, real);
    assert!(exe.mode & 0o111 != 0 && !exe.flags.foreign_mount && !exe.flags.outside_root);
    assert_eq!(exec.cwd.as_ref().unwrap().path, std::env::current_dir().unwrap().to_str().unwrap());
    assert_eq!((event.task.uid, event.task.euid), (0, 0));
    assert!(exec.stdio.iter().all(|one| one.rdev == 1 << 20 | 3), "/dev/null: {:?}", exec.stdio);
    assert!(exec.cgroup.as_ref().is_some_and(|cgroup| cgroup.id == event.task.cgroup_id));
    let own = std::fs::read_link("/proc/self/ns/mnt").unwrap();
    assert_eq!(own.to_str(), Some(format!("mnt:[{}]", event.task.namespaces.mnt).as_str()));
    let parent = execs[0].0.task.process;
    assert_eq!(event.task.parent, parent);
    let exits: Vec<_> = events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Exit { status } => Some((event.task.process, status >> 8)),
            _ => None,
        })
        .collect();
    assert!(exits.contains(&(parent, 3)), "{exits:?}");
}

fn files(rings: &[Ring]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    std::os::unix::fs::symlink("/etc/hostname", path.join("innocent")).unwrap();
    let at = path.to_str().unwrap();
    let events = events_of(
        rings,
        shell(&format!("cd {at}; cat innocent; cat ../../proc/self/root/etc/passwd; echo x > new")),
    );
    let opens = calls(&events, "openat");
    let by = |claimed: &str| opens.iter().find(|(_, call)| call.claimed == claimed).copied();
    let (_, link) = by("innocent").unwrap();
    assert_eq!(link.object.as_ref().unwrap().path, "/etc/hostname");
    let (_, proc) = by("../../proc/self/root/etc/passwd").unwrap();
    assert_eq!(proc.object.as_ref().unwrap().path, "/etc/passwd");
    let written =
        opens.iter().chain(&calls(&events, "open")).find(|(_, c)| c.claimed == "new").copied();
    let (_, new) = written.unwrap();
    let new = new.object.as_ref().unwrap();
    assert_eq!(new.path, format!("{at}/new"));
    assert_eq!(new.open_flags & 3, 1);
}

fn names(rings: &[Ring]) {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    let at = at.to_str().unwrap();
    let events = events_of(
        rings,
        shell(&format!("cd {at}; mkdir d; touch d/a; chmod 4755 d/a; mv d/a d/b; rm d/b; rmdir d")),
    );
    let of = |names: &[&str]| {
        let found = names.iter().flat_map(|name| calls(&events, name)).next();
        found.unwrap_or_else(|| panic!("no {names:?} in {:?}", told(&events))).1.clone()
    };
    assert_eq!(of(&["mkdir", "mkdirat"]).claimed, "d");
    let moved = of(&["rename", "renameat", "renameat2"]);
    assert_eq!((moved.claimed.as_str(), moved.claimed_second.as_str()), ("d/a", "d/b"));
    let chmod = of(&["fchmodat", "chmod"]);
    assert_eq!(chmod.claimed, "d/a");
    assert!(chmod.arguments[1..3].contains(&0o4755));
    assert_eq!(chmod.cwd.unwrap().path, at);
    assert_eq!(of(&["unlink", "unlinkat"]).claimed, "d/b");
}

fn sockets(rings: &[Ring]) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; exec 0<&3; exec /bin/cat");
    let mut command = Command::new("/bin/bash");
    command.args(["-c", &script]).stdout(Stdio::null()).stderr(Stdio::null());
    let running = command.spawn().unwrap();
    let accepted = listener.accept().unwrap();
    drop(accepted);
    let events = events_of(rings, running);
    let connects = calls(&events, "connect");
    let (_, connect) = connects.last().unwrap();
    let connection = connect.connection.as_ref().unwrap();
    let remote = Some(Peer::Ip([127, 0, 0, 1].into(), port));
    assert_eq!((connection.family, &connection.remote), (SocketFamily::Ipv4, &remote));
    assert_eq!((connection.kind, connection.protocol), (1, 6));
    assert_eq!(connect.address, remote);
    let execs = execs(&events);
    let stdin = &execs.last().unwrap().1.stdio[0];
    assert_eq!((stdin.family, &stdin.remote), (SocketFamily::Ipv4, &remote));
}

fn told(events: &[Event]) -> Vec<String> {
    let name = |event: &Event| match &event.kind {
        EventKind::Call(call) => format!("{} {} {}", event.task.comm, call.name, call.claimed),
        kind => format!("{} {kind:?}", event.task.comm).chars().take(60).collect(),
    };
    events.iter().map(name).collect()
}
