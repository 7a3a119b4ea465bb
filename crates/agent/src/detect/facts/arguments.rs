//! `evt.arg`: a call's arguments by the names that libs gives them.

use model::{Call, EventKind};
use policy::filter::Value;

use super::{Observed, event, flags};

/// Which of the six numbers or which text an argument is, and how it is told.
#[derive(Clone, Copy)]
enum Told {
    Number(usize),
    /// A text at the first place, made absolute.
    Path,
    /// A text at the second place, made absolute.
    SecondPath,
    Text,
    SecondText,
    OpenFlags,
    Mode(usize),
    Clone(usize),
    Ptrace,
    Bpf,
    Domain,
    MountFlags,
    Filesystem,
    Source,
    User(usize),
    /// Of `openat2`, whose flags and mode are in a structure.
    HowFlags,
    HowMode,
}

/// An argument's value; `raw` for its number where it has one.
pub(super) fn value<'a>(seen: &'a Observed<'_>, name: &str, raw: bool) -> Option<Value<'a>> {
    if let EventKind::Exec(exec) = &seen.event.kind {
        return match name {
            "filename" => Some(Value::from(exec.claimed.as_str())),
            "exe" => exec.arguments.first().map(|argument| Value::from(argument.as_str())),
            "args" => Some(Value::from(exec.arguments.get(1..).unwrap_or_default().join(" "))),
            "env" => Some(Value::from(exec.environment.join(" "))),
            "comm" => Some(Value::from(seen.event.task.comm.as_str())),
            _ => None,
        };
    }
    if let EventKind::CgroupEntered(cgroup, child) = &seen.event.kind {
        return match name {
            "path" => Some(Value::from(cgroup.path.as_str())),
            "pid" => Some(Value::Int(i64::from(child.process.pid))),
            _ => None,
        };
    }
    let call = event::call(seen)?;
    if name == "res" {
        return Some(Value::Int(call.ret));
    }
    let (_, told) = names(&call.name).iter().find(|(known, _)| *known == name)?;
    tell(seen, call, *told, raw)
}

/// All arguments, `name=value` joined by blanks.
pub(super) fn line(seen: &Observed<'_>) -> String {
    let Some(call) = event::call(seen) else { return String::new() };
    let mut line = format!("res={}", call.ret);
    for (name, told) in names(&call.name) {
        if let Some(value) = tell(seen, call, *told, false) {
            line.push_str(&format!(" {name}={value}"));
        }
    }
    line
}

fn tell<'a>(seen: &'a Observed<'_>, call: &'a Call, told: Told, raw: bool) -> Option<Value<'a>> {
    let number = |at: usize| call.arguments.get(at).copied().unwrap_or_default();
    let text = |text: &'a str| (!text.is_empty()).then(|| Value::from(text));
    Some(match told {
        Told::Number(at) => Value::Int(number(at) as i64),
        Told::Text => return text(&call.claimed),
        Told::SecondText => return text(&call.claimed_second),
        Told::Path => return absolute(call, &call.claimed),
        Told::SecondPath => return absolute(call, &call.claimed_second),
        Told::OpenFlags if raw => Value::Int(i64::from(event::opened(call)?)),
        Told::OpenFlags => Value::from(flags::open(event::opened(call)?)),
        Told::Mode(at) | Told::Clone(at) | Told::User(at) if raw => Value::Int(number(at) as i64),
        Told::Mode(at) => Value::from(flags::joined(number(at), flags::MODE, "0")),
        Told::Clone(at) => Value::from(flags::joined(number(at), flags::CLONE, "0")),
        Told::Ptrace => enumerated(number(0), flags::PTRACE, raw),
        Told::Bpf => enumerated(number(0), flags::BPF, raw),
        Told::Domain => enumerated(number(0), flags::DOMAIN, raw),
        Told::Filesystem => return text(&call.filesystem),
        Told::Source => return text(&call.source),
        Told::MountFlags if raw => Value::Int(number(3) as i64),
        Told::MountFlags => Value::from(flags::joined(number(3), flags::MOUNT, "0")),
        // Rules compare users by name.
        Told::User(at) => seen.name_of_user(number(at) as u32),
        Told::HowFlags | Told::HowMode => return how(call, told, raw),
    })
}

fn enumerated(number: u64, table: &[(u64, &'static str)], raw: bool) -> Value<'static> {
    match flags::named(number, table) {
        Some(name) if !raw => Value::from(name),
        _ => Value::Int(number as i64),
    }
}

/// The flags or the mode of `openat2`: as its `open_how` has them where the kernel told it.
fn how(call: &Call, told: Told, raw: bool) -> Option<Value<'static>> {
    if matches!(told, Told::HowMode) {
        let (_, mode) = event::open_how(call)?;
        return Some(match raw {
            true => Value::Int(mode as i64),
            false => Value::from(flags::joined(mode, flags::MODE, "0")),
        });
    }
    let flags = event::opened(call)?;
    Some(if raw { Value::Int(i64::from(flags)) } else { Value::from(flags::open(flags)) })
}

/// A path as the caller wrote it, cleaned, below the directory it is relative to.
pub(super) fn absolute<'a>(call: &'a Call, path: &'a str) -> Option<Value<'a>> {
    if path.is_empty() {
        return None;
    }
    if path.starts_with('/') {
        let is_plain = !path.contains("//") && !path.contains("/.") && !path.ends_with('/');
        return Some(if is_plain {
            Value::from(path)
        } else {
            Value::from(policy::clean_path(path))
        });
    }
    let below = call.object.as_ref().or(call.cwd.as_ref())?;
    Some(Value::from(policy::clean_path(&format!("{}/{path}", below.path))))
}

/// The arguments of a call, in order, without those that rules never ask for.
fn names(call: &str) -> &'static [(&'static str, Told)] {
    use Told::{
        Bpf, Clone, Domain, Filesystem, HowFlags, HowMode, Mode, MountFlags, Number, OpenFlags,
        Path, Ptrace, SecondPath, SecondText, Source, Text, User,
    };
    match call {
        "open" => &[("name", Path), ("flags", OpenFlags), ("mode", Mode(2))],
        "creat" => &[("name", Path), ("flags", OpenFlags), ("mode", Mode(1))],
        "openat" => &[("name", Path), ("flags", OpenFlags), ("mode", Mode(3))],
        "openat2" => &[("name", Path), ("flags", HowFlags), ("mode", HowMode)],
        "rename" | "renameat" | "renameat2" | "link" | "linkat" => {
            &[("oldpath", Path), ("newpath", SecondPath)]
        }
        "symlink" | "symlinkat" => &[("target", Text), ("linkpath", SecondPath)],
        "unlink" | "rmdir" => &[("path", Path)],
        "unlinkat" => &[("name", Path), ("path", Path), ("flags", Number(2))],
        "mkdir" => &[("path", Path), ("mode", Mode(1))],
        "mkdirat" => &[("path", Path), ("mode", Mode(2))],
        "chmod" => &[("filename", Path), ("mode", Mode(1))],
        "fchmodat" => &[("filename", Path), ("mode", Mode(2))],
        "fchmod" => &[("fd", Number(0)), ("mode", Mode(1))],
        "mknod" => &[("path", Path), ("mode", Number(1)), ("dev", Number(2))],
        "mknodat" => &[("path", Path), ("mode", Number(2)), ("dev", Number(3))],
        "keyctl" => &[("op", Number(0))],
        "truncate" => &[("path", Path), ("length", Number(1))],
        "ftruncate" => &[("fd", Number(0)), ("length", Number(1))],
        "process_vm_readv" | "process_vm_writev" => &[("pid", Number(0))],
        "memfd_create" => &[("flags", Number(1))],
        "perf_event_open" => &[("pid", Number(1)), ("flags", Number(4))],
        "chown" | "lchown" | "fchownat" => &[("path", Path)],
        "chdir" | "chroot" => &[("path", Path)],
        "mount" => &[
            ("dev", Text),
            ("dir", SecondText),
            ("type", Filesystem),
            ("flags", MountFlags),
            ("source", Source),
        ],
        "umount2" => &[("name", Path), ("flags", Number(1))],
        "socket" => &[("domain", Domain), ("type", Number(1)), ("proto", Number(2))],
        "setns" => &[("fd", Number(0)), ("nstype", Clone(1))],
        "unshare" => &[("flags", Clone(0))],
        "setuid" => &[("uid", User(0))],
        "setgid" => &[("gid", Number(0))],
        "setresuid" => &[("ruid", User(0)), ("euid", User(1)), ("suid", User(2))],
        "setreuid" => &[("ruid", User(0)), ("euid", User(1))],
        "ptrace" => &[("request", Ptrace), ("pid", Number(1))],
        "bpf" => &[("cmd", Bpf)],
        "userfaultfd" => &[("flags", Number(0))],
        "listen" => &[("fd", Number(0)), ("backlog", Number(1))],
        "dup" => &[("oldfd", Number(0)), ("fd", Number(0))],
        "dup2" | "dup3" => &[("oldfd", Number(0)), ("newfd", Number(1))],
        "fsopen" => &[("fsname", Text)],
        "fsconfig" => &[("cmd", Number(1)), ("key", Text), ("value", SecondText)],
        "move_mount" => &[("from", Path), ("dir", SecondText)],
        "delete_module" => &[("name", Text)],
        "kill" => &[("pid", Number(0)), ("sig", Number(1))],
        _ => &[],
    }
}
