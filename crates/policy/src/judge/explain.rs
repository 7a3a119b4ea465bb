//! `Explanation`: why a report or workload gets its verdict, rule by rule.

use model::{Decision, Reason, Report, Workload};

use super::workload::unmet;
use super::{Case, ask};
use crate::day::Day;
use crate::filter::Check;
use crate::policy::Policy;
use crate::rule::{Condition, Mode, Rule};

mod leaves;

/// What one rule makes of one image or container.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The rule's name.
    pub rule: String,
    /// The kind of its condition: `vulnerability`, `root` …
    pub kind: &'static str,
    /// The container's place in the workload; `None` for an image alone.
    pub container: Option<usize>,
    /// Whether it speaks of such images and workloads at all.
    pub in_scope: bool,
    /// Whether an exception silences it whole.
    pub excused: bool,
    /// How far its decision is carried out.
    pub mode: Mode,
    /// What it says; `None` when its condition does not hold.
    pub reason: Option<Reason>,
    /// What it decides once the mode is carried out.
    pub enforced: Decision,
    /// What it looked at: the parts of its condition, with the values that decided.
    pub checks: Vec<Check>,
}

/// Explains the verdict over a report: every rule, in the order of the policy.
pub fn explain(report: &Report, policy: &Policy, today: &str) -> Vec<Explanation> {
    let today = Day::parse(today).unwrap_or(Day::LAST);
    let case = Case::of_report(report, policy, today);
    policy.rules.iter().map(|rule| one(rule, &case, policy, None)).collect()
}

/// Explains the verdict over a workload: every container, every rule.
pub fn explain_workload(
    workload: &Workload,
    reports: &[Option<&Report>],
    policy: &Policy,
    today: &str,
) -> Vec<Explanation> {
    let today = Day::parse(today).unwrap_or(Day::LAST);
    let mut explained = Vec::new();
    for index in 0..workload.containers.len() {
        let report = reports.get(index).copied().flatten();
        let trust = unmet(workload, index, report, policy);
        let subject = (workload, index);
        if let Some(case) = Case::of_container(subject, report, trust.as_ref(), policy, today) {
            let rules = policy.rules.iter();
            explained.extend(rules.map(|rule| one(rule, &case, policy, Some(index))));
        }
    }
    explained
}

fn one(rule: &Rule, case: &Case<'_>, policy: &Policy, container: Option<usize>) -> Explanation {
    let in_scope = policy.scope.holds(case.place()) && rule.scope.holds(case.place());
    let reason = in_scope.then(|| ask(rule, case)).flatten();
    let mode = policy.mode.min(rule.mode);
    let decision = reason.as_ref().map_or(Decision::Allow, |reason| reason.decision);
    Explanation {
        rule: rule.name.clone(),
        kind: rule.condition.kind(),
        container,
        in_scope,
        excused: case.pardons.silences(&rule.name),
        mode,
        enforced: mode.carry_out(decision),
        checks: match &rule.condition {
            _ if !in_scope => Vec::new(),
            Condition::Free(free) => free.why(rule, case),
            condition => leaves::checks(condition, rule, case),
        },
        reason,
    }
}

#[cfg(test)]
mod tests;
