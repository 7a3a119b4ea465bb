//! `SuspiciousStep`: a build step that does what a careful build would not.

use serde::{Deserialize, Serialize};

use crate::{LayerIndex, Span};

/// A build step that does what a careful build would not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspiciousStep {
    /// The layer that the step made; for a step without one, the layer below it.
    pub layer: LayerIndex,
    /// The step, counted from 0 in the image's history.
    pub step: u32,
    /// The rule.
    pub rule: String,
    /// What the step does, in a few words.
    pub title: String,
    /// MITRE ATT&CK techniques.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attack: Vec<String>,
    /// The step's text, with secrets masked.
    pub text: String,
    /// The part of the text that says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// Files of the step's layer that confirm it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmed_by: Vec<String>,
    /// What to do instead.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advice: String,
}
