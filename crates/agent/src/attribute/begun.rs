//! `Begun`: what the first program of a container had that was running before anybody watched:
//! its oldest process that has a mount namespace of its own tells it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use model::{Capabilities, CgroupName, Event, EventKind, FileObject, Namespaces, ProcessId, Start};
use serde::{Deserialize, Serialize};

use super::start_up::{of_stat, proc_file};

/// What runc calls itself while it makes a container from inside.
const MAKER: &str = "runc:[";

/// The oldest process of a cgroup, apart from those of the host's mounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Begun {
    /// The cgroup.
    pub cgroup_id: u64,
    /// The process.
    pub process: ProcessId,
    /// What it has.
    pub start: Start,
}

impl Begun {
    /// Of processes that run, as the kernel's walk tells them. `host_mnt` is the host's mount
    /// namespace.
    pub(crate) fn of(running: &[Event], host_mnt: u32) -> Vec<Begun> {
        let all = running.iter().filter_map(|event| {
            let EventKind::Running(exec) = &event.kind else { return None };
            let task = &event.task;
            let is_own = task.namespaces.mnt != 0 && task.namespaces.mnt != host_mnt;
            if !is_own || task.comm.starts_with(MAKER) || !is_own_program(exec.exe.as_ref()) {
                return None;
            }
            let (namespaces, capabilities) = (task.namespaces, task.capabilities);
            let start = Start { namespaces, capabilities };
            Some(Begun { cgroup_id: task.cgroup_id, process: task.process, start })
        });
        oldest(all)
    }
}

/// Whether a program is the container's own: the runtime that makes it runs from memory, or from
/// a mount of the host's.
fn is_own_program(exe: Option<&FileObject>) -> bool {
    exe.is_some_and(|exe| {
        let flags = exe.flags;
        !(exe.is_memfd() || flags.outside_root || flags.foreign_mount || flags.detached)
    })
}

fn oldest(all: impl Iterator<Item = Begun>) -> Vec<Begun> {
    let mut by_cgroup: HashMap<u64, Begun> = HashMap::new();
    for one in all {
        let known = by_cgroup.entry(one.cgroup_id).or_insert(one);
        if one.process.start_ns < known.process.start_ns {
            *known = one;
        }
    }
    by_cgroup.into_values().collect()
}

/// The same from `/proc`, for kernels without a walk. A process that ends meanwhile, or that may
/// not be looked at, is left out.
pub(crate) fn begun_below(proc: &Path, cgroups: &[CgroupName], host_mnt: u32) -> Vec<Begun> {
    let ids: HashMap<&str, u64> = cgroups.iter().map(|one| (one.path.as_str(), one.id)).collect();
    let Ok(entries) = fs::read_dir(proc) else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let all = pids.filter_map(|pid: u32| begun(proc, pid, &ids));
    oldest(all.filter(|one| one.start.namespaces.mnt != host_mnt))
}

fn begun(proc: &Path, pid: u32, cgroups: &HashMap<&str, u64>) -> Option<Begun> {
    let folder = proc.join(pid.to_string());
    let text = |name: &str| {
        proc_file(&folder.join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    let path = text("cgroup")?.lines().find_map(|line| line.strip_prefix("0::").map(str::to_owned));
    let cgroup_id = *cgroups.get(path?.as_str())?;
    let namespaces = namespaces_of(&folder);
    let exe = fs::read_link(folder.join("exe")).ok()?;
    let (comm, .., start_ns) = of_stat(&text("stat")?)?;
    let is_maker = comm.starts_with(MAKER) || exe.to_string_lossy().starts_with("/memfd:");
    if is_maker || namespaces.mnt == 0 {
        return None;
    }
    let capabilities = capabilities_of(&text("status")?);
    let start = Start { namespaces, capabilities };
    Some(Begun { cgroup_id, process: ProcessId { pid, start_ns }, start })
}

/// The numbers of `ns/` of a process's folder, `namespaces(7)`; 0 for those that cannot be read.
pub(crate) fn namespaces_of(folder: &Path) -> Namespaces {
    let number = |name: &str| {
        let link = fs::read_link(folder.join("ns").join(name)).ok()?;
        let text = link.to_string_lossy().into_owned();
        text.rsplit('[').next().and_then(|rest| rest.trim_end_matches(']').parse().ok())
    };
    let number = |name: &str| number(name).unwrap_or_default();
    Namespaces {
        mnt: number("mnt"),
        pid: number("pid"),
        net: number("net"),
        user: number("user"),
        ipc: number("ipc"),
        uts: number("uts"),
        cgroup: number("cgroup"),
    }
}

/// The sets of `proc_pid_status(5)`.
fn capabilities_of(status: &str) -> Capabilities {
    let set = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        u64::from_str_radix(line.trim_start_matches(':').trim(), 16).ok()
    };
    let set = |name: &str| set(name).unwrap_or_default();
    Capabilities {
        inheritable: set("CapInh"),
        permitted: set("CapPrm"),
        effective: set("CapEff"),
        bounding: set("CapBnd"),
        ambient: set("CapAmb"),
    }
}

#[cfg(test)]
mod tests {
    use model::{Exec, ObjectFlags, Task};

    use super::*;

    const HOST: u32 = 1;

    fn running(pid: u32, cgroup_id: u64, mnt: u32, exe: FileObject) -> Event {
        let process = ProcessId { pid, start_ns: u64::from(pid) };
        let namespaces = Namespaces { mnt, ..Namespaces::default() };
        let task = Task { process, cgroup_id, namespaces, ..Task::default() };
        let kind = EventKind::Running(Box::new(Exec { exe: Some(exe), ..Exec::default() }));
        Event { time_ns: 0, task, kind, truncated: false }
    }

    #[test]
    fn the_oldest_of_a_cgroup_with_mounts_of_its_own_tells() {
        let file = |path: &str| FileObject { path: path.to_owned(), ..FileObject::default() };
        let outside = FileObject {
            flags: ObjectFlags { foreign_mount: true, ..ObjectFlags::default() },
            ..file("/usr/sbin/runc")
        };
        let events = [
            running(3, 7, HOST, file("/usr/bin/shim")),
            running(4, 7, 20, outside),
            running(5, 7, 20, FileObject { path: "memfd:runc".to_owned(), ..Default::default() }),
            running(9, 7, 20, file("/bin/sh")),
            running(6, 7, 20, file("/bin/init")),
            running(8, 9, HOST, file("/bin/sh")),
        ];
        let found = Begun::of(&events, HOST);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].process.pid, found[0].start.namespaces.mnt), (6, 20));
    }

    #[test]
    fn proc_tells_of_the_test_itself() {
        let proc = Path::new("/proc");
        let own = proc.join("self");
        let cgroup = fs::read_to_string(own.join("cgroup")).unwrap();
        let Some(path) = cgroup.lines().find_map(|line| line.strip_prefix("0::")) else {
            eprintln!("skipped: there is no unified hierarchy");
            return;
        };
        let names = [CgroupName { id: 5, hierarchy: 0, path: path.to_owned() }];
        let ids = HashMap::from([(names[0].path.as_str(), 5)]);
        let found = begun(proc, std::process::id(), &ids).unwrap();
        assert_eq!((found.cgroup_id, found.process.pid), (5, std::process::id()));
        assert!(found.start.namespaces.user > 0 && found.process.start_ns > 0);
        let mnt = namespaces_of(&own).mnt;
        let of_host = begun_below(proc, &names, mnt);
        assert!(of_host.iter().all(|one| one.start.namespaces.mnt != mnt), "{of_host:?}");
        let status =
            "CapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nCapBnd:\t000000000000000f\n";
        let sets = capabilities_of(status);
        assert_eq!((sets.permitted, sets.bounding, sets.effective), (0x1ff_ffff_ffff, 15, 0));
    }
}
