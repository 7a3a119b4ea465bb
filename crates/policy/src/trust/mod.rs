//! Trust: what a team demands of who answers for an image, and whether it is met.
//!
//! Pure: the policy names keys and certificates, the eyes find and check signatures, and
//! [`judge_trust`] compares what they found with what is demanded. The most specific scope that
//! fits a reference applies, and only that one (as in `containers-policy.json(5)`).

mod containers;
mod judge;
mod label;
mod lookaside;
mod parse;
mod pattern;
mod reference;
mod scope;

use model::{Authority, ImageRef, Lookaside};

use crate::PolicyError;

pub use judge::{TrustFacts, distrust, judge_trust};
pub use label::LabelGlob;
pub use lookaside::registries_d;
pub use pattern::Pattern;
pub use reference::ReferenceMatch;
pub use scope::{Demand, Quorum, Scope};

pub(crate) use parse::{RawTrust, trust};

/// Whom a team trusts for which images.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrustPolicy {
    /// The keys and certificates, by name.
    pub authorities: Vec<Authority>,
    /// Where GPG signatures lie.
    pub lookasides: Vec<Lookaside>,
    /// The scopes, the most specific first.
    pub scopes: Vec<Scope>,
}

impl TrustPolicy {
    /// Reads a trust policy: a `trust:` section on its own, or a `containers-policy.json`. `file`
    /// is the name that diagnostics give it.
    pub fn parse(file: &str, text: &str) -> Result<TrustPolicy, PolicyError> {
        if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
            return containers_policy(file, text);
        }
        parse::standalone(file, text)
    }

    /// The scope that applies to a reference: the most specific one that fits. `None` when nothing
    /// is demanded of it. An image without a reference (an archive, a directory) falls under `*`
    /// only.
    pub fn requirements(&self, reference: Option<&ImageRef>) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.pattern.fits(reference))
    }

    /// The authorities that a scope names, to be handed to the verifier.
    pub fn authorities(&self, scope: &Scope) -> Vec<Authority> {
        let named = |authority: &&Authority| scope.names_authority(&authority.name);
        self.authorities.iter().filter(named).cloned().collect()
    }
}

/// Reads a `containers-policy.json` (containers-image, `containers-policy.json(5)`): the scopes of
/// the transport `docker`, and the default.
///
/// What it demands and cannot be checked here (Fulcio, Rekor) becomes a demand that is never met:
/// an import must not trust more than the original.
pub fn containers_policy(file: &str, text: &str) -> Result<TrustPolicy, PolicyError> {
    containers::read(file, text)
}
