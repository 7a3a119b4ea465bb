//! The judge: a report and a policy to a verdict.

mod content;

use model::{
    AdvisoryKind, Coverage, CoverageStatus, Decision, Finding, FindingId, FixState, Purl,
    PurlParts, Reason, Report, Skip, Verdict, Vulnerability,
};

use crate::day::Day;
use crate::exceptions::{has_name, names};
use crate::limits::NAMED_IN_REASON;
use crate::policy::{Condition, CoverageState, Policy, Rule, VulnerabilityCondition};

/// Decides over a report: every rule is asked, the strongest decision wins.
///
/// Only `findings`, `coverage`, `skipped` and the inventory count; what exceptions took out is
/// already gone. `today` is `YYYY-MM-DD`; a text that is no day counts as later than every day.
/// More findings never make the decision weaker.
pub fn judge(report: &Report, policy: &Policy, today: &str) -> Verdict {
    let today = Day::parse(today).unwrap_or(Day::LAST);
    let mut reasons: Vec<Reason> =
        policy.rules.iter().filter_map(|rule| ask(rule, report, today)).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.decision));
    let decision = reasons.first().map_or(Decision::Allow, |reason| reason.decision);
    Verdict { decision, reasons }
}

fn ask(rule: &Rule, report: &Report, today: Day) -> Option<Reason> {
    match &rule.condition {
        Condition::Vulnerability(wanted) => by_findings(rule, report, |finding, vulnerability| {
            describes(wanted, finding, vulnerability, today)
        }),
        Condition::Cve(ids) => by_findings(rule, report, |_, vulnerability| {
            ids.iter().any(|id| has_name(vulnerability, &id.0))
        }),
        Condition::Malicious => by_findings(rule, report, |_, vulnerability| {
            vulnerability.kind == AdvisoryKind::Malicious
        }),
        Condition::Package(purls) => by_packages(rule, report, purls),
        Condition::Malware(wanted) => content::by_malware(rule, report, wanted),
        Condition::Secret(wanted) => content::by_secrets(rule, report, wanted),
        Condition::History(least) => content::by_history(rule, report, *least),
        Condition::Untrusted => content::by_trust(rule, report),
        Condition::Coverage(states) => by_coverage(rule, report, states),
        Condition::Skipped(reasons) => {
            by_skips(rule, report, |skip| reasons.contains(&skip.reason))
        }
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

fn is_fixed(vulnerability: &Vulnerability) -> bool {
    vulnerability.fix_state == FixState::Fixed || vulnerability.fixed_version.is_some()
}

fn by_findings(
    rule: &Rule,
    report: &Report,
    wanted: impl Fn(&Finding, &Vulnerability) -> bool,
) -> Option<Reason> {
    by_named(rule, report, ("vulnerability", "vulnerabilities"), |finding| {
        let vulnerability = finding.vulnerability().filter(|v| wanted(finding, v))?;
        let Vulnerability { id, package, fixed_version, .. } = vulnerability;
        Some(match fixed_version {
            Some(fixed) => format!("{id} in {package} (fixed in {fixed})"),
            None => format!("{id} in {package}"),
        })
    })
}

/// A reason made of the findings that `name` gives a name to.
fn by_named(
    rule: &Rule,
    report: &Report,
    nouns: (&str, &str),
    name: impl Fn(&Finding) -> Option<String>,
) -> Option<Reason> {
    let found: Vec<(FindingId, String)> = report
        .findings
        .iter()
        .filter_map(|finding| Some((finding.id.clone(), name(finding)?)))
        .collect();
    let (findings, names): (Vec<FindingId>, Vec<String>) = found.into_iter().unzip();
    Some(Reason { findings, ..reason(rule, nouns, names.into_iter())? })
}

fn by_packages(rule: &Rule, report: &Report, purls: &[Purl]) -> Option<Reason> {
    let wanted: Vec<PurlParts> = purls.iter().map(Purl::parts).collect();
    let installed = report.inventory.packages.iter().filter_map(|package| package.purl.as_ref());
    let found: Vec<String> = installed
        .filter(|purl| {
            let parts = purl.parts();
            wanted.iter().any(|wanted| names(wanted, &parts))
        })
        .map(Purl::to_string)
        .collect();
    reason(rule, ("package", "packages"), found.into_iter())
}

fn by_coverage(rule: &Rule, report: &Report, states: &[CoverageState]) -> Option<Reason> {
    let short = |coverage: &&Coverage| match state_of(&coverage.status) {
        Some(state) => states.contains(&state),
        None => false,
    };
    let found: Vec<String> = report.coverage.iter().filter(short).map(coverage_text).collect();
    reason(rule, ("gap in the advisories", "gaps in the advisories"), found.into_iter())
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

fn by_skips(rule: &Rule, report: &Report, wanted: impl Fn(&Skip) -> bool) -> Option<Reason> {
    let found: Vec<String> = report
        .skipped
        .iter()
        .filter(|skip| wanted(skip))
        .map(|skip| match (skip.path.as_str(), skip.layer) {
            ("", Some(layer)) => format!("layer {}: {}", layer.0, skip.detail),
            ("", None) => skip.detail.clone(),
            (path, _) => format!("{path}: {}", skip.detail),
        })
        .collect();
    reason(rule, ("thing not looked at", "things not looked at"), found.into_iter())
}

/// A reason that counts what was found and names the first; `None` when nothing was.
fn reason(
    rule: &Rule,
    (one, many): (&str, &str),
    mut found: impl ExactSizeIterator<Item = String>,
) -> Option<Reason> {
    let count = found.len();
    if count == 0 {
        return None;
    }
    let mut named: Vec<String> = found.by_ref().take(NAMED_IN_REASON).collect();
    if count > named.len() {
        named.push(format!("and {} more", count - named.len()));
    }
    let what = if count == 1 { one } else { many };
    Some(Reason {
        rule: rule.name.clone(),
        decision: rule.decision,
        message: format!("{count} {what}: {}", named.join(", ")),
        findings: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
