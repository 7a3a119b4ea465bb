//! `Distro`: the distribution an image is built on.

use serde::{Deserialize, Serialize};

/// The distribution of an image, from its os-release (or the older release files).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Distro {
    /// `ID`: `debian`, `alpine`, `rhel`, `opensuse-leap` …
    pub id: String,
    /// `VERSION_ID`: `12`, `3.19.1`, `8.9`; empty on rolling distributions.
    pub version: String,
    /// `VERSION_CODENAME`: `bookworm`; empty when there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub codename: String,
    /// `ID_LIKE`, split.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub like: Vec<String>,
    /// `PRETTY_NAME`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pretty_name: String,
    /// `CPE_NAME`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cpe: String,
}
