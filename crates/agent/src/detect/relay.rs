//! `Relays`: shells whose input and output another process carries to a connection. Nobody's
//! standard input is a socket there, so that looking at the shell alone shows nothing.
//!
//! ```text
//! sh <fifo | nc peer >fifo       the reader of the shell's output has the connection
//! open2(sh), popen(sh)           the parent has it, and the pipes are new
//! pty.spawn(sh)                  the parent has it, and the shell got a terminal
//! ```
//!
//! A pair of unix sockets is a pipe here: Node and whatever stands on libuv give their children such
//! pairs. Each end has a number of its own, so that only a parent is recognised at the other end.
//!
//! Pure: fed with events, asked of each. Bounded: the oldest goes first.

use std::num::NonZeroUsize;

use lru::LruCache;
use model::{Call, Event, EventKind, Exec, Peer, ProcessId, SocketFamily, Stdio};

use super::programs;

/// Processes that are remembered, of each kind.
const PROCESSES: NonZeroUsize = NonZeroUsize::new(8192).expect("not zero");
/// Ancestors of a shell that may hold the connection.
const STEPS: usize = 2;
/// Ancestors beside them that a shell has its input or output from.
const INHERITED_STEPS: usize = 16;
const SOCK_STREAM: u16 = 1;
const S_IFMT: u32 = 0o170_000;
const S_IFIFO: u32 = 0o010_000;
const S_IFSOCK: u32 = 0o140_000;
const S_IFCHR: u32 = 0o020_000;

/// A shell that is reached through another process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// `pipe` or `terminal`.
    pub how: &'static str,
    /// The other end of the connection, `address:port`.
    pub peer: String,
}

/// What is remembered to recognise relays.
pub struct Relays {
    /// Processes with a connection, and with whom.
    connected: LruCache<ProcessId, String>,
    /// What runs with pipes for its input or output.
    piped: LruCache<ProcessId, Pipes>,
    /// Shells that read commands, by the pipe that they write to.
    shells: LruCache<u64, ProcessId>,
    /// Others, by the pipe that they read from.
    readers: LruCache<u64, ProcessId>,
    parents: LruCache<ProcessId, ProcessId>,
    /// Who has a shell below it with pipes of its own, and no connection yet.
    waiting: LruCache<ProcessId, ProcessId>,
}

/// The pipes of a process, by inode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Pipes {
    input: Option<u64>,
    output: Option<u64>,
}

impl Default for Relays {
    fn default() -> Self {
        Relays {
            connected: LruCache::new(PROCESSES),
            piped: LruCache::new(PROCESSES),
            shells: LruCache::new(PROCESSES),
            readers: LruCache::new(PROCESSES),
            parents: LruCache::new(PROCESSES),
            waiting: LruCache::new(PROCESSES),
        }
    }
}

impl Relays {
    /// Takes an event in and says whether it made a relay whole.
    pub fn observe(&mut self, event: &Event) -> Option<Relay> {
        let id = event.task.process;
        match &event.kind {
            EventKind::Fork(child) => {
                self.parents.put(child.process, id);
                None
            }
            EventKind::Exec(exec) => {
                self.parents.put(id, event.task.parent);
                self.started(id, exec)
            }
            EventKind::Call(call) => self.connects(id, call),
            EventKind::Exit { .. } => {
                self.forget(id);
                None
            }
            _ => None,
        }
    }

    fn forget(&mut self, id: ProcessId) {
        self.connected.pop(&id);
        self.parents.pop(&id);
        self.waiting.pop(&id);
        let Some(pipes) = self.piped.pop(&id) else { return };
        for (pipe, map) in [(pipes.output, &mut self.shells), (pipes.input, &mut self.readers)] {
            if let Some(pipe) = pipe
                && map.peek(&pipe) == Some(&id)
            {
                map.pop(&pipe);
            }
        }
    }

    fn started(&mut self, id: ProcessId, exec: &Exec) -> Option<Relay> {
        let pipes = Pipes { input: pipe(&exec.stdio[0]), output: pipe(&exec.stdio[1]) };
        let reads_commands = is_bare_shell(exec);
        self.piped.put(id, pipes);
        if !reads_commands {
            if let Some(input) = pipes.input {
                self.readers.put(input, id);
            }
            return None;
        }
        if let (Some(_), Some(output)) = (pipes.input, pipes.output) {
            self.shells.put(output, id);
            let reader = self.readers.peek(&output).copied();
            let found = reader.and_then(|reader| self.carries(reader));
            return found.or_else(|| self.held_above(id, "pipe", pipes));
        }
        let terminal = is_terminal(&exec.stdio[0]);
        if terminal { self.held_above(id, "terminal", pipes) } else { None }
    }

    /// The reader of a shell's output, when it has a connection and itself writes into a pipe.
    fn carries(&self, reader: ProcessId) -> Option<Relay> {
        self.piped.peek(&reader)?.output?;
        let peer = self.connected.peek(&reader)?;
        Some(Relay { how: "pipe", peer: peer.clone() })
    }

    /// The parent or its parent, when it has a connection and the pipes are not its own. Those that
    /// the shell has its pipes from are passed over: `sh -c "sh; true"`. Who has no connection yet is
    /// waited for.
    fn held_above(&mut self, id: ProcessId, how: &'static str, pipes: Pipes) -> Option<Relay> {
        let (mut at, mut steps) = (id, 0);
        for _ in 0..INHERITED_STEPS {
            at = *self.parents.peek(&at)?;
            let own = self.piped.peek(&at).copied().unwrap_or_default();
            if how == "pipe" && (own.input == pipes.input || own.output == pipes.output) {
                continue;
            }
            if let Some(peer) = self.connected.peek(&at) {
                return Some(Relay { how, peer: peer.clone() });
            }
            if how == "pipe" {
                self.waiting.put(at, id);
            }
            steps += 1;
            if steps == STEPS {
                return None;
            }
        }
        None
    }

    fn connects(&mut self, id: ProcessId, call: &Call) -> Option<Relay> {
        let answered = matches!(call.name.as_str(), "accept" | "accept4") && call.ret >= 0;
        let asked = call.name == "connect" && matches!(call.ret, 0 | -115);
        let connection = call.connection.as_ref().filter(|_| answered || asked)?;
        let peer = connection.remote.as_ref().or(call.address.as_ref())?;
        let Peer::Ip(ip, port) = peer else { return None };
        if connection.kind != SOCK_STREAM || ip.is_loopback() {
            return None;
        }
        let peer = match ip {
            std::net::IpAddr::V6(ip) => format!("[{ip}]:{port}"),
            std::net::IpAddr::V4(ip) => format!("{ip}:{port}"),
        };
        self.connected.put(id, peer.clone());
        let below = self.waiting.pop(&id);
        if below.is_some_and(|shell| self.piped.contains(&shell)) {
            return Some(Relay { how: "pipe", peer });
        }
        let pipes = self.piped.peek(&id)?;
        self.shells.peek(&pipes.input?)?;
        self.carries(id)
    }
}

/// A shell that reads its commands from its input: no script, no `-c`. Told by its file, whatever
/// the link was called that led there, and by what it was called.
fn is_bare_shell(exec: &Exec) -> bool {
    let leaf = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let word = |at: usize| exec.arguments.get(at).map(String::as_str);
    let called = word(0).map(|word| leaf(word.trim_start_matches('-')));
    let file = exec.exe.as_ref().map(|exe| exe.path.as_str());
    let own = file.and_then(|file| programs::name_of(file, word(0), word(1))).map(leaf);
    let names = called.into_iter().chain(own).chain([leaf(&exec.claimed)]);
    let is_shell = names.into_iter().any(|name| programs::is_shell_name(&name));
    // busybox sh: the second word is the shell's name.
    let skipped = if word(1).is_some_and(programs::is_shell_name) { 2 } else { 1 };
    let rest = exec.arguments.get(skipped..).unwrap_or_default();
    let takes_none = |word: &String| word.starts_with('-') && !is_command_option(word);
    is_shell && exec.interpreter.is_empty() && rest.iter().all(takes_none)
}

/// `-c`, `-xc`, `--command`: a command follows.
fn is_command_option(word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(long) => long == "command",
        None => word.contains('c'),
    }
}

fn pipe(one: &Stdio) -> Option<u64> {
    let kind = one.mode & S_IFMT;
    let is_pair = kind == S_IFSOCK && one.family == SocketFamily::Unix;
    (one.inode != 0 && (kind == S_IFIFO || is_pair)).then_some(one.inode)
}

fn is_terminal(one: &Stdio) -> bool {
    one.mode & S_IFMT == S_IFCHR && matches!(one.rdev >> 20, 136..=143)
}

#[cfg(test)]
mod tests {
    use model::{Child, Connection, Task};

    use super::*;

    fn id(pid: u32) -> ProcessId {
        ProcessId { pid, start_ns: 1 }
    }

    fn event(pid: u32, parent: u32, kind: EventKind) -> Event {
        let task = Task { process: id(pid), parent: id(parent), ..Task::default() };
        Event { time_ns: 1, task, kind, truncated: false }
    }

    /// Input and output: a pipe's number, 0 for a terminal.
    fn exec(pid: u32, parent: u32, words: &[&str], stdio: [u64; 2]) -> Event {
        let one = |inode: u64| match inode {
            0 => Stdio { inode: 1, mode: S_IFCHR, rdev: 136 << 20, ..Stdio::default() },
            inode => Stdio { inode, mode: S_IFIFO, ..Stdio::default() },
        };
        let arguments = words.iter().map(ToString::to_string).collect();
        let stdio = [one(stdio[0]), one(stdio[1]), Stdio::default()];
        let claimed = words[0].to_owned();
        event(
            pid,
            parent,
            EventKind::Exec(Box::new(Exec { arguments, claimed, stdio, ..Exec::default() })),
        )
    }

    fn connect(pid: u32, address: &str) -> Event {
        let remote = Some(Peer::Ip(address.parse().unwrap(), 4444));
        let connection = Some(Connection { kind: SOCK_STREAM, remote, ..Connection::default() });
        let call = Call { name: "connect".to_owned(), connection, ..Call::default() };
        event(pid, 1, EventKind::Call(Box::new(call)))
    }

    fn check(events: &[Event], expected: Option<&str>) {
        let mut relays = Relays::default();
        let found: Vec<Relay> = events.iter().filter_map(|event| relays.observe(event)).collect();
        let hows: Vec<&str> = found.iter().map(|relay| relay.how).collect();
        assert_eq!(hows, expected.into_iter().collect::<Vec<_>>(), "{found:?}");
        assert!(found.iter().all(|relay| relay.peer == "10.1.2.3:4444"));
    }

    #[test]
    fn a_loop_of_pipes_is_whole_with_the_shell_or_with_the_connection() {
        let (shell, tool) =
            (exec(2, 1, &["/bin/sh", "-i"], [70, 71]), exec(3, 1, &["nc"], [71, 72]));
        let there = connect(3, "10.1.2.3");
        check(&[shell.clone(), tool.clone(), there.clone()], Some("pipe"));
        check(&[tool.clone(), there.clone(), shell.clone()], Some("pipe"));
        // Nobody outside, a tool that does not write back, a shell that is gone.
        check(&[shell.clone(), tool.clone(), connect(3, "127.0.0.1")], None);
        check(&[shell.clone(), exec(3, 1, &["nc"], [71, 0]), there.clone()], None);
        check(&[shell, tool, event(2, 1, EventKind::Exit { status: 0 }), there], None);
    }

    #[test]
    fn a_parent_with_a_connection_relays() {
        let there = connect(2, "10.1.2.3");
        check(&[there.clone(), exec(3, 2, &["bash"], [80, 81])], Some("pipe"));
        check(&[there.clone(), exec(3, 2, &["/bin/sh"], [0, 0])], Some("terminal"));
        let fork = event(3, 2, EventKind::Fork(Child { process: id(4), ..Child::default() }));
        let script = exec(3, 2, &["script", "-q"], [0, 0]);
        check(&[there.clone(), script, fork, exec(4, 3, &["sh"], [0, 0])], Some("terminal"));
        // A command, a script, and a shell that inherits its parent's pipes.
        check(&[there.clone(), exec(3, 2, &["sh", "-c", "ls"], [80, 81])], None);
        check(&[there.clone(), exec(3, 2, &["sh", "/run.sh"], [80, 81])], None);
        check(&[exec(2, 1, &["agent"], [80, 90]), there, exec(3, 2, &["sh"], [80, 81])], None);
        check(&[exec(3, 2, &["sh"], [80, 81])], None);
        // The connection comes later; or never, for the shell is gone.
        let shell = exec(3, 2, &["sh"], [80, 81]);
        check(&[shell.clone(), connect(2, "10.1.2.3")], Some("pipe"));
        check(&[shell, event(3, 2, EventKind::Exit { status: 0 }), connect(2, "10.1.2.3")], None);
    }

    #[test]
    fn a_shell_that_has_its_pipes_from_a_shell_is_below_the_same_connection() {
        let there = connect(2, "10.1.2.3");
        let outer = exec(3, 2, &["sh", "-c", "sh; true"], [80, 81]);
        check(&[there, outer.clone(), exec(4, 3, &["sh"], [80, 81])], Some("pipe"));
        check(&[outer, exec(4, 3, &["sh"], [80, 81])], None);
    }

    #[test]
    fn pairs_of_sockets_are_pipes_and_shells_are_told_by_their_file() {
        let there = connect(2, "10.1.2.3");
        let started = |path: &str, words: &[&str], family| {
            let mut event = exec(3, 2, words, [80, 81]);
            let EventKind::Exec(exec) = &mut event.kind else { panic!() };
            exec.exe = Some(model::FileObject { path: path.to_owned(), ..Default::default() });
            for one in &mut exec.stdio[..2] {
                *one = Stdio { mode: S_IFSOCK, family, inode: one.inode, ..Stdio::default() };
            }
            [there.clone(), event]
        };
        check(&started("/usr/bin/bash", &["/tmp/x"], SocketFamily::Unix), Some("pipe"));
        check(&started("/bin/busybox", &["busybox", "ash"], SocketFamily::Unix), Some("pipe"));
        check(&started("/usr/bin/cat", &["/tmp/x"], SocketFamily::Unix), None);
        check(&started("/usr/bin/bash", &["/tmp/x"], SocketFamily::Netlink), None);
    }
}
