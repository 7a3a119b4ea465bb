//! `fd.host_name`, `fs.wiped`, `fd.is_redirected`: the paths that an event touches, by the object where the kernel told
//! it, else as text; as the host has them, and those whose content or name is lost by it.

use std::borrow::Cow;

use model::Call;
use policy::filter::Value;

use super::{Observed, arguments, descriptor, event};
use crate::key_files::host_path;

pub(super) fn value<'a>(seen: &'a Observed<'_>, name: &str) -> Option<Value<'a>> {
    let call = event::call(seen)?;
    match name {
        "fd.host_name" => list(on_host(seen, call)),
        "fs.wiped" => list(wiped(call)),
        "fd.is_redirected" => is_redirected(call).map(Value::Bool),
        _ => None,
    }
}

fn list(paths: Vec<Cow<'_, str>>) -> Option<Value<'_>> {
    let all: Vec<Value<'_>> = paths.into_iter().map(Value::Text).collect();
    (!all.is_empty()).then_some(Value::List(all))
}

/// What a container reaches through a mount of the host's, as the host has it.
fn on_host(seen: &Observed<'_>, call: &Call) -> Vec<Cow<'static, str>> {
    let Some(container) = seen.container else { return Vec::new() };
    if container.spec.mounts.is_empty() {
        return Vec::new();
    }
    let known = touched(call);
    known.iter().filter_map(|path| host_path(container, path)).map(Cow::Owned).collect()
}

/// Every file that a call is about.
fn touched(call: &Call) -> Vec<Cow<'_, str>> {
    match (descriptor::object_of(call), call.name.as_str()) {
        (Some(object), _) => vec![Cow::Borrowed(object.path.as_str())],
        // The target of a symbolic link is a text.
        (None, "symlink" | "symlinkat") => path(call, &call.claimed_second).into_iter().collect(),
        (None, "mount" | "fsopen" | "fsconfig" | "move_mount" | "delete_module") => Vec::new(),
        (None, _) => {
            let second = path(call, &call.claimed_second);
            path(call, &call.claimed).into_iter().chain(second).collect()
        }
    }
}

/// The files whose content or name is lost: opened with `O_TRUNC`, cut, deleted, moved away, or
/// replaced by what is moved there.
fn wiped(call: &Call) -> Vec<Cow<'_, str>> {
    if call.ret < 0 {
        return Vec::new();
    }
    match call.name.as_str() {
        "open" | "openat" | "openat2" | "creat" => {
            let is_cut = event::opened(call).is_some_and(|flags| flags & event::O_TRUNC != 0);
            // Where the structure of openat2 was not told, a file that is empty now is taken for cut.
            let is_empty = call.object.as_ref().is_some_and(|object| object.size_bytes == 0);
            let untold = call.name == "openat2" && event::open_how(call).is_none() && is_empty;
            if is_cut || untold { touched(call) } else { Vec::new() }
        }
        "truncate" | "ftruncate" | "unlink" | "unlinkat" | "rename" | "renameat" | "renameat2" => {
            touched(call)
        }
        _ => Vec::new(),
    }
}

/// Whether a file below `/proc` was asked for and another one was opened. Links of `/proc` that lead
/// out of it by their nature are not meant.
fn is_redirected(call: &Call) -> Option<bool> {
    const PROC: u32 = 0x9fa0;
    const INSIDE: [&str; 5] = ["/fd/", "/ns/", "/map_files/", "/root/", "/cwd/"];
    const LAST: [&str; 3] = ["/exe", "/root", "/cwd"];
    let object = descriptor::object_of(call)?;
    let asked = call.claimed.strip_prefix("/proc/")?;
    let leads_out = INSIDE.iter().any(|link| call.claimed.contains(link))
        || LAST.iter().any(|link| call.claimed.ends_with(link));
    if leads_out {
        return Some(false);
    }
    let leaf = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    Some(object.filesystem != PROC || leaf(asked) != leaf(&object.path))
}

fn path<'a>(call: &'a Call, claimed: &'a str) -> Option<Cow<'a, str>> {
    arguments::absolute(call, claimed).map(|value| Cow::Owned(value.render()))
}

#[cfg(test)]
mod tests {
    use model::FileObject;

    use super::*;

    fn call(name: &str, claimed: &str, second: &str) -> Call {
        let text = |text: &str| text.to_owned();
        Call {
            name: text(name),
            claimed: text(claimed),
            claimed_second: text(second),
            ..Call::default()
        }
    }

    #[test]
    fn what_loses_its_content_or_its_name_is_wiped() {
        let check = |call: Call, expected: &[&str]| {
            assert_eq!(wiped(&call), expected, "{call:?}");
        };
        let object = |size_bytes| {
            Some(FileObject { path: "/var/log/a".to_owned(), size_bytes, ..FileObject::default() })
        };
        let flags = |flags: u64| [0, 0, flags, 0, 0, 0];
        let open =
            |asked| Call { object: object(9), arguments: flags(asked), ..call("openat", "a", "") };
        check(open(0o1000), &["/var/log/a"]);
        check(open(0o1), &[]);
        check(Call { object: object(0), ..call("ftruncate", "", "") }, &["/var/log/a"]);
        check(call("truncate", "/x/../var//log/a", ""), &["/var/log/a"]);
        check(call("rename", "/var/log/a", "/gone"), &["/var/log/a", "/gone"]);
        check(call("unlink", "/var//log/./a", ""), &["/var/log/a"]);
        check(Call { ret: -2, ..call("unlink", "/var/log/a", "") }, &[]);
        // The structure of openat2: O_WRONLY | O_TRUNC, then nothing.
        let how = |flags: u64| flags.to_le_bytes().into_iter().chain([0; 8]).collect();
        let open2 = |payload| Call { object: object(0), payload, ..call("openat2", "a", "") };
        check(open2(how(0o1001)), &["/var/log/a"]);
        check(open2(how(0o101)), &[]);
        check(open2(Vec::new()), &["/var/log/a"]);
    }

    #[test]
    fn another_file_than_the_asked_one_of_proc_is_told() {
        let check = |claimed: &str, path: &str, filesystem, expected| {
            let object = FileObject { path: path.to_owned(), filesystem, ..FileObject::default() };
            let call = Call { object: Some(object), ..call("openat", claimed, "") };
            assert_eq!(is_redirected(&call), expected, "{claimed} {path}");
        };
        check("/proc/self/attr/exec", "/proc/7/attr/exec", 0x9fa0, Some(false));
        check("/proc/self/attr/exec", "/proc/sysrq-trigger", 0x9fa0, Some(true));
        check("/proc/sys/net/ipv4/ip_forward", "/shm/ip_forward", 0x0102_1994, Some(true));
        check("/proc/self/fd/7", "/run/exec.fifo", 0x0102_1994, Some(false));
        check("/etc/passwd", "/etc/passwd", 0xef53, None);
    }
}
