//! The fields that libs has none for: mounts of other namespaces, namespaces and capabilities that
//! a container had not at its start, what standard input is.

use model::{Event, EventKind, FileObject, Namespaces, Peer, SocketFamily, Stdio};
use policy::filter::Value;

use super::{Observed, descriptor, flags};

const S_IFMT: u32 = 0o170_000;
const S_IFSOCK: u32 = 0o140_000;
const S_IFREG: u32 = 0o100_000;
const S_IFBLK: u32 = 0o060_000;
const S_IFDIR: u32 = 0o040_000;
const S_IFCHR: u32 = 0o020_000;
const S_IFIFO: u32 = 0o010_000;
const SETUID_OR_SETGID: u32 = 0o6000;
/// `/dev/null`, as the kernel numbers devices.
const NULL_DEVICE: u32 = 1 << 20 | 3;
/// Filesystems by their magic numbers, `statfs(2)`.
const FILESYSTEMS: &[(u64, &str)] = &[
    (0x9fa0, "proc"),
    (0x6265_6572, "sysfs"),
    (0x0027_e0eb, "cgroup"),
    (0x6367_7270, "cgroup2"),
    (0x794c_7630, "overlay"),
    (0x0102_1994, "tmpfs"),
    (0x0000_1cd1, "devpts"),
    (0x6462_6720, "debugfs"),
    (0x7472_6163, "tracefs"),
    (0x7363_6673, "securityfs"),
    (0xcafe_4a11, "bpf"),
    (0xef53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683e, "btrfs"),
    (0x6e73_6673, "nsfs"),
    (0x5049_5045, "pipefs"),
    (0x534f_434b, "sockfs"),
];

pub(super) fn value<'a>(seen: &'a Observed<'_>, name: &str) -> Option<Value<'a>> {
    if let Some(name) = name.strip_prefix("fd.") {
        return of_file(descriptor::object(seen)?, name);
    }
    match name {
        "proc.exe.fs" => seen.process.exe.as_ref().map(filesystem),
        "proc.exe.is_foreign_mount" => {
            seen.process.exe.as_ref().map(|exe| Value::Bool(is_foreign(exe)))
        }
        "proc.exe.is_setuid" => {
            seen.process.exe.as_ref().map(|exe| Value::Bool(exe.mode & SETUID_OR_SETGID != 0))
        }
        "proc.cwd.is_foreign_mount" => cwd(seen.event).map(|cwd| Value::Bool(is_foreign(cwd))),
        "proc.interpreter" => match &seen.event.kind {
            EventKind::Exec(exec) if !exec.interpreter.is_empty() => {
                Some(Value::from(exec.interpreter.as_str()))
            }
            _ => None,
        },
        "proc.host_namespaces" => names(shared(&seen.event.task.namespaces, &seen.host_namespaces)),
        "proc.gained_namespaces" => names(gained_namespaces(seen)?),
        "thread.gained_capabilities" => names(gained_capabilities(seen)?),
        "proc.target.pid" => Some(Value::Int(i64::from(target(seen)?.process.pid))),
        "proc.target.name" => {
            let process = seen.processes.find(target(seen)?.process)?;
            Some(Value::from(process.comm.as_str()))
        }
        "proc.target.container.id" => {
            target(seen)?;
            Some(Value::from(seen.target.map_or("host", |container| &container.id)))
        }
        "proc.target.is_outside_container" => {
            target(seen)?;
            let id = |container: Option<&model::Container>| container.map(|one| one.id.clone());
            Some(Value::Bool(id(seen.target) != id(seen.container)))
        }
        "container.is_started" => Some(Value::Bool(seen.container?.start.is_some())),
        "container.known" => Some(Value::from(match seen.container?.known {
            model::Known::Id => "id",
            model::Known::Spec => "spec",
            model::Known::Full => "full",
        })),
        _ => standard(seen, name),
    }
}

/// The process that a call acts upon.
fn target(seen: &Observed<'_>) -> Option<model::Child> {
    super::event::call(seen)?.target
}

fn of_file<'a>(object: &'a FileObject, name: &str) -> Option<Value<'a>> {
    Some(match name {
        "fs" => filesystem(object),
        "is_foreign_mount" => Value::Bool(is_foreign(object)),
        "is_outside_root" => Value::Bool(object.flags.outside_root && !object.flags.detached),
        "is_setuid" => Value::Bool(object.mode & SETUID_OR_SETGID != 0),
        "is_block_device" => Value::Bool(object.mode & S_IFMT == S_IFBLK),
        "nlink" => Value::Int(i64::from(object.links)),
        _ => return None,
    })
}

fn filesystem(object: &FileObject) -> Value<'_> {
    Value::from(flags::named(u64::from(object.filesystem), FILESYSTEMS).unwrap_or("other"))
}

/// A mount without a namespace is the kernel's own: a pipe, a memfd.
fn is_foreign(object: &FileObject) -> bool {
    object.flags.foreign_mount && !object.flags.detached
}

fn cwd(event: &Event) -> Option<&FileObject> {
    match &event.kind {
        EventKind::Exec(exec) => exec.cwd.as_ref(),
        EventKind::Call(call) => call.cwd.as_ref(),
        _ => None,
    }
}

fn pairs(of: &Namespaces) -> [(&'static str, u32); 7] {
    [
        ("mnt", of.mnt),
        ("pid", of.pid),
        ("net", of.net),
        ("user", of.user),
        ("ipc", of.ipc),
        ("uts", of.uts),
        ("cgroup", of.cgroup),
    ]
}

fn shared(one: &Namespaces, other: &Namespaces) -> Vec<&'static str> {
    let both = pairs(one).into_iter().zip(pairs(other));
    both.filter(|(one, other)| one.1 == other.1 && one.1 != 0).map(|(one, _)| one.0).collect()
}

/// The host's namespaces that the process is in and its container's first program was not.
fn gained_namespaces(seen: &Observed<'_>) -> Option<Vec<&'static str>> {
    let start = seen.container?.start?;
    let had = shared(&start.namespaces, &seen.host_namespaces);
    let has = shared(&seen.event.task.namespaces, &seen.host_namespaces);
    Some(has.into_iter().filter(|name| !had.contains(name)).collect())
}

/// What the process may do and its container's first program could not. In a user namespace of
/// its own a process may do everything there, which says nothing.
fn gained_capabilities(seen: &Observed<'_>) -> Option<Vec<&'static str>> {
    let start = seen.container?.start?;
    let task = &seen.event.task;
    if task.namespaces.user != start.namespaces.user {
        return None;
    }
    let had = start.capabilities.permitted | start.capabilities.bounding;
    Some(flags::held(task.capabilities.effective & !had))
}

/// A set of names; no value where it is empty, so that `exists` asks whether there is any.
fn names(names: Vec<&'static str>) -> Option<Value<'static>> {
    (!names.is_empty()).then(|| Value::List(names.into_iter().map(Value::from).collect()))
}

fn standard<'a>(seen: &'a Observed<'_>, name: &str) -> Option<Value<'a>> {
    let EventKind::Exec(exec) = &seen.event.kind else { return None };
    match name {
        "proc.stdin.type" => kind(&exec.stdio[0]).map(Value::from),
        "proc.stdout.type" => kind(&exec.stdio[1]).map(Value::from),
        "proc.stdin.rip" => match &exec.stdio[0].remote {
            Some(Peer::Ip(ip, _)) => Some(Value::Ip(*ip)),
            _ => None,
        },
        "proc.stdin.rport" => match &exec.stdio[0].remote {
            Some(Peer::Ip(_, port)) => Some(Value::Int(i64::from(*port))),
            _ => None,
        },
        _ => None,
    }
}

fn kind(one: &Stdio) -> Option<&'static str> {
    if one.inode == 0 {
        return None;
    }
    Some(match (one.mode & S_IFMT, one.family) {
        (S_IFSOCK, SocketFamily::Ipv4) => "ipv4",
        (S_IFSOCK, SocketFamily::Ipv6) => "ipv6",
        (S_IFSOCK, _) => "unix",
        (S_IFIFO, _) => "pipe",
        (S_IFCHR, _) if one.rdev == NULL_DEVICE => "null",
        // Terminals: the console and serial lines (4, 5), pseudo terminals (136 to 143).
        (S_IFCHR, _) if matches!(one.rdev >> 20, 4 | 5 | 136..=143) => "tty",
        (S_IFCHR | S_IFBLK, _) => "device",
        (S_IFREG | S_IFDIR, _) => "file",
        _ => "other",
    })
}
