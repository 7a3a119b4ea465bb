//! The parts of a named condition with the values that they looked at.

use model::{Finding, Vulnerability};

use crate::filter::Check;
use crate::judge::{Case, Kind, is_fixed, runs_as_root};
use crate::rule::{Condition, Rule, VulnerabilityCondition};

/// The parts of a condition: how many things pass each of them.
pub(super) fn checks(condition: &Condition, rule: &Rule, case: &Case<'_>) -> Vec<Check> {
    match condition {
        Condition::Vulnerability(wanted) => vulnerabilities(wanted, rule, case),
        Condition::Root(_) => vec![root(case)],
        Condition::Workload(_) => vec![container(case)],
        Condition::Package(wanted) => {
            let packages = case.report.map_or(0, |report| report.inventory.packages.len());
            let names: Vec<String> = wanted.purls.iter().map(ToString::to_string).collect();
            let versions = wanted.versions.as_ref().map(|set| format!(" in {set}"));
            let check = format!("{}{}", names.join(" or "), versions.unwrap_or_default());
            vec![looked(check, format!("{packages} packages installed"))]
        }
        Condition::Coverage(_) | Condition::Skipped(_) => {
            let report = case.report;
            let coverage = report.map_or(0, |report| report.coverage.len());
            let skipped = report.map_or(0, |report| report.skipped.len());
            let value = format!("{coverage} ecosystems, {skipped} things not looked at");
            vec![looked(condition.kind().to_owned(), value)]
        }
        other => {
            let count = case.findings_for(kind_of(other), &rule.name).count();
            vec![looked(format!("{} findings", other.kind()), count.to_string())]
        }
    }
}

fn looked(check: String, value: String) -> Check {
    Check { check, holds: !value.starts_with('0'), value: Some(value) }
}

/// The kind of finding that a condition speaks of.
fn kind_of(condition: &Condition) -> Kind {
    match condition {
        Condition::Malware(_) => Kind::Malware,
        Condition::PrivateKey(_) | Condition::Secret(_) => Kind::Secret,
        Condition::History(_) => Kind::History,
        Condition::Untrusted => Kind::Trust,
        Condition::Misconfiguration(_) => Kind::Template,
        _ => Kind::Vulnerability,
    }
}

fn root(case: &Case<'_>) -> Check {
    let container = case.container.map(|(_, container)| container);
    let holds = runs_as_root(container, case.report);
    let of_image = case.report.map(|report| report.image.config.user.as_str());
    let told = container.and_then(|container| container.user.as_deref());
    let value = match (told, of_image) {
        (Some(user), _) => format!("`{user}`, from the workload"),
        (None, Some("")) => "none, so root".to_owned(),
        (None, Some(user)) => format!("`{user}`, from the image"),
        (None, None) => "not known".to_owned(),
    };
    Check { check: "user is root".to_owned(), holds: holds.unwrap_or(false), value: Some(value) }
}

fn container(case: &Case<'_>) -> Check {
    let value = match case.container {
        None => "nobody is about to run the image".to_owned(),
        Some((_, c)) => format!(
            "privileged {}, host namespaces {}, capabilities added {}, mounts {}, devices {}",
            c.privileged,
            c.host_namespaces.len(),
            c.capabilities_added.len(),
            c.mounts.len(),
            c.devices.len()
        ),
    };
    Check {
        check: "options of the container".to_owned(),
        holds: case.container.is_some(),
        value: Some(value),
    }
}

/// One line for each part of a description of vulnerabilities: how many pass it alone.
fn vulnerabilities(wanted: &VulnerabilityCondition, rule: &Rule, case: &Case<'_>) -> Vec<Check> {
    let found: Vec<(&Finding, &Vulnerability)> = case
        .findings_for(Kind::Vulnerability, &rule.name)
        .filter_map(|finding| Some((finding, finding.vulnerability()?)))
        .collect();
    let mut checks = vec![looked("vulnerabilities".to_owned(), found.len().to_string())];
    let mut part = |check: String, passes: &dyn Fn(&Finding, &Vulnerability) -> bool| {
        let count = found.iter().filter(|(finding, v)| passes(finding, v)).count();
        checks.push(looked(check, format!("{count} of {}", found.len())));
    };
    if let Some(least) = wanted.severity {
        part(format!("severity >= {least}"), &|finding, _| finding.severity >= least);
    }
    if wanted.only_fixed {
        part("a repaired version exists".to_owned(), &|_, v| is_fixed(v));
    }
    if wanted.kev {
        part("known to be exploited".to_owned(), &|_, v| v.kev.is_some());
    }
    if let Some(bar) = wanted.epss_above {
        part(format!("EPSS > {bar}"), &|_, v| v.epss.is_some_and(|epss| epss.score > bar));
    }
    if let Some(days) = wanted.older_than_days {
        let alone = VulnerabilityCondition {
            older_than_days: Some(days),
            ..VulnerabilityCondition::default()
        };
        part(format!("published more than {days} days ago"), &|finding, v| {
            crate::judge::describes(&alone, finding, v, case.today)
        });
    }
    checks
}
