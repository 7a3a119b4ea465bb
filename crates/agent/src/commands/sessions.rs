//! `Sessions`: somebody at work, from the first program to the last: `docker exec` and
//! `kubectl exec` in a container, a login on the host. What belongs together has one id.
//!
//! In a container a session begins with a program that the container's first program is no
//! ancestor of: the runtime put it there. Its id is the engine's own id of the exec where the
//! runtime's command line tells it, so that it joins the engine's events.

use std::num::NonZeroUsize;

use lru::LruCache;
use model::{Container, Event, EventKind, Initiator, ProcessId};

use crate::attribute::Process;
use crate::detect::Observed;

/// Sessions that are remembered.
const SESSIONS: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// Digits of an exec's id in docker and containerd.
const EXEC_DIGITS: usize = 64;
/// Signals in `wait(2)`'s status.
const SIGNAL_BITS: u32 = 0x7f;

/// Who is at work.
pub(super) struct Sessions {
    by_first: LruCache<ProcessId, Session>,
    /// What a runtime was told to put into a container, on its way: the exec's id where the
    /// runtime's command line tells it.
    entering: LruCache<ProcessId, Option<String>>,
}

/// Somebody at work.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Session {
    /// Its id.
    pub(super) id: String,
    pub(super) kind: SessionKind,
    /// When it began, in nanoseconds since 1970.
    pub(super) began_ns: i64,
    /// The first program's command line.
    pub(super) command: String,
    /// Who asked the engine for it; `None` where nobody is known.
    pub(super) asked_by: Option<Box<Initiator>>,
    /// Programs started in it.
    pub(super) programs: u64,
    /// Lines typed in it.
    pub(super) lines: u64,
}

/// Where somebody is at work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum SessionKind {
    /// A program put into a container beside its first one.
    #[default]
    Exec,
    /// The same, by the engine itself to see whether the container is well.
    HealthCheck,
    /// A login on the host.
    Login,
}

/// What a program belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The session of this first process, which is known.
    Known(ProcessId),
    /// A session that begins with this process.
    Begins(SessionKind, ProcessId),
    /// The container's own first program and what it starts, or the host's services.
    Own,
}

impl Default for Sessions {
    fn default() -> Self {
        Sessions { by_first: LruCache::new(SESSIONS), entering: LruCache::new(SESSIONS) }
    }
}

impl Sessions {
    /// Follows a runtime that is told to put a program into a container: it starts helpers that
    /// start that program, and is gone before it begins.
    pub(super) fn follow(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Exec(exec) if is_runtime_exec(&exec.arguments) => {
                let id = exec_id(&exec.arguments);
                self.entering.push(event.task.process, id);
            }
            EventKind::Fork(child) => {
                if let Some(id) = self.entering.peek(&event.task.process).cloned() {
                    self.entering.push(child.process, id);
                }
            }
            _ => {}
        }
    }

    /// The engine's id of the exec that a session began with.
    pub(super) fn exec_id(&self, first: ProcessId) -> Option<String> {
        self.entering.peek(&first).cloned().flatten()
    }

    /// The process that came into the container from outside, when it is not the first program's
    /// line.
    fn entry(&self, seen: &Observed<'_>) -> Option<ProcessId> {
        let task = &seen.event.task;
        let above: Vec<&Process> =
            seen.processes.ancestors(task.process).take_while(inside).collect();
        let line = std::iter::once(task.process).chain(above.iter().map(|process| process.id));
        let mut entered = line.filter(|id| self.entering.contains(id));
        if let Some(first) = entered.next() {
            return Some(first);
        }
        let is_own = task.inner_pid == 1 || above.iter().any(|process| process.inner_pid == 1);
        // In the host's pid namespace every number is the host's: then only what was seen entering
        // is known to come from outside.
        if is_own || task.namespaces.pid == seen.host_namespaces.pid {
            return None;
        }
        let program = above.iter().rev().find(|process| !is_runtime(process));
        Some(program.map_or(task.process, |process| process.id))
    }

    /// What the program of an event belongs to.
    pub(super) fn place(&self, seen: &Observed<'_>) -> Place {
        let id = seen.event.task.process;
        if let Some(first) = self.first_of(seen) {
            return Place::Known(first);
        }
        if seen.container.is_some() {
            return match self.entry(seen) {
                Some(first) => Place::Begins(SessionKind::Exec, first),
                None => Place::Own,
            };
        }
        match login(seen) {
            Some(first) => Place::Begins(SessionKind::Login, first),
            None if seen.event.task.tty != 0 => Place::Begins(SessionKind::Login, id),
            None => Place::Own,
        }
    }

    /// The known session that a process is in, by itself or by an ancestor.
    pub(super) fn first_of(&self, seen: &Observed<'_>) -> Option<ProcessId> {
        let id = seen.event.task.process;
        let above = seen.processes.ancestors(id).map(|process| process.id);
        std::iter::once(id).chain(above).find(|id| self.by_first.contains(id))
    }

    pub(super) fn begin(&mut self, first: ProcessId, session: Session) {
        self.by_first.push(first, session);
    }

    pub(super) fn find(&mut self, first: ProcessId) -> Option<&mut Session> {
        self.by_first.get_mut(&first)
    }

    /// The session that is over with the end of a process: its first one.
    pub(super) fn ended(&mut self, event: &Event) -> Option<Session> {
        // It stays known: what it left behind may go on.
        self.by_first.peek(&event.task.process).cloned()
    }
}

/// Whether a process is in a pid namespace below the host's: its number there is another.
fn inside(process: &&Process) -> bool {
    process.inner_pid != 0 && process.inner_pid != process.id.pid
}

/// Whether a process is still the runtime's own, on its way into the container.
pub(super) fn is_runtime(process: &Process) -> bool {
    let mut words = process.arguments.iter().map(String::as_str);
    let program = words.next().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    let exe = process.exe.as_ref().map(|exe| exe.path.as_str()).unwrap_or_default();
    let runtime = matches!(name, "runc" | "crun" | "youki") || exe.contains("runc_cloned");
    runtime && words.next() == Some("init") || process.comm.starts_with("runc:[")
}

/// `runc … exec …`.
fn is_runtime_exec(arguments: &[String]) -> bool {
    let mut words = arguments.iter().map(String::as_str);
    let name = words.next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    matches!(name, "runc" | "crun" | "youki") && words.any(|word| word == "exec")
}

/// The engine's id of the exec: its runtime writes the process's number into a file of that name,
/// or into one below a folder of that name.
fn exec_id(arguments: &[String]) -> Option<String> {
    let at = arguments.iter().position(|word| word == "--pid-file")?;
    let mut names = arguments.get(at + 1)?.rsplit('/');
    let digits = |name: &&str| {
        name.len() == EXEC_DIGITS && name.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let own = names.next()?.trim_end_matches(".pid");
    let above = names.next().unwrap_or_default();
    [own, above].iter().find(|name| digits(name)).map(|name| (*name).to_owned())
}

/// The leader of the terminal's or login's session, of whoever logged in.
fn login(seen: &Observed<'_>) -> Option<ProcessId> {
    let task = &seen.event.task;
    task.login_uid?;
    let leads = |id: ProcessId| (id.pid == task.session).then_some(id);
    let above = seen.processes.ancestors(task.process).map(|process| process.id);
    Some(std::iter::once(task.process).chain(above).find_map(leads).unwrap_or(task.process))
}

/// A session's id: the engine's where it is known, else the process that it began with.
pub(super) fn id_of(
    exec: Option<String>,
    first: ProcessId,
    container: Option<&Container>,
) -> String {
    if let Some(exec) = exec {
        return exec;
    }
    let place =
        container.map_or("host", |container| container.id.get(..12).unwrap_or(&container.id));
    format!("{place}-{:x}-{:x}", first.pid, first.start_ns)
}

/// The exit code of `wait(2)`'s status, 128 and the signal when one ended it, as a shell has it.
pub(super) fn exit_code(status: u32) -> u32 {
    match status & SIGNAL_BITS {
        0 => status >> 8 & 0xff,
        signal => 128 + signal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_id_stands_in_the_name_of_a_file() {
        let id = "ab".repeat(32);
        let told = |path: &str| {
            let words = ["runc", "--root", "/r", "exec", "--pid-file", path, "web"];
            let words = words.map(str::to_owned);
            assert!(is_runtime_exec(&words));
            exec_id(&words)
        };
        assert_eq!(told(&format!("/run/containerd/task/moby/x/{id}.pid")), Some(id.clone()));
        assert_eq!(told(&format!("/var/lib/containers/{id}/exec_pid")), Some(id.clone()));
        assert_eq!(told("/run/x/init.pid"), None);
        assert!(!is_runtime_exec(&["runc", "create", "web"].map(str::to_owned)));
        let first = ProcessId { pid: 255, start_ns: 16 };
        assert_eq!(id_of(None, first, None), "host-ff-10");
    }

    #[test]
    fn an_exit_code_reads_as_a_shell_has_it() {
        assert_eq!(exit_code(0x0300), 3);
        assert_eq!(exit_code(9), 137);
        assert_eq!(exit_code(0), 0);
    }

    #[test]
    fn a_runtime_on_its_way_is_no_program_of_the_container() {
        let process = |words: &[&str], comm: &str| Process {
            arguments: words.iter().map(ToString::to_string).collect(),
            comm: comm.to_owned(),
            ..Process::default()
        };
        assert!(is_runtime(&process(&["runc", "init"], "runc")));
        assert!(is_runtime(&process(&["/usr/sbin/runc", "init"], "x")));
        assert!(is_runtime(&process(&[], "runc:[2:INIT]")));
        assert!(!is_runtime(&process(&["sh", "init"], "sh")));
    }
}
