//! `FixState`: what the vendor says of the repair.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the vendor says of the repair of a vulnerability in a package.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum FixState {
    /// Nothing is known.
    #[default]
    Unknown,
    /// The vendor has looked and this package is not vulnerable.
    NotAffected,
    /// The vendor is still looking.
    UnderInvestigation,
    /// Vulnerable, a repair is not out yet.
    Affected,
    /// Vulnerable, the repair is put off.
    Deferred,
    /// Vulnerable, and it stays so by decision.
    WillNotFix,
    /// Vulnerable, and the release is out of support.
    EndOfLife,
    /// A repaired version exists.
    Fixed,
}

impl FixState {
    /// The state in words, as reports show it.
    pub fn as_str(self) -> &'static str {
        match self {
            FixState::Unknown => "unknown",
            FixState::NotAffected => "not affected",
            FixState::UnderInvestigation => "under investigation",
            FixState::Affected => "affected",
            FixState::Deferred => "deferred",
            FixState::WillNotFix => "will not fix",
            FixState::EndOfLife => "end of life",
            FixState::Fixed => "fixed",
        }
    }
}

impl fmt::Display for FixState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
