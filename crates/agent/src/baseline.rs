//! A baseline run: what was seen is judged, people's decisions are applied, and it is written.
//!
//! The looking is done by [`crate::facts`], the judging by `policy::baseline`; this is the thread
//! between them and the writers of the report.

mod checks;
mod kept;
pub mod report;

use model::{BaselineReport, BaselineResult, Observation, Timestamp};
use policy::baseline::{Baseline, BaselineDecisions, score};

pub use checks::hold_checks;
pub use kept::{keep, last};

/// A finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineRun {
    /// The results.
    pub report: BaselineReport,
    /// Decisions that have expired or speak of nothing, one line each.
    pub stale: Vec<String>,
    /// Why the engine could not be asked; empty when it could.
    pub unseen: String,
}

/// Holds what was seen on a host against a baseline. `now` is the moment it was seen; the day of
/// decisions is that day in UTC.
pub fn hold(
    baseline: &Baseline,
    observation: &Observation,
    decisions: &BaselineDecisions,
    (host, now): (&str, Timestamp),
) -> BaselineRun {
    let results = baseline.judge(observation);
    let mut run = conclude(&baseline.benchmark, results, decisions, (host, now));
    run.unseen = observation.unseen.get("daemon").cloned().unwrap_or_default();
    run
}

/// Applies people's decisions to results, and counts.
fn conclude(
    benchmark: &str,
    mut results: Vec<BaselineResult>,
    decisions: &BaselineDecisions,
    (host, now): (&str, Timestamp),
) -> BaselineRun {
    let today = now.strftime("%Y-%m-%d").to_string();
    let stale = decisions.apply(&mut results, &today).stale;
    let score = score(&results);
    let report = BaselineReport {
        schema: BaselineReport::SCHEMA.to_owned(),
        benchmark: benchmark.to_owned(),
        host: host.to_owned(),
        at: now,
        results,
        score,
    };
    BaselineRun { report, stale, unseen: String::new() }
}
