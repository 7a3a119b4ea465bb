//! Files of `/proc` and of control groups: a process's `stat`, `cmdline` and `status`, divided by
//! `ff`; and the whole as any file of a control group.
#![no_main]

use agent::attribute::{container_of, processes_of};
use agent::drift::is_packed;
use agent::isolation::read_cgroup_file;
use lazaret_fuzz::files::{folder, put};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let (processors, _) = read_cgroup_file(&text);
    assert_ne!(processors, Some(0));
    if let Some(found) = container_of(&text) {
        let is_digit = |c| matches!(c, '0'..='9' | 'a'..='f');
        assert!(found.id.len() == 64 && found.id.chars().all(is_digit), "{found:?}");
    }
    is_packed(input);
    let parts: Vec<&[u8]> = input.splitn(3, |&byte| byte == 0xff).collect();
    let [stat, cmdline, status] = parts[..] else { return };
    for (name, bytes) in [("stat", stat), ("cmdline", cmdline), ("status", status)] {
        put(&format!("7/{name}"), bytes);
    }
    let processes = processes_of(folder());
    assert!(processes.len() <= 1, "{processes:?}");
    for process in processes {
        assert_eq!(process.id.pid, 7, "its folder names it");
        assert!(process.arguments.iter().all(|one| !one.contains('\0')), "{process:?}");
        // A program chooses its name; it cannot pass for another's child with it.
        let end = stat.iter().rposition(|&byte| byte == b')').expect("a name has an end");
        let after = String::from_utf8_lossy(&stat[end + 1..]);
        let parent = after.split_whitespace().nth(1).and_then(|word| word.parse().ok());
        assert_eq!(Some(process.parent.pid), parent, "{process:?}");
    }
});
