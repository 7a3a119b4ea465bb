//! `Deed`: what an event tells of an alert's process beyond the alert: the cgroup in which it was
//! done, and the program's file.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use model::{Alert, FileObject};
use rustix::fs::{OFlags, major, minor};

use super::target::{Target, container_of_process};
use crate::watch::Seen;

/// What an event tells of who did it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deed {
    /// The cgroup it was done in; 0 when not known.
    pub cgroup_id: u64,
    /// The program that did it.
    pub program: Option<FileObject>,
}

/// A program as the kernel's side compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProgramFile {
    /// Its filesystem's device, major << 20 | minor.
    pub(super) device: u32,
    /// Its inode.
    pub(super) inode: u64,
    /// Its path in the container, for people.
    pub(super) path: String,
}

impl Deed {
    /// What an event tells.
    pub fn of(seen: &Seen<'_>) -> Deed {
        let observed = &seen.observed;
        let program = observed.process.exe.clone();
        Deed { cgroup_id: observed.event.task.cgroup_id, program }
    }

    /// The file of the program that an alert is of. Where no event told it, its process is looked
    /// at, while it lives.
    pub(super) fn program_of(&self, alert: &Alert, id: &str) -> Result<ProgramFile, String> {
        let known = self.program.as_ref().filter(|program| program.inode != 0);
        let Some(program) = known else { return running(alert, id) };
        if program.flags.foreign_mount {
            return Err(format!("{} is not a program of the container", program.path));
        }
        let FileObject { device, inode, ref path, .. } = *program;
        Ok(ProgramFile { device, inode, path: path.clone() })
    }
}

/// The program of an alert's process as it runs now.
fn running(alert: &Alert, id: &str) -> Result<ProgramFile, String> {
    let process = alert.initiator.as_ref().map(|initiator| initiator.process);
    let process = process.filter(|process| process.pid != 0);
    let process = process.ok_or("the alert tells no process")?;
    let target = Target::of(process).ok_or_else(|| format!("process {process} has ended"))?;
    if container_of_process(process.pid).as_deref() != Some(id) {
        return Err(format!("process {process} is not in the alert's container"));
    }
    let link = format!("/proc/{}/exe", process.pid);
    let fault = |why: std::io::Error| format!("{link}: {why}");
    let path = fs::read_link(&link).map_err(fault)?.to_string_lossy().into_owned();
    let mut options = fs::OpenOptions::new();
    options.read(true).custom_flags(OFlags::PATH.bits().cast_signed());
    let file = options.open(&link).map_err(fault)?;
    let metadata = file.metadata().map_err(fault)?;
    let told = fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd()));
    let told = told.map_err(fault)?;
    let mount = told.lines().find_map(|line| line.strip_prefix("mnt_id:")).map(str::trim);
    let mounts = fs::read_to_string(format!("/proc/{}/mountinfo", process.pid)).map_err(fault)?;
    let (major, minor) = match mount.and_then(|mount| device_of(&mounts, mount)) {
        Some(device) => device,
        // Of what is in memory only `stat` tells the device itself.
        None if path.starts_with("/memfd:") => (major(metadata.dev()), minor(metadata.dev())),
        None => return Err(format!("{path} is not a program of the container")),
    };
    if target.has_ended(0) {
        return Err(format!("process {process} has ended"));
    }
    Ok(ProgramFile { device: major << 20 | minor, inode: metadata.ino(), path })
}

/// The filesystem's own device of a mount, which `stat` does not always tell: fields 1 and 3 of
/// `proc_pid_mountinfo(5)`.
fn device_of(mounts: &str, mount: &str) -> Option<(u32, u32)> {
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let of_it = fields.into_iter().find(|fields| fields.first() == Some(&mount))?;
    let (major, minor) = of_it.get(2)?.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_tells_its_filesystem() {
        let mounts = "23 28 0:21 / /proc rw shared:1 - proc proc rw\n\
                      1047 1046 0:95 / / rw - overlay overlay rw\n";
        assert_eq!(device_of(mounts, "1047"), Some((0, 95)));
        assert_eq!(device_of(mounts, "104"), None);
    }

    #[test]
    fn the_runtimes_program_is_not_the_containers() {
        let mut program = FileObject { inode: 7, device: 9, ..FileObject::default() };
        let deed = |program: &FileObject| Deed { cgroup_id: 1, program: Some(program.clone()) };
        let alert = crate::respond::alert();
        let found = deed(&program).program_of(&alert, "ab").unwrap();
        assert_eq!((found.device, found.inode), (9, 7));
        program.flags.foreign_mount = true;
        assert!(deed(&program).program_of(&alert, "ab").is_err());
        assert!(Deed::default().program_of(&alert, "ab").unwrap_err().contains("no process"));
    }
}
