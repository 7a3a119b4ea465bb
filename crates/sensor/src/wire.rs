//! From the bytes of a ring to an [`Event`]; the layout is that of `bpf/event.h`.
//!
//! The kernel's side is ours, but a recording is a file like any other: every length is checked.

mod cursor;
mod values;

use model::{Capabilities, Event, EventKind, ExecKilled, Namespaces, ProcessId, Task};

use crate::kill::TRIAL;
use crate::syscalls;
use cursor::Cursor;
use values::Values;

/// Kinds, as `enum event_kind` numbers them.
mod kind {
    pub(super) const FORK: u16 = 1;
    pub(super) const EXEC: u16 = 2;
    pub(super) const EXIT: u16 = 3;
    pub(super) const CGROUP_MKDIR: u16 = 4;
    pub(super) const CGROUP_RMDIR: u16 = 5;
    pub(super) const CGROUP_ATTACH: u16 = 6;
    pub(super) const SYSCALL: u16 = 7;
    pub(super) const IO_URING: u16 = 8;
    pub(super) const OOM_VICTIM: u16 = 9;
    pub(super) const TERMINAL: u16 = 11;
    pub(super) const KILLED: u16 = 12;
    pub(super) const RUNNING: u16 = 13;
}
const FLAG_TRUNCATED: u16 = 1 << 0;
const FLAG_COMPAT: u16 = 1 << 1;
const FLAG_RING: u16 = 1 << 4;
/// What the kernel says where nobody logged in.
const NOBODY: u32 = u32::MAX;

/// Bytes that are no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no event: {0}")]
pub struct Malformed(pub &'static str);

/// Reads one event. The bytes may be longer than the event; what follows is not looked at.
pub fn decode(bytes: &[u8]) -> Result<Event, Malformed> {
    let mut cursor = Cursor::new(bytes);
    let size = cursor.u32()? as usize;
    let body = bytes.get(..size).ok_or(Malformed("it is shorter than it says"))?;
    let mut cursor = Cursor::new(body);
    cursor.u32()?;
    let (kind, flags) = (cursor.u16()?, cursor.u16()?);
    let time_ns = cursor.u64()?;
    let (task, ret, call) = task(&mut cursor)?;
    let values = Values::read(&mut cursor)?;
    let truncated = flags & FLAG_TRUNCATED != 0;
    let kind = match kind {
        kind::FORK => EventKind::Fork(values.child),
        kind::EXEC => EventKind::Exec(Box::new(values.exec())),
        kind::EXIT => EventKind::Exit { status: ret as u32 },
        kind::CGROUP_MKDIR => EventKind::CgroupMade(values.cgroup.unwrap_or_default()),
        kind::CGROUP_RMDIR => EventKind::CgroupRemoved(values.cgroup.unwrap_or_default()),
        kind::CGROUP_ATTACH => {
            EventKind::CgroupEntered(values.cgroup.unwrap_or_default(), values.child)
        }
        kind::SYSCALL => {
            let name = match syscalls::by_number(call) {
                Some(call) => call.name.to_owned(),
                None => call.to_string(),
            };
            let mut call = values.call(name, ret, flags & FLAG_COMPAT != 0);
            call.ring = flags & FLAG_RING != 0;
            EventKind::Call(Box::new(call))
        }
        kind::IO_URING => EventKind::IoUring(Box::new(values.request(ret as u8))),
        kind::TERMINAL => EventKind::TerminalInput(Box::new(values.terminal.unwrap_or_default())),
        kind::KILLED => {
            let (order, trial) = (call & !TRIAL, call & TRIAL != 0);
            let killed = ExecKilled { order, exe: values.exe, error: ret, trial };
            EventKind::ExecKilled(Box::new(killed))
        }
        kind::RUNNING => EventKind::Running(Box::new(values.exec())),
        kind::OOM_VICTIM => EventKind::OomVictim,
        _ => return Err(Malformed("its kind is not known")),
    };
    Ok(Event { time_ns, task, kind, truncated })
}

/// The header after its time: who, the result, the system call's number.
fn task(cursor: &mut Cursor<'_>) -> Result<(Task, i64, u32), Malformed> {
    let (start_ns, parent_start_ns) = (cursor.u64()?, cursor.u64()?);
    let cgroup_id = cursor.u64()?;
    let ret = cursor.u64()? as i64;
    let capabilities = Capabilities {
        inheritable: cursor.u64()?,
        permitted: cursor.u64()?,
        effective: cursor.u64()?,
        bounding: cursor.u64()?,
        ambient: cursor.u64()?,
    };
    let (pid, tid, parent_pid) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
    let mut task = Task {
        process: ProcessId { pid, start_ns },
        tid,
        parent: ProcessId { pid: parent_pid, start_ns: parent_start_ns },
        inner_pid: cursor.u32()?,
        inner_tid: cursor.u32()?,
        cgroup_id,
        uid: cursor.u32()?,
        gid: cursor.u32()?,
        euid: cursor.u32()?,
        egid: cursor.u32()?,
        suid: cursor.u32()?,
        fsuid: cursor.u32()?,
        capabilities,
        ..Task::default()
    };
    let login = cursor.u32()?;
    task.login_uid = (login != NOBODY).then_some(login);
    let _audit_session = cursor.u32()?;
    (task.session, task.process_group, task.tty) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
    task.namespaces = Namespaces {
        mnt: cursor.u32()?,
        pid: cursor.u32()?,
        net: cursor.u32()?,
        user: cursor.u32()?,
        ipc: cursor.u32()?,
        uts: cursor.u32()?,
        cgroup: cursor.u32()?,
    };
    let call = cursor.u32()?;
    task.comm = values::text(cursor.bytes(16)?);
    Ok((task, ret, call))
}

#[cfg(test)]
mod tests;
