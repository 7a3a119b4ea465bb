//! `Finding`: our claim about an image, a template or a host; and what it may claim besides a
//! vulnerability, one file a noun.

mod malware;
mod misconfiguration;
mod secret;
mod suspicious_step;
mod trust;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{LayerIndex, Severity, Vulnerability};

pub use malware::{Band, Evidence, Malware, Method, MethodScore, Span};
pub use misconfiguration::{Misconfiguration, TemplatePlace};
pub use secret::{CertificateFacts, Confidence, KeyFacts, Secret, SecretCategory, SecretPlace};
pub use suspicious_step::SuspiciousStep;
pub use trust::{
    Authority, AuthorityKind, Distrust, Lookaside, Material, SignatureFact, SignatureFormat,
    TrustRequirement, TrustResult,
};

/// Bytes of the hash that make a finding's id; 8 bytes are 16 hex digits.
const ID_BYTES: usize = 8;

/// A stable name of a finding: the same flaw in the same package at the same path keeps it from
/// scan to scan, whatever source the image came from. Sixteen hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingId(pub String);

impl FindingId {
    /// The id made of the parts that identify a finding, in a fixed order.
    pub fn of(parts: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let hex = hasher.finalize().to_hex();
        FindingId(hex[..ID_BYTES * 2].to_owned())
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Our claim: a subject has a flaw, this is the evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Its stable name.
    pub id: FindingId,
    /// How bad.
    pub severity: Severity,
    /// Whether it came with the base image.
    #[serde(default)]
    pub base: bool,
    /// What kind of flaw, with its evidence.
    #[serde(flatten)]
    pub kind: FindingKind,
}

/// What kind of flaw a finding claims, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A package with a known vulnerability.
    Vulnerability(Box<Vulnerability>),
    /// A file that looks malicious.
    Malware(Box<Malware>),
    /// A secret, key or certificate.
    Secret(Box<Secret>),
    /// A suspicious build step.
    History(Box<SuspiciousStep>),
    /// A requirement of trust that is not met.
    Trust(Box<Distrust>),
    /// A weakness of a template.
    Misconfiguration(Box<Misconfiguration>),
}

impl Finding {
    /// The vulnerability, when it is one.
    pub fn vulnerability(&self) -> Option<&Vulnerability> {
        match &self.kind {
            FindingKind::Vulnerability(vulnerability) => Some(vulnerability),
            _ => None,
        }
    }

    /// The malware, when it is some.
    pub fn malware(&self) -> Option<&Malware> {
        match &self.kind {
            FindingKind::Malware(malware) => Some(malware),
            _ => None,
        }
    }

    /// The secret, when it is one.
    pub fn secret(&self) -> Option<&Secret> {
        match &self.kind {
            FindingKind::Secret(secret) => Some(secret),
            _ => None,
        }
    }

    /// The misconfiguration, when it is one.
    pub fn misconfiguration(&self) -> Option<&Misconfiguration> {
        match &self.kind {
            FindingKind::Misconfiguration(flaw) => Some(flaw),
            _ => None,
        }
    }

    /// The layer it lies in; the lowest for what is about the whole image.
    pub fn layer(&self) -> LayerIndex {
        match &self.kind {
            FindingKind::Vulnerability(vulnerability) => vulnerability.layer,
            FindingKind::Malware(malware) => malware.layer,
            FindingKind::Secret(secret) => secret.layer,
            FindingKind::History(step) => step.layer,
            FindingKind::Trust(_) | FindingKind::Misconfiguration(_) => LayerIndex(0),
        }
    }
}

impl FindingKind {
    /// Whether it lies in a layer of an image, rather than being about the image or a template.
    pub fn has_layer(&self) -> bool {
        !matches!(self, FindingKind::Trust(_) | FindingKind::Misconfiguration(_))
    }

    /// The word for this kind in reports and policies.
    pub fn as_str(&self) -> &'static str {
        match self {
            FindingKind::Vulnerability(_) => "vulnerability",
            FindingKind::Malware(_) => "malware",
            FindingKind::Secret(_) => "secret",
            FindingKind::History(_) => "history",
            FindingKind::Trust(_) => "trust",
            FindingKind::Misconfiguration(_) => "misconfiguration",
        }
    }
}
