//! How much memory an event takes: texts lie each in a place of their own, so that a command line
//! of very many very short words weighs much more than its bytes.

use model::{Call, CgroupName, Event, EventKind, Exec, FileObject};

/// What an allocation costs beside its bytes.
const ALLOCATION_BYTES: usize = 16;
/// What a text in a list costs beside its bytes: its place in the list, and the allocation.
const TEXT_BYTES: usize = size_of::<String>() + ALLOCATION_BYTES;

/// How many bytes an event takes, about.
pub(super) fn weight_bytes(event: &Event) -> usize {
    let kind = match &event.kind {
        EventKind::Exec(exec) | EventKind::Running(exec) => of_exec(exec),
        EventKind::Call(call) => of_call(call),
        EventKind::CgroupMade(name)
        | EventKind::CgroupRemoved(name)
        | EventKind::CgroupEntered(name, _) => of_cgroup(name),
        EventKind::IoUring(asked) => {
            size_of_val(&**asked) + asked.claimed.len() + asked.claimed_second.len()
        }
        EventKind::TerminalInput(input) => size_of_val(&**input) + input.bytes.len(),
        EventKind::ExecKilled(killed) => size_of_val(&**killed) + of_file(killed.exe.as_ref()),
        _ => 0,
    };
    size_of::<Event>() + event.task.comm.len() + ALLOCATION_BYTES + kind
}

fn of_exec(exec: &Exec) -> usize {
    let texts = exec.arguments.iter().chain(&exec.environment);
    size_of::<Exec>()
        + texts.map(|text| text.len() + TEXT_BYTES).sum::<usize>()
        + exec.claimed.len()
        + exec.interpreter.len()
        + exec.arguments_tail.len()
        + of_file(exec.exe.as_ref())
        + of_file(exec.cwd.as_ref())
        + exec.cgroup.as_ref().map_or(0, of_cgroup)
}

fn of_call(call: &Call) -> usize {
    size_of::<Call>()
        + call.name.len()
        + call.claimed.len()
        + call.claimed_second.len()
        + call.payload.len()
        + of_file(call.object.as_ref())
        + of_file(call.cwd.as_ref())
}

fn of_file(file: Option<&FileObject>) -> usize {
    file.map_or(0, |file| file.path.len() + ALLOCATION_BYTES)
}

fn of_cgroup(name: &CgroupName) -> usize {
    name.path.len() + ALLOCATION_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_short_words_weigh_more_than_one_long() {
        let weight = |arguments: Vec<String>| {
            let kind = EventKind::Exec(Box::new(Exec { arguments, ..Exec::default() }));
            weight_bytes(&Event { time_ns: 0, task: Default::default(), kind, truncated: false })
        };
        let (none, long) = (weight(Vec::new()), weight(vec!["x".repeat(4000)]));
        assert_eq!(long, none + 4000 + TEXT_BYTES);
        assert!(weight(vec!["x".to_owned(); 2000]) > 10 * long);
        assert!(none > size_of::<Event>());
    }
}
