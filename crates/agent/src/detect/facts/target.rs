//! `proc.target.is_agent`: whether a call acts upon the agent: `kill`, `ptrace` and what reads or
//! writes another's memory.

use policy::filter::Value;

use super::{Observed, event};

pub(super) fn value<'a>(seen: &'a Observed<'_>, name: &str) -> Option<Value<'a>> {
    match name {
        "proc.target.is_agent" => Some(Value::Bool(is(pid(seen)?, std::process::id()))),
        _ => None,
    }
}

/// The kernel's word where it told whom; else as the caller counts, where he counts as the host does.
fn pid(seen: &Observed<'_>) -> Option<i64> {
    let (call, namespaces) = (event::call(seen)?, &seen.event.task.namespaces);
    if let Some(target) = &call.target {
        return Some(i64::from(target.process.pid));
    }
    let at = match call.name.as_str() {
        "kill" | "process_vm_readv" | "process_vm_writev" => 0,
        "ptrace" => 1,
        _ => return None,
    };
    let counts_as_host = namespaces.pid == seen.host_namespaces.pid;
    counts_as_host.then(|| i64::from(call.arguments[at] as i32))
}

/// Whether a number means a process: its own, its group's, or all.
fn is(pid: i64, wanted: u32) -> bool {
    pid == i64::from(wanted) || pid == -i64::from(wanted) || pid == -1
}
