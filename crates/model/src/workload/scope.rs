//! `Scope`: which workloads and images something speaks of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which workloads and images something speaks of. What is empty is not asked; all that is given
/// must hold, each by one of its patterns. Patterns are globs: `*` and `?` within a part of a name,
/// `**` across parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Registries: `registry.example`, `*.example:5000`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub registry: Vec<String>,
    /// Repositories, and what lies below them: `registry.example/team`, `docker.io/library/*`;
    /// without a registry those of `docker.io`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repository: Vec<String>,
    /// Namespaces of Kubernetes or containerd.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespace: Vec<String>,
    /// Nodes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub node: Vec<String>,
    /// Labels of the workload: each must be there with a value that fits.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl Scope {
    /// Whether it asks nothing, and so speaks of everything.
    pub fn is_empty(&self) -> bool {
        *self == Scope::default()
    }
}
