//! `evt.*`: what happened, when, with which result.

use model::{Call, EventKind, FileObject};
use policy::filter::Value;

use super::{Observed, arguments, flags};

const O_ACCMODE: u32 = 3;
const O_RDONLY: u32 = 0;
const O_WRONLY: u32 = 1;
const O_RDWR: u32 = 2;
const O_CREAT: u32 = 0o100;
const O_EXCL: u32 = 0o200;
pub(super) const O_TRUNC: u32 = 0o1000;
/// Any of the three bits that let a file be run.
const MODE_RUN: u32 = 0o111;

pub(super) fn value<'a>(
    seen: &'a Observed<'_>,
    name: &str,
    argument: Option<&str>,
) -> Option<Value<'a>> {
    let call = call(seen);
    match name {
        "evt.num" => Some(Value::Int(i64::try_from(seen.number).unwrap_or(i64::MAX))),
        "evt.type" => Some(Value::from(seen.event_type())),
        "evt.source" => Some(Value::from("syscall")),
        "evt.hostname" => Some(Value::from(seen.node)),
        "evt.category" => category(seen.event_type()).map(Value::from),
        "evt.time" | "evt.time.s" | "evt.time.iso8601" | "evt.datetime" => moment(seen, name),
        "evt.rawtime" => Some(Value::Int(raw_time(seen))),
        "evt.rawres" => result(seen).map(Value::Int),
        "evt.res" => result(seen).map(|result| Value::from(flags::error(result))),
        "evt.failed" => result(seen).map(|result| Value::Bool(result < 0)),
        "evt.is_open_read" => {
            opened(call?).map(|flags| Value::Bool(matches!(flags & O_ACCMODE, O_RDONLY | O_RDWR)))
        }
        "evt.is_open_write" => {
            opened(call?).map(|flags| Value::Bool(matches!(flags & O_ACCMODE, O_WRONLY | O_RDWR)))
        }
        "evt.is_open_create" => opened(call?).map(|flags| Value::Bool(flags & O_CREAT != 0)),
        "evt.is_open_exec" => {
            let (call, flags) = (call?, opened(call?)?);
            let mode = call.object.as_ref().map_or(0, |object| object.mode);
            Some(Value::Bool(flags & O_CREAT != 0 && mode & MODE_RUN != 0))
        }
        "evt.is_io_write" => Some(Value::Bool(category(seen.event_type()) == Some("io-write"))),
        "evt.is_io_read" => {
            Some(Value::Bool(matches!(seen.event_type(), "recvfrom" | "recvmsg" | "read")))
        }
        "evt.is_ring" => call.map(|call| Value::Bool(call.ring)),
        "evt.buffer" => call.map(|call| Value::from(call.payload.as_slice())),
        "evt.buflen" => call.map(|call| Value::Int(call.payload.len() as i64)),
        "evt.arg" | "evt.rawarg" => arguments::value(seen, argument?, name == "evt.rawarg"),
        "evt.args" | "evt.info" => Some(Value::from(arguments::line(seen))),
        _ => None,
    }
}

/// The call, when the event is one.
pub(super) fn call<'a>(seen: &Observed<'a>) -> Option<&'a Call> {
    match &seen.event.kind {
        EventKind::Call(call) => Some(call),
        _ => None,
    }
}

/// The flags of an open, as the kernel has them where it succeeded, else as they were asked for.
pub(super) fn opened(call: &Call) -> Option<u32> {
    let asked = match call.name.as_str() {
        "openat" => call.arguments[2],
        "open" => call.arguments[1],
        "creat" => u64::from(O_WRONLY | O_CREAT | O_TRUNC),
        "openat2" => open_how(call).map_or(0, |(flags, _)| flags),
        "open_by_handle_at" => call.arguments[2],
        _ => return None,
    };
    let forgotten = asked as u32 & (O_CREAT | O_EXCL | O_TRUNC);
    let object: Option<&FileObject> = call.object.as_ref();
    // The kernel forgets them once the file is open.
    Some(object.map_or(asked as u32, |object| object.open_flags | forgotten))
}

/// Flags and mode of an `openat2`, where the head of its `open_how` was told.
pub(super) fn open_how(call: &Call) -> Option<(u64, u64)> {
    let (flags, rest) = call.payload.split_first_chunk::<8>()?;
    let (mode, _) = rest.split_first_chunk::<8>()?;
    let is_told = call.name == "openat2";
    is_told.then(|| (u64::from_le_bytes(*flags), u64::from_le_bytes(*mode)))
}

fn result(seen: &Observed<'_>) -> Option<i64> {
    match &seen.event.kind {
        EventKind::Call(call) => Some(call.ret),
        EventKind::Exec(_) => Some(0),
        EventKind::Exit { status } => Some(i64::from(*status)),
        _ => None,
    }
}

fn raw_time(seen: &Observed<'_>) -> i64 {
    seen.boot_ns.saturating_add_unsigned(seen.event.time_ns)
}

fn moment(seen: &Observed<'_>, name: &str) -> Option<Value<'static>> {
    let moment = model::Timestamp::from_nanosecond(i128::from(raw_time(seen))).ok()?;
    let form = match name {
        "evt.time" => "%H:%M:%S.%9f",
        "evt.time.s" => "%H:%M:%S",
        "evt.datetime" => "%Y-%m-%d %H:%M:%S.%9f",
        _ => "%Y-%m-%dT%H:%M:%S.%9f+0000",
    };
    Some(Value::from(moment.strftime(form).to_string()))
}

fn category(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "clone" | "execve" | "procexit" | "kill" | "ptrace" | "setns" | "unshare" => "process",
        "setuid" | "setgid" | "setreuid" | "setresuid" | "setresgid" | "capset" => "user",
        "socket" | "connect" | "bind" | "listen" | "accept" | "accept4" => "net",
        "sendto" | "sendmsg" | "sendmmsg" | "write" | "writev" => "io-write",
        "recvfrom" | "recvmsg" => "io-read",
        "" => return None,
        _ => "file",
    })
}
