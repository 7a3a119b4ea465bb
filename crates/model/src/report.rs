//! `Report`: everything a scan has to say of one image.

use serde::{Deserialize, Serialize};

use crate::{
    Accounts, Coverage, Digest, Finding, Ignored, ImageConfig, Inventory, Layer, Platform, Skip,
    Timestamp, TrustResult, Verdict,
};

/// Everything a scan has to say of one image.
///
/// All but `source` depends only on the image's content, the policy and the database: the same
/// image from a registry, a daemon or an archive gives the same bytes there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name and version of this shape.
    pub schema: String,
    /// Where the image came from and when it was looked at.
    pub source: ScanSource,
    /// What the image is.
    pub image: ImageFacts,
    /// What is installed.
    pub inventory: Inventory,
    /// How far the advisories reach.
    pub coverage: Vec<Coverage>,
    /// Who answers for the image; `None` when no scope of the policy speaks of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustResult>,
    /// The flaws, the riskiest first.
    pub findings: Vec<Finding>,
    /// Flaws that an exception or a VEX statement takes out of judgement.
    pub ignored: Vec<Ignored>,
    /// Exceptions that matched nothing or have expired: work for their owners.
    pub stale_exceptions: Vec<String>,
    /// The judge's decision.
    pub verdict: Verdict,
    /// What was not looked at.
    pub skipped: Vec<Skip>,
    /// With what it was made.
    pub tool: ToolVersions,
}

impl Report {
    /// The value of `schema` for this shape.
    pub const SCHEMA: &'static str = "lazaret.report/v1";
}

/// Where an image came from. The only part of a report that differs between sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanSource {
    /// What it was read from.
    pub kind: SourceKind,
    /// The reference or path as the user gave it.
    pub name: String,
    /// Digest of the configuration blob: docker's image id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<Digest>,
    /// Digest of the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_digest: Option<Digest>,
    /// Digests of the layers as transported, lowest first; empty when not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layer_digests: Vec<Digest>,
    /// When the scan began.
    pub scanned_at: Timestamp,
}

/// What an image was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// An OCI distribution registry.
    Registry,
    /// A Docker daemon.
    Docker,
    /// A Podman service.
    Podman,
    /// A containerd content store.
    Containerd,
    /// `docker save` output.
    DockerArchive,
    /// An OCI image layout in a directory.
    OciLayout,
    /// An OCI image layout in a tar.
    OciArchive,
    /// A directory that is a root filesystem.
    Rootfs,
    /// A bill of materials.
    Sbom,
    /// A template, or a tree of them.
    Template,
}

impl SourceKind {
    /// The prefix by which the command line names it (`docker-archive:FILE`).
    pub fn as_str(self) -> &'static str {
        match self {
            SourceKind::Registry => "registry",
            SourceKind::Docker => "docker",
            SourceKind::Podman => "podman",
            SourceKind::Containerd => "containerd",
            SourceKind::DockerArchive => "docker-archive",
            SourceKind::OciLayout => "oci-layout",
            SourceKind::OciArchive => "oci-archive",
            SourceKind::Rootfs => "rootfs",
            SourceKind::Sbom => "sbom",
            SourceKind::Template => "template",
        }
    }
}

/// What an image is, whatever it was read from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFacts {
    /// What it was built for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// How it was built and wants to be run.
    pub config: ImageConfig,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    /// Its users and groups; `None` when nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Accounts>,
}

/// With what a report was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolVersions {
    /// This program's version.
    pub lazaret: String,
    /// The advisory database; `None` when the scan ran without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseVersion>,
    /// What was looked for; empty in reports that do not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looked_for: Vec<Look>,
    /// With what malicious code was looked for: rule sets, models and lists, by name and digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub malware: Vec<String>,
    /// Digest of the policy text that judged.
    pub policy: String,
}

/// Something that a scan may look for, or leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// Vulnerable packages.
    Vulnerabilities,
    /// Malicious code.
    Malware,
    /// Secrets, keys and certificates.
    Secrets,
    /// Suspicious build steps.
    History,
    /// Weaknesses of templates.
    Misconfigurations,
}

impl Look {
    /// What is looked for, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Look::Vulnerabilities => "vulnerabilities",
            Look::Malware => "malicious code",
            Look::Secrets => "secrets",
            Look::History => "suspicious build steps",
            Look::Misconfigurations => "weaknesses of templates",
        }
    }
}

/// Which advisory database answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseVersion {
    /// Digest of the database file.
    pub digest: Digest,
    /// When it was built.
    pub built: Timestamp,
}
