//! Table: the audit log of Kubernetes, `ka.*` and `jevt.*`, in the names of Falco's `k8s_audit`.
//!
//! Source: falcosecurity/plugins, `k8saudit`; Kubernetes `audit.k8s.io/v1`.

use crate::filter::Argument::{Key, OptionalIndex};
use crate::filter::Field;
use crate::filter::FieldType::{Any, Bool, Integer, Path, Port, Text, Time};

/// The fields.
pub(super) static FIELDS: &[Field] = &[
    Field::new("jevt.time", Text, "When, as text."),
    Field::new("jevt.rawtime", Time, "When."),
    Field::new("jevt.value", Any, "A value of the entry, by its JSON pointer.").with(Key),
    Field::new("jevt.obj", Text, "The whole entry as JSON."),
    Field::new("ka.auditid", Text, "The entry's id."),
    Field::new("ka.stage", Text, "`RequestReceived`, `ResponseComplete` …."),
    Field::new("ka.auth.decision", Text, "`allow` or `forbid`."),
    Field::new("ka.auth.reason", Text, "Why."),
    Field::new("ka.auth.openshift.decision", Text, "The decision of OpenShift's authenticator."),
    Field::new("ka.auth.openshift.username", Text, "The user's name there."),
    Field::new("ka.cluster.name", Text, "The cluster."),
    Field::new("ka.user.name", Text, "Who asks."),
    Field::new("ka.user.groups", Text, "The groups of who asks.").set(),
    Field::new("ka.impuser.name", Text, "Whom they act for."),
    Field::new("ka.verb", Text, "`create`, `get`, `delete` …."),
    Field::new("ka.uri", Text, "The address asked for."),
    Field::new("ka.uri.param", Text, "A parameter of the address.").with(Key),
    Field::new("ka.target.name", Text, "The object's name."),
    Field::new("ka.target.namespace", Text, "The object's namespace."),
    Field::new("ka.target.resource", Text, "The kind of object: `pods` …."),
    Field::new("ka.target.subresource", Text, "`exec`, `attach`, `log` …."),
    Field::new("ka.target.pod.name", Text, "The pod's name."),
    Field::new("ka.req.binding.subjects", Text, "Subjects of a role binding.").set(),
    Field::new("ka.req.binding.role", Text, "The role that is bound."),
    Field::new("ka.req.binding.subject.has_name", Bool, "Whether a subject has this name.")
        .with(Key),
    Field::new("ka.req.configmap.name", Text, "Name of a config map."),
    Field::new("ka.req.configmap.obj", Text, "Data of a config map, as JSON."),
    Field::new("ka.req.pod.containers.image", Text, "Images of a pod.").with(OptionalIndex).set(),
    Field::new("ka.req.container.image", Text, "Image of the first container."),
    Field::new("ka.req.pod.containers.image.repository", Text, "Repositories of a pod's images.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.container.image.repository", Text, "Repository of the first image."),
    Field::new("ka.req.pod.host_ipc", Bool, "Whether a pod shares the host's memory segments."),
    Field::new("ka.req.pod.host_network", Bool, "Whether a pod is in the host's network."),
    Field::new("ka.req.container.host_network", Bool, "The same."),
    Field::new("ka.req.pod.host_pid", Bool, "Whether a pod sees the host's processes."),
    Field::new("ka.req.pod.containers.host_port", Port, "Ports of the host.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.pod.containers.privileged", Bool, "Whether containers are privileged.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.container.privileged", Bool, "Whether a container is privileged."),
    Field::new(
        "ka.req.pod.containers.allow_privilege_escalation",
        Bool,
        "Whether setuid programs raise privileges.",
    )
    .with(OptionalIndex)
    .set(),
    Field::new(
        "ka.req.pod.containers.read_only_fs",
        Bool,
        "Whether root filesystems are read-only.",
    )
    .with(OptionalIndex)
    .set(),
    Field::new("ka.req.pod.run_as_user", Integer, "The user a pod runs as."),
    Field::new("ka.req.pod.containers.run_as_user", Integer, "The users containers run as.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.pod.containers.eff_run_as_user", Integer, "The same, the pod's included.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.pod.run_as_group", Integer, "The group a pod runs as."),
    Field::new("ka.req.pod.containers.run_as_group", Integer, "The groups containers run as.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.pod.containers.eff_run_as_group", Integer, "The same, the pod's included.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.pod.containers.proc_mount", Text, "How /proc is mounted.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.role.rules", Text, "Rules of a role.").set(),
    Field::new("ka.req.role.rules.apiGroups", Text, "API groups of a role's rules.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.role.rules.nonResourceURLs", Text, "Addresses of a role's rules.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.role.rules.verbs", Text, "Verbs of a role's rules.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.role.rules.resources", Text, "Resources of a role's rules.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.pod.fs_group", Integer, "The group of a pod's volumes."),
    Field::new("ka.req.pod.supplemental_groups", Integer, "More groups of a pod.").set(),
    Field::new("ka.req.pod.containers.add_capabilities", Text, "Capabilities added.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.service.type", Text, "`ClusterIP`, `NodePort` …."),
    Field::new("ka.req.service.ports", Port, "Ports of a service.").with(OptionalIndex).set(),
    Field::new("ka.req.pod.volumes.hostpath", Path, "Paths of the host in a pod.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.volume.hostpath", Path, "Whether a path of the host is in a pod.").with(Key),
    Field::new("ka.req.pod.volumes.flexvolume_driver", Text, "Drivers of flex volumes.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.req.pod.volumes.volume_type", Text, "Kinds of volumes.")
        .with(OptionalIndex)
        .set(),
    Field::new("ka.resp.name", Text, "Name of the object in the answer."),
    Field::new("ka.response.code", Integer, "HTTP status of the answer."),
    Field::new("ka.response.reason", Text, "Why, for a refusal."),
    Field::new("ka.useragent", Text, "With what they ask."),
    Field::new("ka.sourceips", Text, "From where.").with(OptionalIndex).set(),
    Field::new("evt.time", Text, "When, as text."),
    Field::new("evt.rawtime", Time, "When."),
    Field::new("evt.num", Integer, "Number of the entry."),
    Field::new("evt.source", Text, "`k8s_audit`."),
    Field::new("evt.plugininfo", Text, "The entry in one line."),
    Field::new("json.value", Any, "A value of the entry, by its JSON pointer.").with(Key),
];
