//! `Policy` and `Rule`: what a team demands of an image.
//!
//! A rule is a name, a decision and one condition. More conditions come with more eyes; the
//! filter language takes its place among them.

use model::{
    AdvisoryId, Band, Confidence, Decision, Exception, Method, Purl, SecretCategory, Severity,
    SkipReason,
};

use crate::fusion::Fusion;
use crate::trust::TrustPolicy;
use crate::{PolicyError, parse};

/// The text of the policy that judges when none is given.
const BUILT_IN: &str = include_str!("../../../rules/policy/default.yaml");
/// What diagnostics call the built-in policy.
const BUILT_IN_NAME: &str = "built-in policy";

/// What a team demands of an image: rules, and the exceptions to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The rules, in the order of the file. All are asked; the strongest decision wins.
    pub rules: Vec<Rule>,
    /// Findings that somebody has decided to live with.
    pub exceptions: Vec<Exception>,
    /// Whom it trusts for which images, if it says so.
    pub trust: Option<TrustPolicy>,
    /// How the scores of malicious code are weighed.
    pub fusion: Fusion,
    /// The text it was read from, for its digest.
    pub text: String,
}

/// One demand.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name, unique in the policy.
    pub name: String,
    /// What it decides when its condition holds: warn or deny.
    pub decision: Decision,
    /// When it speaks.
    pub condition: Condition,
}

/// When a rule speaks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// A package has a vulnerability of this description.
    Vulnerability(VulnerabilityCondition),
    /// A package has one of these vulnerabilities, under any of its names.
    Cve(Vec<AdvisoryId>),
    /// A package is itself malicious.
    Malicious,
    /// One of these packages is installed. Without a version, any version.
    Package(Vec<Purl>),
    /// A file looks malicious.
    Malware(MalwareCondition),
    /// A secret, key or certificate lies in the image.
    Secret(SecretCondition),
    /// A build step is at least so suspicious.
    History(Severity),
    /// A requirement of trust is not met.
    Untrusted,
    /// The advisories reach no further than this for part of the image.
    Coverage(Vec<CoverageState>),
    /// Something was not looked at, for one of these reasons.
    Skipped(Vec<SkipReason>),
}

/// A description of vulnerabilities. What is not given is not asked; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VulnerabilityCondition {
    /// At least this bad.
    pub severity: Option<Severity>,
    /// A repaired version exists.
    pub only_fixed: bool,
    /// In CISA's catalogue of known exploited vulnerabilities.
    pub kev: bool,
    /// More likely to be exploited than this, 0.0 to 1.0.
    pub epss_above: Option<f32>,
    /// Published more than so many days ago. A vulnerability without a date counts as old: a
    /// period of grace needs a beginning.
    pub older_than_days: Option<u32>,
}

/// A description of malicious files. What is not given is not asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MalwareCondition {
    /// At least this band.
    pub band: Band,
    /// One of these methods spoke; empty for any.
    pub methods: Vec<Method>,
    /// Not what a later layer deletes: it is in the image, but in no container.
    pub only_visible: bool,
}

/// A description of secrets. What is not given is not asked.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretCondition {
    /// One of these; empty for any.
    pub categories: Vec<SecretCategory>,
    /// At least so sure.
    pub confidence: Confidence,
    /// Not what a later layer deletes.
    pub only_visible: bool,
}

/// How far the advisories reach, short of covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoverageState {
    /// The feed is old.
    Stale,
    /// The release is out of support.
    EndOfLife,
    /// The distribution or its release is not known.
    UnknownDistribution,
    /// No feed speaks of the ecosystem.
    NoFeed,
}

impl Policy {
    /// Reads a policy. `file` is the name that diagnostics give it.
    pub fn parse(file: &str, text: &str) -> Result<Policy, PolicyError> {
        parse::policy(file, text)
    }

    /// The policy that judges when none is given.
    pub fn built_in() -> Result<Policy, PolicyError> {
        Policy::parse(BUILT_IN_NAME, BUILT_IN)
    }

    /// The built-in policy's text, to copy and change.
    pub fn built_in_text() -> &'static str {
        BUILT_IN
    }
}

impl CoverageState {
    /// Every state, with the word that policies use for it.
    pub(crate) const ALL: [(&'static str, CoverageState); 4] = [
        ("unknown_distribution", CoverageState::UnknownDistribution),
        ("no_feed", CoverageState::NoFeed),
        ("end_of_life", CoverageState::EndOfLife),
        ("stale", CoverageState::Stale),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_policy_reads() {
        let policy = Policy::built_in().unwrap();
        let named = |decision| {
            let rules = policy.rules.iter().filter(move |rule| rule.decision == decision);
            rules.map(|rule| rule.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(
            named(Decision::Deny),
            ["malicious-package", "malware", "known-exploited", "critical-with-fix", "untrusted"]
        );
        assert_eq!(named(Decision::Warn).len(), 9);
        assert!(policy.exceptions.is_empty());
    }
}
