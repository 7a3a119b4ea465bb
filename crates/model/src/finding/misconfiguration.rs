//! `Misconfiguration`: a template that builds or runs something weakly.

use serde::{Deserialize, Serialize};

/// A flaw in a Dockerfile, compose file or Kubernetes manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misconfiguration {
    /// Our rule's id, such as `dockerfile-user-root`.
    pub rule: String,
    /// What is wrong, in one sentence.
    pub title: String,
    /// What was seen, in one sentence, with the values.
    pub message: String,
    /// How to repair it.
    pub fix: String,
    /// The names that other tools have for this rule: `DL3002`, `CKV_DOCKER_8` …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where it stands.
    pub place: TemplatePlace,
    /// What it is about: a stage, a service, `Deployment/web container app` …; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// A page that says more; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
}

/// A place in a template. Lines count from one, the last is included.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TemplatePlace {
    /// The file, relative to what was scanned.
    pub file: String,
    /// First line.
    pub first_line: u32,
    /// Last line.
    pub last_line: u32,
}
