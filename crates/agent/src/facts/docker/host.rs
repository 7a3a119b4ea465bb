//! The host: its system, the data root's filesystem, who is in the docker group.

use std::path::{Path, PathBuf};

use model::Subject;

use super::super::accounts::HostAccounts;
use super::super::mounts::{self, MountPoint};
use super::daemon::{Daemon, has_option};
use super::{Look, set, short};

/// The group that may speak to the engine.
const DOCKER_GROUP: &str = "docker";

pub(super) fn subject(
    look: &Look<'_>,
    daemon: &Daemon,
    accounts: &Result<HostAccounts, String>,
) -> Subject {
    let mut host = Subject::new("host", "");
    match &daemon.info {
        Ok(info) => {
            host.say("host.os", short(info.text("/OperatingSystem")));
            host.say("host.kernel", short(info.text("/KernelVersion")));
            let root = PathBuf::from(info.text("/DockerRootDir"));
            let remapped = has_option(info, "userns");
            say_data_root(look, daemon, (&root, remapped), &mut host);
        }
        Err(why) => {
            for field in ["os", "kernel", "data_root", "data_root_apart", "data_root_device"] {
                host.miss(&format!("host.{field}"), why.clone());
            }
        }
    }
    let members = accounts.as_ref().map_err(Clone::clone);
    let members = members.map(|accounts| set(accounts.members(DOCKER_GROUP).unwrap_or_default()));
    host.say_or_miss("host.docker_group_members", members);
    host
}

/// Whether a directory is on another filesystem than the one above it. A mount point alone does not
/// say so: dockerd mounts its data root onto itself.
fn is_apart(mounts: &[MountPoint], root: &Path) -> bool {
    let device = |path| mounts::holding(mounts, path).map(|mount| mount.device.as_str());
    root.parent().is_some_and(|above| device(root) != device(above))
}

/// With remapped users the engine keeps a data root for each mapping below the real one.
fn say_data_root(
    look: &Look<'_>,
    daemon: &Daemon,
    (root, remapped): (&Path, bool),
    host: &mut Subject,
) {
    let root = if remapped { root.parent().unwrap_or(root) } else { root };
    host.say("host.data_root", root.display().to_string());
    let pid = daemon.pid.unwrap_or(1);
    match look.processes.read(pid, "mountinfo") {
        Ok(text) => {
            let mounts = mounts::parse(&text);
            let holding = mounts::holding(&mounts, root);
            host.say("host.data_root_apart", is_apart(&mounts, root));
            let device = holding.map(|mount| {
                format!("{} ({} on {})", mount.path.display(), mount.filesystem, mount.source)
            });
            host.say("host.data_root_device", short(&device.unwrap_or_default()));
        }
        Err(error) => {
            host.miss("host.data_root_apart", format!("mountinfo: {error}"));
            host.miss("host.data_root_device", format!("mountinfo: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bind_mount_onto_itself_is_not_apart() {
        let onto_itself = b"1 0 8:1 / / rw - ext4 /dev/sda rw\n\
            2 1 8:1 /var/lib/docker /var/lib/docker rw - ext4 /dev/sda rw\n";
        let own =
            b"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 8:2 / /var/lib/docker rw - xfs /dev/sdb rw\n";
        for (text, expect) in [(&onto_itself[..], false), (&own[..], true)] {
            assert_eq!(is_apart(&mounts::parse(text), Path::new("/var/lib/docker")), expect);
        }
    }
}
