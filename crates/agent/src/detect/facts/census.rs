//! Every field that Falco's default rules name, held against the facts: it is in the table, and some
//! event gives it a value, or there is a reason why none does.

use std::num::NonZeroUsize;
use std::path::Path;

use model::{
    Call, Connection, Container, ContainerSpec, Event, EventKind, Exec, FileObject, Known, Mount,
    Namespaces, Peer, Pod, ProcessId, SocketFamily, Task,
};
use policy::filter::{Facts, tables};

use super::Observed;
use crate::attribute::{Process, Processes};
use crate::detect::Users;

/// Fields with an argument are named with it.
const FIELDS: &[&str] = &[
    "fd.name",
    "proc.name",
    "proc.cmdline",
    "container.image.repository",
    "proc.pname",
    "evt.type",
    "proc.args",
    "proc.aname[2]",
    "fd.directory",
    "fd.typechar",
    "proc.aname[3]",
    "proc.pcmdline",
    "user.name",
    "evt.arg[path]",
    "proc.pexe",
    "proc.exe",
    "thread.cap_permitted",
    "evt.rawres",
    "evt.arg[name]",
    "evt.arg[oldpath]",
    "evt.arg[uid]",
    "evt.res",
    "fd.net",
    "fd.num",
    "k8s.ns.name",
    "fd.l4proto",
    "proc.aname[4]",
    "fd.sport",
    "fd.ip",
    "evt.arg[newpath]",
    "evt.arg[request]",
    "proc.aname",
    "evt.arg[mode]",
    "container.id",
    "user.uid",
    "evt.arg[flags]",
    "fd.sip.name",
    "evt.is_open_read",
    "fd.connected",
    "fd.filename",
    "fd.name_changed",
    "fd.snet",
    "proc.tty",
    "thread.cap_effective",
    "container.privileged",
    "evt.is_open_write",
    "evt.num",
    "proc.vpid",
    "user.loginuid",
    "fd.type",
    "proc.cwd",
    "fd.sip",
    "proc.env",
    "evt.arg[cmd]",
    "evt.arg[target]",
    "fd.nameraw",
    "proc.aname[5]",
    "proc.aname[1]",
    "container.mount.dest[/etc]",
    "proc.exepath",
    "evt.arg[filename]",
    "fd.cip.name",
    "evt.arg[domain]",
    "evt.buffer",
    "evt.is_open_exec",
    "fd.cip",
    "fd.cnet",
    "fd.port",
    "fd.rnet",
    "fd.sockfamily",
    "k8s.pod.name",
    "proc.aexe[2]",
    "proc.duration",
    "proc.is_exe_from_memfd",
    "proc.is_exe_upper_layer",
    "proc.is_vpgid_leader",
    // In outputs only.
    "fd.lport",
    "fd.rport",
    "container.start_ts",
    "evt.args",
    "group.gid",
    "group.name",
    "proc.pexepath",
    "proc.sname",
    "user.loginname",
    "container.mounts",
    "evt.arg[fd]",
    "evt.arg[linkpath]",
    "fd.lip.name",
    "fd.rip",
    "fd.rip.name",
    "proc.aexepath[2]",
    "proc.aname[6]",
    "proc.aname[7]",
    "proc.exe_ino.ctime",
    "proc.exe_ino.ctime_duration_proc_start",
    "proc.exe_ino.mtime",
];

/// Fields that never have a value here, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("fd.sip.name", NO_NAMES),
    ("fd.cip.name", NO_NAMES),
    ("fd.lip.name", NO_NAMES),
    ("fd.rip.name", NO_NAMES),
];
const NO_NAMES: &str = "the agent asks no name server: it would tell what it watches for";

fn id(pid: u32) -> ProcessId {
    ProcessId { pid, start_ns: 1 }
}

fn file() -> FileObject {
    FileObject { path: "/usr/bin/tool".to_owned(), inode: 7, links: 1, ..FileObject::default() }
}

fn call(name: &str) -> Call {
    let (claimed, claimed_second) = ("/etc/one".to_owned(), "/etc/two".to_owned());
    Call { name: name.to_owned(), claimed, claimed_second, ..Call::default() }
}

/// One event of each shape that the fields are about.
fn kinds() -> Vec<EventKind> {
    let of = |call: Call| EventKind::Call(Box::new(call));
    let end = |last: u8, port| Some(Peer::Ip([10, 0, 0, last].into(), port));
    let connection = Connection {
        family: SocketFamily::Ipv4,
        kind: 1,
        local: end(1, 4000),
        remote: end(2, 80),
        ..Connection::default()
    };
    let socket = |name: &str| Call { connection: Some(connection.clone()), ..call(name) };
    let opened = Call { object: Some(file()), ..call("openat") };
    let sent = Call { payload: b"GET /".to_vec(), ..socket("sendto") };
    let plain = [
        "renameat",
        "symlinkat",
        "linkat",
        "unlinkat",
        "unlink",
        "fchmodat",
        "ptrace",
        "bpf",
        "setuid",
        "socket",
        "dup",
        "mkdir",
        "setns",
        "unshare",
        "fchmod",
    ];
    let exec = Exec {
        claimed: "tool".to_owned(),
        arguments: vec!["tool".to_owned(), "-x".to_owned()],
        ..Exec::default()
    };
    let mut kinds =
        vec![EventKind::Exec(Box::new(exec)), of(opened), of(socket("connect")), of(sent)];
    kinds.extend(plain.into_iter().map(|name| of(call(name))));
    kinds
}

fn container() -> Container {
    let mut spec = ContainerSpec::default();
    spec.image.reference = "shop:1".to_owned();
    spec.mounts =
        vec![Mount { source: "/etc".to_owned(), target: "/host".to_owned(), ..Mount::default() }];
    let pod = Pod { name: "p".to_owned(), namespace: "n".to_owned(), ..Pod::default() };
    let id = "ab".repeat(32);
    Container { id, spec, pod: Some(pod), known: Known::Full, ..Container::default() }
}

/// Ten processes, each the next one's parent.
fn processes() -> Processes {
    let room = NonZeroUsize::new(64).unwrap();
    let mut processes = Processes::new(room, room);
    for pid in 1..=10 {
        processes.seed(Process {
            id: id(pid),
            parent: id(pid - 1),
            comm: format!("p{pid}"),
            arguments: vec![format!("p{pid}"), "-x".to_owned()],
            environment: vec!["A=b".to_owned()],
            cwd: "/".to_owned(),
            exe: Some(file()),
            session: 1,
            process_group: 1,
            ..Process::default()
        });
    }
    processes
}

#[test]
fn every_field_of_falcos_rules_has_a_value_or_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("etc")).unwrap();
    std::fs::write(folder.path().join("etc/passwd"), "root:x:0:0::/root:/bin/sh\n").unwrap();
    std::fs::write(folder.path().join("etc/group"), "root:x:0:\n").unwrap();
    let (users, processes, container) =
        (Users::below(Path::new(folder.path())), processes(), container());
    let task = Task {
        process: id(10),
        parent: id(9),
        comm: "p10".to_owned(),
        login_uid: Some(0),
        session: 1,
        process_group: 1,
        ..Task::default()
    };
    let events: Vec<Event> = kinds()
        .into_iter()
        .map(|kind| Event { time_ns: 9, task: task.clone(), kind, truncated: false })
        .collect();
    let seen = |event| Observed {
        event,
        number: 1,
        boot_ns: 0,
        process: processes.find(id(10)).unwrap(),
        processes: &processes,
        container: Some(&container),
        target: None,
        host_namespaces: Namespaces::default(),
        users: &users,
        node: "node",
        drift: None,
        relay: None,
        is_container_start: false,
        left_container: false,
        strict_names: false,
    };
    let has_value = |named: &str| {
        let (name, argument) = match named.split_once('[') {
            Some((name, rest)) => (name, Some(rest.trim_end_matches(']'))),
            None => (named, None),
        };
        let field =
            tables::syscall().field(name).unwrap_or_else(|| panic!("{name} is in no table"));
        events.iter().any(|event| seen(event).value(field, argument).is_some())
    };
    for field in FIELDS {
        let reason = WITHOUT.iter().find(|(name, _)| name == field);
        assert_eq!(has_value(field), reason.is_none(), "{field}");
    }
}

#[test]
fn in_strict_mode_a_process_is_named_by_its_file() {
    let check = |comm: &str, exe: &str, called: &str, strict: bool, expected: &str| {
        let process = Process {
            comm: comm.to_owned(),
            exe: Some(FileObject { path: exe.to_owned(), ..FileObject::default() }),
            arguments: vec![called.to_owned()],
            ..Process::default()
        };
        let (processes, users) = (processes(), Users::default());
        let event = Event {
            time_ns: 1,
            task: Task { comm: comm.to_owned(), ..Task::default() },
            kind: EventKind::OomVictim,
            truncated: false,
        };
        let seen = Observed {
            event: &event,
            number: 1,
            boot_ns: 0,
            process: &process,
            processes: &processes,
            container: None,
            target: None,
            host_namespaces: Namespaces::default(),
            users: &users,
            node: "node",
            drift: None,
            relay: None,
            is_container_start: false,
            left_container: false,
            strict_names: strict,
        };
        let field = tables::syscall().field("proc.name").unwrap();
        assert_eq!(seen.value(field, None).unwrap().render(), expected, "{comm} {exe} {called}");
    };
    check("innocent", "/tmp/xmrig", "innocent", false, "innocent");
    check("innocent", "/tmp/xmrig", "innocent", true, "xmrig");
    check("httpd-foregroun", "/usr/sbin/httpd-foreground", "x", true, "httpd-foreground");
    check("sh", "/bin/busybox", "-sh", true, "sh");
    check("3", "memfd:tool", "x", true, "tool");
    // What a shell of busybox starts is told by its own name always.
    check("exe", "/bin/busybox", "nc", false, "nc");
}
