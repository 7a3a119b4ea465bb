//! Ends a process, or a process and its descendants.

use std::collections::HashSet;

use rustix::process::Signal;

use super::target::{Target, every_pid, parent_of};

/// Processes that are ended at once.
const MAX_PROCESSES: usize = 1024;
/// How often new descendants are looked for.
const MAX_ROUNDS: usize = 16;
/// How long the end of a process is waited for.
const PATIENCE_MS: i64 = 1_000;

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Killed {
    /// The processes that got the signal, the first one first.
    pub(super) pids: Vec<u32>,
    /// Whether the first has ended; it may hang in the kernel, or be frozen.
    pub(super) ended: bool,
}

/// Ends a process.
pub(super) fn kill(target: &Target) -> Result<Killed, String> {
    target.signal(Signal::KILL)?;
    Ok(Killed { pids: vec![target.pid], ended: target.has_ended(PATIENCE_MS) })
}

/// Ends a process and its descendants. All are stopped first, so that none can start another
/// meanwhile. Those that are protected, and those in another container, are left alone.
pub(super) fn kill_tree(target: &Target, allow_host: bool) -> Result<Killed, String> {
    target.signal(Signal::STOP)?;
    let below = stop_descendants(target, allow_host);
    target.signal(Signal::KILL)?;
    let mut pids = vec![target.pid];
    for descendant in &below {
        if descendant.signal(Signal::KILL).is_ok() {
            pids.push(descendant.pid);
        }
    }
    Ok(Killed { pids, ended: target.has_ended(PATIENCE_MS) })
}

fn stop_descendants(root: &Target, allow_host: bool) -> Vec<Target> {
    let mut known: HashSet<u32> = HashSet::from([root.pid]);
    let mut left_alone: HashSet<u32> = HashSet::new();
    let mut below = Vec::new();
    for _ in 0..MAX_ROUNDS {
        // Only children are opened and looked at: a node has thousands of others.
        let children: Vec<Target> = every_pid()
            .into_iter()
            .filter(|pid| !known.contains(pid) && !left_alone.contains(pid))
            .filter(|pid| parent_of(*pid).is_some_and(|parent| known.contains(&parent)))
            .filter_map(Target::open)
            .collect();
        let mut new = 0;
        for process in children {
            let pid = process.pid;
            if below.len() >= MAX_PROCESSES || !known.contains(&process.parent) {
                continue;
            }
            let ours = process.container == root.container;
            if !ours || process.may_be_killed(allow_host).is_err() {
                left_alone.insert(pid);
            } else if process.signal(Signal::STOP).is_ok() {
                known.insert(pid);
                below.push(process);
                new += 1;
            }
        }
        if new == 0 {
            break;
        }
    }
    below
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_tree_ends_with_all_its_branches_and_the_neighbour_stays() {
        let script = "sleep 60 & echo $!; (sleep 61 & echo $!; wait) & wait";
        let mut command = Command::new("sh");
        let mut shell = command.args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut neighbour = Command::new("sleep").arg("60").spawn().unwrap();
        let lines = BufReader::new(shell.stdout.take().unwrap()).lines();
        let leaves: Vec<u32> = lines.take(2).map(|it| it.unwrap().parse().unwrap()).collect();
        let root = Target::open(shell.id()).unwrap();
        let held: Vec<Target> = leaves.iter().map(|pid| Target::open(*pid).unwrap()).collect();
        let killed = kill_tree(&root, true).unwrap();
        assert!(killed.ended && killed.pids.len() == 4, "{killed:?}");
        assert!(leaves.iter().all(|pid| killed.pids.contains(pid)));
        assert!(held.iter().all(|leaf| leaf.has_ended(5_000)));
        shell.wait().unwrap();
        assert!(neighbour.try_wait().unwrap().is_none());
        neighbour.kill().unwrap();
        neighbour.wait().unwrap();
    }
}
