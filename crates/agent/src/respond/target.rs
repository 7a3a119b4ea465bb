//! `Target`: the process that an alert spoke of, held so that it cannot become another one.
//!
//! A process is opened first, then looked at, then asked whether it still lives: what was looked at
//! is then what was opened, however often its number is used again.

use std::fs;
use std::os::fd::OwnedFd;

use model::ProcessId;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::attribute::container_of;

/// Nanoseconds of a tick of `/proc/<pid>/stat`: `USER_HZ` is 100 on every Linux that runs containers.
const NS_PER_TICK: u64 = 10_000_000;
/// Programs of the host without which no container runs, and the system's own first one.
const PROTECTED: [&str; 14] = [
    "systemd",
    "init",
    "dockerd",
    "containerd",
    "runc",
    "crun",
    "youki",
    "conmon",
    "crio",
    "podman",
    "kubelet",
    "docker-init",
    "docker-proxy",
    "lazaret",
];
/// What such a program's name begins with.
const PROTECTED_PREFIXES: [&str; 2] = ["containerd-shim", "systemd-"];

/// A process that is held.
#[derive(Debug)]
pub(super) struct Target {
    /// Its number.
    pub(super) pid: u32,
    /// Its parent's number when it was opened.
    pub(super) parent: u32,
    start_ticks: u64,
    /// The container it is in; `None` on the host.
    pub(super) container: Option<String>,
    descriptor: OwnedFd,
}

impl Target {
    /// The process of this number; `None` when there is none, or none any more.
    pub(super) fn open(pid: u32) -> Option<Target> {
        let number = Pid::from_raw(i32::try_from(pid).ok()?)?;
        let descriptor = pidfd_open(number, PidfdFlags::empty()).ok()?;
        let (parent, start_ticks) = parent_and_start(pid)?;
        let container = container_of_process(pid);
        let target = Target { pid, parent, start_ticks, container, descriptor };
        (!target.has_ended(0)).then_some(target)
    }

    /// Exactly this process; `None` when it has ended.
    pub(super) fn of(process: ProcessId) -> Option<Target> {
        let target = Target::open(process.pid).filter(|_| process.start_ns > 0)?;
        (target.start_ticks == process.start_ns / NS_PER_TICK).then_some(target)
    }

    /// The process that an alert spoke of, or why it is not to be touched.
    pub(super) fn of_alert(
        process: ProcessId,
        container: Option<&str>,
        allow_host: bool,
    ) -> Result<Target, String> {
        if process.pid == 0 || process.start_ns == 0 {
            return Err("the alert does not tell which process".to_owned());
        }
        let gone = || format!("process {process} has ended");
        let target = Target::open(process.pid).ok_or_else(gone)?;
        if target.start_ticks != process.start_ns / NS_PER_TICK {
            return Err(format!("{}; its number is another process's now", gone()));
        }
        if target.container.as_deref() != container {
            return Err(format!("process {process} is not in the alert's container"));
        }
        target.may_be_killed(allow_host)?;
        Ok(target)
    }

    /// Why it must not be ended, if so.
    pub(super) fn may_be_killed(&self, allow_host: bool) -> Result<(), String> {
        let protected = |why: &str| Err(format!("process {} is protected: {why}", self.pid));
        if self.pid == 1 {
            return protected("it is the host's first");
        }
        if own_line().any(|pid| pid == self.pid) {
            return protected("it is the agent, or above it");
        }
        if self.container.is_some() {
            return Ok(());
        }
        let Ok(exe) = fs::read_link(format!("/proc/{}/exe", self.pid)) else {
            return protected("it is the kernel's");
        };
        let name = exe.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let name = name.strip_suffix(" (deleted)").unwrap_or(&name);
        if is_protected_name(name) {
            return protected("containers do not run without it");
        }
        if !allow_host {
            return protected("it is the host's, and `allow_host` is not set");
        }
        Ok(())
    }

    /// Sends a signal to exactly this process.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), String> {
        pidfd_send_signal(&self.descriptor, signal)
            .map_err(|why| format!("process {} cannot be signalled: {why}", self.pid))
    }

    /// Whether it has ended, or ends within so many milliseconds.
    pub(super) fn has_ended(&self, patience_ms: i64) -> bool {
        let mut waited = [PollFd::new(&self.descriptor, PollFlags::IN)];
        let patience =
            Timespec { tv_sec: patience_ms / 1000, tv_nsec: patience_ms % 1000 * 1_000_000 };
        poll(&mut waited, Some(&patience)).is_ok_and(|ready| ready > 0)
    }
}

/// Whether containers do not run without the program of this name.
pub(super) fn is_protected_name(name: &str) -> bool {
    PROTECTED.contains(&name) || PROTECTED_PREFIXES.iter().any(|it| name.starts_with(it))
}

/// The agent and everybody above it.
fn own_line() -> impl Iterator<Item = u32> {
    std::iter::successors(Some(std::process::id()), |pid| {
        parent_and_start(*pid).map(|(parent, _)| parent).filter(|parent| *parent > 1)
    })
    .take(64)
}

/// The agent's own start, as alerts name processes.
pub(super) fn own_process() -> ProcessId {
    let pid = std::process::id();
    let start = parent_and_start(pid).map(|(_, ticks)| ticks.saturating_mul(NS_PER_TICK));
    ProcessId { pid, start_ns: start.unwrap_or_default() }
}

/// The container that a process is in, by the names of its cgroups; `None` on the host.
pub(super) fn container_of_process(pid: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    text.lines()
        .filter_map(|line| line.splitn(3, ':').nth(2))
        .find_map(|path| container_of(path).map(|found| found.id))
}

/// The number of a process's parent.
pub(super) fn parent_of(pid: u32) -> Option<u32> {
    parent_and_start(pid).map(|(parent, _)| parent)
}

/// Every process's number.
pub(super) fn every_pid() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Fields 4 and 22 of `proc_pid_stat(5)`. The name before them may hold anything.
fn parent_and_start(pid: u32) -> Option<(u32, u64)> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat).into_owned();
    let (_, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    Some((parent, fields.nth(17)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    struct Sleeper(Child);

    impl Sleeper {
        fn start() -> (Sleeper, ProcessId) {
            let child = Command::new("sleep").arg("60").spawn().unwrap();
            let pid = child.id();
            let (parent, ticks) = parent_and_start(pid).unwrap();
            assert_eq!(parent, std::process::id());
            (Sleeper(child), ProcessId { pid, start_ns: ticks * NS_PER_TICK + 5 })
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn only_the_very_process_is_taken() {
        let (mut sleeper, process) = Sleeper::start();
        let refusal =
            |process, container, host| Target::of_alert(process, container, host).unwrap_err();
        assert!(refusal(process, None, false).contains("allow_host"));
        let later = ProcessId { start_ns: process.start_ns + NS_PER_TICK, ..process };
        assert!(refusal(later, None, true).contains("another process's"));
        assert!(refusal(process, Some("ab"), true).contains("not in the alert's container"));
        assert!(refusal(ProcessId { start_ns: 0, ..process }, None, true).contains("which"));
        let target = Target::of_alert(process, None, true).unwrap();
        assert!(!target.has_ended(0));
        target.signal(Signal::KILL).unwrap();
        assert!(target.has_ended(5_000));
        sleeper.0.wait().unwrap();
        assert!(refusal(process, None, true).contains("has ended"));
    }

    #[test]
    fn what_the_node_lives_on_is_protected() {
        for pid in [1, std::process::id(), parent_and_start(std::process::id()).unwrap().0] {
            let target = Target::open(pid).unwrap();
            assert!(target.may_be_killed(true).unwrap_err().contains("protected"), "{pid}");
        }
        if let Some(kernel) = Target::open(2) {
            assert!(kernel.may_be_killed(true).is_err());
        }
    }
}
