//! `Exception`: a finding that somebody has decided to live with.

use serde::{Deserialize, Serialize};

use crate::{Finding, Scope};

/// A decision to live with findings, or with what a rule says: who, why, until when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The vulnerability (any alias), or a finding id; empty for all that its rule finds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Only for this rule of the policy; empty for every rule. An exception names an id, a rule,
    /// or both.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// Only for these images and workloads.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// Only for this package: a purl, with or without version; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// Only below these paths (globs); empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Last day it holds, `YYYY-MM-DD`; `None` for no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// A finding taken out of judgement, and by what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ignored {
    /// The finding as it would have been.
    pub finding: Finding,
    /// What took it out.
    pub by: IgnoredBy,
}

/// What took a finding out of judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant)] // There are few of them, and most are exceptions.
pub enum IgnoredBy {
    /// An entry of the ignore file or policy.
    Exception(Exception),
    /// A VEX statement: its document, status and justification.
    Vex {
        /// The document's id or file name.
        document: String,
        /// `not_affected` or `fixed`.
        status: String,
        /// Why, in the document's words; may be empty.
        justification: String,
    },
}
