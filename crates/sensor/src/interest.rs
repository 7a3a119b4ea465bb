//! Which system calls are wanted, and in what detail.

use crate::SensorError;
use crate::syscalls::{self, Filling, Syscall};

/// `enum interest_flag` of `bpf/event.h`.
const ON: u8 = 1 << 0;
const ALERT: u8 = 1 << 1;
const FAILED: u8 = 1 << 2;
const WRITES_ONLY: u8 = 1 << 3;
const DIRECTORY_FD: u8 = 1 << 4;

/// One system call that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interest {
    /// Its name, as the manual has it.
    pub call: String,
    /// In what detail.
    pub detail: Detail,
}

/// How much of a system call is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Detail {
    /// Through the ring that bulk cannot fill.
    pub alert: bool,
    /// Failed calls too.
    pub failed: bool,
    /// Of opens, only those that may write.
    pub writes_only: bool,
}

impl Interest {
    /// A call as it comes.
    pub fn new(call: &str, detail: Detail) -> Self {
        Interest { call: call.to_owned(), detail }
    }

    /// What is typed at terminals: `read` from one, told as [`model::EventKind::TerminalInput`]. Not
    /// among [`Interest::all`]: it is wanted only when somebody says so.
    pub fn terminal_input() -> Self {
        Interest::new("read", Detail::default())
    }

    /// Every call that the sensor knows, typing left out: the rare ones that change privileges, namespaces, mounts
    /// or the kernel through the ring that bulk cannot fill, also when they fail. So is `connect`:
    /// one that does not wait for its peer answers with an error number.
    pub fn all() -> Vec<Self> {
        let of = |call: &Syscall| {
            let failed = call.rare || call.name == "connect";
            let detail = Detail { alert: call.rare, failed, writes_only: false };
            Interest::new(call.name, detail)
        };
        let acts = syscalls::every().filter(|call| call.handler != Filling::Terminal);
        acts.map(of).collect()
    }

    /// The number of the call and its entry in the map.
    pub(crate) fn entry(&self) -> Result<(&'static Syscall, [u8; 4]), SensorError> {
        let call = syscalls::by_name(&self.call)
            .ok_or_else(|| SensorError::UnknownCall { name: self.call.clone() })?;
        let mut flags = ON;
        for (set, flag) in [
            (self.detail.alert, ALERT),
            (self.detail.failed, FAILED),
            (self.detail.writes_only, WRITES_ONLY),
            (call.directory_fd, DIRECTORY_FD),
        ] {
            if set {
                flags |= flag;
            }
        }
        Ok((call, [call.handler as u8, flags, call.texts.0, call.texts.1]))
    }
}
