//! `judge_workload`: what is to be started, and the reports of its images, to a verdict.

use model::{
    ContainerRole, ContainerSpec, Decision, FindingId, Look, Reason, Report, Verdict, Workload,
};

use super::trust::{Demands, Subject, demands};
use super::{Case, ask, denial, verdict};
use crate::day::Day;
use crate::policy::{OnMissing, Policy};
use crate::rule::Mode;
use crate::scope::Names;

/// The rule's name in reasons that a report is missing.
pub(crate) const ON_MISSING: &str = "on_missing";

/// What the judge says of a workload, and what a gate is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkloadVerdict {
    /// What is decided when every mode is `block`.
    pub verdict: Verdict,
    /// What the gate does: the verdict with the modes of the policy and its rules carried out.
    pub enforced: Decision,
    /// Why the gate does other than the verdict says, such as `mode: observe`; empty when it does not.
    pub because: String,
    /// The containers of whose image there is no report. Their `on_missing` is already in the
    /// verdict; a gate that scans now asks again with the new report.
    pub missing: Vec<Missing>,
    /// What whoever wanted to start it reads: the rules, the evidence, how to ask for an exception.
    /// Empty when nothing is decided against it.
    pub message: String,
}

/// A container of whose image there is no report, or none that looked for all that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// Its place in the workload.
    pub container: usize,
    /// What the policy wants done.
    pub action: OnMissing,
}

/// Decides over a workload. Pure: the same workload, reports, policy and day give the same verdict.
///
/// `reports` has the newest report of each container's image, in the order of the containers; what
/// is not there counts as missing. `today` is `YYYY-MM-DD`, as for [`judge`](super::judge). The
/// reports' findings are judged anew: exceptions are those of this policy, VEX statements stay as
/// the scan applied them.
pub fn judge_workload(
    workload: &Workload,
    reports: &[Option<&Report>],
    policy: &Policy,
    today: &str,
) -> WorkloadVerdict {
    let day = Day::parse(today).unwrap_or(Day::LAST);
    let mut said: Vec<(Reason, Mode)> = Vec::new();
    let mut missing = Vec::new();
    for (index, container) in workload.containers.iter().enumerate() {
        let report = reports.get(index).copied().flatten();
        let trust = unmet(workload, index, report, policy);
        let subject = (workload, index);
        let Some(case) = Case::of_container(subject, report, trust.as_ref(), policy, day) else {
            continue;
        };
        if !policy.scope.holds(case.place()) {
            continue;
        }
        let prefix = prefix_of(workload, container);
        if let Some(lack) = lacking(policy, &case).filter(|_| !case.pardons.silences(ON_MISSING)) {
            missing.push(Missing { container: index, action: policy.on_missing });
            said.push((is_missing(container, policy, &format!("{prefix}{lack}")), Mode::Block));
        }
        said.extend(policy.rules.iter().filter_map(|rule| {
            let mut reason = ask(rule, &case)?;
            reason.message.insert_str(0, &prefix);
            Some((reason, rule.mode))
        }));
    }
    conclude(workload, policy, said, missing, day)
}

/// The unmet demands under the policy's own trust section; `None` when it has none.
pub(super) fn unmet(
    workload: &Workload,
    index: usize,
    report: Option<&Report>,
    policy: &Policy,
) -> Option<Demands> {
    let trust = policy.trust.as_ref()?;
    let image = &workload.containers.get(index)?.image;
    let names = Names::of_container(workload, index, report);
    Some(demands(trust, &names, &Subject { image, report }))
}

fn conclude(
    workload: &Workload,
    policy: &Policy,
    said: Vec<(Reason, Mode)>,
    missing: Vec<Missing>,
    day: Day,
) -> WorkloadVerdict {
    let carried =
        |(reason, mode): &(Reason, Mode)| policy.mode.min(*mode).carry_out(reason.decision);
    let enforced = said.iter().map(carried).max().unwrap_or_default();
    // Of the reasons that decide, the mode that holds them back.
    let strongest = said.iter().map(|(reason, _)| reason.decision).max().unwrap_or_default();
    let held_by = said.iter().filter(|(reason, _)| reason.decision == strongest);
    let mode = held_by.map(|(_, mode)| policy.mode.min(*mode)).max().unwrap_or_default();
    let because = match enforced == strongest {
        true => String::new(),
        false => format!("mode: {}", mode.as_str()),
    };
    let shown: Vec<&Reason> = said
        .iter()
        .filter(|said| carried(said) == enforced && enforced > Decision::Allow)
        .map(|(reason, _)| reason)
        .collect();
    let message = denial::message(workload, policy, &shown, enforced, day);
    let verdict = verdict(said.into_iter().map(|(reason, _)| reason).collect());
    WorkloadVerdict { verdict, enforced, because, missing, message }
}

/// Which container a reason is about, when there are several.
fn prefix_of(workload: &Workload, container: &ContainerSpec) -> String {
    if workload.containers.len() < 2 {
        return String::new();
    }
    let what = match container.role {
        ContainerRole::Main => "container",
        ContainerRole::Init => "init container",
        ContainerRole::Ephemeral => "ephemeral container",
        ContainerRole::ImageVolume => "image volume",
    };
    format!("{what} {}: ", container.name)
}

/// What a container's image lacks to be judged: a report, or that the scan looked for all that the
/// rules ask. `None` when nothing is lacking.
fn lacking(policy: &Policy, case: &Case<'_>) -> Option<String> {
    let Some(report) = case.report else {
        return Some("nobody has scanned".to_owned());
    };
    let looked_for = &report.tool.looked_for;
    if looked_for.is_empty() {
        return None;
    }
    let asking = policy.rules.iter().filter(|rule| rule.scope.holds(case.place()));
    let mut unseen: Vec<Look> = asking
        .filter_map(|rule| rule.condition.needs())
        .filter(|look| !looked_for.contains(look))
        .collect();
    unseen.sort_unstable();
    unseen.dedup();
    let words: Vec<&str> = unseen.into_iter().map(Look::as_str).collect();
    (!words.is_empty()).then(|| format!("nobody has looked for {} in", words.join(", ")))
}

fn is_missing(container: &ContainerSpec, policy: &Policy, lack: &str) -> Reason {
    let image = &container.image;
    let digest = image.image_id.as_ref().or(image.manifest_digest.as_ref());
    let known_as = match digest {
        Some(digest) => format!("{} ({digest})", image.reference),
        None => image.reference.clone(),
    };
    Reason {
        rule: ON_MISSING.to_owned(),
        decision: policy.on_missing.decision(),
        message: format!("{lack} image {known_as}"),
        findings: Vec::<FindingId>::new(),
    }
}

#[cfg(test)]
mod tests;
