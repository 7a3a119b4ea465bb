//! `Touch`: what an event does to a file, and which file that is. Pure.
//!
//! Files that are opened are named by the kernel. Of calls that take a path only the path is known:
//! it is put together with the folder it is relative to, and read without following links.

use model::{Call, Container, Event, EventKind, FileObject, IoUring};

use crate::detect::Observed;

const O_ACCMODE: u32 = 3;
const O_PATH: u32 = 0o10_000_000;
const AT_FDCWD: u64 = -100_i64 as u64;
const PROT_WRITE: u64 = 2;
const MAP_SHARED: u64 = 1;
const FILE_TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;

/// What is done to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) action: &'static str,
    /// As the process's root has it.
    pub(super) path: String,
    /// Device and inode, where the kernel told the object.
    pub(super) object: Option<(u32, u64)>,
    /// The other name, of a rename or link.
    pub(super) other: String,
    /// The new mode or owner.
    pub(super) detail: Option<(&'static str, String)>,
    /// The error's number of a call that failed.
    pub(super) error: Option<i64>,
}

/// What an event does to files.
pub(super) fn touches(event: &Event, cwd: &str) -> Vec<Touch> {
    match &event.kind {
        EventKind::Call(call) if call.ring => marked(of_call(call, cwd)),
        EventKind::Call(call) => of_call(call, cwd),
        EventKind::IoUring(request) => marked(through_ring(request, cwd)),
        _ => Vec::new(),
    }
}

/// What came through an io_uring says so, unless it has more to say.
fn marked(mut touches: Vec<Touch>) -> Vec<Touch> {
    for touch in &mut touches {
        touch.detail.get_or_insert_with(|| ("through", "io_uring".to_owned()));
    }
    touches
}

fn of_call(call: &Call, cwd: &str) -> Vec<Touch> {
    let one = match call.name.as_str() {
        "open" | "openat" | "openat2" | "creat" | "open_by_handle_at" => opened(call, cwd),
        "truncate" => named(call, "truncate", cwd),
        "ftruncate" => by_object(call, "truncate"),
        "fchmod" => by_object(call, "chmod").map(|touch| with_mode(touch, call.arguments[1])),
        "chmod" => named(call, "chmod", cwd).map(|touch| with_mode(touch, call.arguments[1])),
        "fchmodat" | "fchmodat2" => {
            named(call, "chmod", cwd).map(|touch| with_mode(touch, call.arguments[2]))
        }
        "fchown" => by_object(call, "chown").map(|touch| with_owner(touch, call, 1)),
        "chown" | "lchown" => named(call, "chown", cwd).map(|touch| with_owner(touch, call, 1)),
        "fchownat" => named(call, "chown", cwd).map(|touch| with_owner(touch, call, 2)),
        "unlink" | "unlinkat" | "rmdir" => named(call, "unlink", cwd),
        "mknod" | "mknodat" => named(call, "create", cwd),
        "mmap" => mapped(call),
        "symlink" | "symlinkat" => linked(call, cwd),
        "rename" | "renameat" | "renameat2" | "link" | "linkat" => return two_names(call, cwd),
        _ => None,
    };
    one.into_iter().collect()
}

/// The object that a call opens for reading only.
pub(super) fn read_object(call: &Call) -> Option<(u32, u64)> {
    if call.ret < 0 || !call.name.starts_with("open") {
        return None;
    }
    let object = call.object.as_ref().filter(|object| object.open_flags & O_ACCMODE == 0)?;
    Some((object.device, object.inode))
}

fn opened(call: &Call, cwd: &str) -> Option<Touch> {
    if call.ret < 0 {
        return named(call, "open", cwd);
    }
    let object = call.object.as_ref().filter(|object| object.mode & FILE_TYPE != FOLDER)?;
    if object.open_flags & O_PATH != 0 {
        return None;
    }
    let action = if object.open_flags & O_ACCMODE == 0 { "read" } else { "write" };
    by_object(call, action)
}

/// Requests through an io_uring that are told as they are handed in: with paths, without results.
fn through_ring(request: &IoUring, cwd: &str) -> Vec<Touch> {
    const OPENAT: u8 = 18;
    const OPENAT2: u8 = 28;
    const RENAMEAT: u8 = 35;
    const UNLINKAT: u8 = 36;
    const SYMLINKAT: u8 = 38;
    const LINKAT: u8 = 39;
    let name = match request.opcode {
        OPENAT | OPENAT2 => "",
        RENAMEAT => "renameat",
        UNLINKAT => "unlinkat",
        SYMLINKAT => "symlinkat",
        LINKAT => "linkat",
        _ => return Vec::new(),
    };
    let call = Call {
        name: name.to_owned(),
        claimed: request.claimed.clone(),
        claimed_second: request.claimed_second.clone(),
        ..Call::default()
    };
    match name {
        "" => named(&call, "open", cwd).into_iter().collect(),
        "unlinkat" => named(&call, "unlink", cwd).into_iter().collect(),
        "symlinkat" => linked(&call, cwd).into_iter().collect(),
        _ => two_names(&call, cwd),
    }
}

fn mapped(call: &Call) -> Option<Touch> {
    let writes = call.arguments[2] & PROT_WRITE != 0 && call.arguments[3] & MAP_SHARED != 0;
    if writes { by_object(call, "mmap_write") } else { None }
}

fn by_object(call: &Call, action: &'static str) -> Option<Touch> {
    let object = call.object.as_ref()?;
    Some(Touch {
        path: object.path.clone(),
        object: Some((object.device, object.inode)),
        ..touch(call, action)
    })
}

fn named(call: &Call, action: &'static str, cwd: &str) -> Option<Touch> {
    if call.claimed.is_empty() {
        // AT_EMPTY_PATH: the fd itself.
        return by_object(call, action);
    }
    let path = joined(base(call, cwd), &call.claimed);
    Some(Touch { path, ..touch(call, action) })
}

/// The target of a symbolic link is a text; its own name is the second.
fn linked(call: &Call, cwd: &str) -> Option<Touch> {
    let path = joined(second_base(call, cwd, 1), &call.claimed_second);
    Some(Touch { path, other: call.claimed.clone(), ..touch(call, "symlink") })
}

/// Both names are touched: what was moved away, and what is in its place now.
fn two_names(call: &Call, cwd: &str) -> Vec<Touch> {
    let action = if call.name.starts_with("rename") { "rename" } else { "link" };
    let from = joined(base(call, cwd), &call.claimed);
    let to = joined(second_base(call, cwd, 2), &call.claimed_second);
    let first = Touch { path: from.clone(), other: to.clone(), ..touch(call, action) };
    let second = Touch { path: to, other: from, ..touch(call, action) };
    vec![second, first]
}

fn touch(call: &Call, action: &'static str) -> Touch {
    Touch {
        action,
        path: String::new(),
        object: None,
        other: String::new(),
        detail: None,
        error: (call.ret < 0).then_some(-call.ret),
    }
}

fn with_mode(touch: Touch, mode: u64) -> Touch {
    Touch { detail: Some(("mode_set", format!("{:o}", mode & 0o7777))), ..touch }
}

fn with_owner(touch: Touch, call: &Call, at: usize) -> Touch {
    let number = |at: usize| call.arguments.get(at).copied().unwrap_or_default() as u32 as i32;
    Touch { detail: Some(("owner_set", format!("{}:{}", number(at), number(at + 1)))), ..touch }
}

/// The folder that the first path is relative to.
fn base<'a>(call: &'a Call, cwd: &'a str) -> &'a str {
    let folder = |object: &'a FileObject| object.path.as_str();
    call.object.as_ref().or(call.cwd.as_ref()).map_or(cwd, folder)
}

/// The folder that the second path is relative to: told only where it is the first one's.
fn second_base<'a>(call: &'a Call, cwd: &'a str, at: usize) -> &'a str {
    let [first, .., _] = call.arguments;
    let second = call.arguments.get(at).copied().unwrap_or(AT_FDCWD);
    let own_number = call.name.ends_with("at") || call.name == "renameat2";
    if own_number && at == 2 && first != second {
        return cwd;
    }
    base(call, cwd)
}

/// A path put together, `.` and `..` read.
fn joined(base: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{base}/{path}") };
    policy::clean_path(&whole)
}

/// A container's path as the host has it, where a mount of the host's leads there; `None` for what
/// is the container's own.
pub(crate) fn host_path(container: &Container, path: &str) -> Option<String> {
    let mounts = container.spec.mounts.iter().filter(|mount| mount.source.starts_with('/'));
    let fitting = mounts.filter_map(|mount| {
        let target = mount.target.trim_end_matches('/');
        let rest = path.strip_prefix(target)?;
        (rest.is_empty() || rest.starts_with('/')).then_some((target.len(), mount, rest))
    });
    let (_, mount, rest) = fitting.max_by_key(|(length, ..)| *length)?;
    Some(format!("{}{rest}", mount.source.trim_end_matches('/')))
}

/// The path of a touch as the host has it; `None` where only the object can tell.
pub(super) fn on_host(seen: &Observed<'_>, path: &str) -> Option<String> {
    match seen.container {
        Some(container) => host_path(container, path),
        None if seen.event.task.namespaces.mnt == seen.host_namespaces.mnt => Some(path.to_owned()),
        // A service with a mount namespace of its own sees mostly the same names.
        None => Some(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use model::{ContainerSpec, Mount, Task};

    use super::*;

    fn told(call: Call) -> Vec<(String, String)> {
        let kind = EventKind::Call(Box::new(call));
        let event = Event { time_ns: 1, task: Task::default(), kind, truncated: false };
        let told = touches(&event, "/work").into_iter();
        told.map(|touch| (touch.action.to_owned(), touch.path)).collect()
    }

    fn call(name: &str, claimed: &str, second: &str) -> Call {
        Call {
            name: name.to_owned(),
            claimed: claimed.to_owned(),
            claimed_second: second.to_owned(),
            ..Call::default()
        }
    }

    fn object(path: &str, open_flags: u32) -> Option<FileObject> {
        Some(FileObject {
            path: path.to_owned(),
            open_flags,
            mode: 0o100_644,
            ..Default::default()
        })
    }

    #[test]
    fn what_goes_through_a_ring_is_seen_too() {
        let request =
            |opcode| IoUring { opcode, claimed: "../etc/passwd".to_owned(), ..IoUring::default() };
        let told = |opcode| {
            let kind = EventKind::IoUring(Box::new(request(opcode)));
            let event = Event { time_ns: 1, task: Task::default(), kind, truncated: false };
            touches(&event, "/work")
        };
        let opened = told(18);
        assert_eq!((opened[0].action, opened[0].path.as_str()), ("open", "/etc/passwd"));
        assert_eq!(opened[0].detail, Some(("through", "io_uring".to_owned())));
        assert_eq!(told(36)[0].action, "unlink");
        assert!(told(22).is_empty());
        let done = Call { object: object("/etc/passwd", 1), ring: true, ..call("openat", "x", "") };
        let kind = EventKind::Call(Box::new(done));
        let event = Event { time_ns: 1, task: Task::default(), kind, truncated: false };
        let written = touches(&event, "/work");
        assert_eq!((written[0].action, written[0].path.as_str()), ("write", "/etc/passwd"));
        assert_eq!(written[0].detail, Some(("through", "io_uring".to_owned())));
    }

    fn pair(action: &str, path: &str) -> (String, String) {
        (action.to_owned(), path.to_owned())
    }

    #[test]
    fn opens_are_reads_or_writes_of_the_object() {
        let open = |flags| Call { object: object("/etc/passwd", flags), ..call("openat", "x", "") };
        assert_eq!(told(open(0)), [pair("read", "/etc/passwd")]);
        assert_eq!(told(open(1)), [pair("write", "/etc/passwd")]);
        assert_eq!(told(open(2 | 0o2000)), [pair("write", "/etc/passwd")]);
        assert_eq!(told(open(O_PATH)), []);
        let failed = Call { ret: -13, ..call("openat", "../etc/shadow", "") };
        assert_eq!(told(failed), [pair("open", "/etc/shadow")]);
    }

    #[test]
    fn paths_are_put_together() {
        assert_eq!(told(call("unlink", "a/../b", "")), [pair("unlink", "/work/b")]);
        let at = Call {
            object: object("/etc/cron.d", 0),
            arguments: [5, 0, 5, 0, 0, 0],
            ..call("renameat2", "new", "job")
        };
        assert_eq!(
            told(at),
            [pair("rename", "/etc/cron.d/job"), pair("rename", "/etc/cron.d/new")]
        );
        let apart = Call {
            object: object("/tmp", 0),
            arguments: [5, 0, AT_FDCWD, 0, 0, 0],
            ..call("renameat", "new", "/etc/passwd")
        };
        assert_eq!(told(apart), [pair("rename", "/etc/passwd"), pair("rename", "/tmp/new")]);
        assert_eq!(told(call("symlink", "/evil", "/etc/x")), [pair("symlink", "/etc/x")]);
        let private =
            Call { object: object("/f", 2), arguments: [0, 0, 3, 2, 0, 0], ..call("mmap", "", "") };
        assert_eq!(told(private.clone()), []);
        let shared = Call { arguments: [0, 0, 3, 1, 0, 0], ..private };
        assert_eq!(told(shared), [pair("mmap_write", "/f")]);
    }

    #[test]
    fn a_mount_of_the_hosts_leads_to_the_hosts_path() {
        let mount = |source: &str, target: &str| Mount {
            source: source.to_owned(),
            target: target.to_owned(),
            ..Mount::default()
        };
        let mounts =
            vec![mount("/", "/host"), mount("/srv/x", "/host/etc"), mount("tmpfs", "/tmp")];
        let spec = ContainerSpec { mounts, ..ContainerSpec::default() };
        let container = Container { spec, ..Container::default() };
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(host_path(&container, path).as_deref(), expected, "{path}");
        };
        check("/host/usr/bin/runc", Some("/usr/bin/runc"));
        check("/host/etc/passwd", Some("/srv/x/passwd"));
        check("/hostile", None);
        check("/tmp/x", None);
        check("/etc/passwd", None);
    }
}
