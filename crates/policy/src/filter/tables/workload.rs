//! Table: `container.*`, `workload.*`, `k8s.*` and `actor.*`: what wants to start, and who asks.

use crate::filter::Argument::{OptionalKey, Suffix};
use crate::filter::Field;
use crate::filter::FieldType::{Bool, Integer, Path, Port, Text};

/// The words of [`model::ContainerRole`].
const ROLES: &[&str] = &["main", "init", "ephemeral", "image_volume"];
/// The words of [`model::Engine`].
const ENGINES: &[&str] = &["docker", "podman", "containerd", "cri-o", "kubernetes", "unknown"];
/// The namespaces of [`model::ContainerSpec`].
const NAMESPACES: &[&str] = &["pid", "network", "ipc", "uts", "user", "cgroup"];

/// The fields.
pub(super) static FIELDS: &[Field] = &[
    Field::new("container.name", Text, "Its name."),
    Field::new("container.role", Text, "`main`, `init`, `ephemeral` or `image_volume`.")
        .one_of(ROLES),
    Field::new("container.image", Text, "The image as it is asked for."),
    Field::new("container.image.repository", Text, "The image's name, registry included."),
    Field::new("container.image.tag", Text, "The image's tag."),
    Field::new("container.image.digest", Text, "Digest of the image's manifest."),
    Field::new(
        "container.user",
        Text,
        "The user it is told to run as; none when the image decides.",
    ),
    Field::new("container.group", Text, "The group it is told to run as."),
    Field::new("container.runs_as_root", Bool, "Whether it runs as root, all things considered."),
    Field::new("container.run_as_non_root", Bool, "Whether the engine itself refuses root."),
    Field::new("container.user_namespace", Bool, "Whether root inside is another user outside."),
    Field::new("container.privileged", Bool, "All capabilities, all devices, no masks."),
    Field::new(
        "container.host_namespaces",
        Text,
        "Shared with the host: `pid`, `network`, `ipc` ….",
    )
    .set()
    .one_of(NAMESPACES),
    Field::new("container.host_pid", Bool, "Whether it sees the host's processes."),
    Field::new("container.host_network", Bool, "Whether it is in the host's network."),
    Field::new("container.host_ipc", Bool, "Whether it shares the host's memory segments."),
    Field::new("container.cap_added", Text, "Capabilities added: `CAP_SYS_ADMIN`, or `ALL`.").set(),
    Field::new("container.cap_dropped", Text, "Capabilities dropped.").set(),
    Field::new("container.mount.source", Path, "Paths of the host and volumes that it sees.").set(),
    Field::new("container.mount.dest", Path, "Where they are seen inside.").set(),
    Field::new("container.mount.writable", Path, "Those of the host that it may write.").set(),
    Field::new("container.mounts", Text, "Each mount as `kind:source:target:mode`.").set(),
    Field::new("container.devices", Path, "Devices of the host that it sees.").set(),
    Field::new(
        "container.seccomp",
        Text,
        "The seccomp profile: `unconfined`, `default` or a name.",
    ),
    Field::new("container.apparmor", Text, "The AppArmor profile: `unconfined` or a name."),
    Field::new(
        "container.allow_privilege_escalation",
        Bool,
        "Whether setuid programs raise its privileges; none when not said.",
    ),
    Field::new("container.read_only", Bool, "Whether its own root filesystem is read-only."),
    Field::new("container.runtime", Text, "The OCI runtime asked for."),
    Field::new("container.sysctl", Text, "Kernel parameters set; with a name, the value.")
        .with(OptionalKey)
        .set(),
    Field::new("container.host_ports", Port, "Ports opened on the host.").set(),
    Field::new("container.memory_limit", Integer, "Memory limit in bytes; none for no limit."),
    Field::new("container.cpu_limit", Integer, "CPU limit in thousandths of a core."),
    Field::new("container.pids_limit", Integer, "Limit of processes."),
    Field::new(
        "container.command",
        Text,
        "The command that replaces the image's, joined by blanks.",
    ),
    Field::new("container.env", Text, "Names of the environment variables set.").set(),
    Field::new("workload.engine", Text, "`docker`, `podman`, `containerd`, `cri-o`, `kubernetes`.")
        .one_of(ENGINES),
    Field::new("workload.kind", Text, "`container`, `Pod`, `Deployment` …."),
    Field::new("workload.name", Text, "Its name."),
    Field::new("workload.namespace", Text, "Its namespace."),
    Field::new("workload.node", Text, "The node it is to run on."),
    Field::new("workload.label", Text, "A label, by its key.").with(Suffix),
    Field::new("workload.labels", Text, "Keys of its labels.").set(),
    Field::new("workload.annotation", Text, "An annotation, by its key.").with(Suffix),
    Field::new("k8s.ns.name", Text, "The namespace, in Kubernetes only."),
    Field::new("k8s.kind", Text, "`Pod`, `Deployment` …, in Kubernetes only."),
    Field::new("k8s.name", Text, "The object's name, in Kubernetes only."),
    Field::new("k8s.label", Text, "A label, by its key, in Kubernetes only.").with(Suffix),
    Field::new("k8s.annotation", Text, "An annotation, by its key, in Kubernetes only.")
        .with(Suffix),
    Field::new("actor.user", Text, "Who asks."),
    Field::new("actor.groups", Text, "The groups of who asks.").set(),
];
