//! What is done by other ways than ordinary calls, and what is done against it: the 32-bit interface,
//! files passed along, io_uring, terminals; orders to kill, losses by cgroup, the walk over all tasks.
//!
//! The test's own program is started again to do the thing (`act`): its events are looked at.

#![allow(clippy::unwrap_used, unreachable_pub, clippy::excessive_nesting)]

mod act;
mod seen;

use std::num::NonZeroU32;
use std::process::{Command, Stdio};

use lazaret_sensor::{
    EventClass, Interest, KillOrder, LossReason, Program, Reading, Ring, Sensor, SensorOptions,
};
use model::{Event, EventKind, Peer, SocketFamily, TerminalMode};
use seen::{calls, events_of, execs, load, shell};

/// Does one thing, when it is asked to.
#[test]
fn act() {
    if let Ok(name) = std::env::var(act::ASKED) {
        act::perform(&name);
    }
}

/// This program again, to do one thing.
fn asked(name: &str, detail: &str) -> Vec<Event> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "act", "--nocapture", "--test-threads=1"]);
    command.env(act::ASKED, name).env(act::DETAIL, detail).stdout(Stdio::null());
    command.spawn().map(|running| EVENTS.with_borrow(|rings| events_of(rings, running))).unwrap()
}

thread_local! {
    static EVENTS: std::cell::RefCell<Vec<Ring>> = const { std::cell::RefCell::new(Vec::new()) };
}

#[test]
fn the_kernel_tells_of_other_ways() {
    told_by(Reading::Probed);
    told_by(Reading::Direct);
}

fn told_by(reading: Reading) {
    let mut options = SensorOptions { reading: Some(reading), ..SensorOptions::default() };
    options.interests.push(Interest::terminal_input());
    let Some(sensor) = load(&options) else { return };
    EVENTS.set(sensor.rings().unwrap());
    narrow_calls();
    passed_files();
    first_words();
    threads();
    requests();
    waiting_requests();
    traces();
    mounts();
    typing();
    orders(&sensor);
    orders_below(&sensor);
    everybody(&sensor);
    println!("told by {reading:?}; not here: {:?}", sensor.missing());
    drop(sensor);
    losses(reading);
}

fn narrow_calls() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let events = asked("narrow", &port.to_string());
    let opens = calls(&events, "open");
    let Some((_, open)) = opens.iter().find(|(_, call)| call.compat) else {
        println!("skipped: this kernel has no 32-bit interface");
        return;
    };
    assert_eq!(open.object.as_ref().unwrap().path, "/etc/hostname");
    let sockets = calls(&events, "socket");
    let narrow: Vec<_> = sockets.iter().filter(|(_, call)| call.compat).collect();
    assert!(!narrow.is_empty());
    assert!(narrow.iter().all(|(_, call)| call.arguments[..2] == [2, 1]), "{narrow:?}");
    let connects = calls(&events, "connect");
    let (_, connect) = connects.iter().find(|(_, call)| call.compat).unwrap();
    let remote = Some(Peer::Ip([127, 0, 0, 1].into(), port));
    assert_eq!(connect.address, remote);
    assert_eq!(connect.connection.as_ref().unwrap().remote, remote);
    let narrow_payload = |name: &str| {
        let sent = calls(&events, name);
        let of = |(_, call): &(_, &model::Call)| call.compat.then(|| call.payload.clone());
        sent.iter().find_map(of).unwrap_or_default()
    };
    assert_eq!(narrow_payload("write"), b"written");
    assert_eq!(narrow_payload("writev"), b"in pieces");
    assert_eq!(narrow_payload("sendmsg"), b"in pieces");
    let sends = calls(&events, "sendto");
    let (_, send) = sends.iter().find(|(_, call)| call.compat).unwrap();
    assert_eq!((&*send.payload, &send.arguments[4..]), (&b"written"[..], &[0, 0][..]));
    let narrow = calls(&events, "setuid");
    assert!(narrow.iter().any(|(_, call)| call.compat), "the one with identities of 16 bits");
    println!("32-bit calls are told");
}

fn passed_files() {
    let events = asked("pass", "");
    for name in ["sendmsg", "recvmsg"] {
        let messages = calls(&events, name);
        let (_, message) = messages.iter().find(|(_, call)| call.object.is_some()).unwrap();
        assert_eq!(message.object.as_ref().unwrap().path, "/etc/hostname");
        assert_eq!(message.connection.as_ref().unwrap().family, SocketFamily::Unix);
    }
}

/// Over a connection that was made: the first bytes, and nothing after them.
fn first_words() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let events = asked("say", &port.to_string());
    let payloads = |name: &str| -> Vec<String> {
        let of_connection = |(_, call): &(&Event, &model::Call)| {
            let connection = call.connection.as_ref();
            connection.is_some_and(|one| one.remote == Some(Peer::Ip([127, 0, 0, 1].into(), port)))
        };
        let calls = calls(&events, name).into_iter().filter(of_connection);
        calls.map(|(_, call)| String::from_utf8_lossy(&call.payload).into_owned()).collect()
    };
    let long = "x".repeat(127);
    assert_eq!(payloads("write"), ["one", " two", &long[7..]]);
    assert_eq!(payloads("writev"), ["in pieces"]);
    assert_eq!(payloads("sendmsg"), ["a message", "another"]);
    assert_eq!(payloads("sendto"), [long]);
    let all = calls(&events, "write");
    assert!(all.iter().all(|(_, call)| call.connection.is_some()), "only to sockets: {all:?}");
}

/// A process whose first thread ends, and one whose other thread becomes a program, are still there.
fn threads() {
    let events = asked("threads", "");
    let opens = calls(&events, "openat");
    let (event, _) = opens.iter().find(|(_, call)| call.claimed == act::OPENED_LATE).unwrap();
    let process = event.task.process;
    assert_ne!(event.task.tid, process.pid);
    let of_it: Vec<_> = events.iter().filter(|event| event.task.process == process).collect();
    let is_end = |event: &&Event| matches!(event.kind, EventKind::Exit { .. });
    assert!(matches!(of_it.last().unwrap().kind, EventKind::Exit { status: 0x500 }));
    assert_eq!(of_it.iter().filter(|event| is_end(event)).count(), 1);
    assert!(of_it.iter().any(|event| matches!(event.kind, EventKind::Exec(_))));
}

fn requests() {
    let events = asked("io_uring", "");
    let setup = calls(&events, "io_uring_setup");
    if setup.iter().all(|(_, call)| call.ret < 0) {
        println!("skipped: this kernel gives no io_uring: {:?}", setup.first().map(|c| c.1.ret));
        return;
    }
    let name = |event: &Event| match &event.kind {
        EventKind::Call(call) if call.ring => call.name.clone(),
        EventKind::IoUring(request) => request.opcode.to_string(),
        _ => String::new(),
    };
    let names: Vec<String> = events.iter().map(name).filter(|name| !name.is_empty()).collect();
    assert_eq!(names, act::REQUESTS, "each once; what reads, and opens that fail, not at all");
    let of = |name: &str| {
        let calls = calls(&events, name).into_iter().filter(|(_, call)| call.ring);
        calls.map(|(event, call)| (event.task.comm.clone(), call.clone())).collect::<Vec<_>>()
    };
    let opens = of("openat");
    let told = |at: usize| {
        let call: &model::Call = &opens[at].1;
        let path = call.object.as_ref().map_or("", |object| &object.path);
        (call.claimed.as_str(), path, call.ret >= 0)
    };
    assert_eq!(told(0), ("innocent", "/etc/hostname", true));
    // Into the ring's own table: no descriptor, and yet the file that was opened.
    assert_eq!(told(1), ("innocent", "/etc/hostname", true));
    assert_eq!(opens[0].1.arguments[2] & 3, 0);
    assert!(
        opens.iter().all(|(comm, _)| !comm.starts_with("iou-")),
        "not the kernel's helper: {opens:?}"
    );
    let renamed = &of("renameat2")[0].1;
    assert_eq!((&*renamed.claimed, &*renamed.claimed_second, renamed.ret), ("one", "two", 0));
    assert!(renamed.cwd.is_some());
    let connects = of("connect");
    let port = Some(Peer::Ip([127, 0, 0, 1].into(), 9));
    assert_eq!(
        (&connects[0].1.address, connects[0].1.ret),
        (&port, -i64::from(libc::ECONNREFUSED))
    );
    let connect = &connects[1].1;
    assert_eq!(connect.ret, 0);
    let connection = connect.connection.as_ref().unwrap();
    assert_eq!((connection.family, &connection.remote), (SocketFamily::Ipv4, &connect.address));
    let accepted = &of("accept4")[0].1;
    assert_eq!(accepted.connection.as_ref().unwrap().remote, connection.local);
    assert_eq!(of("write")[0].1.payload, b"said through a ring");
    assert_eq!(of("sendto")[0].1.payload, b" and more");
    assert_eq!(of("socket")[0].1.arguments[..2], [2, 1]);
}

/// What waits is told by whoever does it, and nobody pushes it out.
fn waiting_requests() {
    let events = asked("io_uring that waits", "");
    if calls(&events, "io_uring_setup").iter().all(|(_, call)| call.ret < 0) {
        println!("skipped: this kernel gives no io_uring");
        return;
    }
    let opens = calls(&events, "openat").into_iter().filter(|(_, call)| call.ring);
    let ended: Vec<&str> = opens.map(|(_, call)| call.claimed.as_str()).collect();
    assert_eq!(ended, ["/etc/hostname", "/etc/passwd"]);
    let handed_in = |event: &Event| match &event.kind {
        EventKind::IoUring(request) if request.opcode == 18 => Some(request.claimed.clone()),
        _ => None,
    };
    let handed_in: Vec<String> = events.iter().filter_map(handed_in).collect();
    assert_eq!(handed_in, ["/etc/hostname", "/etc/group"]);
}

/// Who is traced, by the host's number; of what is mounted the type, the place and the source.
fn traces() {
    let mut command = Command::new("sleep");
    let mut other = command.arg("60").spawn().unwrap();
    let events = asked("trace", &other.id().to_string());
    other.kill().unwrap();
    other.wait().unwrap();
    let calls = calls(&events, "ptrace");
    let Some((event, seize)) = calls.iter().find(|(_, call)| call.ret == 0) else {
        println!("skipped: no process may be traced here: {calls:?}");
        return;
    };
    let target = seize.target.unwrap();
    assert_eq!((target.process.pid, target.inner_pid), (other.id(), other.id()));
    assert!(target.process.start_ns > 0 && target.process.start_ns < event.time_ns);
    assert_eq!(target.cgroup_id, event.task.cgroup_id);
}

fn mounts() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    let events = asked("mount", at.to_str().unwrap());
    let calls = calls(&events, "mount");
    let done: Vec<_> =
        calls.iter().filter(|(_, call)| call.ret == 0).map(|(_, call)| call).collect();
    // The first makes the namespace's mounts its own.
    let [_, tmpfs, bind] = done[..] else {
        println!("skipped: nothing may be mounted here: {calls:?}");
        return;
    };
    assert_eq!((tmpfs.claimed.as_str(), tmpfs.filesystem.as_str()), ("none", "tmpfs"));
    let place = |call: &model::Call| call.object.as_ref().unwrap().path.clone();
    assert_eq!(place(tmpfs), format!("{}/one", at.display()));
    assert_eq!(tmpfs.source, "");
    assert_eq!((bind.filesystem.as_str(), bind.source.as_str()), ("tmpfs", "/deep/er"));
    assert_eq!(place(bind), format!("{}/two", at.display()));
}

fn typing() {
    let (master, terminal) = act::terminal();
    let mut command = Command::new("setsid");
    command.args(["-c", "-w", "sh", "-c", "read a; stty -echo; echo ready; read b; stty echo"]);
    command.stdin(terminal.try_clone().unwrap()).stdout(terminal.try_clone().unwrap());
    command.stderr(terminal);
    let running = command.spawn().unwrap();
    // It holds the terminal open, whose closing ends the typist.
    drop(command);
    let typist = std::thread::spawn(move || act::typist(&master));
    let events = EVENTS.with_borrow(|rings| events_of(rings, running));
    typist.join().unwrap();
    let inputs: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::TerminalInput(input) => Some((event, &**input)),
            _ => None,
        })
        .collect();
    let lines = inputs.iter().filter(|(_, input)| input.mode == TerminalMode::Lines);
    let text: Vec<u8> = lines.flat_map(|(_, input)| input.bytes.clone()).collect();
    assert_eq!(text, b"a line\n");
    let hidden: Vec<_> =
        inputs.iter().filter(|(_, input)| input.mode == TerminalMode::Hidden).collect();
    assert!(!hidden.is_empty(), "a line without echo is told");
    assert!(hidden.iter().all(|(_, input)| input.bytes.is_empty() && input.read_bytes == 0));
    let (event, input) = inputs[0];
    assert_eq!((input.tty >> 20, input.fd), (136, 0));
    assert_eq!((event.task.tty, event.task.comm.as_str()), (input.tty, "sh"));
}

/// A copy of a program that only this test has, in this test's own cgroup, is killed; its neighbour is
/// not.
fn orders(sensor: &Sensor) {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    let name = "lazaret-order";
    let (path, other) = (at.join(name), at.join("lazaret-spared"));
    for copy in [&path, &other] {
        std::fs::copy("/bin/true", copy).unwrap();
    }
    let run = || {
        let script = format!(
            "{0}; echo $? > {1}/a; {2}; echo $? > {1}/b",
            path.display(),
            at.display(),
            other.display()
        );
        let events = EVENTS.with_borrow(|rings| events_of(rings, shell(&script)));
        let answer = |file: &str| std::fs::read_to_string(at.join(file)).unwrap().trim().to_owned();
        assert_eq!(answer("b"), "0");
        (answer("a"), events)
    };
    let (spared, events) = run();
    assert_eq!(spared, "0");
    let execs = execs(&events);
    let (event, exec) = execs.iter().find(|(event, _)| event.task.comm == name).unwrap();
    let file = exec.exe.as_ref().unwrap();
    let programs = [
        Program::File { device: file.device, inode: file.inode },
        Program::Name(name.to_owned()),
        Program::Path(path.to_str().unwrap().to_owned()),
    ];
    let own = event.task.cgroup_id;
    for (number, program) in (7..).zip(programs) {
        let order = KillOrder { program, cgroup_id: Some(own) };
        let elsewhere = KillOrder { cgroup_id: Some(own ^ 1 << 40), ..order.clone() };
        sensor.kill_on_exec(&elsewhere, NonZeroU32::new(99).unwrap()).unwrap();
        assert_eq!(run().0, "0", "{elsewhere:?}");
        sensor.kill_on_exec(&order, NonZeroU32::new(number).unwrap()).unwrap();
        let (ended, events) = run();
        assert_eq!(ended, "137", "{order:?}");
        let killed: Vec<_> = events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::ExecKilled(killed) => Some(&**killed),
                _ => None,
            })
            .collect();
        assert_eq!(killed.len(), 1);
        assert_eq!((killed[0].order, killed[0].error), (number, 0));
        assert_eq!(killed[0].exe.as_ref().unwrap().path, path.to_str().unwrap());
        sensor.tell_on_exec(&order, NonZeroU32::new(number).unwrap()).unwrap();
        let (ended, events) = run();
        let told = |event: &Event| match &event.kind {
            EventKind::ExecKilled(killed) => Some((killed.order, killed.trial)),
            _ => None,
        };
        assert_eq!(ended, "0", "a trial");
        assert_eq!(events.iter().filter_map(told).collect::<Vec<_>>(), [(number, true)]);
        assert!(sensor.spare(&order).unwrap() && sensor.spare(&elsewhere).unwrap());
        assert!(!sensor.spare(&order).unwrap());
        assert_eq!(run().0, "0");
    }
}

/// A cgroup of the test's own below the one it is in, gone when dropped.
struct Below(std::path::PathBuf);

impl Below {
    fn of(cgroup: &str) -> Option<Below> {
        let mounts = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].map(std::path::Path::new);
        let mount = mounts.into_iter().find(|mount| mount.join("cgroup.procs").exists())?;
        let name = format!("lazaret-test-{}", std::process::id());
        let folder = mount.join(cgroup.trim_start_matches('/')).join(name);
        let made = std::fs::create_dir(&folder);
        made.inspect_err(|why| println!("skipped: {}: {why}", folder.display())).ok()?;
        Some(Below(folder))
    }
}

impl Drop for Below {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// An order for a cgroup holds in those below it.
fn orders_below(sensor: &Sensor) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("lazaret-below");
    std::fs::copy("/bin/true", &path).unwrap();
    let run = |before: &str| {
        let script = format!("{before}{0}; echo $? > {0}.answer", path.display());
        let events = EVENTS.with_borrow(|rings| events_of(rings, shell(&script)));
        let answer = std::fs::read_to_string(path.with_extension("answer")).unwrap();
        (answer.trim().to_owned(), events)
    };
    let (_, events) = run("");
    let execs = execs(&events);
    let (event, exec) = execs.iter().find(|(it, _)| it.task.comm == "lazaret-below").unwrap();
    let cgroup = exec.cgroup.as_ref().map(|cgroup| cgroup.path.clone()).unwrap_or_default();
    let Some(below) = Below::of(&cgroup) else { return };
    let enter = format!("echo $$ > {}/cgroup.procs; ", below.0.display());
    assert_eq!(run(&enter).0, "0");
    let program = Program::Path(path.to_str().unwrap().to_owned());
    let order = KillOrder { program, cgroup_id: Some(event.task.cgroup_id) };
    sensor.kill_on_exec(&order, NonZeroU32::MIN).unwrap();
    let (ended, told) = (run(&enter).0, sensor.spare(&order).unwrap());
    assert_eq!((ended.as_str(), told), ("137", true));
}

fn everybody(sensor: &Sensor) {
    let Some(found) = sensor.running().unwrap() else {
        println!("skipped: this kernel has no walk over tasks that may read their memory");
        return;
    };
    let own: Vec<_> =
        found.iter().filter(|event| event.task.process.pid == std::process::id()).collect();
    let [event] = own[..] else { panic!("once, not {}", own.len()) };
    let EventKind::Running(exec) = &event.kind else { panic!("{:?}", event.kind) };
    let arguments: Vec<String> = std::env::args().collect();
    assert_eq!(exec.arguments, arguments);
    assert_eq!(exec.exe.as_ref().unwrap().path, std::env::current_exe().unwrap().to_str().unwrap());
    assert!(exec.cgroup.as_ref().is_some_and(|cgroup| cgroup.id == event.task.cgroup_id));
    assert!(event.task.process.start_ns > 0 && event.task.euid == 0);
    let parent = std::os::unix::process::parent_id();
    let (of_parent, task) = (event.task.parent, |event: &&Event| event.task.process.pid == parent);
    assert_eq!(found.iter().find(task).unwrap().task.process, of_parent);
}

fn losses(reading: Reading) {
    let reading = Some(reading);
    let options =
        SensorOptions { bulk_rate: 1, bulk_burst: 1, reading, ..SensorOptions::default() };
    let Some(sensor) = load(&options) else { return };
    let rings = sensor.rings().unwrap();
    let script = "i=0; while [ $i -lt 200 ]; do : < /etc/hostname; i=$((i+1)); done";
    let events = events_of(&rings, shell(script));
    let own = events[0].task.cgroup_id;
    let losses = sensor.losses_by_cgroup().unwrap();
    let of_own = losses.iter().find(|loss| {
        loss.cgroup_id == own
            && (loss.class, loss.reason) == (EventClass::Bulk, LossReason::Throttled)
    });
    assert!(of_own.unwrap().count >= 190, "{losses:?}");
    let all: u64 = losses.iter().map(|loss| loss.count).sum();
    assert!(sensor.losses().unwrap().throttled >= all);
}
