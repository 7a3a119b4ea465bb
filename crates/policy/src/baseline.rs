//! Baselines: a benchmark's recommendations as rules over facts, and the verdict on each.
//!
//! [`Baseline::parse`] reads the rules (`rules/baseline/*.yaml`), whose conditions are in the one
//! language of [`crate::filter`] over fields that the file itself declares; [`Baseline::judge`]
//! asks them of an [`Observation`]; [`score`] counts; [`compare`] tells two runs apart. What was
//! seen comes from the eyes of the node; nothing is looked at here.

mod changes;
mod decisions;
mod demand;
mod evaluate;
mod parse;
mod score;
mod subject;

#[cfg(test)]
mod tests;

use model::{BaselineResult, Observation, Severity};

use crate::PolicyError;
use crate::filter::{Condition, FieldTable, Template};

pub use changes::{BaselineChange, compare};
pub use decisions::{BaselineDecisions, Decided, RuledOut};
pub use demand::Demand;
pub use score::score;

const DOCKER: &str = include_str!("../../../rules/baseline/docker.yaml");
const HOST: &str = include_str!("../../../rules/baseline/host.yaml");
const KUBERNETES: &str = include_str!("../../../rules/baseline/kubernetes.yaml");

/// A benchmark's recommendations, compiled.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// The benchmark and its version, as reports name it: `cis-docker-1.8`.
    pub benchmark: String,
    /// What it is, in one line.
    pub title: String,
    /// The recommendations, in the benchmark's order.
    pub rules: Vec<Recommendation>,
    /// What the conditions may ask about.
    pub fields: FieldTable,
}

/// One recommendation: which subjects it speaks of, when it applies, when it is met.
#[derive(Debug, Clone)]
pub struct Recommendation {
    /// Its number in the newest version.
    pub id: String,
    /// Its numbers in other versions, as `1.6:2.7`.
    pub aliases: Vec<String>,
    /// The section it stands in.
    pub section: String,
    /// What it asks, in our words.
    pub title: String,
    /// The profile's level, 1 or 2; 0 where the benchmark has none.
    pub level: u8,
    /// How bad it is to fail.
    pub severity: Severity,
    /// The kind of subject it speaks of.
    pub subject: String,
    /// How to repair it.
    pub remediation: String,
    /// What a human has to look at where facts do not decide.
    pub look_at: String,
    /// What is said when there is no such subject.
    pub absent: String,
    /// Which subjects of the kind are meant; `None` for all.
    pub(crate) selects: Option<Condition>,
    /// When it applies to a subject; `None` for always.
    pub(crate) applies: Option<Condition>,
    /// When only a human can say; `None` for never.
    pub(crate) human: Option<Condition>,
    /// When it is met; `None` when only a human can ever say.
    pub(crate) pass: Option<Condition>,
    /// What was seen, in a line.
    pub(crate) evidence: Option<Template>,
}

impl Baseline {
    /// The rules for Docker Engine that come with the program, ids of CIS Docker 1.8.
    ///
    /// # Errors
    /// Never with the rules that a test holds; the type is that of [`Baseline::parse`].
    pub fn docker() -> Result<Baseline, PolicyError> {
        Baseline::parse(&[("docker.yaml", DOCKER)])
    }

    /// The text of [`Baseline::docker`].
    pub fn docker_text() -> &'static str {
        DOCKER
    }

    /// The rules for Kubernetes that come with the program, ids of CIS Kubernetes 1.12 and 2.0.1.
    ///
    /// # Errors
    /// Never with the rules that a test holds; the type is that of [`Baseline::parse`].
    pub fn kubernetes() -> Result<Baseline, PolicyError> {
        Baseline::parse(&[("kubernetes.yaml", KUBERNETES)])
    }

    /// The text of [`Baseline::kubernetes`].
    pub fn kubernetes_text() -> &'static str {
        KUBERNETES
    }

    /// The rules for a container host that come with the program, ids of our own (`LZ-H-…`).
    ///
    /// # Errors
    /// Never with the rules that a test holds; the type is that of [`Baseline::parse`].
    pub fn host() -> Result<Baseline, PolicyError> {
        Baseline::parse(&[("host.yaml", HOST)])
    }

    /// The text of [`Baseline::host`].
    pub fn host_text() -> &'static str {
        HOST
    }

    /// Reads rules: pairs of the name that diagnostics give a file, and its text. The files after
    /// the first change it: lists and macros of the same name and rules of the same id are
    /// replaced, `disabled` ids taken out.
    ///
    /// # Errors
    /// A file is no rules file, or a condition names what is not there.
    pub fn parse(files: &[(&str, &str)]) -> Result<Baseline, PolicyError> {
        parse::baseline(files)
    }

    /// Leaves the recommendations of a level and those below it, and of these the ones whose number
    /// is in `only` or below one of them: `5` means all of section 5. An empty `only` means all.
    pub fn narrow(&mut self, level: u8, only: &[String]) {
        let is_below = |id: &str, number: &String| {
            id.strip_prefix(number.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.rules.retain(|rule| {
            let wanted = only.is_empty() || only.iter().any(|number| is_below(&rule.id, number));
            rule.level <= level && wanted
        });
    }

    /// Holds what was seen against every recommendation: at least one result for each, in the
    /// benchmark's order.
    pub fn judge(&self, observation: &Observation) -> Vec<BaselineResult> {
        evaluate::judge(self, observation)
    }
}
