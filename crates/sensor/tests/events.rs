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

mod seen;

use std::process::{Command, Stdio};

use lazaret_sensor::{Reading, Ring, SensorOptions};
use model::{Event, EventKind, Peer, SocketFamily};
use seen::{calls, events_of, execs, load, shell};

#[test]
fn the_kernel_tells_what_a_process_does() {
    told_by(Reading::Probed);
    told_by(Reading::Direct);
}

fn told_by(reading: Reading) {
    let options = SensorOptions { reading: Some(reading), ..SensorOptions::default() };
    let Some(sensor) = load(&options) else { return };
    assert_eq!(sensor.reading(), reading);
    let rings = sensor.rings().unwrap();
    programs(&rings);
    files(&rings);
    names(&rings);
    sockets(&rings);
    let losses = sensor.losses().unwrap();
    assert!(losses.sent_alerts > 0 && losses.sent_bulk > 0);
    assert_eq!((losses.alerts_full, losses.bulk_full), (0, 0));
    // `tests/lab/kernels.sh` asks for this line: a test that skipped itself shows nothing.
    println!("told by {reading:?}; not here: {:?}", sensor.missing());
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
