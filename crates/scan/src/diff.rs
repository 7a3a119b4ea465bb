//! `Diff`: what changed between two reports. Pure: reads neither image nor database.

use std::collections::{BTreeMap, BTreeSet};

use model::{Decision, Finding, FindingKind, PackageKind, Report, Severity};
use serde::Serialize;

use crate::report::{compare_versions, sort_versions};

/// What changed from one report to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// Name and version of this shape.
    pub schema: &'static str,
    /// The image before.
    pub before: Side,
    /// The image after.
    pub after: Side,
    /// Packages that are new, gone or of another version, by kind and name.
    pub packages: Vec<PackageChange>,
    /// Findings that only the image after has, in the order of its report.
    pub new_findings: Vec<Finding>,
    /// Findings that only the image before has, in the order of its report.
    pub fixed_findings: Vec<Finding>,
    /// How many findings both have.
    pub unchanged_findings: usize,
}

impl Diff {
    /// The value of `schema` for this shape.
    pub const SCHEMA: &'static str = "lazaret.diff/v1";
}

/// One of the two reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The reference or path of the image.
    pub name: String,
    /// The judge's decision.
    pub decision: Decision,
    /// How many packages.
    pub packages: usize,
    /// How many findings.
    pub findings: usize,
}

/// One package that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageChange {
    /// Its package manager.
    pub kind: PackageKind,
    /// Its name.
    pub name: String,
    /// What happened.
    pub change: Change,
    /// The version before; `None` when it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The version after; `None` when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What happened to a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was not there.
    Added,
    /// It is gone.
    Removed,
    /// A later version.
    Upgraded,
    /// An earlier version.
    Downgraded,
}

/// Compares two reports.
///
/// A finding is the same when the vulnerability (by any of its names) and the package's kind and
/// name are: a file that moved or a version that still has the flaw does not make it new. So it is
/// with a malicious file of the same path or content, the same secret in another file, and the
/// same demand of trust for another tag.
pub fn diff(before: &Report, after: &Report) -> Diff {
    let known_before = Known::of(&before.findings);
    let known_after = Known::of(&after.findings);
    let only = |findings: &[Finding], known: &Known<'_>| -> Vec<Finding> {
        findings.iter().filter(|finding| !known.has(finding)).cloned().collect()
    };
    let new_findings = only(&after.findings, &known_before);
    Diff {
        schema: Diff::SCHEMA,
        before: side(before),
        after: side(after),
        packages: package_changes(before, after),
        unchanged_findings: after.findings.len() - new_findings.len(),
        fixed_findings: only(&before.findings, &known_after),
        new_findings,
    }
}

impl Diff {
    /// The worst severity among the new findings.
    pub fn worst_new(&self) -> Option<Severity> {
        self.new_findings.iter().map(|finding| finding.severity).max()
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
            && self.new_findings.is_empty()
            && self.fixed_findings.is_empty()
            && self.before.decision == self.after.decision
    }
}

fn side(report: &Report) -> Side {
    Side {
        name: report.source.name.clone(),
        decision: report.verdict.decision,
        packages: report.inventory.packages.len(),
        findings: report.findings.len(),
    }
}

/// The findings of a report, to be asked by what makes them the same.
struct Known<'a>(BTreeSet<(&'a str, &'a str, &'a str)>);

impl<'a> Known<'a> {
    fn of(findings: &'a [Finding]) -> Self {
        Known(findings.iter().flat_map(keys).collect())
    }

    fn has(&self, finding: &Finding) -> bool {
        keys(finding).iter().any(|key| self.0.contains(key))
    }
}

/// Every name under which a finding may be known.
fn keys(finding: &Finding) -> Vec<(&str, &str, &str)> {
    match &finding.kind {
        FindingKind::Vulnerability(v) => {
            let names = std::iter::once(&v.id).chain(&v.aliases);
            names.map(|name| (name.0.as_str(), v.purl.type_text(), v.package.as_str())).collect()
        }
        FindingKind::Malware(malware) => {
            vec![
                ("malware", "path", &malware.path),
                ("malware", "content", malware.digest.as_str()),
            ]
        }
        FindingKind::Secret(secret) if !secret.fingerprint.is_empty() => {
            vec![("secret", &secret.rule, &secret.fingerprint)]
        }
        FindingKind::Secret(_) => vec![("secret", "id", &finding.id.0)],
        FindingKind::History(step) => vec![("history", &step.rule, &step.text)],
        FindingKind::Misconfiguration(flaw) => {
            vec![(&flaw.rule, &flaw.place.file, &flaw.subject)]
        }
        FindingKind::Trust(distrust) => {
            vec![("trust", &distrust.requirement, &distrust.demand)]
        }
    }
}

type Versions<'a> = BTreeMap<(PackageKind, &'a str), BTreeSet<&'a str>>;

fn versions(report: &Report) -> Versions<'_> {
    let mut versions: Versions<'_> = BTreeMap::new();
    for package in &report.inventory.packages {
        let key = (package.kind, package.name.as_str());
        versions.entry(key).or_default().insert(package.version.as_str());
    }
    versions
}

fn package_changes(before: &Report, after: &Report) -> Vec<PackageChange> {
    let (before, after) = (versions(before), versions(after));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    let none = BTreeSet::new();
    let mut changes = Vec::new();
    for key in names {
        let (old, new) = (before.get(&key).unwrap_or(&none), after.get(&key).unwrap_or(&none));
        let gone = in_order(key.0, old.difference(new));
        let come = in_order(key.0, new.difference(old));
        // Several versions side by side are paired from the lowest up.
        for place in 0..gone.len().max(come.len()) {
            let pair = (gone.get(place).copied(), come.get(place).copied());
            changes.extend(change(key, pair));
        }
    }
    changes
}

fn in_order<'a>(kind: PackageKind, versions: impl Iterator<Item = &'a &'a str>) -> Vec<&'a str> {
    let mut versions: Vec<&str> = versions.copied().collect();
    sort_versions(kind, &mut versions);
    versions
}

fn change(
    (kind, name): (PackageKind, &str),
    pair: (Option<&str>, Option<&str>),
) -> Option<PackageChange> {
    let change = match pair {
        (None, None) => return None,
        (None, Some(_)) => Change::Added,
        (Some(_), None) => Change::Removed,
        (Some(old), Some(new)) if compare_versions(kind, new, old).is_lt() => Change::Downgraded,
        (Some(_), Some(_)) => Change::Upgraded,
    };
    let owned = |version: Option<&str>| version.map(str::to_owned);
    Some(PackageChange {
        kind,
        name: name.to_owned(),
        change,
        before: owned(pair.0),
        after: owned(pair.1),
    })
}
