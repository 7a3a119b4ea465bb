//! Tests: single questions and what the built-in rules say, over events that no test may do on the
//! machine it runs on.

use std::num::NonZeroUsize;

use model::{
    Call, Capabilities, Container, ContainerSpec, Event, EventKind, Exec, FileObject, Known, Mount,
    Namespaces, ProcessId, Start, Task,
};
use policy::filter::{Facts, tables};

use super::Observed;
use crate::attribute::{Process, Processes};
use crate::detect::{BUILT_IN, Engine, Users};

/// Asks over one event of a container that sees the whole host below `/host`.
fn ask<T>(kind: EventKind, task: Task, host: bool, question: impl FnOnce(&Observed<'_>) -> T) -> T {
    let mount = Mount { source: "/".to_owned(), target: "/host".to_owned(), ..Mount::default() };
    let spec = ContainerSpec { mounts: vec![mount], ..ContainerSpec::default() };
    let namespaces = Namespaces { pid: 7, mnt: 7, ..Namespaces::default() };
    let start = Some(Start { namespaces, capabilities: Capabilities::default() });
    let id = "ab".repeat(32);
    let container = Container { id, spec, start, known: Known::Full, ..Container::default() };
    let id = ProcessId { pid: 100, start_ns: 1 };
    let room = NonZeroUsize::new(8).unwrap();
    let mut processes = Processes::new(room, room);
    let exe = Some(FileObject { path: "/app".to_owned(), links: 1, ..FileObject::default() });
    processes.seed(Process { id, exe, arguments: vec!["app".to_owned()], ..Process::default() });
    let task = Task { process: id, comm: "app".to_owned(), namespaces, ..task };
    let event = Event { time_ns: 9, task, kind, truncated: false };
    question(&Observed {
        event: &event,
        number: 1,
        boot_ns: 0,
        process: processes.find(id).unwrap(),
        processes: &processes,
        container: (!host).then_some(&container),
        target: None,
        host_namespaces: Namespaces::default(),
        users: &Users::default(),
        node: "node",
        drift: None,
        relay: None,
        is_container_start: false,
        left_container: false,
        strict_names: false,
    })
}

/// What the rules say of a call of a program, of the host or of a container with a mount of a folder.
fn named(call: Call, exe: FileObject, words: &str, folder: Option<&str>) -> Vec<String> {
    let mount = |folder: &str| Mount {
        source: folder.to_owned(),
        target: folder.to_owned(),
        ..Mount::default()
    };
    let spec =
        ContainerSpec { mounts: folder.into_iter().map(mount).collect(), ..Default::default() };
    let namespaces = Namespaces { pid: 7, mnt: 7, ..Namespaces::default() };
    let start = Some(Start { namespaces, capabilities: Capabilities::default() });
    let id = "ab".repeat(32);
    let container = Container { id, spec, start, known: Known::Full, ..Container::default() };
    let id = ProcessId { pid: 100, start_ns: 1 };
    let room = NonZeroUsize::new(8).unwrap();
    let mut processes = Processes::new(room, room);
    let comm = exe.path.rsplit('/').next().unwrap_or_default().to_owned();
    let arguments = words.split(' ').map(str::to_owned).collect();
    let of_host = folder.is_none();
    processes.seed(Process { id, exe: Some(exe), arguments, of_host, ..Process::default() });
    let task = Task { process: id, comm, namespaces, ..Task::default() };
    let event = Event { time_ns: 9, task, kind: kind(call), truncated: false };
    let seen = Observed {
        event: &event,
        number: 1,
        boot_ns: 0,
        process: processes.find(id).unwrap(),
        processes: &processes,
        container: folder.is_some().then_some(&container),
        target: None,
        // The process is not in the host's mount namespace.
        host_namespaces: Namespaces { pid: 7, mnt: 1, ..Namespaces::default() },
        users: &Users::default(),
        node: "node",
        drift: None,
        relay: None,
        is_container_start: false,
        left_container: false,
        strict_names: false,
    };
    Engine::load(&[BUILT_IN]).observe(&seen).into_iter().map(|one| one.rule).collect()
}

fn exe(path: &str, filesystem: u32) -> FileObject {
    FileObject { path: path.to_owned(), filesystem, links: 1, ..FileObject::default() }
}

const EXT4: u32 = 0xef53;
const OVERLAY: u32 = 0x794c_7630;

#[test]
fn the_control_plane_reads_its_own_keys() {
    let key = || opened("/etc/kubernetes/pki/ca.key", 0);
    let read = |path: &str, words: &str, filesystem| {
        named(key(), exe(path, filesystem), words, Some("/etc/kubernetes/pki"))
    };
    assert_eq!(read("/usr/local/bin/kube-apiserver", "kube-apiserver", EXT4), [""; 0]);
    assert_eq!(read("/usr/local/bin/etcd", "etcd", EXT4), [""; 0]);
    let told = ["Credentials of the host read through a mount"];
    assert_eq!(read("/bin/cat", "etcd", EXT4), told);
    // Of an overlay it is known whether it is the image's.
    assert_eq!(read("/tmp/etcd", "etcd", OVERLAY), told);
}

#[test]
fn who_takes_a_name_for_an_excuse_is_told() {
    let read = |path: &str, words: &str| {
        named(opened("/etc/shadow", 0), exe(path, EXT4), words, Some("/data"))
    };
    assert_eq!(read("/usr/bin/su", "su"), [""; 0]);
    let told = ["Password file read in a container"];
    assert_eq!(read("/lib/ld-linux-x86-64.so.2", "ld.so su"), told);
    assert_eq!(read("/usr/lib/ld-musl-x86_64.so.1", "x /usr/sbin/adduser"), told);
    assert_eq!(read("/usr/bin/coreutils", "su cat /etc/shadow"), told);
    assert_eq!(read("/usr/bin/python3.12", "python3 -cCODE /usr/sbin/adduser"), told);
    assert_eq!(read("/usr/bin/python3.12", "python3 /usr/sbin/adduser"), told);
}

#[test]
fn an_engine_that_unpacks_a_layer_writes_no_program_of_the_host() {
    let written = |path: &str, filesystem: u32, by: &str| {
        let object = Some(FileObject {
            path: path.to_owned(),
            filesystem,
            open_flags: 1,
            ..FileObject::default()
        });
        let call = Call { object, ..call("openat", path) };
        let found = named(call, exe(by, EXT4), by, None);
        found.iter().any(|rule| rule == "Container runtime's program written on the host")
    };
    assert!(!written("/usr/local/bin/dockerd", EXT4, "/usr/bin/dockerd"));
    assert!(!written("/usr/bin/runc", OVERLAY, "/bin/cp"));
    // Whoever makes a mount namespace for himself writes the host's file all the same.
    assert!(written("/usr/bin/runc", EXT4, "/bin/cp"));
    assert!(written("/usr/bin/runc", EXT4, "/tmp/dockerd"));
}

#[test]
fn logs_that_are_turned_over_by_who_writes_them_are_not_wiped() {
    let moved = |by: &str, from: &str, to: &str| {
        let call = Call { claimed_second: to.to_owned(), ..call("rename", from) };
        named(call, exe(by, EXT4), by, None)
    };
    let audit = "/var/log/audit/audit.log";
    assert_eq!(moved("/usr/sbin/auditd", audit, "/var/log/audit/audit.log.1"), [""; 0]);
    let python = "/usr/bin/python3.12";
    assert_eq!(moved(python, "/var/log/app/a.log", "/var/log/app/a.log.1"), [""; 0]);
    assert_eq!(moved(python, "/var/log/app/a.log", "/tmp/a"), ["Log deleted"]);
}

fn value(kind: EventKind, task: Task, host: bool, field: &str, argument: Option<&str>) -> String {
    ask(kind, task, host, |seen| {
        let field = tables::syscall().field(field).unwrap();
        seen.value(field, argument).map(|value| value.render()).unwrap_or_default()
    })
}

fn call(name: &str, claimed: &str) -> Call {
    Call { name: name.to_owned(), claimed: claimed.to_owned(), ..Call::default() }
}

fn kind(call: Call) -> EventKind {
    EventKind::Call(Box::new(call))
}

fn opened(path: &str, open_flags: u32) -> Call {
    let object = Some(FileObject { path: path.to_owned(), open_flags, ..FileObject::default() });
    Call { object, ..call("openat", path) }
}

#[test]
fn files_of_the_host_are_told_through_a_mount() {
    let engine = Engine::load(&[BUILT_IN]);
    let check = |call: Call, expected: Option<&str>| {
        let what = format!("{} {}", call.name, call.claimed);
        let found = ask(kind(call), Task::default(), false, |seen| engine.observe(seen));
        let named: Vec<&str> = found.iter().map(|one| one.rule.as_str()).collect();
        match expected {
            Some(rule) => assert!(named.contains(&rule), "{what}: {named:?}"),
            None => assert!(named.is_empty(), "{what}: {named:?}"),
        }
    };
    let read = Some("Credentials of the host read through a mount");
    let written = Some("File of the host that starts programs written through a mount");
    check(opened("/host/etc/shadow", 0), read);
    check(opened("/host/home/anna/.ssh/id_ed25519", 0), read);
    check(opened("/host/etc/hostname", 0), None);
    check(opened("/host/etc/cron.d/x", 1), written);
    check(opened("/host/etc/ld.so.preload", 1), written);
    check(opened("/host/var/lib/app/x", 1), None);
    let moved =
        Call { claimed_second: "/host/etc/cron.d/x".to_owned(), ..call("rename", "/tmp/x") };
    check(moved, written);
    let linked = Call { claimed_second: "/host/etc/cron.d/x".to_owned(), ..call("symlink", "/x") };
    check(linked, written);
}

#[test]
fn arguments_are_what_the_call_had() {
    let argument =
        |call: Call, name: &str| value(kind(call), Task::default(), false, "evt.arg", Some(name));
    let created = Call { arguments: [0, 0o4755, 0, 0, 0, 0], ..call("creat", "/tmp/x") };
    assert!(argument(created, "mode").contains("S_ISUID"));
    let how = [0o1u64, 0o600].iter().flat_map(|word| word.to_le_bytes()).collect();
    let opened = Call { payload: how, ret: -2, ..call("openat2", "/tmp/x") };
    assert_eq!(argument(opened.clone(), "flags"), "O_WRONLY");
    assert_eq!(argument(opened, "mode"), "S_IWUSR|S_IRUSR");
    assert_eq!(argument(call("unlink", "/x/../var//log/a"), "path"), "/var/log/a");
    for (name, expected) in
        [("memfd_create", "5"), ("pidfd_getfd", "5"), ("open_by_handle_at", "5")]
    {
        let made = Call { ret: 5, arguments: [3; 6], ..call(name, "") };
        assert_eq!(value(kind(made), Task::default(), false, "fd.num", None), expected, "{name}");
    }
}

#[test]
fn numbers_and_names_in_containers_are_not_the_hosts() {
    let about = |task: Task, host: bool, field: &str| {
        value(kind(call("setuid", "")), task, host, field, None)
    };
    let of = |uid| Task { uid, process_group: 100, inner_pid: 1, ..Task::default() };
    assert_eq!(about(of(1000), false, "user.name"), "1000");
    assert_eq!(about(of(0), false, "user.name"), "root");
    assert_eq!(about(of(0), false, "user.homedir"), "");
    assert_eq!(about(of(0), false, "proc.vpgid"), "1");
    assert_eq!(about(of(0), false, "proc.pgid"), "100");
    // A leader that nobody has seen.
    let stranger = Task { process_group: 50, inner_pid: 2, ..Task::default() };
    assert_eq!(about(stranger, false, "proc.vpgid"), "");
    let on_host = Task { process_group: 50, inner_pid: 100, ..Task::default() };
    assert_eq!(about(on_host, true, "proc.vpgid"), "50");
}

#[test]
fn at_an_exec_head_and_tail_of_the_arguments_are_asked() {
    let arguments = vec!["perl".to_owned(), "-e".to_owned(), " ".repeat(3000)];
    let arguments_tail = "exec q(/bin/sh)".to_owned();
    let environment = (0..99).map(|n| format!("V{n}=x")).chain(["LD_PRELOAD=/tmp/x".to_owned()]);
    let environment = environment.collect();
    let exec = Exec { arguments, arguments_tail, environment, ..Exec::default() };
    let kind = EventKind::Exec(Box::new(exec));
    let asked = |field| value(kind.clone(), Task::default(), false, field, None);
    assert!(asked("proc.args").starts_with("-e ") && asked("proc.args").ends_with("q(/bin/sh)"));
    assert!(asked("proc.cmdline").ends_with("q(/bin/sh)"));
    assert!(asked("proc.env").ends_with("LD_PRELOAD=/tmp/x"));
}

#[test]
fn the_agent_is_known_as_a_target() {
    let own = u64::from(std::process::id());
    let signal = |pid: u64, namespaces| {
        let call = Call { arguments: [pid, 15, 0, 0, 0, 0], ..call("kill", "") };
        let event = Event {
            time_ns: 1,
            task: Task { namespaces, ..Task::default() },
            kind: kind(call),
            truncated: false,
        };
        let room = NonZeroUsize::MIN;
        let seen = Observed {
            event: &event,
            number: 1,
            boot_ns: 0,
            process: &Process::default(),
            processes: &Processes::new(room, room),
            container: None,
            target: None,
            host_namespaces: Namespaces { pid: 1, ..Namespaces::default() },
            users: &Users::default(),
            node: "node",
            drift: None,
            relay: None,
            is_container_start: false,
            left_container: false,
            strict_names: false,
        };
        let field = tables::syscall().field("proc.target.is_agent").unwrap();
        seen.value(field, None).map(|value| value.render())
    };
    let hosts = Namespaces { pid: 1, ..Namespaces::default() };
    let others = Namespaces { pid: 2, ..Namespaces::default() };
    assert_eq!(signal(own, hosts).as_deref(), Some("true"));
    assert_eq!(signal(-1_i64 as u64, hosts).as_deref(), Some("true"));
    assert_eq!(signal(own + 1, hosts).as_deref(), Some("false"));
    // Counted by another namespace it is another's number.
    assert_eq!(signal(own, others), None);
}
