//! `Priority`: how urgent a rule is, in the words of syslog.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Severity;

/// How urgent a rule is. Ordered: `Debug` is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// For debugging of rules.
    Debug,
    /// Worth recording.
    Informational,
    /// Usual, but of significance.
    Notice,
    /// May become a failure.
    Warning,
    /// A failure.
    Error,
    /// A failure of something central.
    Critical,
    /// To be acted on at once.
    Alert,
    /// Nothing works.
    Emergency,
}

impl Priority {
    /// Every priority, the least first.
    pub const ALL: [Priority; 8] = [
        Priority::Debug,
        Priority::Informational,
        Priority::Notice,
        Priority::Warning,
        Priority::Error,
        Priority::Critical,
        Priority::Alert,
        Priority::Emergency,
    ];

    /// The word in alerts.
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Debug => "debug",
            Priority::Informational => "informational",
            Priority::Notice => "notice",
            Priority::Warning => "warning",
            Priority::Error => "error",
            Priority::Critical => "critical",
            Priority::Alert => "alert",
            Priority::Emergency => "emergency",
        }
    }

    /// The same on the scale of findings.
    pub fn severity(self) -> Severity {
        match self {
            Priority::Debug | Priority::Informational => Severity::Negligible,
            Priority::Notice => Severity::Low,
            Priority::Warning => Severity::Medium,
            Priority::Error => Severity::High,
            Priority::Critical | Priority::Alert | Priority::Emergency => Severity::Critical,
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Priority {
    type Err = String;

    /// Takes the word in any case, and `info`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = text.to_ascii_lowercase();
        if word == "info" {
            return Ok(Priority::Informational);
        }
        Priority::ALL.into_iter().find(|priority| priority.as_str() == word).ok_or_else(|| {
            let words = Priority::ALL.map(Priority::as_str).join("`, `");
            format!("`{text}` is no priority: expected one of `{words}`")
        })
    }
}
