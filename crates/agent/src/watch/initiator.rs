//! `Initiator`s out of the process graph: who did something, and who started whom before.

use model::{Ancestor, ContainerRef, Initiator};

use crate::attribute::Process;
use crate::detect::Observed;

/// Ancestors that are told.
const ANCESTORS: usize = 12;
/// Bytes of a command line that are told.
const COMMAND_BYTES: usize = 1024;

/// Who did what an event tells.
pub fn initiator(seen: &Observed<'_>) -> Initiator {
    let task = &seen.event.task;
    let user = seen.users.user(task.uid).map(|user| user.name.clone());
    Initiator {
        process: task.process,
        parent: task.parent,
        exe: exe(seen.process),
        command: command_line(seen.process),
        cwd: seen.process.cwd.clone(),
        uid: Some(task.uid),
        user: user.filter(|_| seen.container.is_none()).unwrap_or_default(),
        login_uid: task.login_uid,
        tty: task.tty,
        session: task.session,
        ancestors: seen.processes.ancestors(task.process).take(ANCESTORS).map(ancestor).collect(),
    }
}

/// The container of an event, by its names.
pub fn container(seen: &Observed<'_>) -> Option<ContainerRef> {
    seen.container.map(ContainerRef::from)
}

fn ancestor(process: &Process) -> Ancestor {
    Ancestor { process: process.id, exe: exe(process), command: command_line(process) }
}

fn exe(process: &Process) -> String {
    process.exe.as_ref().map(|exe| exe.path.clone()).unwrap_or_default()
}

/// The arguments in one line, quoted as a shell would read them; what the kernel calls the process
/// where none are known.
pub fn command_line(process: &Process) -> String {
    if process.arguments.is_empty() {
        return process.comm.clone();
    }
    let mut line = String::new();
    for argument in &process.arguments {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&quoted(argument));
        if line.len() > COMMAND_BYTES {
            line.truncate(line.floor_char_boundary(COMMAND_BYTES));
            line.push('…');
            break;
        }
    }
    line
}

/// A word as a shell would read it, in single quotes where it must.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%^".contains(c) || !c.is_ascii();
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let shown: String = word.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("'{}'", shown.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_reads_as_a_shell_would() {
        let check = |words: &[&str], expected: &str| {
            let arguments = words.iter().map(ToString::to_string).collect();
            assert_eq!(command_line(&Process { arguments, ..Process::default() }), expected);
        };
        check(&["sh", "-c", "echo hi > /tmp/x"], "sh -c 'echo hi > /tmp/x'");
        check(&["a", "it's", "", "line\nbreak"], r"a 'it'\''s' '' 'line break'");
        let long = "x".repeat(5000);
        let told = command_line(&Process { arguments: vec![long], ..Process::default() });
        assert!(told.len() < 1100 && told.ends_with('…'));
    }
}
