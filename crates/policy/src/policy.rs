//! `Policy`: what a team demands of images and workloads.

use model::{Decision, Digest, Exception};

use crate::exceptions::Excuses;
use crate::fusion::Fusion;
use crate::rule::{Mode, Rule};
use crate::scope::RuleScope;
use crate::trust::TrustPolicy;
use crate::{PolicyError, parse};

/// The text of the policy that judges when none is given.
const BUILT_IN: &str = include_str!("../../../rules/policy/default.yaml");
/// What diagnostics call the built-in policy.
const BUILT_IN_NAME: &str = "built-in policy";

/// How long a gate waits for a scan when the policy does not say, in milliseconds.
pub(crate) const SCAN_DEADLINE_MS: u64 = 30_000;

/// What a team demands: rules, and the exceptions to them.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How far decisions are carried out at most; a rule may be milder.
    pub mode: Mode,
    /// Which workloads and images it speaks of at all.
    pub scope: RuleScope,
    /// What becomes of a container of whose image there is no report.
    pub on_missing: OnMissing,
    /// The rules, in the order of the file. All are asked; the strongest decision wins.
    pub rules: Vec<Rule>,
    /// What somebody has decided to live with. Changed by [`Policy::add_exceptions`] only.
    pub exceptions: Vec<Exception>,
    /// Whom it trusts for which images, if it says so.
    pub trust: Option<TrustPolicy>,
    /// How the scores of malicious code are weighed.
    pub fusion: Fusion,
    /// The text it was read from, for its digest.
    pub text: String,
    /// The exceptions, ready to be asked often.
    pub(crate) excuses: Excuses,
    /// What was added to the text's own exceptions, as JSON, for the digest.
    pub(crate) added: String,
}

/// What becomes of a container of whose image there is no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMissing {
    /// It may not start.
    Deny,
    /// It may start; somebody should look.
    Warn,
    /// The gate has it looked at now and asks again.
    ScanNow {
        /// How long that may take, in milliseconds.
        deadline_ms: u64,
        /// What becomes of it when it takes longer: warn or deny.
        otherwise: Decision,
    },
}

impl Default for OnMissing {
    /// Looked at now, and refused when that takes too long.
    fn default() -> Self {
        OnMissing::ScanNow { deadline_ms: SCAN_DEADLINE_MS, otherwise: Decision::Deny }
    }
}

impl OnMissing {
    /// What holds for as long as there is no report.
    pub fn decision(self) -> Decision {
        match self {
            OnMissing::Deny => Decision::Deny,
            OnMissing::Warn => Decision::Warn,
            OnMissing::ScanNow { otherwise, .. } => otherwise,
        }
    }
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

    /// Adds exceptions that are kept elsewhere.
    pub fn add_exceptions(&mut self, more: impl IntoIterator<Item = Exception>) {
        for exception in more {
            self.added.push_str(&serde_json::to_string(&exception).unwrap_or_default());
            self.added.push('\n');
            self.exceptions.push(exception);
        }
        self.excuses = Excuses::new(&self.exceptions);
    }

    /// SHA-256 of the text it was read from and of what was added to it: the name by which reports
    /// and decisions call it.
    pub fn digest(&self) -> Digest {
        use sha2::Digest as _;
        let hash: [u8; 32] = sha2::Sha256::new()
            .chain_update(&self.text)
            .chain_update(&self.added)
            .finalize()
            .into();
        Digest::sha256(&hash)
    }

    /// The rule of a name.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }
}

#[cfg(test)]
mod tests;
