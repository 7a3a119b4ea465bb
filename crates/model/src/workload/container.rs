//! `Container`: a container as it runs, with how much is known of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Capabilities, ContainerSpec, Engine, Namespaces};

/// A container as it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// Its id, all digits.
    pub id: String,
    /// Who runs it.
    pub engine: Engine,
    /// Its name; empty when not known.
    pub name: String,
    /// The pod it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
    /// Its labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What it may do, and its image.
    pub spec: ContainerSpec,
    /// The root filesystem's path on the host; empty when not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub root: String,
    /// How much of this is known.
    pub known: Known,
    /// When it was first seen, in nanoseconds since boot.
    pub since_ns: u64,
    /// What its first program had; `None` until that begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
}

/// What the first program of a container had. Nobody in it should have more later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Start {
    /// Its namespaces.
    pub namespaces: Namespaces,
    /// Its capabilities.
    pub capabilities: Capabilities,
}

/// A pod of Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Its unique id.
    pub uid: String,
    /// Its name; empty when not known.
    pub name: String,
    /// Its namespace; empty when not known.
    pub namespace: String,
}

/// How much is known of a container. What the engine says may come later than the first event.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// The id only, from the name of its cgroup.
    #[default]
    Id,
    /// What it may do, from its bundle.
    Spec,
    /// Image, name and labels too, from the engine.
    Full,
}
