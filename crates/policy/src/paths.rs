//! Paths of the host: made plain, and known for what stands behind them.

/// A place of the host from which it can be taken over.
pub(crate) struct Sensitive {
    pub(crate) path: &'static str,
    /// What stands behind it.
    pub(crate) what: &'static str,
    /// Whether reading alone does harm.
    pub(crate) read_harms: bool,
}

const fn place(path: &'static str, what: &'static str, read_harms: bool) -> Sensitive {
    Sensitive { path, what, read_harms }
}

/// The places, and what stands behind them. A mount that shows one, lies below one, or shows a
/// directory that holds one, counts.
pub(crate) const SENSITIVE: [Sensitive; 26] = [
    place("/run/docker.sock", "the Docker daemon: root on the host", true),
    place("/run/containerd", "containerd: root on the host", true),
    place("/run/crio", "CRI-O: root on the host", true),
    place("/run/podman", "Podman: as much as its user may", true),
    place("/run/k3s", "the container runtime of k3s", true),
    place("/run/cri-dockerd.sock", "the Docker daemon by way of CRI", true),
    place("/run/buildkit", "the image builder: root on the host", true),
    place("/run/systemd", "the service manager: root on the host", true),
    place("/run/dbus", "the system's message bus", true),
    place("/run/secrets", "secrets of the host", true),
    place("/var/lib/docker", "files of all other containers and images", true),
    place("/var/lib/containerd", "files of all other containers and images", true),
    place("/var/lib/containers", "files of all other containers and images", true),
    place("/var/lib/kubelet", "secrets and volumes of all pods, the kubelet's own keys", true),
    place("/var/lib/etcd", "the whole state of the cluster", true),
    place("/etc", "the host's configuration, users and keys", true),
    place("/root", "root's keys and shell files", true),
    place("/proc", "the host's processes and kernel settings", true),
    place("/sys", "the kernel's devices and cgroups", false),
    place("/dev", "the host's disks and memory", true),
    place("/boot", "the kernel and its loader", false),
    place("/lib/modules", "the kernel's modules", false),
    place("/usr", "the host's programs", false),
    place("/bin", "the host's programs", false),
    place("/sbin", "the host's programs", false),
    place("/var/spool/cron", "the host's timed commands", false),
];

/// Files of those places that containers are shown every day; harmless where they cannot be written.
const HARMLESS_TO_READ: [&str; 9] = [
    "/etc/localtime",
    "/etc/timezone",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust",
    "/etc/ca-certificates",
    "/etc/machine-id",
];

/// Directories that are links to others on the systems of today.
const LINKS: [(&str, &str); 2] = [("/var/run", "/run"), ("/var/lock", "/run/lock")];

/// The places of the host that must not be shown even where they cannot be written, plain paths.
pub fn places_that_must_not_be_seen() -> impl Iterator<Item = &'static str> {
    SENSITIVE.iter().filter(|place| place.read_harms).map(|place| place.path)
}

/// Files below those places that may be shown where they cannot be written, plain paths.
pub fn places_harmless_to_read() -> &'static [&'static str] {
    &HARMLESS_TO_READ
}

/// What of the host a mount of one of its paths lays open, in words; `None` when nothing known.
pub fn mount_lays_open(source: &str, read_only: bool) -> Option<&'static str> {
    lays_open(&normal(source), read_only).map(|place| place.what)
}

/// A path without `.`, `..`, doubled or trailing slashes, as text: links are not followed. Always
/// begins with a slash.
pub fn clean_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The same, with the usual links followed.
pub(crate) fn normal(path: &str) -> String {
    let plain = clean_path(path);
    for (link, target) in LINKS {
        if let Some(rest) = below(&plain, link) {
            return format!("{target}{rest}");
        }
    }
    plain
}

/// What follows a directory in a path that is it or lies below it.
pub(crate) fn below<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    if directory == "/" {
        return Some(path);
    }
    let rest = path.strip_prefix(directory)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// What a mount of a host's path lays open; `None` when nothing known. `path` is plain.
pub(crate) fn lays_open(path: &str, read_only: bool) -> Option<&'static Sensitive> {
    if read_only && HARMLESS_TO_READ.iter().any(|harmless| below(path, harmless).is_some()) {
        return None;
    }
    SENSITIVE
        .iter()
        .filter(|place| place.read_harms || !read_only)
        .find(|place| below(path, place.path).is_some() || below(place.path, path).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_paths_plain() {
        for (path, expected) in [
            ("/var/run/docker.sock", "/run/docker.sock"),
            ("/var//run/./docker.sock/", "/run/docker.sock"),
            ("/home/../etc", "/etc"),
            ("/../..", "/"),
            ("/var/running", "/var/running"),
            ("/", "/"),
            ("", "/"),
        ] {
            assert_eq!(normal(path), expected, "{path}");
        }
    }

    #[test]
    fn knows_what_lies_open() {
        for (path, read_only, expected) in [
            ("/run/docker.sock", true, true),
            ("/run", true, true),
            ("/", true, true),
            ("/var", true, true),
            ("/etc/passwd", true, true),
            ("/etc/localtime", true, false),
            ("/etc/localtime", false, true),
            ("/etcetera", false, false),
            ("/srv/app", false, false),
            ("/usr/share/zoneinfo", true, false),
            ("/usr/local/bin", false, true),
            ("/sys/fs/cgroup", true, false),
            ("/sys", false, true),
            ("/home/me", false, false),
        ] {
            assert_eq!(lays_open(path, read_only).is_some(), expected, "{path}");
        }
    }
}
