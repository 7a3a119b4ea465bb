//! `Simulation`: what a policy would make of what was judged before. Pure: the caller brings the
//! records and the reports.
//!
//! A recorded decision is made again with the same workload, the same reports and the day on which
//! it was made, so that only the policy differs. A stored report is judged as `scan` judges it.

use std::collections::BTreeMap;

use model::{Decision, DecisionRecord, Report, Timestamp, Verdict};
use serde::Serialize;

use crate::policy::Policy;
use crate::rule::Mode;
use crate::{judge, judge_workload};

/// One decision, then and under the policy at hand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay {
    /// What was judged: an image, or a workload with its images.
    pub subject: String,
    /// The gate, `scan` for a report.
    pub gate: &'static str,
    /// When it was decided.
    pub at: Timestamp,
    /// What was done then.
    pub before: Decision,
    /// What would be done.
    pub after: Decision,
    /// Rules that spoke then and would not.
    pub silent: Vec<String>,
    /// Rules that would speak and did not.
    pub new: Vec<String>,
    /// Why, in the words of the strongest reason; empty when nothing is decided against it.
    pub because: String,
    /// How many of its reports are no longer stored: then the answer is not exact.
    pub lost_reports: usize,
}

/// What a policy would change.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Simulation {
    /// Decisions made again.
    pub replayed: usize,
    /// How many went from what to what, `allow to deny` and so on, those without change too.
    pub counts: BTreeMap<String, usize>,
    /// Those whose decision changes, in the order in which they were brought.
    pub changes: Vec<Replay>,
    /// How many could not be made again exactly, because a report is gone.
    pub inexact: usize,
}

/// Makes a recorded decision again. `reports` are those that the record names, in its order; what
/// is no longer stored is `None`.
pub fn replay_decision(
    record: &DecisionRecord,
    reports: &[Option<&Report>],
    policy: &Policy,
) -> Replay {
    let today = day_of(record.at);
    let said = judge_workload(&record.workload, reports, policy, &today);
    let had = record.reports.iter().map(Option::is_some);
    let lost = had.zip(reports.iter().map(Option::is_some).chain(std::iter::repeat(false)));
    let images: Vec<&str> =
        record.workload.containers.iter().map(|c| c.image.reference.as_str()).collect();
    let workload = &record.workload;
    let name = match (workload.namespace.as_str(), workload.name.as_str()) {
        (_, "") => workload.kind.clone(),
        ("", name) => name.to_owned(),
        (namespace, name) => format!("{namespace}/{name}"),
    };
    Replay {
        subject: format!("{name} ({})", images.join(", ")),
        gate: record.gate.as_str(),
        at: record.at,
        before: record.enforced,
        after: said.enforced,
        because: because(said.enforced, &said.verdict),
        silent: only_in(&record.verdict, &said.verdict),
        new: only_in(&said.verdict, &record.verdict),
        lost_reports: lost.filter(|(had, has)| *had && !has).count(),
    }
}

/// Judges a stored report again. `before` is the policy that it is compared with; without one the
/// verdict that the report carries.
pub fn replay_report(report: &Report, before: Option<&Policy>, policy: &Policy) -> Replay {
    let today = day_of(report.source.scanned_at);
    let then = before.map(|before| judge(report, before, &today));
    let then = then.as_ref().unwrap_or(&report.verdict);
    let now = judge(report, policy, &today);
    Replay {
        subject: report.source.name.clone(),
        gate: "scan",
        at: report.source.scanned_at,
        before: then.decision,
        after: now.decision,
        because: because(now.decision, &now),
        silent: only_in(then, &now),
        new: only_in(&now, then),
        lost_reports: 0,
    }
}

impl Policy {
    /// The same policy with every mode set: what `block` would do before it is switched on.
    #[must_use]
    pub fn in_mode(mut self, mode: Mode) -> Policy {
        self.mode = mode;
        self.rules.iter_mut().for_each(|rule| rule.mode = mode);
        self
    }
}

impl Simulation {
    /// Takes in one decision.
    pub fn add(&mut self, replay: Replay) {
        self.replayed += 1;
        self.inexact += usize::from(replay.lost_reports > 0);
        let way = format!("{} to {}", word(replay.before), word(replay.after));
        *self.counts.entry(way).or_default() += 1;
        if replay.before != replay.after {
            self.changes.push(replay);
        }
    }
}

fn day_of(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// The strongest reason in words.
fn because(decision: Decision, verdict: &Verdict) -> String {
    let reason = verdict.reasons.first().filter(|_| decision > Decision::Allow);
    reason.map(|reason| format!("{}: {}", reason.rule, reason.message)).unwrap_or_default()
}

/// The rules that speak in the one verdict and not in the other, each once.
fn only_in(one: &Verdict, other: &Verdict) -> Vec<String> {
    let speaks = |rule: &str| other.reasons.iter().any(|reason| reason.rule == rule);
    let mut rules: Vec<String> = Vec::new();
    for reason in &one.reasons {
        if !speaks(&reason.rule) && !rules.contains(&reason.rule) {
            rules.push(reason.rule.clone());
        }
    }
    rules
}

/// A decision as policies write it.
pub(crate) fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Warn => "warn",
        Decision::Deny => "deny",
    }
}

#[cfg(test)]
mod tests;
