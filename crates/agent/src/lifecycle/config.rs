//! `LifeCycleConfig`: which engines and which Kubernetes are listened to.

use std::path::PathBuf;

use serde::Deserialize;

/// Which engines and which Kubernetes are listened to. What is not there is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LifeCycleConfig {
    /// Docker's socket; `null` for none.
    pub docker: Option<PathBuf>,
    /// The socket of Podman's service, which speaks Docker's API; `null` for none.
    pub podman: Option<PathBuf>,
    /// containerd's socket, for containers that Docker did not make; `null` for none.
    pub containerd: Option<PathBuf>,
    /// Whether a container's health checks are recorded: they run every few seconds.
    pub health_checks: bool,
    /// Actions of the engines that are not recorded.
    pub quiet: Vec<String>,
    /// The Kubernetes side of it.
    pub kubernetes: KubernetesConfig,
}

/// Where Kubernetes tells what happens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KubernetesConfig {
    /// The API server's audit log, as its `--audit-log-path` says; one JSON object a line.
    pub audit_log: Option<PathBuf>,
    /// A kubeconfig that may list and watch pods.
    pub kubeconfig: Option<PathBuf>,
    /// The node whose pods are watched; every node's when empty.
    pub node: String,
    /// Users whose own doings are not recorded; a `*` at the end stands for anything.
    pub quiet_users: Vec<String>,
}

impl Default for LifeCycleConfig {
    fn default() -> Self {
        LifeCycleConfig {
            docker: Some("/var/run/docker.sock".into()),
            podman: None,
            containerd: Some("/run/containerd/containerd.sock".into()),
            health_checks: false,
            quiet: ["top", "resize", "exec_detach"].map(str::to_owned).into(),
            kubernetes: KubernetesConfig::default(),
        }
    }
}
