//! `Verdict`: what the judge says, with reasons.

use serde::{Deserialize, Serialize};

use crate::FindingId;

/// Allow, warn or deny. Ordered: `Deny` is the strongest.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Nothing stands against it.
    #[default]
    Allow,
    /// It may pass; somebody should look.
    Warn,
    /// It may not pass.
    Deny,
}

/// The decision over one subject, with every reason that led there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The strongest decision of the reasons.
    pub decision: Decision,
    /// Why, strongest first.
    pub reasons: Vec<Reason>,
}

/// One rule's say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule's name in the policy.
    pub rule: String,
    /// What it decides.
    pub decision: Decision,
    /// What it found, in one sentence.
    pub message: String,
    /// The findings it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingId>,
}
