//! `proc.*` and `thread.*`: who did it, and who is above it.

use model::{EventKind, FileObject};
use policy::filter::Value;

use super::{Observed, flags};
use crate::attribute::Process;
use crate::detect::programs;

/// Bytes that the kernel keeps of a name; rules are written for them.
const COMM_BYTES: usize = 15;
const NS_PER_S: i64 = 1_000_000_000;

pub(super) fn value<'a>(
    seen: &'a Observed<'_>,
    name: &str,
    argument: Option<&str>,
) -> Option<Value<'a>> {
    if let Some(rest) = name.strip_prefix("thread.") {
        return thread(seen, rest);
    }
    let name = name.strip_prefix("proc.")?;
    of_ancestor(seen, name, argument)
        .or_else(|| of_leader(seen, name))
        .or_else(|| of_parent(seen, name))
        .or_else(|| of_program(seen, name, argument))
        .or_else(|| of_numbers(seen, name))
        .or_else(|| of_file(seen, name))
}

fn thread<'a>(seen: &'a Observed<'_>, name: &str) -> Option<Value<'a>> {
    let task = &seen.event.task;
    let sets = &task.capabilities;
    Some(match name {
        "tid" => Value::Int(i64::from(task.tid)),
        "vtid" => Value::Int(i64::from(task.inner_tid)),
        "ismain" => Value::Bool(task.tid == task.process.pid),
        "cap_permitted" => Value::from(flags::capabilities(sets.permitted)),
        "cap_effective" => Value::from(flags::capabilities(sets.effective)),
        "cap_inheritable" => Value::from(flags::capabilities(sets.inheritable)),
        _ => return None,
    })
}

/// The first argument, as the program was called.
fn exe(process: &Process) -> Option<&str> {
    process.arguments.first().map(String::as_str)
}

fn exe_path(process: &Process) -> Option<&str> {
    process.exe.as_ref().map(|exe| exe.path.as_str())
}

fn arguments(process: &Process) -> String {
    process.arguments.get(1..).unwrap_or_default().join(" ")
}

/// The arguments of the event's own process: at its exec all that the kernel told, the head and,
/// where they were too long, the tail.
fn own_arguments(seen: &Observed<'_>) -> String {
    let EventKind::Exec(exec) = &seen.event.kind else { return arguments(seen.process) };
    let mut line = exec.arguments.get(1..).unwrap_or_default().join(" ");
    if !exec.arguments_tail.is_empty() {
        line.push(' ');
        line.push_str(&exec.arguments_tail);
    }
    line
}

/// The environment of the event's own process: at its exec all that the kernel told.
fn own_environment<'a>(seen: &'a Observed<'_>) -> &'a [String] {
    match &seen.event.kind {
        EventKind::Exec(exec) => &exec.environment,
        _ => &seen.process.environment,
    }
}

/// What a process is called: its comm; in strict mode the name of the file that it runs, which it
/// cannot choose. Programs that are many in one are told by how they were called.
pub(super) fn name<'a>(seen: &Observed<'_>, process: &'a Process) -> &'a str {
    let leaf = |path: &'a str| path.rsplit('/').next().unwrap_or(path);
    let exe = exe_path(process).filter(|path| !path.is_empty());
    // A shell of busybox starts its own programs through /proc/self/exe: `exe` is no name.
    let wanted = |_: &&str| seen.strict_names || process.comm == "exe";
    let Some(exe) = exe.filter(wanted) else { return &process.comm };
    let (called, first) = (self::exe(process), process.arguments.get(1).map(String::as_str));
    programs::name_of(exe, called, first).unwrap_or(leaf(exe))
}

fn command_line(seen: &Observed<'_>, process: &Process) -> String {
    let is_own = std::ptr::eq(process, seen.process);
    let arguments = if is_own { own_arguments(seen) } else { arguments(process) };
    let name = name(seen, process);
    if arguments.is_empty() { name.to_owned() } else { format!("{name} {arguments}") }
}

fn text(text: Option<&str>) -> Option<Value<'_>> {
    text.filter(|text| !text.is_empty()).map(Value::from)
}

/// Fields over all ancestors, or over the one that is so many steps above.
fn of_ancestor<'a>(
    seen: &'a Observed<'_>,
    field: &str,
    argument: Option<&str>,
) -> Option<Value<'a>> {
    let ask: fn(&Observed<'_>, &'a Process) -> Option<Value<'a>> = match field {
        "aname" => |seen, process| text(Some(name(seen, process))),
        "aexe" => |_, process| text(exe(process)),
        "aexepath" => |_, process| text(exe_path(process)),
        "acmdline" => |seen, process| Some(Value::from(command_line(seen, process))),
        "apid" => |_, process| Some(Value::Int(i64::from(process.id.pid))),
        "aenv" => |_, process| Some(Value::from(process.environment.join(" "))),
        _ => return None,
    };
    let ask = |process| ask(seen, process);
    if let Some(steps) = argument.and_then(|argument| argument.parse().ok()) {
        return seen.ancestor(steps).and_then(ask);
    }
    let all: Vec<Value<'a>> = seen.processes.ancestors(seen.process.id).filter_map(ask).collect();
    (!all.is_empty()).then_some(Value::List(all))
}

fn of_parent<'a>(seen: &'a Observed<'_>, field: &str) -> Option<Value<'a>> {
    let wanted = matches!(field, "pname" | "pexe" | "pexepath" | "pcmdline" | "pvpid");
    let parent = seen.ancestor(1).filter(|_| wanted)?;
    match field {
        "pname" => text(Some(name(seen, parent))),
        "pexe" => text(exe(parent)),
        "pexepath" => text(exe_path(parent)),
        "pcmdline" => Some(Value::from(command_line(seen, parent))),
        _ => Some(Value::Int(i64::from(parent.inner_pid))),
    }
}

/// Fields of the leaders of the session and of the group.
fn of_leader<'a>(seen: &'a Observed<'_>, asked: &str) -> Option<Value<'a>> {
    let task = &seen.event.task;
    let (number, field) = match asked {
        "sname" => (task.session, "name"),
        "sid.exe" => (task.session, "exe"),
        "sid.exepath" => (task.session, "exepath"),
        "vpgid.name" => (task.process_group, "name"),
        "vpgid.exe" => (task.process_group, "exe"),
        "vpgid.exepath" => (task.process_group, "exepath"),
        _ => return None,
    };
    let leader = seen.process_of(number)?;
    match field {
        "name" => text(Some(name(seen, leader))),
        "exe" => text(exe(leader)),
        _ => text(exe_path(leader)),
    }
}

fn of_program<'a>(
    seen: &'a Observed<'_>,
    field: &str,
    argument: Option<&str>,
) -> Option<Value<'a>> {
    let process = seen.process;
    let file = process.exe.as_ref();
    let flag = |ask: fn(&FileObject) -> bool| file.map(|file| Value::Bool(ask(file)));
    match field {
        "name" if seen.strict_names || seen.event.task.comm == "exe" => {
            text(Some(name(seen, process)))
        }
        // The kernel's name may have changed since the process was last looked at.
        "name" => {
            text(Some(seen.event.task.comm.get(..COMM_BYTES).unwrap_or(&seen.event.task.comm)))
        }
        "exe" => text(exe(process)),
        "exepath" => text(exe_path(process)),
        "cmdline" => Some(Value::from(command_line(seen, process))),
        "exeline" => Some(Value::from(process.arguments.join(" "))),
        "args" => Some(Value::from(own_arguments(seen))),
        "cmdnargs" => Some(Value::Int(process.arguments.len().saturating_sub(1) as i64)),
        "cmdlenargs" => Some(Value::Int(own_arguments(seen).len() as i64)),
        "cwd" => text(Some(&process.cwd))
            .map(|cwd| Value::from(format!("{}/", cwd.render().trim_end_matches('/')))),
        "env" => match argument {
            None => Some(Value::from(own_environment(seen).join(" "))),
            Some(wanted) => own_environment(seen).iter().find_map(|variable| {
                let (name, value) = variable.split_once('=')?;
                (name == wanted).then(|| Value::from(value))
            }),
        },
        "is_exe_upper_layer" => flag(|file| file.flags.upper_layer),
        "is_exe_lower_layer" => flag(|file| !file.flags.upper_layer),
        "is_exe_from_memfd" => flag(FileObject::is_memfd),
        "is_exe_writable" => flag(|file| file.mode & 0o222 != 0),
        "exe_ino" => file.map(|file| Value::Int(file.inode as i64)),
        "exe_ino.ctime" => file.map(|file| Value::Int(file.changed_s * NS_PER_S)),
        "exe_ino.mtime" => file.map(|file| Value::Int(file.modified_s * NS_PER_S)),
        "exe_ino.ctime_duration_proc_start" => {
            file.map(|file| Value::Int(seen.started_ns(process.id) - file.changed_s * NS_PER_S))
        }
        _ => None,
    }
}

fn of_numbers<'a>(seen: &'a Observed<'_>, name: &str) -> Option<Value<'a>> {
    let task = &seen.event.task;
    let since = |start_ns: u64| seen.event.time_ns.saturating_sub(start_ns) as i64;
    Some(match name {
        "pid" => Value::Int(i64::from(task.process.pid)),
        "ppid" => Value::Int(i64::from(task.parent.pid)),
        "vpid" => Value::Int(i64::from(task.inner_pid)),
        "sid" => Value::Int(i64::from(task.session)),
        "pgid" => Value::Int(i64::from(task.process_group)),
        "vpgid" => Value::Int(i64::from(inner_group(seen)?)),
        "is_sid_leader" => Value::Bool(task.session == task.process.pid),
        "is_pgid_leader" | "is_vpgid_leader" => Value::Bool(task.process_group == task.process.pid),
        // libs' number: the kernel's old form of a device.
        "tty" => Value::Int(i64::from((task.tty >> 20) << 8 | (task.tty & 0xff))),
        "duration" => Value::Int(since(task.process.start_ns)),
        "ppid.duration" => Value::Int(since(task.parent.start_ns)),
        "pid.ts" => Value::Int(seen.started_ns(task.process)),
        "ppid.ts" => Value::Int(seen.started_ns(task.parent)),
        _ => return None,
    })
}

/// The group's number where its leader counts; no value where the leader is not known.
fn inner_group(seen: &Observed<'_>) -> Option<u32> {
    let task = &seen.event.task;
    if task.process_group == task.process.pid {
        return Some(task.inner_pid);
    }
    // Whoever is counted as the host counts has the host's numbers.
    if task.inner_pid == task.process.pid {
        return Some(task.process_group);
    }
    let leader = seen.process_of(task.process_group)?;
    (leader.inner_pid != 0).then_some(leader.inner_pid)
}

/// What the file tells that it runs, whatever it calls itself.
fn of_file<'a>(seen: &'a Observed<'_>, field: &str) -> Option<Value<'a>> {
    let process = seen.process;
    let manages = |one: &Process| programs::is_package_manager(one, seen.container, seen.drift);
    let above_manages = || seen.processes.ancestors(process.id).any(manages);
    match field {
        "program" => text(programs::name(process)),
        "is_shell" => programs::is_shell(process).map(Value::Bool),
        "is_interpreter" => programs::is_interpreter(process).map(Value::Bool),
        "is_runtime" => Some(Value::Bool(programs::is_runtime(process, seen.processes))),
        "from_runtime" => Some(Value::Bool(process.from_runtime)),
        "is_package_manager" => Some(Value::Bool(manages(process) || above_manages())),
        "below_package_manager" => Some(Value::Bool(above_manages())),
        "left_container" => Some(Value::Bool(seen.left_container)),
        "given" => programs::given(process).map(Value::from),
        _ => None,
    }
}
