//! `Scope`: which images, and what is demanded of them.

use model::{Decision, Digest, Severity};

use super::{LabelGlob, Pattern, ReferenceMatch};

/// Which images, and what is demanded of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The pattern as written; the scope goes by it in reports.
    pub name: String,
    /// Which images.
    pub pattern: Pattern,
    /// What an unmet demand decides: warn or deny.
    pub mode: Decision,
    /// How bad an unmet demand is.
    pub severity: Severity,
    /// All must be met. None: everything is accepted.
    pub demands: Vec<Demand>,
}

/// One demand of a scope.
#[derive(Debug, Clone, PartialEq)]
pub enum Demand {
    /// The image comes from one of these registries.
    Registry(Vec<Pattern>),
    /// The image comes from one of these repositories.
    Repository(Vec<Pattern>),
    /// The reference names the digest.
    Pinned,
    /// The image has one of these digests: its own, or that of the index it is in.
    Digest(Vec<Digest>),
    /// The image has this label, with a value that fits.
    Label {
        /// The label.
        key: String,
        /// What its value must fit.
        value: LabelGlob,
    },
    /// The image is signed.
    Signature {
        /// How many of the authorities must have signed.
        quorum: Quorum,
        /// The authorities, by name.
        authorities: Vec<String>,
        /// What the signature must say of the image's name.
        reference: ReferenceMatch,
    },
    /// Never met, for this reason.
    Never(String),
}

/// How many of several authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quorum {
    /// One is enough.
    Any,
    /// Every one.
    All,
}

impl Scope {
    /// Whether one of its demands names this authority.
    pub(super) fn names_authority(&self, name: &str) -> bool {
        self.demands.iter().any(|demand| match demand {
            Demand::Signature { authorities, .. } => authorities.iter().any(|a| a == name),
            _ => false,
        })
    }

    /// Whether it is worth asking for signatures and for the index that the reference stands for.
    pub fn wants_signatures(&self) -> bool {
        let wants = |demand| matches!(demand, &Demand::Signature { .. } | &Demand::Digest(_));
        self.demands.iter().any(wants)
    }
}
