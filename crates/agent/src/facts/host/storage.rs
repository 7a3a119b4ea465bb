//! Mounts that recommendations speak of: where anybody may write, where containers lie, and what
//! comes over the network.

use std::path::Path;

use model::{Observation, Subject};

use super::super::docker::{set, short};
use super::super::mounts::{self, MountPoint};
use super::Look;
use super::kernel::proc;

/// Places that anybody may write to.
const SHARED: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];
/// Places where engines keep images and containers.
const ENGINES: [&str; 4] =
    ["/var/lib/docker", "/var/lib/containerd", "/var/lib/containers", "/var/lib/kubelet"];
/// Filesystems whose content another machine decides.
const REMOTE: [&str; 6] = ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"];
const REMOTE_MAX: usize = 500;

pub(super) fn look(look: &Look<'_>, out: &mut Observation) {
    // The first process has the host's own mounts, whatever namespace this runs in.
    let text = match proc(look, "1/mountinfo") {
        Ok(text) => text,
        Err(why) => return out.miss("mount", why),
    };
    let mounts = mounts::parse(text.as_bytes());
    for (role, paths) in [("shared", &SHARED[..]), ("engine", &ENGINES[..])] {
        for path in paths.iter().map(Path::new) {
            if look.root.look(path).ok().flatten().is_some() {
                out.add(subject(role, path, &mounts));
            }
        }
    }
    let remote = mounts.iter().filter(|mount| REMOTE.contains(&mount.filesystem.as_str()));
    for mount in remote.take(REMOTE_MAX) {
        out.add(subject("remote", &mount.path, &mounts));
    }
}

fn subject(role: &str, path: &Path, mounts: &[MountPoint]) -> Subject {
    let mut subject = Subject::new("mount", short(&path.display().to_string()));
    subject.say("mount.role", role);
    subject.say("mount.path", short(&path.display().to_string()));
    let holding = mounts::holding(mounts, path);
    let above = path.parent().and_then(|above| mounts::holding(mounts, above));
    let device = |mount: Option<&MountPoint>| mount.map(|mount| mount.device.clone());
    subject.say("mount.apart", device(holding) != device(above));
    let options = holding.map(|mount| mount.options.clone()).unwrap_or_default();
    subject.say("mount.options", set(options));
    let from = holding.map(|mount| format!("{} on {}", mount.filesystem, mount.path.display()));
    subject.say("mount.from", short(&from.unwrap_or_default()));
    subject
}
