//! `ImageConfig`: what the image says of how it was built and wants to be run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The run-time part of an image's configuration, the fields every image format shares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    /// When the image says it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// `user[:group]`, empty for the default (root).
    pub user: String,
    /// `NAME=value`, in order.
    pub env: Vec<String>,
    /// The fixed part of the command.
    pub entrypoint: Vec<String>,
    /// The default arguments.
    pub cmd: Vec<String>,
    /// Where the command starts.
    pub working_dir: String,
    /// `port/protocol`, sorted.
    pub exposed_ports: Vec<String>,
    /// Mount points, sorted.
    pub volumes: Vec<String>,
    /// Labels, sorted by key.
    pub labels: BTreeMap<String, String>,
    /// The build steps, oldest first.
    pub history: Vec<HistoryStep>,
}

/// One build step, as the image tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryStep {
    /// The command, in the words of the tool that ran it.
    pub created_by: String,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// A remark, such as `buildkit.dockerfile.v0`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// True when the step changed no file and so has no layer.
    pub empty_layer: bool,
}
