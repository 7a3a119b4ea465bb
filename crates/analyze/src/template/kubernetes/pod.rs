//! The pod that an object is or makes: its metadata, its spec, its containers.

use std::collections::HashMap;

use super::fields::{Fields, Lines, entry_lines};
use super::pod_security::APP_ARMOR_ANNOTATION;
use crate::template::yaml::Node;

/// Beginning of the annotations that set a seccomp profile, after `container.` where they have it.
const SECCOMP_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/";

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Runs before the others, to its end.
    Init,
    /// An init container that keeps running beside the others.
    Sidecar,
    /// One of `containers`.
    Main,
    /// Put into a running pod to look around.
    Ephemeral,
}

impl Role {
    /// The list of the pod's spec that holds it.
    pub(super) fn list(self) -> &'static str {
        match self {
            Role::Init | Role::Sidecar => "initContainers",
            Role::Main => "containers",
            Role::Ephemeral => "ephemeralContainers",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Role::Init => "init container",
            Role::Sidecar => "sidecar",
            Role::Main => "container",
            Role::Ephemeral => "ephemeral container",
        }
    }
}

/// One container.
#[derive(Debug, Clone, Copy)]
pub(super) struct Container<'n> {
    /// The whole.
    pub(super) node: &'n Node,
    /// What it is for.
    pub(super) role: Role,
    /// Its name.
    pub(super) name: &'n str,
    /// Its place in its list, from 0.
    pub(super) index: usize,
}

impl<'n> Container<'n> {
    /// `container web`.
    pub(super) fn subject(&self) -> String {
        format!("{} {}", self.role.word(), self.name)
    }

    /// A field of its security context.
    pub(super) fn security(&self, path: &[&str]) -> Option<&'n Node> {
        self.node.field("securityContext")?.deep(path)
    }
}

/// A pod.
#[derive(Debug)]
pub(super) struct Pod<'n> {
    /// The metadata of the pod, or of the template.
    pub(super) metadata: Option<&'n Node>,
    /// The spec.
    pub(super) spec: &'n Node,
    /// The init containers, the containers, the ephemeral ones.
    pub(super) containers: Vec<Container<'n>>,
    /// The AppArmor profiles that annotations set, by container.
    app_armor: HashMap<&'n str, (&'n str, Lines)>,
    /// Whether an annotation sets a seccomp profile.
    pub(super) has_seccomp_annotation: bool,
}

impl<'n> Pod<'n> {
    /// The pod of an object; `None` for kinds that have none. Kinds that are not known have one
    /// where most controllers keep it.
    pub(super) fn of(kind: &str, api_version: &str, node: &'n Node) -> Option<Self> {
        let holder = match kind {
            "Pod" if api_version == "v1" => node,
            "PodTemplate" => node.field("template")?,
            "CronJob" => node.deep(&["spec", "jobTemplate", "spec", "template"])?,
            _ => node.deep(&["spec", "template"])?,
        };
        let spec = holder.field("spec").filter(|spec| spec.is_map())?;
        spec.field("containers")?;
        Some(Self::new(holder.field("metadata"), spec))
    }

    /// A pod of its two parts.
    pub(super) fn new(metadata: Option<&'n Node>, spec: &'n Node) -> Self {
        let mut containers = Vec::new();
        for role in [Role::Init, Role::Main, Role::Ephemeral] {
            let nodes = spec.list(role.list()).iter().enumerate();
            containers.extend(nodes.filter(|(_, node)| node.is_map()).map(|(index, node)| {
                let is_sidecar = role == Role::Init && node.text(&["restartPolicy"]) == "Always";
                let role = if is_sidecar { Role::Sidecar } else { role };
                Container { node, role, name: node.text(&["name"]), index }
            }));
        }
        let mut pod = Pod {
            metadata,
            spec,
            containers,
            app_armor: HashMap::new(),
            has_seccomp_annotation: false,
        };
        for (key, value) in pod.annotations().map_or(&[][..], Node::entries) {
            if let Some(name) = key.text.strip_prefix(APP_ARMOR_ANNOTATION) {
                let profile = value.str().unwrap_or_default();
                pod.app_armor.insert(name, (profile, entry_lines(key, value)));
            }
            let bare = key.text.strip_prefix("container.").unwrap_or(&key.text);
            pod.has_seccomp_annotation |= bare.starts_with(SECCOMP_ANNOTATION);
        }
        pod
    }

    /// The AppArmor profile that an annotation sets for a container, and where.
    pub(super) fn app_armor(&self, container: &str) -> Option<(&'n str, Lines)> {
        self.app_armor.get(container).copied()
    }

    /// The annotations.
    pub(super) fn annotations(&self) -> Option<&'n Node> {
        self.metadata?.field("annotations")
    }

    /// The labels.
    pub(super) fn labels(&self) -> Option<&'n Node> {
        self.metadata?.field("labels")
    }

    /// A field of the pod's security context.
    pub(super) fn security(&self, path: &[&str]) -> Option<&'n Node> {
        self.spec.field("securityContext")?.deep(path)
    }

    /// What holds for a container: its own security context's field, or else the pod's.
    pub(super) fn effective(&self, container: &Container<'n>, path: &[&str]) -> Option<&'n Node> {
        container.security(path).or_else(|| self.security(path))
    }

    /// Whether it says that it runs on Windows.
    pub(super) fn is_windows(&self) -> bool {
        self.spec.text(&["os", "name"]) == "windows"
    }

    /// Whether it has a user namespace of its own.
    pub(super) fn has_own_users(&self) -> bool {
        self.spec.truth(&["hostUsers"]) == Some(false)
    }
}
