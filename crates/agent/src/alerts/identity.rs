//! `Identity`: what makes two alerts alike.

use model::{Alert, AlertSource, Priority};

use super::fold::program;

/// The fields that name what something was done to, the most telling first.
const TARGETS: [&str; 10] = [
    "fd.name",
    "proc.stdin.rip",
    "proc.relay.peer",
    "evt.arg.path",
    "evt.arg.newpath",
    "evt.arg.linkpath",
    "evt.arg.dev",
    "evt.arg.request",
    "file",
    "device",
];

/// Fields of alerts about a workload: what its containers do in turn is one and the same.
const OF_WORKLOAD: [&str; 2] = ["oom_kills", "missing"];

/// What makes two alerts alike: the rule, where, by which program, to what kind of thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    place: Place,
    program: String,
    target: String,
}

/// A rule in a container, or on the host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    source: AlertSource,
    priority: Priority,
    pub(super) rule: String,
    /// The container's id, or its workload; empty for the host.
    container: String,
}

impl Identity {
    /// The identity of an alert.
    pub fn of(alert: &Alert) -> Self {
        let named = |field: &&str| alert.fields.get(*field).and_then(Option::as_deref);
        let is_workloads = alert.source == AlertSource::Isolation
            && OF_WORKLOAD.iter().any(|one| named(one).is_some());
        let workload = named(&"workload").filter(|_| is_workloads);
        let id = alert.container.as_ref().map(|one| one.id.as_str());
        let place = Place {
            source: alert.source,
            priority: alert.priority,
            rule: alert.rule.clone(),
            container: workload.or(id).unwrap_or_default().to_owned(),
        };
        let program = without_numbers(program(alert)) + &applet(alert);
        Identity { place, program, target: class(target(alert)) }
    }

    pub(super) fn place(&self) -> Place {
        self.place.clone()
    }
}

/// What it was done to; empty when the rule names nothing.
pub(super) fn target(alert: &Alert) -> &str {
    let named = |field: &&str| alert.fields.get(*field).and_then(Option::as_deref);
    TARGETS.iter().find_map(named).unwrap_or_default()
}

/// The name under which one program of many was started, such as busybox; empty when it is the
/// file's own.
fn applet(alert: &Alert) -> String {
    let leaf = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let Some(initiator) = &alert.initiator else { return String::new() };
    let mut words = initiator.command.split(' ').map(leaf);
    let (file, mut name) = (leaf(&initiator.exe), words.next().unwrap_or_default());
    if name == file {
        // `busybox cat` as much as `cat`; of other programs the second word says nothing.
        name = words.next().filter(|_| file == "busybox").unwrap_or_default();
    }
    if name.is_empty() { name } else { format!(" as {}", without_numbers(&name)) }
}

/// The kind of a target: the folder of a path, the other end of a connection, a word as it is.
/// Numbers do not make a difference in paths: `/proc/17/maps`, `/tmp/part-0003`.
fn class(target: &str) -> String {
    if let Some((_, peer)) = target.split_once("->") {
        return peer.to_owned();
    }
    match target.rsplit_once('/') {
        // Few files lie directly below the root or in `/etc`; each is a target of its own.
        Some(("" | "/etc" | "/root", _)) | None => target.to_owned(),
        Some((folder, _)) => without_numbers(folder),
    }
}

/// A path with `#` for each number in it.
fn without_numbers(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use model::Initiator;

    use super::*;

    #[test]
    fn programs_in_one_file_are_told_apart() {
        let check = |exe: &str, command: &str, expected: &str| {
            let initiator = Initiator {
                exe: exe.to_owned(),
                command: command.to_owned(),
                ..Initiator::default()
            };
            let alert = Alert { initiator: Some(initiator), ..alert() };
            assert_eq!(applet(&alert), expected, "{command}");
        };
        check("/bin/busybox", "cat /etc/shadow", " as cat");
        check("/bin/busybox", "/bin/busybox nc -e sh", " as nc");
        check("/usr/bin/python3.11", "python3 x.py", " as python#");
        check("/bin/cat", "/bin/cat busybox", "");
    }

    fn alert() -> Alert {
        serde_json::from_value(serde_json::json!({
            "time_ns": 0, "rule": "r", "source": "syscall", "priority": "error", "tags": [],
            "text": "t", "fields": {}, "node": "n", "times": 1
        }))
        .unwrap()
    }

    #[test]
    fn a_target_is_told_by_its_kind() {
        let check = |target: &str, expected: &str| assert_eq!(class(target), expected);
        check("/etc/shadow", "/etc/shadow");
        check("/proc/17/task/18/maps", "/proc/#/task/#");
        check("/var/log/a.log", "/var/log");
        check("10.0.0.2:40001->10.0.0.9:4444", "10.0.0.9:4444");
        check("PTRACE_ATTACH", "PTRACE_ATTACH");
        check("", "");
    }
}
