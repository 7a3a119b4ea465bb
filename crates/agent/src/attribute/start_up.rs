//! What was there before the agent: the cgroups that exist and the processes that run, read once.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use model::{CgroupName, FileObject, ProcessId};

use super::container_id::is_of_user;
use super::processes::Process;

/// Cgroups that are read at most.
const MAX_CGROUPS: usize = 65_536;
/// Folders within one another that are followed.
const MAX_DEPTH: usize = 16;
/// Processes that are read at most.
const MAX_PROCESSES: usize = 65_536;
/// Bytes that are read of one file of `/proc`.
const MAX_FILE_BYTES: usize = 4096;
/// Ticks a second of the times in `/proc/<pid>/stat`: `USER_HZ` is 100 on every Linux that runs
/// containers.
const NS_PER_TICK: u64 = 10_000_000;

/// Every cgroup below a mount of a hierarchy, the mount itself left out. The inode's number is the
/// cgroup's id, as `bpf_get_current_cgroup_id` gives it. What users may make comes last, and the
/// deep after the shallow: nobody's many folders push the engines' out.
pub fn cgroups_below(mount: &Path, hierarchy: u32) -> Vec<CgroupName> {
    let mut found = Vec::new();
    let mut folders = VecDeque::from([(mount.to_path_buf(), 0)]);
    let mut of_users: VecDeque<(PathBuf, usize)> = VecDeque::new();
    while let Some((folder, depth)) = folders.pop_front().or_else(|| of_users.pop_front()) {
        if depth >= MAX_DEPTH {
            continue;
        }
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            if found.len() >= MAX_CGROUPS {
                return found;
            }
            let Ok(metadata) = entry.metadata() else { continue };
            if !metadata.is_dir() {
                continue;
            }
            let path = entry.path();
            let below = path.strip_prefix(mount).unwrap_or(&path);
            let path_text = format!("/{}", below.to_string_lossy());
            found.push(CgroupName { id: metadata.ino(), hierarchy, path: path_text });
            let is_users = is_of_user(&entry.file_name().to_string_lossy());
            let later = if is_users { &mut of_users } else { &mut folders };
            later.push_back((path, depth + 1));
        }
    }
    found
}

/// Every process that runs, as far as `/proc` tells. A process that ends meanwhile is left out.
/// Starts have the clock's coarse grain: they are cut to a tick.
pub fn processes_of(proc: &Path) -> Vec<Process> {
    let Ok(entries) = fs::read_dir(proc) else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.take(MAX_PROCESSES).filter_map(|pid| process(proc, pid)).collect()
}

fn process(proc: &Path, pid: u32) -> Option<Process> {
    let folder = proc.join(pid.to_string());
    let stat = proc_file(&folder.join("stat"))?;
    let stat = String::from_utf8_lossy(&stat).into_owned();
    let (comm, parent, group, session, start_ns) = of_stat(&stat)?;
    let arguments = proc_file(&folder.join("cmdline")).unwrap_or_default();
    let path = fs::read_link(folder.join("exe")).map(|path| path.to_string_lossy().into_owned());
    let uid = fs::metadata(&folder).map(|metadata| metadata.uid()).unwrap_or_default();
    Some(Process {
        id: ProcessId { pid, start_ns },
        parent: ProcessId { pid: parent, start_ns: 0 },
        comm,
        arguments: texts(&arguments),
        exe: path.ok().map(|path| FileObject { path, ..FileObject::default() }),
        cwd: fs::read_link(folder.join("cwd"))
            .map(|path| path.to_string_lossy().into_owned())
            .unwrap_or_default(),
        uid,
        session,
        process_group: group,
        inner_pid: inner_pid(&folder).unwrap_or_default(),
        mount_namespace: mount_namespace(&folder).unwrap_or_default(),
        ..Process::default()
    })
}

/// `mnt:[4026531841]` of `/proc/<pid>/ns/mnt`.
fn mount_namespace(folder: &Path) -> Option<u32> {
    let link = fs::read_link(folder.join("ns/mnt")).ok()?;
    let link = link.to_str()?;
    link.strip_prefix("mnt:[")?.strip_suffix(']')?.parse().ok()
}

/// The number in the innermost pid namespace: the last of `NSpid` in `proc_pid_status(5)`.
fn inner_pid(folder: &Path) -> Option<u32> {
    let status = proc_file(&folder.join("status"))?;
    let status = String::from_utf8_lossy(&status).into_owned();
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace().next_back()?.parse().ok()
}

/// Name, parent, group, session and start of a line of `proc_pid_stat(5)`. The name may hold
/// blanks and brackets, so the last bracket ends it.
pub(super) fn of_stat(stat: &str) -> Option<(String, u32, u32, u32, u64)> {
    let (begin, end) = (stat.find('(')?, stat.rfind(')')?);
    let comm = stat.get(begin + 1..end)?.to_owned();
    let fields: Vec<&str> = stat.get(end + 1..)?.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    let small = |at: usize| number(at).and_then(|value| u32::try_from(value).ok());
    Some((comm, small(1)?, small(2)?, small(3)?, number(19)?.checked_mul(NS_PER_TICK)?))
}

/// The first bytes of a file of `/proc`.
pub(super) fn proc_file(path: &Path) -> Option<Vec<u8>> {
    use std::io::Read;

    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(MAX_FILE_BYTES as u64).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn texts(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|byte| *byte == 0).map(|one| String::from_utf8_lossy(one).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_itself_is_among_the_processes() {
        let own = process(Path::new("/proc"), std::process::id()).unwrap();
        assert!(own.id.start_ns > 0 && !own.arguments.is_empty());
        assert!(own.exe.unwrap().path.contains("lazaret_agent"));
        assert!(own.inner_pid > 0);
    }

    #[test]
    fn a_name_may_hold_brackets() {
        let stat = "7 (a) b) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 500 0";
        assert_eq!(of_stat(stat), Some(("a) b".to_owned(), 1, 2, 3, 5_000_000_000)));
        assert_eq!(of_stat("7 (cut"), None);
    }

    #[test]
    fn cgroups_are_found_by_their_folders() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("docker/abc")).unwrap();
        let mut found = cgroups_below(folder.path(), 0);
        found.sort_by(|a, b| a.path.cmp(&b.path));
        let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["/docker", "/docker/abc"]);
        assert!(found.iter().all(|one| one.id > 0));
    }

    #[test]
    fn what_is_too_deep_hides_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let deep = "user.slice/".to_owned() + &"a/".repeat(MAX_DEPTH + 4);
        for name in [deep.as_str(), "0/docker/abc", "z/docker/abc"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let found = cgroups_below(folder.path(), 0);
        let at = |path: &str| found.iter().position(|one| one.path == path);
        assert_eq!(found.len(), MAX_DEPTH + 6);
        assert!(at("/0/docker/abc").is_some() && at("/z/docker/abc") < at("/user.slice/a"));
    }
}
