//! `Event`: something a process did, as the kernel tells it. Raw numbers and names: which
//! container it belongs to and whether it is bad is said elsewhere.

mod object;
mod peer;
mod task;
mod terminal;

use serde::{Deserialize, Serialize};

pub use object::{FileObject, ObjectFlags};
pub use peer::{Connection, Peer, SocketFamily, Stdio};
pub use task::{Capabilities, CgroupName, Namespaces, ProcessId, Task};
pub use terminal::{TerminalInput, TerminalMode};

/// Something a process did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When, in nanoseconds since boot, suspension included.
    pub time_ns: u64,
    /// Who.
    pub task: Task,
    /// What.
    pub kind: EventKind,
    /// Whether a value was cut or left out.
    #[serde(default)]
    pub truncated: bool,
}

/// What a process did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// It has a child now.
    Fork(Child),
    /// It became another program.
    Exec(Box<Exec>),
    /// It is gone.
    Exit {
        /// As `wait(2)` gives it: the signal in the low seven bits, the code in the next eight.
        status: u32,
    },
    /// It made a cgroup.
    CgroupMade(CgroupName),
    /// It removed a cgroup.
    CgroupRemoved(CgroupName),
    /// It put a process into a cgroup.
    CgroupEntered(CgroupName, Child),
    /// It called the kernel.
    Call(Box<Call>),
    /// It asked the kernel through an io_uring.
    IoUring(Box<IoUring>),
    /// The kernel chose it to be killed because memory ran out.
    OomVictim,
    /// It read what somebody typed.
    TerminalInput(Box<TerminalInput>),
    /// It was killed as it became a program that may not run.
    ExecKilled(Box<ExecKilled>),
    /// It was running when it was asked who runs: no act, but what is there.
    Running(Box<Exec>),
}

/// A process that was born or moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// Which.
    pub process: ProcessId,
    /// Its number in its innermost pid namespace.
    pub inner_pid: u32,
    /// Its cgroup.
    pub cgroup_id: u64,
}

/// A process became another program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Exec {
    /// The program's file, as the kernel opened it.
    pub exe: Option<FileObject>,
    /// Its working directory.
    pub cwd: Option<FileObject>,
    /// The path as the caller wrote it.
    pub claimed: String,
    /// The interpreter of a script; empty when there is none.
    pub interpreter: String,
    /// Its arguments, as far as they were read.
    pub arguments: Vec<String>,
    /// The last bytes of the arguments, where they were too long; empty otherwise.
    pub arguments_tail: String,
    /// Bytes of all arguments.
    pub arguments_bytes: u64,
    /// The first variables of its environment.
    pub environment: Vec<String>,
    /// Bytes of the whole environment.
    pub environment_bytes: u64,
    /// Its standard input, output and error.
    pub stdio: [Stdio; 3],
    /// Its cgroup by name.
    pub cgroup: Option<CgroupName>,
}

/// A request through an io_uring, as it is handed in: its result is not known. Where the kernel tells
/// the end of requests they are [`Call`]s, but for those that want no end told when they succeed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IoUring {
    /// The operation, as `io_uring_enter(2)` numbers them.
    pub opcode: u8,
    /// The path as the caller wrote it, where the operation has one.
    pub claimed: String,
    /// The second path, of a rename.
    pub claimed_second: String,
    /// The socket it is about.
    pub connection: Option<Connection>,
    /// The address to connect to, as the caller gave it.
    pub address: Option<Peer>,
}

/// A process was killed as it became a program that may not run, or would have been.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExecKilled {
    /// The number of the order, as it was given.
    pub order: u32,
    /// The program's file.
    pub exe: Option<FileObject>,
    /// 0, or the kernel's error number: it lives on.
    pub error: i64,
    /// The order was to tell it only: it lives on.
    #[serde(default)]
    pub trial: bool,
}

/// A call of the kernel that has ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its name, as the manual has it: `openat`.
    pub name: String,
    /// Its result; negative is an error number.
    pub ret: i64,
    /// Whether it came through the 32-bit interface.
    pub compat: bool,
    /// Whether it was asked for through an io_uring: the request that does the same.
    #[serde(default)]
    pub ring: bool,
    /// The six arguments as numbers.
    pub arguments: [u64; 6],
    /// The file it is about; of calls below a directory, that directory; of messages, the first file
    /// that is passed with them; of mounts the root of what was mounted, by its place.
    pub object: Option<FileObject>,
    /// The working directory, of calls with a relative path.
    pub cwd: Option<FileObject>,
    /// The socket it is about.
    pub connection: Option<Connection>,
    /// The path as the caller wrote it.
    pub claimed: String,
    /// The second path as the caller wrote it.
    pub claimed_second: String,
    /// The address as the caller gave it.
    pub address: Option<Peer>,
    /// The first bytes sent.
    pub payload: Vec<u8>,
    /// The process that it acts upon, where the kernel tells it.
    #[serde(default)]
    pub target: Option<Child>,
    /// Of a mount the filesystem's type: the kernel's word where it was mounted, else the caller's.
    #[serde(default)]
    pub filesystem: String,
    /// Of a bind mount what was mounted, as its own filesystem names it.
    #[serde(default)]
    pub source: String,
}
