//! What of the host a service sees: volumes in both syntaxes, and named volumes that are bound to
//! a folder of the host.

use super::Sink;
use super::service::Lines;

/// Sockets with which a container rules its engine.
const SOCKETS: [&str; 8] = [
    "docker.sock",
    "containerd.sock",
    "crio.sock",
    "podman.sock",
    "cri-dockerd.sock",
    "dockershim.sock",
    "buildkitd.sock",
    "nri.sock",
];
/// Folders of the host that hold its system, its keys, or other containers.
const SENSITIVE: [&str; 22] = [
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root",
    "/run", "/sbin", "/srv", "/sys", "/usr", "/var", "/var/lib", "/var/run", "/var/log", "/mnt",
    "/media",
];
/// Folders whose whole content is sensitive.
const SENSITIVE_BELOW: [&str; 13] = [
    "/boot",
    "/dev",
    "/etc",
    "/proc",
    "/root",
    "/sys",
    "/usr",
    "/lib",
    "/bin",
    "/sbin",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/kubelet",
];
/// What is given to containers every day, and only tells the time or the name.
const HARMLESS: [&str; 6] = [
    "/etc/localtime",
    "/etc/timezone",
    "/etc/hostname",
    "/usr/share/zoneinfo",
    "/etc/ssl/certs",
    "/dev/shm",
];

/// One bind mount.
struct Bind {
    source: String,
    read_only: bool,
    propagation: String,
    lines: Lines,
}

pub(super) fn check(sink: &mut Sink<'_, '_>) {
    for bind in binds(sink) {
        judge(sink, bind);
    }
}

fn binds(sink: &Sink<'_, '_>) -> Vec<Bind> {
    let service = sink.service;
    let mut binds = Vec::new();
    for held in service.all("volumes") {
        for item in held.node.items() {
            let lines = held.inside(item);
            let bind = if item.is_map() {
                let text = |path: &[&str]| {
                    item.at(path).and_then(|node| service.project.text(node)).map(|text| text.text)
                };
                let source = text(&["source"]).or_else(|| text(&["src"])).unwrap_or_default();
                let is_true = |path: &[&str]| item.at(path).is_some_and(|node| node.is_true());
                Some(Bind {
                    source,
                    read_only: is_true(&["read_only"]) || is_true(&["readonly"]),
                    propagation: text(&["bind", "propagation"]).unwrap_or_default(),
                    lines,
                })
            } else {
                service.project.text(item).and_then(|text| short(&text.text, lines))
            };
            binds.extend(bind.map(|bind| through_volume(sink, bind)));
        }
    }
    binds
}

/// `SOURCE:TARGET[:OPTIONS]`; one path alone is a volume without a name.
fn short(text: &str, lines: Lines) -> Option<Bind> {
    let (source, rest) = text.split_once(':')?;
    // A drive letter of Windows.
    if source.len() == 1 && rest.starts_with('\\') {
        return None;
    }
    let options: Vec<&str> =
        rest.split_once(':').map(|(_, options)| options.split(',').collect()).unwrap_or_default();
    let propagation = ["shared", "rshared", "slave", "rslave"];
    let propagation = options.iter().find(|word| propagation.contains(word));
    Some(Bind {
        source: source.to_owned(),
        read_only: options.contains(&"ro"),
        propagation: propagation.map(|word| (*word).to_owned()).unwrap_or_default(),
        lines,
    })
}

/// A named volume with `driver_opts: {o: bind, device: /path}` is a mount of that path.
fn through_volume(sink: &Sink<'_, '_>, bind: Bind) -> Bind {
    let project = sink.service.project;
    let options = project.root.at(&["volumes", &bind.source, "driver_opts"]);
    let text = |key: &str| {
        let node = options.and_then(|options| options.get(key))?;
        project.text(node).map(|text| text.text)
    };
    let is_bind =
        text("o").is_some_and(|o| o.split(',').any(|word| matches!(word, "bind" | "rbind")));
    match text("device").filter(|_| is_bind) {
        Some(device) => {
            let read_only = text("o").is_some_and(|o| o.split(',').any(|word| word == "ro"));
            Bind { source: device, read_only: bind.read_only || read_only, ..bind }
        }
        None => bind,
    }
}

fn judge(sink: &mut Sink<'_, '_>, bind: Bind) {
    let Bind { source, read_only, propagation, lines } = bind;
    if matches!(propagation.as_str(), "shared" | "rshared") {
        let message =
            format!("{source} is mounted {propagation}: mounts made inside reach the host");
        sink.at("compose-mount-shared", lines.clone(), message);
    }
    if SOCKETS.iter().any(|socket| source.ends_with(socket)) {
        let message =
            format!("{source}: who can write to it is root on the host, read-only or not");
        sink.at("compose-runtime-socket", lines, message);
        return;
    }
    if !is_sensitive(&source) {
        return;
    }
    match read_only {
        true => {
            let message = format!("{source} of the host is read by the container");
            sink.at("compose-sensitive-mount", lines, message);
        }
        false => {
            let message = format!("{source} of the host can be changed by the container");
            sink.at("compose-sensitive-mount-writable", lines, message);
        }
    }
}

fn is_sensitive(source: &str) -> bool {
    if source.starts_with("~") {
        return matches!(source.trim_end_matches('/'), "~")
            || ["/.ssh", "/.aws", "/.kube", "/.docker", "/.gnupg", "/.config"]
                .iter()
                .any(|folder| source.contains(folder));
    }
    let path = clean(source);
    if !path.starts_with('/') || HARMLESS.iter().any(|known| is_below(&path, known)) {
        return false;
    }
    SENSITIVE.contains(&path.as_str()) || SENSITIVE_BELOW.iter().any(|known| is_below(&path, known))
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// An absolute path without `.`, `..` and double slashes; anything else as it is.
fn clean(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
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

#[cfg(test)]
mod tests {
    use super::is_sensitive;

    #[test]
    fn paths_are_compared_as_paths() {
        for path in [
            "/",
            "/etc/",
            "/etc/../etc/passwd",
            "//proc",
            "/usr/lib",
            "~/.ssh",
            "/var/lib/docker/x",
        ] {
            assert!(is_sensitive(path), "{path}");
        }
        for path in [
            "/etc/localtime",
            "./etc",
            "/etcetera",
            "/var/lib/app",
            "/home/bob/app",
            "data",
            "~/app",
        ] {
            assert!(!is_sensitive(path), "{path}");
        }
    }
}
