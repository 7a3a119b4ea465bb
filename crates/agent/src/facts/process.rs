//! Processes: what /proc tells of the daemon and of what runs in containers (proc(5)).

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::limits::{FACT_VALUES_MAX, PROC_FILE_BYTES, PROCESSES_MAX};
use super::root::bounded;

/// Length of a container's id in the names of control groups.
const ID_DIGITS: usize = 64;

/// The processes of the host.
#[derive(Debug)]
pub(crate) struct Processes {
    proc: PathBuf,
}

/// What `/proc/<pid>/status` says, as far as it is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// The effective user.
    pub(crate) uid: Option<u32>,
    /// The capabilities that the process can ever have.
    pub(crate) capabilities: Option<u64>,
    pub(crate) no_new_privileges: Option<bool>,
    /// 0 no filter, 1 strict, 2 a filter.
    pub(crate) seccomp: Option<u32>,
}

impl Processes {
    pub(crate) fn new(proc: &Path) -> Processes {
        Processes { proc: proc.to_path_buf() }
    }

    pub(crate) fn read(&self, pid: u32, name: &str) -> io::Result<Vec<u8>> {
        bounded(File::open(self.proc.join(format!("{pid}/{name}")))?, PROC_FILE_BYTES)
    }

    /// The arguments, the program's own name first.
    pub(crate) fn arguments(&self, pid: u32) -> io::Result<Vec<String>> {
        let bytes = self.read(pid, "cmdline")?;
        let words = bytes.strip_suffix(b"\0").unwrap_or(&bytes).split(|&byte| byte == 0);
        Ok(words.map(|word| String::from_utf8_lossy(word).into_owned()).collect())
    }

    /// The program, by its path as the process sees it.
    pub(crate) fn program(&self, pid: u32) -> io::Result<PathBuf> {
        let path = fs::read_link(self.proc.join(format!("{pid}/exe")))?;
        let text = path.to_string_lossy();
        Ok(text.strip_suffix(" (deleted)").map_or_else(|| path.clone(), PathBuf::from))
    }

    pub(crate) fn status(&self, pid: u32) -> io::Result<Status> {
        Ok(status(&String::from_utf8_lossy(&self.read(pid, "status")?)))
    }

    /// The number by which a user namespace knows a user of the host.
    pub(crate) fn inside_uid(&self, pid: u32, uid: u32) -> Option<u32> {
        let map = self.read(pid, "uid_map").ok()?;
        inside(&String::from_utf8_lossy(&map), uid)
    }

    /// When a process began, in seconds since 1970.
    pub(crate) fn started_s(&self, pid: u32) -> Option<i64> {
        let stat = self.read(pid, "stat").ok()?;
        let stat = String::from_utf8_lossy(&stat);
        let ticks: i64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
        let kernel = bounded(File::open(self.proc.join("stat")).ok()?, PROC_FILE_BYTES).ok()?;
        let kernel = String::from_utf8_lossy(&kernel);
        let boot = kernel.lines().find_map(|line| line.strip_prefix("btime "))?;
        // USER_HZ is 100 on every architecture that Linux exports it for.
        Some(boot.trim().parse::<i64>().ok()? + ticks / 100)
    }

    /// The inodes of the sockets that a process has open.
    pub(crate) fn sockets(&self, pid: u32) -> io::Result<BTreeSet<u64>> {
        let mut inodes = BTreeSet::new();
        for entry in fs::read_dir(self.proc.join(format!("{pid}/fd")))?.take(PROCESSES_MAX) {
            let target = fs::read_link(entry?.path()).unwrap_or_default();
            let target = target.to_string_lossy();
            let inode = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
            inodes.extend(inode.and_then(|inode| inode.parse::<u64>().ok()));
        }
        Ok(inodes)
    }

    /// Processes whose program has a name, such as `dockerd`.
    pub(crate) fn named(&self, name: &str) -> io::Result<Vec<u32>> {
        let is = |pid: &u32| {
            self.program(*pid).is_ok_and(|path| path.file_name().is_some_and(|file| file == name))
        };
        Ok(self.all()?.into_iter().filter(is).collect())
    }

    /// Processes whose program has one of these names, with the name, in the order of their numbers.
    /// Where the program cannot be read, as for other users' processes, the first argument names it.
    pub(crate) fn named_any(&self, names: &[&str]) -> io::Result<Vec<(u32, String)>> {
        let mut found = Vec::new();
        for pid in self.all()? {
            let program = self
                .program(pid)
                .ok()
                .or_else(|| self.arguments(pid).ok()?.into_iter().next().map(PathBuf::from));
            let name = program.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
            found.extend(
                name.filter(|name| names.contains(name)).map(|name| (pid, name.to_owned())),
            );
        }
        found.sort();
        Ok(found)
    }

    /// The place of one of a process's files.
    pub(crate) fn path(&self, pid: u32, name: &str) -> PathBuf {
        self.proc.join(format!("{pid}/{name}"))
    }

    /// The names of the programs in each container, by the container's whole id.
    pub(crate) fn programs(&self) -> io::Result<HashMap<String, BTreeSet<String>>> {
        let mut programs: HashMap<String, BTreeSet<String>> = HashMap::new();
        for pid in self.all()? {
            let Ok(groups) = self.read(pid, "cgroup") else { continue };
            let Some(id) = container_id(&String::from_utf8_lossy(&groups)) else { continue };
            let known = programs.entry(id).or_default();
            // One more than a fact may have, so that the rest is missed.
            if known.len() <= FACT_VALUES_MAX {
                let program = self.program(pid).ok();
                let name = program.as_deref().and_then(Path::file_name);
                known.extend(name.map(|name| name.to_string_lossy().into_owned()));
            }
        }
        Ok(programs)
    }

    pub(crate) fn all(&self) -> io::Result<Vec<u32>> {
        let entries = fs::read_dir(&self.proc)?.flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Ok(pids.take(PROCESSES_MAX).collect())
    }
}

fn status(text: &str) -> Status {
    let mut status = Status::default();
    for (key, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        match key {
            "Uid" => status.uid = value.split_whitespace().nth(1).and_then(|uid| uid.parse().ok()),
            "CapBnd" => status.capabilities = u64::from_str_radix(value, 16).ok(),
            "NoNewPrivs" => status.no_new_privileges = Some(value == "1"),
            "Seccomp" => status.seccomp = value.parse().ok(),
            _ => {}
        }
    }
    status
}

/// user_namespaces(7): lines of inside, outside, length.
fn inside(map: &str, uid: u32) -> Option<u32> {
    map.lines().find_map(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        let (inside, outside) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        let length = numbers.next()?.ok()?;
        let offset = uid.checked_sub(outside).filter(|offset| *offset < length)?;
        inside.checked_add(offset)
    })
}

/// The first run of 64 hexadecimal digits in the names of control groups.
fn container_id(groups: &str) -> Option<String> {
    let runs = groups.split(|c: char| !matches!(c, '0'..='9' | 'a'..='f'));
    runs.filter(|run| run.len() == ID_DIGITS).map(str::to_owned).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_proc_writes() {
        let text = "Name:\tsh\nUid:\t0\t1000\t0\t0\nCapBnd:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2\n";
        let expected = Status {
            uid: Some(1000),
            capabilities: Some(0xa804_25fb),
            no_new_privileges: Some(true),
            seccomp: Some(2),
        };
        assert_eq!(status(text), expected);
        assert_eq!(status("Uid:\nx"), Status::default());
        assert_eq!(inside("0 100000 65536\n", 100_033), Some(33));
        assert_eq!(inside("0 0 4294967295\n", 7), Some(7));
        assert_eq!(inside("0 100000 65536\n", 5), None);
        let id = "ab".repeat(32);
        let found = |text: &str| container_id(&text.replace("ID", &id));
        assert_eq!(found("0::/docker/ID"), Some(id.clone()));
        assert_eq!(found("0::/system.slice/docker-ID.scope"), Some(id.clone()));
        assert_eq!(found("0::/kubepods/pod1/ID/inner"), Some(id.clone()));
        assert_eq!(found("0::/user.slice"), None);
    }
}
