//! The answers to the rules' questions over one event, in the meaning of the table
//! `policy::filter::tables::syscall`. A field that has no answer here has no value there.

#[cfg(test)]
mod answers;
mod arguments;
#[cfg(test)]
mod census;
mod container;
mod descriptor;
mod event;
mod flags;
mod isolation;
mod origin;
mod paths;
mod process;
mod target;

use model::{Container, Event, EventKind, Namespaces, ProcessId};
use policy::filter::{Facts, Field, Value};

use crate::attribute::{Process, Processes};
use crate::detect::{Relay, Users};
use crate::drift::Drift;

/// An event with all that is known of who did it.
pub struct Observed<'a> {
    /// What happened.
    pub event: &'a Event,
    /// Its number since the agent began.
    pub number: u64,
    /// The moment of the kernel's zero, in nanoseconds since 1970: event times count from it.
    pub boot_ns: i64,
    /// The process.
    pub process: &'a Process,
    /// Its ancestors are here.
    pub processes: &'a Processes,
    /// Its container; `None` for the host.
    pub container: Option<&'a Container>,
    /// The container of the process that it acts upon; `None` for the host, and where there is none.
    pub target: Option<&'a Container>,
    /// The host's own namespaces.
    pub host_namespaces: Namespaces,
    /// Names of the host's users.
    pub users: &'a Users,
    /// The node's name.
    pub node: &'a str,
    /// Holds programs against images; `None` where no disk may be looked at.
    pub drift: Option<&'a Drift>,
    /// The relay that this event made whole.
    pub relay: Option<&'a Relay>,
    /// Whether it is the exec of the container's first program.
    pub is_container_start: bool,
    /// Whether it moved a process out of its container's cgroup, and is no runtime.
    pub left_container: bool,
    /// Whether a process is named by the file it runs, not by what it calls itself.
    pub strict_names: bool,
}

impl Facts for Observed<'_> {
    fn value<'a>(&'a self, field: &Field, argument: Option<&str>) -> Option<Value<'a>> {
        let name = field.name.as_ref();
        let known = match name.split_once('.').map_or(name, |(family, _)| family) {
            "evt" => event::value(self, name, argument),
            "proc" | "thread" => process::value(self, name, argument),
            "fd" | "fs" => descriptor::value(self, name).or_else(|| paths::value(self, name)),
            "user" | "group" => self.account(name),
            "container" | "k8s" => container::value(self, name, argument),
            _ => None,
        };
        known
            .or_else(|| isolation::value(self, name))
            .or_else(|| origin::value(self, name))
            .or_else(|| target::value(self, name))
    }
}

impl<'o> Observed<'o> {
    /// The type of the event, in the words of system calls.
    pub fn event_type(&self) -> &'o str {
        match &self.event.kind {
            EventKind::Fork(_) => "clone",
            EventKind::Exec(_) => "execve",
            EventKind::Exit { .. } => "procexit",
            EventKind::Call(call) => &call.name,
            EventKind::IoUring { .. } => "io_uring_enter",
            EventKind::CgroupEntered(..) => "cgroup_attach",
            _ => "",
        }
    }

    fn account(&self, name: &str) -> Option<Value<'_>> {
        let task = &self.event.task;
        let user = |uid| self.users.user(uid);
        // The host's names and homes are not the container's.
        let own = |uid| self.container.is_none().then(|| user(uid)).flatten();
        match name {
            "user.uid" => Some(Value::Int(i64::from(task.uid))),
            "user.name" => Some(self.name_of_user(task.uid)),
            "user.homedir" => own(task.uid).map(|user| Value::from(user.home.as_str())),
            "user.shell" => own(task.uid).map(|user| Value::from(user.shell.as_str())),
            "user.loginuid" => Some(Value::Int(task.login_uid.map_or(-1, i64::from))),
            // Whoever logged in did so on the host.
            "user.loginname" => user(task.login_uid?).map(|user| Value::from(user.name.as_str())),
            "group.gid" => Some(Value::Int(i64::from(task.gid))),
            "group.name" => Some(self.name_of_group(task.gid)),
            _ => None,
        }
    }

    /// A user's name on the host; in a container its number, but for root, who is 0 everywhere.
    fn name_of_user(&self, uid: u32) -> Value<'_> {
        match (self.container, self.users.user(uid)) {
            (Some(_), _) if uid == 0 => Value::from("root"),
            (None, Some(user)) => Value::from(user.name.as_str()),
            _ => Value::from(uid.to_string()),
        }
    }

    fn name_of_group(&self, gid: u32) -> Value<'_> {
        match (self.container, self.users.group(gid)) {
            (Some(_), _) if gid == 0 => Value::from("root"),
            (None, Some(name)) => Value::from(name),
            _ => Value::from(gid.to_string()),
        }
    }

    /// The process itself at 0, its parent at 1, and so on.
    fn ancestor(&self, steps: usize) -> Option<&'o Process> {
        match steps.checked_sub(1) {
            None => Some(self.process),
            Some(above) => self.processes.ancestors(self.process.id).nth(above),
        }
    }

    fn process_of(&self, pid: u32) -> Option<&'o Process> {
        if self.process.id.pid == pid {
            return Some(self.process);
        }
        self.processes.ancestors(self.process.id).find(|process| process.id.pid == pid)
    }

    /// When a process began, in nanoseconds since 1970.
    fn started_ns(&self, id: ProcessId) -> i64 {
        self.boot_ns.saturating_add_unsigned(id.start_ns)
    }
}
