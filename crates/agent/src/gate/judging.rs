//! How one question becomes several to the judge: every name of an image, and what a request adds
//! to what is so already. Pure.

use std::fmt::Write;

use model::{Decision, Reason, Report, Verdict, Workload};
use policy::{Policy, WorkloadVerdict, judge_workload};

use super::Ask;
use crate::limits::NAMES_JUDGED;

/// The rule's name in reasons that a report is missing.
const ON_MISSING: &str = "on_missing";

/// Judges under every name of the first container's image and gives the strongest verdict: a name
/// is a claim of whoever may tag, and can bring an image under a rule but not out of one.
pub(super) fn strongest(
    ask: &Ask,
    reports: &[Option<&Report>],
    policy: &Policy,
    today: &str,
) -> WorkloadVerdict {
    let judge = |workload: &Workload| match &ask.already {
        Some(already) => added(already, workload, reports, policy, today),
        None => judge_workload(workload, reports, policy, today),
    };
    let mut strongest = judge(&ask.workload);
    let Some(first) = ask.workload.containers.first() else { return strongest };
    let others = ask.names.iter().filter(|name| **name != first.image.reference);
    for name in others.take(NAMES_JUDGED) {
        let mut renamed = ask.workload.clone();
        if let Some(container) = renamed.containers.first_mut() {
            container.image.reference.clone_from(name);
        }
        let said = judge(&renamed);
        if rank(&said) > rank(&strongest) {
            strongest = said;
        }
    }
    strongest
}

/// What carries more weight: first what is done, then what is said.
fn rank(said: &WorkloadVerdict) -> (Decision, Decision) {
    (said.enforced, said.verdict.decision)
}

/// The verdict over what a request adds: reasons of rules that have nothing to say of what is so
/// already.
fn added(
    already: &Workload,
    asked: &Workload,
    reports: &[Option<&Report>],
    policy: &Policy,
    today: &str,
) -> WorkloadVerdict {
    let before = judge_workload(already, reports, policy, today).verdict;
    let is_new = |reason: &Reason| before.reasons.iter().all(|old| old.rule != reason.rule);
    let said = judge_workload(asked, reports, policy, today);
    let reasons: Vec<Reason> = said.verdict.reasons.into_iter().filter(is_new).collect();
    let carried = |reason: &Reason| {
        let mode = policy.rule(&reason.rule).map_or(policy.mode, |rule| rule.mode.min(policy.mode));
        mode.carry_out(reason.decision)
    };
    let enforced = reasons.iter().map(carried).max().unwrap_or_default();
    let decision = reasons.iter().map(|reason| reason.decision).max().unwrap_or_default();
    let held_back = if enforced == decision { String::new() } else { said.because };
    let denials: Vec<&Reason> =
        reasons.iter().filter(|reason| carried(reason) == Decision::Deny).collect();
    let message = refused(asked, &denials);
    let verdict = Verdict { decision, reasons };
    WorkloadVerdict { verdict, enforced, because: held_back, missing: Vec::new(), message }
}

/// The message of a refusal for these reasons.
pub(super) fn refused(workload: &Workload, reasons: &[&Reason]) -> String {
    let mut text = format!("lazaret refuses {}", workload.kind);
    if !workload.name.is_empty() {
        let _ = write!(text, " {}", workload.name);
    }
    let mut images = workload.containers.iter().map(|container| container.image.reference.as_str());
    if let Some(image) = images.find(|image| !image.is_empty()) {
        let _ = write!(text, " (image {image})");
    }
    for reason in reasons {
        let _ = write!(text, "\n  rule {}: {}", reason.rule, reason.message);
    }
    text
}

/// Says beside a missing report why the scan made none.
pub(super) fn tell_of_scan(said: &mut WorkloadVerdict, why: &str) {
    let missing = said.verdict.reasons.iter_mut().find(|reason| reason.rule == ON_MISSING);
    let Some(reason) = missing else { return };
    let more = format!("{} (scanned now: {why})", reason.message);
    said.message = said.message.replacen(&reason.message, &more, 1);
    reason.message = more;
}
