//! Who acts: a process with its credentials, namespaces, terminal and cgroup.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A process, for ever: numbers are used again, so the start belongs to the name.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ProcessId {
    /// The number, as the host counts.
    pub pid: u32,
    /// When it started, in nanoseconds since boot.
    pub start_ns: u64,
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.pid, self.start_ns)
    }
}

/// A thread at the moment of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its process.
    pub process: ProcessId,
    /// Its own number, as the host counts.
    pub tid: u32,
    /// The process's parent.
    pub parent: ProcessId,
    /// The process's number in its innermost pid namespace.
    pub inner_pid: u32,
    /// The thread's number there.
    pub inner_tid: u32,
    /// What the kernel calls it: at most fifteen bytes.
    pub comm: String,
    /// The cgroup that tells containers.
    pub cgroup_id: u64,
    /// Real user.
    pub uid: u32,
    /// Real group.
    pub gid: u32,
    /// Effective user.
    pub euid: u32,
    /// Effective group.
    pub egid: u32,
    /// Saved user.
    pub suid: u32,
    /// User for files.
    pub fsuid: u32,
    /// Who logged in; `None` when nobody did.
    pub login_uid: Option<u32>,
    /// Capabilities.
    pub capabilities: Capabilities,
    /// Session's number.
    pub session: u32,
    /// Process group's number.
    pub process_group: u32,
    /// Device number of the terminal, major << 20 | minor; 0 for none.
    pub tty: u32,
    /// Namespaces.
    pub namespaces: Namespaces,
}

/// The five sets of capabilities, a bit each as `capabilities(7)` numbers them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Kept over exec.
    pub inheritable: u64,
    /// May be made effective.
    pub permitted: u64,
    /// In force.
    pub effective: u64,
    /// Can ever be had.
    pub bounding: u64,
    /// Given to unprivileged programs.
    pub ambient: u64,
}

/// The inode numbers of a task's namespaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespaces {
    /// Mounts.
    pub mnt: u32,
    /// Processes.
    pub pid: u32,
    /// Network.
    pub net: u32,
    /// Users.
    pub user: u32,
    /// System V IPC.
    pub ipc: u32,
    /// Host name.
    pub uts: u32,
    /// Cgroups.
    pub cgroup: u32,
}

/// A cgroup by number and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CgroupName {
    /// Its number in its hierarchy.
    pub id: u64,
    /// The hierarchy; 0 is the unified one.
    pub hierarchy: u32,
    /// Its path, as far as it was read: at most the last names.
    pub path: String,
}
