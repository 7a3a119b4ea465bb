//! The judge: facts and a policy to a verdict.
//!
//! [`judge`] speaks of an image that was scanned, [`judge_workload`] of what is to be started with
//! the reports of its images. Both ask the same rules.

mod case;
mod content;
mod denial;
mod explain;
mod options;
mod packages;
mod root;
mod trust;
mod workload;

use model::{
    AdvisoryKind, Coverage, CoverageStatus, Decision, Finding, FindingId, FixState, Reason, Report,
    Skip, SourceKind, Verdict, Vulnerability,
};

use crate::day::Day;
use crate::exceptions::has_name;
use crate::limits::NAMED_IN_REASON;
use crate::policy::Policy;
use crate::rule::{Condition, CoverageState, Rule, VulnerabilityCondition};

pub(crate) use case::{Case, Kind};
pub use explain::{Explanation, explain, explain_workload};
pub(crate) use options::capability;
pub(crate) use root::runs_as_root;
pub(crate) use workload::ON_MISSING;
pub use workload::{Missing, WorkloadVerdict, judge_workload};

/// Decides over a report: every rule that speaks of such images is asked, the strongest decision
/// wins.
///
/// Only `findings`, `coverage`, `skipped`, the inventory and the image's configuration count; what
/// exceptions took out is already gone. `today` is `YYYY-MM-DD`; a text that is no day counts as
/// later than every day. The modes of the policy and its rules are carried out: under `warn` a
/// denial is a warning, under `observe` its reason stays and allows. More findings never make the
/// decision weaker.
pub fn judge(report: &Report, policy: &Policy, today: &str) -> Verdict {
    let today = Day::parse(today).unwrap_or(Day::LAST);
    let case = Case::of_report(report, policy, today);
    if !policy.scope.holds(case.place()) {
        return Verdict::default();
    }
    let is_template = report.source.kind == SourceKind::Template;
    let reasons = policy.rules.iter().filter_map(|rule| {
        if is_template && !rule.condition.speaks_of_templates() {
            return None;
        }
        let mut reason = ask(rule, &case)?;
        reason.decision = policy.mode.min(rule.mode).carry_out(reason.decision);
        Some(reason)
    });
    verdict(reasons.collect())
}

/// The verdict that reasons come to: the strongest first, and it decides.
fn verdict(mut reasons: Vec<Reason>) -> Verdict {
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.decision));
    let decision = reasons.first().map_or(Decision::Allow, |reason| reason.decision);
    Verdict { decision, reasons }
}

/// What a rule says of a case; `None` when it has nothing to say, speaks of something else, or is
/// excused. Modes are not looked at.
fn ask(rule: &Rule, case: &Case<'_>) -> Option<Reason> {
    if !rule.scope.holds(case.place()) || case.pardons.silences(&rule.name) {
        return None;
    }
    match &rule.condition {
        Condition::Root(wanted) => root::by_root(rule, case, *wanted),
        Condition::Vulnerability(wanted) => by_findings(rule, case, |finding, vulnerability| {
            describes(wanted, finding, vulnerability, case.today)
        }),
        Condition::Cve(ids) => by_findings(rule, case, |_, vulnerability| {
            ids.iter().any(|id| has_name(vulnerability, &id.0))
        }),
        Condition::Malicious => by_findings(rule, case, |_, vulnerability| {
            vulnerability.kind == AdvisoryKind::Malicious
        }),
        Condition::Package(wanted) => packages::by_packages(rule, case, wanted),
        Condition::Malware(wanted) => content::by_malware(rule, case, wanted),
        Condition::PrivateKey(wanted) => content::by_private_keys(rule, case, wanted),
        Condition::Secret(wanted) => content::by_secrets(rule, case, wanted),
        Condition::History(least) => content::by_history(rule, case, *least),
        Condition::Untrusted => content::by_trust(rule, case),
        Condition::Misconfiguration(wanted) => content::by_flaws(rule, case, wanted),
        Condition::Workload(wanted) => options::by_options(rule, case, wanted),
        Condition::Coverage(states) => by_coverage(rule, case, states),
        Condition::Skipped(reasons) => by_skips(rule, case, |skip| reasons.contains(&skip.reason)),
        Condition::Free(free) => free.ask(rule, case),
    }
}

fn describes(
    wanted: &VulnerabilityCondition,
    finding: &Finding,
    vulnerability: &Vulnerability,
    today: Day,
) -> bool {
    let is_old = |days: u32| match vulnerability.published {
        Some(published) => today.days_since(Day::of(published)) > i64::from(days),
        None => true,
    };
    vulnerability.kind == AdvisoryKind::Vulnerability
        && wanted.severity.is_none_or(|least| finding.severity >= least)
        && (!wanted.only_fixed || is_fixed(vulnerability))
        && (!wanted.kev || vulnerability.kev.is_some())
        && wanted.epss_above.is_none_or(|bar| vulnerability.epss.is_some_and(|e| e.score > bar))
        && wanted.older_than_days.is_none_or(is_old)
}

pub(crate) fn is_fixed(vulnerability: &Vulnerability) -> bool {
    vulnerability.fix_state == FixState::Fixed || vulnerability.fixed_version.is_some()
}

fn by_findings(
    rule: &Rule,
    case: &Case<'_>,
    wanted: impl Fn(&Finding, &Vulnerability) -> bool,
) -> Option<Reason> {
    let kind = Kind::Vulnerability;
    by_named(rule, case, kind, kind.nouns(), |finding| {
        finding.vulnerability().is_some_and(|v| wanted(finding, v))
    })
}

/// A finding in a few words, as reasons name it.
pub(crate) fn name_of(finding: &Finding) -> String {
    use model::FindingKind as Kind;
    match &finding.kind {
        Kind::Vulnerability(vulnerability) => {
            let Vulnerability { id, package, fixed_version, .. } = vulnerability.as_ref();
            match fixed_version {
                Some(fixed) => format!("{id} in {package} (fixed in {fixed})"),
                None => format!("{id} in {package}"),
            }
        }
        Kind::Malware(m) => format!("{} ({}, {:.2})", m.path, m.name, m.score),
        Kind::Secret(secret) => format!("{} in {}", secret.title, secret.place.describe()),
        Kind::History(step) => format!("step {}: {}", step.step, step.title),
        Kind::Trust(distrust) => format!("{}: {}", distrust.demand, distrust.reason),
        Kind::Misconfiguration(flaw) => {
            format!("{} ({}:{})", flaw.title, flaw.place.file, flaw.place.first_line)
        }
    }
}

/// A reason made of the findings of a kind that are wanted and not excused; the first are named.
pub(crate) fn by_named(
    rule: &Rule,
    case: &Case<'_>,
    kind: Kind,
    nouns: (&str, &str),
    wanted: impl Fn(&Finding) -> bool,
) -> Option<Reason> {
    let mut findings: Vec<FindingId> = Vec::new();
    let mut named: Vec<String> = Vec::new();
    for finding in case.findings_for(kind, &rule.name).filter(|finding| wanted(finding)) {
        if named.len() < NAMED_IN_REASON {
            named.push(name_of(finding));
        }
        findings.push(finding.id.clone());
    }
    Some(Reason { message: counted(nouns, findings.len(), named)?, findings, ..spoken(rule) })
}

fn by_coverage(rule: &Rule, case: &Case<'_>, states: &[CoverageState]) -> Option<Reason> {
    let short = |coverage: &&Coverage| match state_of(&coverage.status) {
        Some(state) => states.contains(&state),
        None => false,
    };
    let found: Vec<String> =
        case.report?.coverage.iter().filter(short).map(coverage_text).collect();
    reason(rule, ("gap in the advisories", "gaps in the advisories"), found)
}

fn state_of(status: &CoverageStatus) -> Option<CoverageState> {
    match status {
        CoverageStatus::Covered => None,
        CoverageStatus::Stale { .. } => Some(CoverageState::Stale),
        CoverageStatus::EndOfLife { .. } => Some(CoverageState::EndOfLife),
        CoverageStatus::UnknownDistribution => Some(CoverageState::UnknownDistribution),
        CoverageStatus::NoFeed => Some(CoverageState::NoFeed),
    }
}

fn coverage_text(coverage: &Coverage) -> String {
    let what = match &coverage.status {
        CoverageStatus::Covered => "is covered".to_owned(),
        CoverageStatus::Stale { days } => format!("has a feed {days} days old"),
        CoverageStatus::EndOfLife { since } => format!("is out of support since {since}"),
        CoverageStatus::UnknownDistribution => "is not known".to_owned(),
        CoverageStatus::NoFeed => "has no feed".to_owned(),
    };
    let Coverage { ecosystem, packages, .. } = coverage;
    format!(
        "{ecosystem} {what} ({packages} {})",
        if *packages == 1 { "package" } else { "packages" }
    )
}

fn by_skips(rule: &Rule, case: &Case<'_>, wanted: impl Fn(&Skip) -> bool) -> Option<Reason> {
    let skips = case.report?.skipped.iter().filter(|skip| wanted(skip));
    let found: Vec<String> = skips
        .map(|skip| match (skip.path.as_str(), skip.layer) {
            ("", Some(layer)) => format!("layer {}: {}", layer.0, skip.detail),
            ("", None) => skip.detail.clone(),
            (path, _) => format!("{path}: {}", skip.detail),
        })
        .collect();
    reason(rule, ("thing not looked at", "things not looked at"), found)
}

/// A reason that counts what was found and names the first; `None` when nothing was.
pub(crate) fn reason(rule: &Rule, nouns: (&str, &str), mut found: Vec<String>) -> Option<Reason> {
    let count = found.len();
    found.truncate(NAMED_IN_REASON);
    Some(Reason { message: counted(nouns, count, found)?, ..spoken(rule) })
}

/// `2 things: a, b`, of which `named` are the first; `None` when there are none.
pub(crate) fn counted(
    (one, many): (&str, &str),
    count: usize,
    mut named: Vec<String>,
) -> Option<String> {
    if count == 0 {
        return None;
    }
    if count > named.len() {
        named.push(format!("and {} more", count - named.len()));
    }
    let what = if count == 1 { one } else { many };
    Some(format!("{count} {what}: {}", named.join(", ")))
}

/// A reason of a rule, still without words.
pub(crate) fn spoken(rule: &Rule) -> Reason {
    Reason {
        rule: rule.name.clone(),
        decision: rule.decision,
        message: String::new(),
        findings: Vec::new(),
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
