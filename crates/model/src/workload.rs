//! `Workload`: what somebody wants to start, as every gate sees it: the docker authorization
//! plugin, the runtime guard, NRI, Kubernetes admission, a template. Facts only; the judge decides.

mod capability;
mod container;
mod decision_record;
mod scope;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Digest;

pub use capability::{
    CAPABILITIES, DEFAULT_CAPABILITIES, bare_capability, capabilities_of, capability,
};
pub use container::{Container, Known, Pod, Start};
pub use decision_record::{DecisionRecord, Gate};
pub use scope::Scope;

/// What somebody wants to start: one container, or a pod or controller with several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// Who runs it.
    pub engine: Engine,
    /// What kind of object it is, in the engine's word: `container`, `Pod`, `Deployment` …
    pub kind: String,
    /// Its name; empty when the engine has yet to make one.
    pub name: String,
    /// The Kubernetes namespace or containerd namespace; empty where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The node it is to run on; empty when not decided.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// Its labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Who asks, as far as the gate knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Its containers, init and ephemeral ones and image volumes too.
    pub containers: Vec<ContainerSpec>,
}

/// Who runs a workload.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Docker Engine.
    Docker,
    /// Podman.
    Podman,
    /// containerd, without a CRI client or with one.
    Containerd,
    /// CRI-O.
    CriO,
    /// Kubernetes, before a node is chosen.
    Kubernetes,
    /// Not known.
    #[default]
    Unknown,
}

/// Who asks for something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Actor {
    /// The user's name; empty on docker's unix socket, which tells none.
    pub user: String,
    /// The user's groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// One container of a workload, with what it may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerSpec {
    /// Its name; empty when the engine has yet to make one.
    pub name: String,
    /// What it is for.
    pub role: ContainerRole,
    /// The image it runs.
    pub image: ImageIdentity,
    /// The user it is told to run as, `user[:group]` or a number; `None` when the image decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The group it is told to run as; `None` when the image decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether the engine itself refuses root (`runAsNonRoot`).
    pub run_as_non_root: bool,
    /// Whether root inside is another user outside: `hostUsers: false`, a daemon with
    /// `userns-remap`.
    pub user_namespace: bool,
    /// All capabilities, all devices, no masks.
    pub privileged: bool,
    /// Namespaces it shares with the host: `pid`, `network`, `ipc`, `uts`, `user`, `cgroup`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub host_namespaces: Vec<String>,
    /// Capabilities added, as `CAP_SYS_ADMIN`, or `ALL`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capabilities_added: Vec<String>,
    /// Capabilities dropped, as `CAP_NET_RAW`, or `ALL`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capabilities_dropped: Vec<String>,
    /// What of the host it sees.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// Devices of the host, as paths there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// The seccomp profile: `unconfined`, `default`, or a name; empty when not said.
    pub seccomp: String,
    /// The AppArmor profile: `unconfined`, or a name; empty when not said.
    pub apparmor: String,
    /// Whether it may gain privileges by setuid programs; `None` when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_privilege_escalation: Option<bool>,
    /// Whether its own root filesystem is read-only.
    pub read_only_rootfs: bool,
    /// The OCI runtime asked for; empty for the default.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub runtime: String,
    /// Kernel parameters set for it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: BTreeMap<String, String>,
    /// Ports opened on the host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub host_ports: Vec<u16>,
    /// Memory limit in bytes; `None` for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit_bytes: Option<u64>,
    /// CPU limit in thousandths of a core; `None` for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit_millicores: Option<u64>,
    /// Limit of processes; `None` for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pids_limit: Option<u64>,
    /// The command and its arguments that replace the image's; empty when the image decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Names of the environment variables set; never their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_names: Vec<String>,
}

/// What a container is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerRole {
    /// The work itself.
    #[default]
    Main,
    /// Runs before the work.
    Init,
    /// Joined for debugging.
    Ephemeral,
    /// Not a container: an image mounted as a volume.
    ImageVolume,
}

/// An image as a gate knows it. The name is only a word; the digests decide.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageIdentity {
    /// The reference as it was asked for.
    pub reference: String,
    /// Digest of the configuration blob: docker's image id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<Digest>,
    /// Digest of the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest_digest: Option<Digest>,
}

/// Something of the host that a container sees.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mount {
    /// `bind`, `volume`, `tmpfs`, `image` …, in the engine's word.
    pub kind: String,
    /// The path on the host, or the volume's name.
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// Whether it cannot be written.
    pub read_only: bool,
    /// `private`, `rslave`, `rshared` …; empty when not said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub propagation: String,
}
