//! `BaselineReport`: a host, an engine or a cluster held against a benchmark.

mod subject;

use serde::{Deserialize, Serialize};

use crate::{Severity, Timestamp};

pub use subject::{FactValue, Observation, Subject};

/// A subject held against a benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineReport {
    /// Name and version of this shape.
    pub schema: String,
    /// The benchmark: `cis-docker-1.8`, `cis-kubernetes-1.12`, `host`.
    pub benchmark: String,
    /// The host's name.
    pub host: String,
    /// When it was looked at.
    pub at: Timestamp,
    /// One entry for each recommendation and object, in the benchmark's order.
    pub results: Vec<BaselineResult>,
    /// The counts and the score they make.
    pub score: BaselineScore,
}

impl BaselineReport {
    /// The value of `schema` for this shape.
    pub const SCHEMA: &'static str = "lazaret.baseline/v1";
}

/// One recommendation's result for one object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BaselineResult {
    /// The recommendation's number in the benchmark's newest version, such as `2.8`.
    pub id: String,
    /// Its numbers in other versions, as `1.6:2.7`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where it stands in the benchmark.
    pub section: String,
    /// What it asks, in our words.
    pub title: String,
    /// The profile's level that asks for it, 1 or 2; 0 where the benchmark has none.
    #[serde(skip_serializing_if = "is_zero")]
    pub level: u8,
    /// How bad it is to fail.
    pub severity: Severity,
    /// What came out.
    pub outcome: Outcome,
    /// The container, image, file … it is about; empty for the whole host.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub object: String,
    /// What was seen, or what a human has to look at.
    pub evidence: String,
    /// How to repair it, in our words; empty when there is nothing to repair.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remediation: String,
    /// Who has decided to live with it and why; empty when nobody has.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub excepted: String,
}

/// What came out of a recommendation. Nothing passes without evidence.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail,
    /// There is nothing here that it speaks of.
    NotApplicable,
    /// Only a human can say; the evidence says what to look at.
    #[default]
    NeedsHuman,
    /// It could not be looked at; the evidence says why.
    Error,
}

/// Counts of results and the score they make.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct BaselineScore {
    /// Recommendations passed for every object.
    pub passed: u32,
    /// Recommendations failed for some object.
    pub failed: u32,
    /// Recommendations that speak of nothing here.
    pub not_applicable: u32,
    /// Recommendations left to a human.
    pub needs_human: u32,
    /// Recommendations that could not be looked at.
    pub errors: u32,
    /// Recommendations taken out by an exception.
    pub excepted: u32,
    /// 0 to 100: weight of the passed over weight of passed and failed, by severity.
    pub percent: f32,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // The shape that serde asks for.
fn is_zero(level: &u8) -> bool {
    *level == 0
}
