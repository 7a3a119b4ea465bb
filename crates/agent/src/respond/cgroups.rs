//! A container's cgroups: found by its id, frozen, thawed, ended.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use model::CgroupName;
use rustix::process::Signal;

use super::ledger::{CgroupFolder, InForce};
use super::target::Target;
use crate::attribute::{cgroups_below, container_of, is_of_user};

/// Where the unified hierarchy is mounted: beside the old ones, or alone.
const UNIFIED: [&str; 2] = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
/// Where the old hierarchy of the freezer is mounted.
const FREEZER: &str = "/sys/fs/cgroup/freezer";
/// How long processes may take to freeze, thaw or end.
const PATIENCE: Duration = Duration::from_secs(3);
const GLANCE: Duration = Duration::from_millis(5);

/// The container's folder in the unified hierarchy.
pub(super) fn unified(container: &str) -> Option<PathBuf> {
    let mount = UNIFIED.iter().map(Path::new).find(|path| path.join("cgroup.procs").exists())?;
    below(mount, container)
}

/// The folder by which the container can be frozen: the old freezer's where there is one.
pub(super) fn freezer(container: &str) -> Option<PathBuf> {
    below(Path::new(FREEZER), container)
        .filter(|folder| folder.join("freezer.state").exists())
        .or_else(|| unified(container).filter(|folder| folder.join("cgroup.freeze").exists()))
}

/// The folder by which the container is known: the unified hierarchy's where it is there.
pub(super) fn folder(container: &str) -> Option<PathBuf> {
    unified(container).or_else(|| freezer(container))
}

/// Whether the container has a cgroup at all: it runs, or has just ended.
pub(super) fn exists(container: &str) -> bool {
    folder(container).is_some()
}

/// The container's cgroup as it is now.
pub(super) fn now(container: &str) -> Option<CgroupFolder> {
    let path = folder(container)?;
    let inode = fs::metadata(&path).ok()?.ino();
    Some(CgroupFolder { path, inode })
}

/// What became of the cgroup of what is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is there, or nobody can tell.
    There,
    /// It is gone, and the container with it.
    Gone,
    /// The container has another: it was started again.
    Another,
}

/// What became of a cgroup. Only a look at its own folder says that it has gone.
pub(super) fn fate(entry: &InForce) -> Fate {
    let Some(cgroup) = &entry.cgroup else {
        return if exists(&entry.container.id) { Fate::There } else { Fate::Gone };
    };
    let mount = UNIFIED.iter().chain([&FREEZER]).map(Path::new);
    let mut mount = mount.filter(|mount| cgroup.path.starts_with(mount));
    let is_mounted = mount.any(|mount| mount.join("cgroup.procs").exists());
    match fs::metadata(&cgroup.path) {
        Ok(metadata) if metadata.ino() != cgroup.inode => Fate::Another,
        Err(why) if why.kind() == io::ErrorKind::NotFound && is_mounted => Fate::Gone,
        Ok(_) | Err(_) => Fate::There,
    }
}

/// Whether a process is in a cgroup or in one below it.
pub(super) fn holds(folder: &Path, pid: u32) -> bool {
    let pid = pid.to_string();
    with_those_below(folder).iter().any(|folder| {
        let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
        text.lines().any(|line| line == pid)
    })
}

/// Whether a cgroup is this one or one below it, by its number.
pub(super) fn has(folder: &Path, cgroup_id: u64) -> bool {
    let is_it = |path: &Path| fs::metadata(path).is_ok_and(|it| it.ino() == cgroup_id);
    is_it(folder) || cgroups_below(folder, 0).iter().any(|cgroup| cgroup.id == cgroup_id)
}

/// A cgroup's path as the kernel has it, without where its hierarchy is mounted.
pub(super) fn within_its_mount(folder: &Path) -> String {
    let mut mounts = UNIFIED.iter().chain([&FREEZER]);
    let below = mounts.find_map(|mount| folder.strip_prefix(mount).ok());
    format!("/{}", below.unwrap_or(folder).to_string_lossy())
}

/// The cgroups of the unified hierarchy, all of them.
pub(super) fn every() -> Vec<CgroupName> {
    let mount = UNIFIED.iter().map(Path::new).find(|path| path.join("cgroup.procs").exists());
    mount.map(|mount| cgroups_below(mount, 0)).unwrap_or_default()
}

/// Whether a cgroup of the unified hierarchy has gone. Only a look at its own folder says so.
pub(super) fn has_gone(path: &str, cgroup_id: u64) -> bool {
    let mount = UNIFIED.iter().map(Path::new).find(|path| path.join("cgroup.procs").exists());
    let Some(mount) = mount else { return false };
    match fs::metadata(mount.join(path.trim_start_matches('/'))) {
        Ok(metadata) => metadata.ino() != cgroup_id,
        Err(why) => why.kind() == io::ErrorKind::NotFound,
    }
}

/// A cgroup that bears the container's name and is neither its folder nor below it.
pub(super) fn namesake(container: &str, folder: &Path) -> Option<PathBuf> {
    let mounts = UNIFIED.iter().chain([&FREEZER]).map(Path::new);
    let mount = mounts.into_iter().find(|mount| folder.starts_with(mount))?;
    let named = named(mount, container).into_iter();
    named.map(|path| mount.join(path.trim_start_matches('/'))).find(|it| !it.starts_with(folder))
}

/// The container's own folder, not one within it: the shortest path. One that a user or another
/// container made and named like it comes last.
fn below(mount: &Path, container: &str) -> Option<PathBuf> {
    let rank = |path: &String| {
        let (is_users, is_inner) = made_by(path, container);
        (is_users, is_inner, path.len())
    };
    let path = named(mount, container).into_iter().min_by_key(rank)?;
    Some(mount.join(path.trim_start_matches('/')))
}

/// Whether a cgroup that bears a container's name may be one that a user, or another container, made.
pub(super) fn may_be_a_strangers(folder: &Path, container: &str) -> bool {
    let (is_users, is_inner) = made_by(&within_its_mount(folder), container);
    is_users || is_inner
}

/// Whether it lies where users make cgroups, and whether it lies within another container's.
fn made_by(path: &str, container: &str) -> (bool, bool) {
    let is_users = path.split('/').any(is_of_user);
    let above = Path::new(path).ancestors().skip(1).map(Path::to_string_lossy);
    let mut above = above.filter_map(|path| container_of(&path));
    (is_users, above.any(|found| found.id != container))
}

/// The paths of all cgroups that bear a container's name.
fn named(mount: &Path, container: &str) -> Vec<String> {
    let paths = cgroups_below(mount, 0).into_iter().map(|cgroup| cgroup.path);
    paths.filter(|path| container_of(path).is_some_and(|found| found.id == container)).collect()
}

/// Freezes every process of a cgroup. When they do not all freeze in time, they are thawed again.
pub(super) fn freeze(folder: &Path) -> Result<(), String> {
    if is_frozen(folder) {
        return Err(format!("{} is frozen already", folder.display()));
    }
    set(folder, true)?;
    if wait_until(|| is_frozen(folder)) {
        return Ok(());
    }
    set(folder, false)?;
    Err(format!("the processes of {} did not freeze in time", folder.display()))
}

/// Thaws them.
pub(super) fn thaw(folder: &Path) -> Result<(), String> {
    set(folder, false)?;
    if wait_until(|| !is_frozen(folder)) {
        return Ok(());
    }
    Err(format!("the processes of {} did not thaw in time", folder.display()))
}

fn set(folder: &Path, frozen: bool) -> Result<(), String> {
    let old = folder.join("freezer.state");
    let (path, word) = match (old.exists(), frozen) {
        (true, true) => (old, "FROZEN"),
        (true, false) => (old, "THAWED"),
        (false, true) => (folder.join("cgroup.freeze"), "1"),
        (false, false) => (folder.join("cgroup.freeze"), "0"),
    };
    fs::write(&path, word).map_err(|why| format!("{}: {why}", path.display()))
}

/// Whether every process of a cgroup is frozen.
pub(super) fn is_frozen(folder: &Path) -> bool {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    read("freezer.state").trim() == "FROZEN"
        || read("cgroup.events").lines().any(|line| line == "frozen 1")
}

/// Ends every process of the container. Gives how many were seen.
pub(super) fn end(container: &str) -> Result<usize, String> {
    let folder = folder(container).ok_or_else(|| "the container has ended".to_owned())?;
    let mut seen = 0;
    let ended = wait_until(|| {
        let pids = processes(&folder).unwrap_or_default();
        seen = seen.max(pids.len());
        for pid in &pids {
            let target = Target::open(*pid);
            let ours = target.filter(|target| target.container.as_deref() == Some(container));
            if let Some(target) = ours
                && target.may_be_killed(false).is_ok()
            {
                let _ = target.signal(Signal::KILL);
            }
        }
        // Under the old freezer a signal waits until the process is thawed.
        if let Some(frozen) = freezer(container).filter(|folder| is_frozen(folder)) {
            let _ = set(&frozen, false);
        }
        pids.is_empty()
    });
    if ended { Ok(seen) } else { Err("its processes do not end".to_owned()) }
}

/// A process of the container, held.
pub(super) fn process(container: &str) -> Option<Target> {
    let folder = folder(container)?;
    let pids = processes(&folder).ok()?;
    let held = pids.into_iter().filter_map(Target::open);
    held.into_iter().find(|target| target.container.as_deref() == Some(container))
}

/// The processes of a cgroup and of those below it.
fn processes(folder: &Path) -> io::Result<Vec<u32>> {
    let mut pids = Vec::new();
    for folder in with_those_below(folder) {
        match fs::read_to_string(folder.join("cgroup.procs")) {
            Ok(text) => pids.extend(text.lines().filter_map(|line| line.parse::<u32>().ok())),
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            Err(why) => return Err(why),
        }
    }
    Ok(pids)
}

fn with_those_below(folder: &Path) -> Vec<PathBuf> {
    let below = cgroups_below(folder, 0).into_iter();
    let below = below.map(|cgroup| folder.join(cgroup.path.trim_start_matches('/')));
    std::iter::once(folder.to_path_buf()).chain(below).collect()
}

fn wait_until(mut holds: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + PATIENCE;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(GLANCE);
    }
}
