//! Files of the host whose modes matter, each in its role.

use std::path::{Path, PathBuf};

use model::Observation;

use super::super::file::Files;
use super::super::limits::TREE_ENTRIES_MAX;
use super::Look;

/// Roles and their files; those that are there are told.
const ROLES: [(&str, &[&str]); 7] = [
    ("accounts", &["/etc/passwd", "/etc/group", "/etc/passwd-", "/etc/group-"]),
    ("passwords", &["/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-"]),
    ("sudoers", &["/etc/sudoers", "/etc/sudoers.d"]),
    (
        "cron",
        &[
            "/etc/crontab",
            "/etc/cron.d",
            "/etc/cron.daily",
            "/etc/cron.hourly",
            "/etc/cron.weekly",
            "/etc/cron.monthly",
            "/var/spool/cron",
        ],
    ),
    ("boot_loader", &["/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/loader/loader.conf"]),
    ("ssh_config", &["/etc/ssh/sshd_config"]),
    (
        "program_folder",
        &[
            "/usr/bin",
            "/usr/sbin",
            "/usr/local/bin",
            "/usr/local/sbin",
            "/usr/lib",
            "/etc",
            "/etc/systemd/system",
        ],
    ),
];
const SSH_FOLDER: &str = "/etc/ssh";
/// Sockets by which engines are commanded.
const SOCKETS: [&str; 5] = [
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/podman/podman.sock",
    "/run/cri-dockerd.sock",
];

pub(super) fn look(look: &Look<'_>, files: &Files<'_>, out: &mut Observation) {
    let mut add = |role: &str, path: &Path| {
        // What could not be looked at is told, too.
        if !matches!(look.root.look(path), Ok(None)) {
            out.add(files.subject(role, path));
        }
    };
    for (role, paths) in ROLES {
        paths.iter().for_each(|path| add(role, Path::new(path)));
    }
    SOCKETS.iter().for_each(|path| add("engine_socket", Path::new(path)));
    for path in host_keys(look) {
        add("ssh_host_key", &path);
    }
}

fn host_keys(look: &Look<'_>) -> Vec<PathBuf> {
    let folder = Path::new(SSH_FOLDER);
    let names = look.root.names(folder, TREE_ENTRIES_MAX).unwrap_or_default();
    let is_key = |name: &String| name.starts_with("ssh_host_") && name.ends_with("_key");
    names.iter().filter(|name| is_key(name)).map(|name| folder.join(name)).collect()
}
