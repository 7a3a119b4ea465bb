//! What of the node a pod takes: namespaces, directories, kernel parameters, users.

use crate::template::kubernetes::fields::Fields;
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::Pod;
use crate::template::kubernetes::pod_security::{
    Check, Level, VOLUME_SOURCES, Version, evaluate_pod,
};
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// Sockets of container runtimes.
const RUNTIME_SOCKETS: [&str; 11] = [
    "docker.sock",
    "containerd.sock",
    "containerd.sock.ttrpc",
    "crio.sock",
    "dockershim.sock",
    "podman.sock",
    "cri-dockerd.sock",
    "frakti.sock",
    "buildkitd.sock",
    "docker_engine",
    "containerd-containerd",
];
/// Directories that hold such sockets.
const RUNTIME_DIRECTORIES: [&str; 12] = [
    "/",
    "/run",
    "/var",
    "/var/run",
    "/run/containerd",
    "/var/run/containerd",
    "/run/crio",
    "/var/run/crio",
    "/run/docker",
    "/var/run/docker",
    "/run/podman",
    "/run/k3s/containerd",
];

/// Looks at one pod.
pub(super) fn check(object: &Object<'_>, pod: &Pod<'_>, report: &mut Report<'_>) {
    namespaces(object, pod, report);
    volumes(object, pod, report);
    settings(object, pod, report);
}

fn namespaces(object: &Object<'_>, pod: &Pod<'_>, report: &mut Report<'_>) {
    let rules = [
        ("hostPID", "kubernetes-host-pid"),
        ("hostIPC", "kubernetes-host-ipc"),
        ("hostNetwork", "kubernetes-host-network"),
    ];
    for (field, rule) in rules {
        if pod.spec.truth(&[field]) == Some(true) {
            report.object(rule, object, pod.spec.lines_at(&[field]), format!("{field}: true"));
        }
    }
}

fn volumes(object: &Object<'_>, pod: &Pod<'_>, report: &mut Report<'_>) {
    for volume in pod.spec.list("volumes") {
        if let Some(host) = volume.field("hostPath") {
            host_path(object, pod, (volume, host), report);
        }
        let mut sources =
            volume.entries().iter().filter(|(key, node)| key.text != "name" && !node.is_null());
        let is_core = |key: &str| VOLUME_SOURCES.contains(&key);
        let first = sources.next().filter(|(key, _)| !is_core(&key.text));
        if let Some((key, _)) = first
            && !sources.any(|(key, _)| is_core(&key.text))
        {
            let lines = volume.lines_at(&[key.text.as_str()]);
            let message = format!("the volume {} is a {}", volume.text(&["name"]), key.text);
            report.object("kubernetes-volume-type", object, lines, message);
        }
        if volume.field("gitRepo").is_some() {
            let lines = volume.lines_at(&["gitRepo"]);
            let message = "a gitRepo volume runs git as root on the node";
            report.object("kubernetes-git-repo-volume", object, lines, message);
        }
    }
}

fn host_path(
    object: &Object<'_>,
    pod: &Pod<'_>,
    (volume, host): (&Node, &Node),
    report: &mut Report<'_>,
) {
    let name = volume.text(&["name"]);
    let path = host.text(&["path"]);
    let lines = volume.lines_at(&["hostPath"]);
    let message = format!("the volume {name} is {path} of the node");
    report.object("kubernetes-host-path", object, lines, message);
    let short = match path.trim_end_matches('/') {
        "" => "/",
        short => short,
    };
    // The last part also of a pipe of Windows.
    let base = short.rsplit(['/', '\\']).next().unwrap_or_default();
    if RUNTIME_SOCKETS.contains(&base) || RUNTIME_DIRECTORIES.contains(&short) {
        let message = format!("{path} of the node gives the container runtime away");
        report.object("kubernetes-runtime-socket", object, lines, message);
    }
    for container in &pod.containers {
        let mounts = container.node.list("volumeMounts").iter();
        for mount in mounts.filter(|mount| mount.text(&["name"]) == name) {
            if mount.truth(&["readOnly"]) != Some(true) {
                let message = format!("{path} of the node can be written");
                let rule = "kubernetes-host-path-writable";
                report.container(rule, (object, container), mount.lines(), message);
            }
        }
    }
}

fn settings(object: &Object<'_>, pod: &Pod<'_>, report: &mut Report<'_>) {
    let violations = evaluate_pod(Level::Baseline, Version::LATEST, pod);
    for violation in violations.iter().filter(|violation| violation.check == Check::Sysctls) {
        let lines = super::lines_of(violation);
        let message = format!("sets the kernel parameter {}", violation.value);
        report.object("kubernetes-unsafe-sysctl", object, lines, message);
    }
    if pod.spec.field("hostAliases").is_some_and(|aliases| !aliases.items().is_empty()) {
        let lines = pod.spec.lines_at(&["hostAliases"]);
        let message = "hostAliases change what names mean in the pod";
        report.object("kubernetes-host-aliases", object, lines, message);
    }
    if pod.spec.truth(&["hostUsers"]) != Some(false) && !pod.is_windows() {
        let lines = pod.spec.lines_at(&["hostUsers"]);
        let message = "the pod shares the node's users: root inside is root outside";
        report.object("kubernetes-host-users", object, lines, message);
    }
    if pod.spec.truth(&["shareProcessNamespace"]) == Some(true) {
        let lines = pod.spec.lines_at(&["shareProcessNamespace"]);
        let message = "the containers of the pod see each other's processes";
        report.object("kubernetes-shared-process-namespace", object, lines, message);
    }
    if pod.spec.field("securityContext").is_none_or(Fields::is_hollow) {
        let lines = pod.spec.lines_at(&["securityContext"]);
        let message = "the pod has no securityContext";
        let lines =
            if pod.spec.field("securityContext").is_some() { lines } else { object.head_lines() };
        report.object("kubernetes-pod-security-context-missing", object, lines, message);
    }
    root_groups(object, pod, report);
}

fn root_groups(object: &Object<'_>, pod: &Pod<'_>, report: &mut Report<'_>) {
    let rule = "kubernetes-root-group";
    let Some(context) = pod.spec.field("securityContext") else { return };
    if context.whole(&["fsGroup"]) == Some(0) {
        report.object(rule, object, context.lines_at(&["fsGroup"]), "fsGroup: 0");
    }
    for group in context.list("supplementalGroups") {
        if group.number() == Some(0) {
            report.object(rule, object, group.lines(), "supplementalGroups has 0");
        }
    }
}
