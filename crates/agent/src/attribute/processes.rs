//! `Processes`: the graph of who started whom, live and dead, by number and start.
//!
//! Filled by events alone; no event needs `/proc`. A process that was never seen begin (the agent
//! started later, or events were lost) is made from the header of its first event.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use lru::LruCache;
use model::{Event, EventKind, Exec, FileObject, ProcessId, Task};
use serde::{Deserialize, Serialize};

/// Bytes of a command line that are kept.
const ARGUMENTS_KEPT_BYTES: usize = 2048;
/// Bytes of an environment that are kept.
const ENVIRONMENT_KEPT_BYTES: usize = 1024;
/// Ancestors that are followed.
const MAX_ANCESTORS: usize = 64;

/// A process, as far as it was seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Process {
    /// Which.
    pub id: ProcessId,
    /// Its parent.
    pub parent: ProcessId,
    /// What the kernel calls it.
    pub comm: String,
    /// Its arguments, cut.
    pub arguments: Vec<String>,
    /// The program's file.
    pub exe: Option<FileObject>,
    /// Its working directory at its last exec.
    pub cwd: String,
    /// Its environment, as far as it was read.
    pub environment: Vec<String>,
    /// Whether it is a script that an interpreter reads.
    pub is_script: bool,
    /// Whether it became this program outside of containers: by the host's hand.
    pub of_host: bool,
    /// Whether a container runtime of the host became this program.
    pub from_runtime: bool,
    /// The mount namespace in which it became this program; 0 when not known.
    pub mount_namespace: u32,
    /// The container's cgroup that it belongs to although it was moved out of it; 0 for none.
    pub home_cgroup: u64,
    /// Its number in its innermost pid namespace.
    pub inner_pid: u32,
    /// The cgroup that tells containers.
    pub cgroup_id: u64,
    /// Real user.
    pub uid: u32,
    /// Session's and group's numbers.
    pub session: u32,
    /// Process group's number.
    pub process_group: u32,
    /// When it became this program, in nanoseconds since boot; 0 when not seen.
    pub exec_ns: u64,
    /// When it ended; `None` while it lives.
    pub ended_ns: Option<u64>,
}

/// The processes of a node. The oldest that nobody asked for go first.
pub struct Processes {
    live: LruCache<ProcessId, Process>,
    dead: LruCache<ProcessId, Process>,
    forgotten: u64,
}

impl Process {
    /// The cgroup that tells its container: where it is, unless somebody moved it out of one.
    pub fn attributed_cgroup(&self) -> u64 {
        if self.home_cgroup == 0 { self.cgroup_id } else { self.home_cgroup }
    }

    /// When it last became another program, or ended, in nanoseconds since boot.
    fn changed_ns(&self) -> u64 {
        self.exec_ns.max(self.ended_ns.unwrap_or_default())
    }

    /// Whether it is known not to be of the host: its program's beginning was seen, or its being moved
    /// out of a container.
    fn is_no_hosts(&self) -> bool {
        !self.of_host && (self.exe.is_some() || self.home_cgroup != 0)
    }

    /// The process of an event that tells what runs; `None` of another.
    pub fn running(event: &Event) -> Option<Process> {
        let EventKind::Running(exec) = &event.kind else { return None };
        let mut process = from_header(&event.task);
        become_program(&mut process, exec);
        process.mount_namespace = event.task.namespaces.mnt;
        Some(process)
    }
}

impl Processes {
    /// A graph of at most so many live and so many dead processes.
    pub fn new(live: NonZeroUsize, dead: NonZeroUsize) -> Self {
        Processes { live: LruCache::new(live), dead: LruCache::new(dead), forgotten: 0 }
    }

    /// Takes an event in.
    pub fn observe(&mut self, event: &Event) {
        let id = event.task.process;
        match &event.kind {
            EventKind::Fork(child) => {
                let parent = self.of(&event.task);
                let mut born = parent.clone();
                born.id = child.process;
                born.parent = parent.id;
                born.inner_pid = child.inner_pid;
                born.cgroup_id = child.cgroup_id;
                born.ended_ns = None;
                self.keep(born);
            }
            EventKind::Exec(exec) => {
                let mut process = self.of(&event.task).clone();
                become_program(&mut process, exec);
                process.mount_namespace = event.task.namespaces.mnt;
                process.comm.clone_from(&event.task.comm);
                process.exec_ns = event.time_ns;
                self.keep(process);
            }
            EventKind::Exit { .. } => {
                let mut process = self.of(&event.task).clone();
                process.ended_ns = Some(event.time_ns);
                self.live.pop(&id);
                self.dead.put(id, process);
            }
            EventKind::CgroupEntered(cgroup, child) => {
                if let Some(process) = self.live.get_mut(&child.process) {
                    process.cgroup_id = cgroup.id;
                }
            }
            _ => {
                self.of(&event.task);
            }
        }
    }

    /// Puts in what was running before; see `start_up`.
    pub fn seed(&mut self, process: Process) {
        if !self.live.contains(&process.id) {
            self.keep(process);
        }
    }

    /// After a loss: those that run now become what they are now, those that do not are dead. Parents
    /// come before their children. Who was moved out of its container, or was born to such a one,
    /// still belongs to it. What was seen since the kernel was asked is newer than its
    /// answer and stays.
    pub fn heal(&mut self, running: Vec<Process>, asked_ns: u64) {
        let alive: HashSet<ProcessId> = running.iter().map(|process| process.id).collect();
        let is_gone = |id: &ProcessId| !alive.contains(id) && id.start_ns < asked_ns;
        let gone: Vec<ProcessId> = self.live.iter().map(|(id, _)| *id).filter(is_gone).collect();
        for id in gone {
            if let Some(process) = self.live.pop(&id) {
                // When it ended was not seen.
                let ended_ns = process.ended_ns.or(Some(process.exec_ns.max(id.start_ns)));
                self.dead.put(id, Process { ended_ns, ..process });
            }
        }
        for mut process in running {
            let known = self.find(process.id);
            if known.is_some_and(|known| known.changed_ns() >= asked_ns) {
                continue;
            }
            if let Some(before) = known.or_else(|| self.find(process.parent)) {
                process.home_cgroup = before.home_cgroup;
                process.of_host &= !before.is_no_hosts();
            }
            if let Some(known) = known.filter(|known| known.exe == process.exe) {
                process.exec_ns = known.exec_ns;
                process.of_host = known.of_host;
                process.from_runtime = known.from_runtime;
            }
            self.keep(process);
        }
    }

    /// Changes what is known of a process that lives.
    pub fn change(&mut self, id: ProcessId, change: impl FnOnce(&mut Process)) {
        if let Some(process) = self.live.peek_mut(&id) {
            change(process);
        }
    }

    /// A process, live or dead.
    pub fn find(&self, id: ProcessId) -> Option<&Process> {
        self.live.peek(&id).or_else(|| self.dead.peek(&id))
    }

    /// The parent, its parent, and so on, as far as they are known.
    pub fn ancestors(&self, id: ProcessId) -> impl Iterator<Item = &Process> {
        let parent = self.find(id).and_then(|process| self.find(process.parent));
        // A number that is its own parent's would go round for ever.
        std::iter::successors(parent, |process| {
            self.find(process.parent).filter(|above| above.id != process.id)
        })
        .take(MAX_ANCESTORS)
    }

    /// How many live and dead processes are known, and how many were forgotten for want of room.
    pub fn counts(&self) -> (usize, usize, u64) {
        (self.live.len(), self.dead.len(), self.forgotten)
    }

    /// The process of an event, made from its header where it is new.
    fn of(&mut self, task: &Task) -> &Process {
        let id = task.process;
        if !self.live.contains(&id) {
            let process = self.dead.peek(&id).cloned().unwrap_or_else(|| from_header(task));
            self.keep(process);
        }
        let process = self.live.get_or_insert_mut(id, || from_header(task));
        process.parent = task.parent;
        process.uid = task.uid;
        process.cgroup_id = task.cgroup_id;
        process.session = task.session;
        process.process_group = task.process_group;
        process
    }

    fn keep(&mut self, process: Process) {
        let id = process.id;
        if let Some((old, _)) = self.live.push(id, process)
            && old != id
        {
            self.forgotten += 1;
        }
    }
}

fn from_header(task: &Task) -> Process {
    Process {
        id: task.process,
        parent: task.parent,
        comm: task.comm.clone(),
        inner_pid: task.inner_pid,
        cgroup_id: task.cgroup_id,
        uid: task.uid,
        session: task.session,
        process_group: task.process_group,
        ..Process::default()
    }
}

fn become_program(process: &mut Process, exec: &Exec) {
    process.arguments = cut(&exec.arguments, ARGUMENTS_KEPT_BYTES);
    process.environment = cut(&exec.environment, ENVIRONMENT_KEPT_BYTES);
    process.exe.clone_from(&exec.exe);
    process.is_script = !exec.interpreter.is_empty();
    process.cwd = exec.cwd.as_ref().map(|cwd| cwd.path.clone()).unwrap_or_default();
}

/// The first texts, the last of them cut, so that what is long is not left out whole.
fn cut(texts: &[String], room_bytes: usize) -> Vec<String> {
    let mut room = room_bytes;
    let mut kept = Vec::new();
    for text in texts {
        if room == 0 {
            break;
        }
        let end = text.floor_char_boundary(room.min(text.len()));
        kept.push(text.get(..end).unwrap_or_default().to_owned());
        room = room.saturating_sub(text.len() + 1);
    }
    kept
}

#[cfg(test)]
mod tests {
    use model::Child;

    use super::*;

    /// When the kernel was asked who runs.
    const ASKED_NS: u64 = 1000;

    fn id(pid: u32) -> ProcessId {
        ProcessId { pid, start_ns: u64::from(pid) * 10 }
    }

    fn event(pid: u32, parent: u32, kind: EventKind) -> Event {
        let task = Task { process: id(pid), parent: id(parent), ..Task::default() };
        Event { time_ns: 1, task, kind, truncated: false }
    }

    fn exec(name: &str) -> EventKind {
        EventKind::Exec(Box::new(Exec { arguments: vec![name.to_owned()], ..Exec::default() }))
    }

    fn fork(pid: u32) -> EventKind {
        EventKind::Fork(Child { process: id(pid), inner_pid: 1, cgroup_id: 7 })
    }

    fn graph(live: usize) -> Processes {
        let size = |size| NonZeroUsize::new(size).unwrap();
        Processes::new(size(live), size(4))
    }

    #[test]
    fn a_child_has_its_parents_program_until_it_has_its_own() {
        let mut graph = graph(8);
        graph.observe(&event(10, 1, exec("sh")));
        graph.observe(&event(10, 1, fork(11)));
        assert_eq!(graph.find(id(11)).unwrap().arguments, ["sh"]);
        graph.observe(&event(11, 10, exec("cat")));
        graph.observe(&event(10, 1, EventKind::Exit { status: 0 }));
        let names = graph.ancestors(id(11)).map(|process| process.arguments.join(" "));
        assert_eq!(names.collect::<Vec<_>>(), ["sh"]);
        assert!(graph.find(id(10)).unwrap().ended_ns.is_some());
    }

    #[test]
    fn what_is_long_is_cut_and_not_left_out() {
        let mut graph = graph(8);
        let arguments =
            vec!["python3".to_owned(), "-c".to_owned(), "é".repeat(3000), "x".to_owned()];
        let exec = Exec { arguments, ..Exec::default() };
        graph.observe(&event(10, 1, EventKind::Exec(Box::new(exec))));
        let kept = &graph.find(id(10)).unwrap().arguments;
        assert_eq!(kept.len(), 3);
        assert!(kept[2].len() > ARGUMENTS_KEPT_BYTES - 20 && kept[2].len() < ARGUMENTS_KEPT_BYTES);
    }

    #[test]
    fn the_same_number_later_is_another_process() {
        let mut graph = graph(8);
        graph.observe(&event(10, 1, exec("old")));
        let mut later = event(10, 1, exec("new"));
        later.task.process.start_ns = 99_999;
        graph.observe(&later);
        assert_eq!(graph.find(id(10)).unwrap().arguments, ["old"]);
        assert_eq!(graph.find(later.task.process).unwrap().arguments, ["new"]);
    }

    #[test]
    fn it_never_grows_beyond_its_size() {
        let mut graph = graph(8);
        for pid in 10..10_000 {
            graph.observe(&event(1, 0, fork(pid)));
            if pid % 2 == 0 {
                graph.observe(&event(pid, 1, EventKind::Exit { status: 0 }));
            }
        }
        let (live, dead, forgotten) = graph.counts();
        assert!(live <= 8 && dead <= 4 && forgotten > 0);
        assert_eq!(graph.ancestors(id(9_999)).count(), 1);
    }

    #[test]
    fn what_was_lost_is_healed_by_who_runs() {
        let number = NonZeroUsize::new(8).unwrap();
        let mut processes = Processes::new(number, number);
        processes.observe(&event(2, 1, exec("sh")));
        processes.observe(&event(3, 2, exec("cat")));
        let kind = EventKind::Running(Box::new(match exec("nc") {
            EventKind::Exec(exec) => *exec,
            _ => panic!(),
        }));
        let running = [event(3, 2, kind.clone()), event(4, 3, kind)];
        processes.heal(running.iter().filter_map(Process::running).collect(), ASKED_NS);
        assert!(processes.find(id(2)).unwrap().ended_ns.is_some(), "its exit was lost");
        assert_eq!(processes.find(id(3)).unwrap().arguments[0], "nc", "its exec was lost");
        assert!(processes.ancestors(id(4)).any(|above| above.id == id(3)), "its fork was lost");
        assert_eq!(processes.counts().0, 2);
    }

    #[test]
    fn what_was_seen_since_the_kernel_was_asked_stays() {
        let number = NonZeroUsize::new(8).unwrap();
        let mut processes = Processes::new(number, number);
        let later = |pid, kind| Event { time_ns: ASKED_NS + 1, ..event(pid, 1, kind) };
        processes.observe(&later(2, exec("new")));
        processes.observe(&later(3, EventKind::Exit { status: 0 }));
        processes.observe(&later(200, exec("born")));
        let old = |pid| Process { id: id(pid), ..Process::default() };
        processes.heal(vec![old(2), old(3)], ASKED_NS);
        assert_eq!(processes.find(id(2)).unwrap().arguments, ["new"]);
        assert!(processes.find(id(3)).unwrap().ended_ns.is_some());
        assert!(processes.find(id(200)).unwrap().ended_ns.is_none());
    }

    #[test]
    fn who_left_its_container_still_belongs_to_it_after_a_loss() {
        let number = NonZeroUsize::new(8).unwrap();
        let mut processes = Processes::new(number, number);
        processes.observe(&event(2, 1, exec("sh")));
        processes.change(id(2), |process| (process.home_cgroup, process.of_host) = (7, false));
        // Its exec, a child's fork and a grandchild's were lost; all are in the host's mounts now.
        let healed = [(2, 1), (3, 2), (4, 3), (5, 1)].map(|(pid, parent)| Process {
            exe: Some(FileObject { path: "/bin/nc".to_owned(), ..FileObject::default() }),
            ..Process { id: id(pid), parent: id(parent), of_host: true, ..Process::default() }
        });
        processes.heal(healed.to_vec(), ASKED_NS);
        let told = [2, 3, 4, 5].map(|pid| {
            let process = processes.find(id(pid)).unwrap();
            (process.attributed_cgroup(), process.of_host)
        });
        assert_eq!(told, [(7, false), (7, false), (7, false), (0, true)]);
    }
}
