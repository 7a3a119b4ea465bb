//! The files of the engine, each in its role: units, configuration, sockets, programs.

use std::path::{Path, PathBuf};

use model::{Observation, Subject};
use serde_json::Value;

use super::super::file::Files;
use super::super::limits::{TREE_DEPTH_MAX, TREE_ENTRIES_MAX};
use super::super::unit_file::Unit;
use super::Look;
use super::daemon::Daemon;

/// Roles whose place is always the same. Of several places those count that are there; where none
/// is, the first is told as missing.
const PLACES: [(&str, &[&str]); 11] = [
    ("containerd_run_directory", &["/run/containerd"]),
    ("config_directory", &["/etc/docker"]),
    ("default_file", &["/etc/default/docker"]),
    ("sysconfig_file", &["/etc/sysconfig/docker"]),
    ("containerd_config", &["/etc/containerd/config.toml"]),
    (
        "containerd_binary",
        &["/usr/bin/containerd", "/usr/sbin/containerd", "/usr/local/bin/containerd"],
    ),
    ("shim_binary", &["/usr/bin/containerd-shim", "/usr/local/bin/containerd-shim"]),
    (
        "shim_v1_binary",
        &["/usr/bin/containerd-shim-runc-v1", "/usr/local/bin/containerd-shim-runc-v1"],
    ),
    (
        "shim_v2_binary",
        &["/usr/bin/containerd-shim-runc-v2", "/usr/local/bin/containerd-shim-runc-v2"],
    ),
    ("dockerd_binary", &["/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd"]),
    (
        "runtime_binary",
        &["/usr/bin/runc", "/usr/sbin/runc", "/usr/local/bin/runc", "/usr/local/sbin/runc"],
    ),
];
/// Folders that programs given by a bare name are looked for in.
const PATH: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const REGISTRY_CERTIFICATES: &str = "/etc/docker/certs.d";
const CONTAINERD_SOCKET: &str = "/run/containerd/containerd.sock";
const ENGINE_SOCKET: &str = "/run/docker.sock";
/// TLS files: the role, the directive, the name in dockerd's own folder.
const TLS: [(&str, &str, &str); 3] = [
    ("tls_ca", "tlscacert", "ca.pem"),
    ("tls_certificate", "tlscert", "cert.pem"),
    ("tls_key", "tlskey", "key.pem"),
];
/// Where dockerd has its TLS files unless told otherwise.
const TLS_FOLDER: &str = "/root/.docker";

/// Adds every file that a recommendation speaks of.
pub(super) fn look(look: &Look<'_>, files: &Files<'_>, daemon: &Daemon, out: &mut Observation) {
    let mut add = |role: &str, paths: Vec<PathBuf>| {
        for path in paths {
            out.add(files.subject(role, &path));
        }
    };
    for (role, places) in PLACES {
        add(role, chosen(look, daemon, role, places));
    }
    add("daemon_config", vec![daemon.config_file.clone()]);
    let data_root = daemon.info.as_ref().map_or("", |info| info.text("/DockerRootDir"));
    let data_root = if data_root.is_empty() { "/var/lib/docker" } else { data_root };
    add("data_root", vec![PathBuf::from(data_root)]);
    add("containerd_socket", vec![containerd_socket(look, daemon)]);
    add("registry_certificate", certificates(look));
    for (role, path) in tls(daemon) {
        add(role, vec![path]);
    }
    let service = unit(look, "docker.service", "service_unit", files, out);
    let socket = unit(look, "docker.socket", "socket_unit", files, out);
    let listens = socket.iter().flat_map(|unit| unit.list("Socket", "ListenStream"));
    let listens = listens.filter(|path| path.starts_with('/')).map(PathBuf::from);
    // Sockets are told by what the daemon and its unit say, and by the one that was asked.
    let mut sockets: Vec<PathBuf> = daemon.sockets();
    if service.is_some() || socket.is_some() || sockets.is_empty() {
        sockets.extend(listens);
    }
    if sockets.is_empty() {
        sockets.push(PathBuf::from(ENGINE_SOCKET));
    }
    let mut seen: Vec<PathBuf> = Vec::new();
    for path in sockets {
        let resolved = look.root.resolved(&path);
        if !seen.contains(&resolved) {
            out.add(files.subject("engine_socket", &path));
            seen.push(resolved);
        }
    }
}

/// The places of a role: what the daemon itself tells, or those of its usual ones that are there.
fn chosen(look: &Look<'_>, daemon: &Daemon, role: &str, places: &[&str]) -> Vec<PathBuf> {
    let told = match role {
        "dockerd_binary" => daemon.program.iter().cloned().collect(),
        "runtime_binary" => runtimes(look, daemon),
        _ => Vec::new(),
    };
    if !told.is_empty() {
        return told;
    }
    let there = |path: &&Path| look.root.look(path).is_ok_and(|seen| seen.is_some());
    let mut found: Vec<PathBuf> = Vec::new();
    for path in places.iter().map(Path::new).filter(there) {
        let resolved = look.root.resolved(path);
        if !found.iter().any(|known| look.root.resolved(known) == resolved) {
            found.push(path.to_path_buf());
        }
    }
    if found.is_empty() {
        found.extend(places.first().map(PathBuf::from));
    }
    found
}

/// The programs of the engine's runtimes.
fn runtimes(look: &Look<'_>, daemon: &Daemon) -> Vec<PathBuf> {
    let Ok(info) = &daemon.info else { return Vec::new() };
    let mut paths: Vec<PathBuf> = Vec::new();
    for (_, runtime) in info.entries("/Runtimes") {
        let Some(path) = runtime.get("path").and_then(Value::as_str) else { continue };
        let path = if path.contains('/') {
            Some(PathBuf::from(path))
        } else {
            let mut places = PATH.iter().map(|folder| Path::new(folder).join(path));
            places.find(|path| look.root.look(path).is_ok_and(|seen| seen.is_some()))
        };
        paths.extend(path.filter(|path| !paths.contains(path)));
    }
    paths.sort();
    paths
}

/// What the daemon is told or tells; else the system's socket, or that of the containerd which
/// dockerd starts below its own folder where there is none.
fn containerd_socket(look: &Look<'_>, daemon: &Daemon) -> PathBuf {
    let directive = |key| daemon.config.as_ref().ok().and_then(|config| config.text(key));
    let told = daemon.info.as_ref().map_or("", |info| info.text("/Containerd/Address"));
    let told = Some(told).filter(|told| !told.is_empty());
    if let Some(path) = directive("containerd").or(told) {
        return PathBuf::from(path.strip_prefix("unix://").unwrap_or(path));
    }
    let below = Path::new(directive("exec-root").unwrap_or("/run/docker"));
    let own = below.join("containerd/containerd.sock");
    let there = |path: &Path| look.root.look(path).is_ok_and(|seen| seen.is_some());
    if !there(Path::new(CONTAINERD_SOCKET)) && there(&own) {
        return own;
    }
    PathBuf::from(CONTAINERD_SOCKET)
}

/// The TLS files of a daemon that uses TLS.
fn tls(daemon: &Daemon) -> Vec<(&'static str, PathBuf)> {
    let Ok(config) = &daemon.config else { return Vec::new() };
    let on = config.flag("tls") == Some(true) || config.flag("tlsverify") == Some(true);
    let path = |(role, directive, name): &(&'static str, &str, &str)| {
        let given = config.text(directive).map(PathBuf::from);
        let usual = on.then(|| Path::new(TLS_FOLDER).join(name));
        Some((*role, given.or(usual)?))
    };
    TLS.iter().filter_map(path).collect()
}

/// The unit's own file and its drop-ins: who can write one of them is root.
fn unit(
    look: &Look<'_>,
    name: &str,
    role: &str,
    files: &Files<'_>,
    out: &mut Observation,
) -> Option<Unit> {
    match Unit::find(&look.root, name) {
        Ok(Some(unit)) => {
            for path in std::iter::once(&unit.fragment).chain(&unit.drop_ins) {
                out.add(files.subject(role, path));
            }
            Some(unit)
        }
        Ok(None) => {
            let mut subject = Subject::new("file", name);
            subject.say("file.role", role);
            subject.say("file.path", name);
            subject.say("file.exists", false);
            out.add(subject);
            None
        }
        Err(why) => {
            let mut subject = Subject::new("file", name);
            subject.say("file.role", role);
            subject.miss("file.exists", why);
            out.add(subject);
            None
        }
    }
}

/// The files below the folder of registries' certificates.
fn certificates(look: &Look<'_>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![(PathBuf::from(REGISTRY_CERTIFICATES), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for name in look.root.names(&folder, TREE_ENTRIES_MAX).unwrap_or_default() {
            let path = folder.join(name);
            match look.root.look(&path) {
                Ok(Some(seen)) if seen.is_directory => {
                    folders.extend((depth < TREE_DEPTH_MAX).then_some((path, depth + 1)));
                }
                Ok(Some(_)) if files.len() < TREE_ENTRIES_MAX => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}
