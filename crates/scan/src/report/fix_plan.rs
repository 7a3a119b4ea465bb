//! `Plan`: findings turned round: what to do, and which vulnerabilities that takes away.
//!
//! One repair is one upgrade: all binary packages of one source package together, one language
//! package in all its places. The riskiest repair first.

use std::collections::HashMap;

use model::{AdvisoryKind, Finding, LayerIndex, PackageKind, Vulnerability};

use super::tally::Tally;
use super::version_order;
use super::view::View;

/// What to do about the findings of a report.
pub(crate) struct Plan<'a> {
    /// Malicious packages: take them out.
    pub(crate) remove: Vec<Repair<'a>>,
    /// Upgrades that exist.
    pub(crate) upgrade: Vec<Repair<'a>>,
    /// Packages with flaws that no version repairs yet.
    pub(crate) unfixed: Vec<Repair<'a>>,
}

/// One package (or the packages of one source), and the findings that go when it is repaired.
pub(crate) struct Repair<'a> {
    pub(crate) kind: PackageKind,
    /// What is to be repaired: the source package's name for the operating system's packages.
    pub(crate) name: &'a str,
    /// The installed packages that it concerns, sorted.
    pub(crate) packages: Vec<&'a str>,
    /// Their installed versions, sorted.
    pub(crate) from: Vec<&'a str>,
    /// The version that repairs all of it.
    pub(crate) to: Option<&'a str>,
    /// Where they lie, as (layer, path), sorted.
    pub(crate) places: Vec<(LayerIndex, &'a str)>,
    /// Whether all of it came with the base image.
    pub(crate) base: bool,
    /// One a vulnerability, the worst first, although several packages may have it.
    pub(crate) findings: Vec<&'a Finding>,
    /// How many findings that is when every package counts.
    pub(crate) count: usize,
    /// The highest risk among them.
    pub(crate) risk: f32,
}

impl Repair<'_> {
    /// How many vulnerabilities there are of each severity.
    pub(crate) fn tally(&self) -> Tally {
        Tally::of(self.findings.iter().copied())
    }
}

/// What keeps repairs apart.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    action: Action,
    kind: PackageKind,
    name: &'a str,
    version: &'a str,
    layer: Option<LayerIndex>,
    base: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Action {
    Remove,
    Upgrade,
    Wait,
}

/// The plan for what a view shows. `by_layer` keeps the layers apart.
pub(crate) fn plan<'a>(view: &View<'a>, by_layer: bool) -> Plan<'a> {
    let mut order: Vec<(Action, Vec<&'a Finding>, &'a str, PackageKind)> = Vec::new();
    let mut places: HashMap<Key<'a>, usize> = HashMap::new();
    for finding in &view.findings {
        let Some(vulnerability) = finding.vulnerability() else { continue };
        let key = key(view, finding, vulnerability, by_layer);
        let (action, name, kind) = (key.action, key.name, key.kind);
        let place = *places.entry(key).or_insert_with(|| {
            order.push((action, Vec::new(), name, kind));
            order.len() - 1
        });
        order[place].1.push(finding);
    }
    let mut plan = Plan { remove: Vec::new(), upgrade: Vec::new(), unfixed: Vec::new() };
    for (action, findings, name, kind) in order {
        let repair = repair(kind, name, findings);
        match action {
            Action::Remove => plan.remove.push(repair),
            Action::Upgrade => plan.upgrade.push(repair),
            Action::Wait => plan.unfixed.push(repair),
        }
    }
    for list in [&mut plan.remove, &mut plan.upgrade, &mut plan.unfixed] {
        list.sort_by(|a, b| worst(b).total_cmp(&worst(a)).then_with(|| a.name.cmp(b.name)));
    }
    plan
}

/// Risk first; where there is none, severity and number.
fn worst(repair: &Repair<'_>) -> f32 {
    let severity = repair.findings.first().map_or(0, |finding| finding.severity as u8);
    repair.risk + f32::from(severity) / 1e2 + (repair.count.min(999) as f32) / 1e6
}

fn key<'a>(
    view: &View<'a>,
    finding: &'a Finding,
    vulnerability: &'a Vulnerability,
    by_layer: bool,
) -> Key<'a> {
    let kind = vulnerability.purl.kind().unwrap_or(PackageKind::Generic);
    let source = view.package(vulnerability).and_then(|package| package.source.as_ref());
    let action = match (&vulnerability.fixed_version, vulnerability.kind) {
        (_, AdvisoryKind::Malicious) => Action::Remove,
        (Some(_), _) => Action::Upgrade,
        (None, _) => Action::Wait,
    };
    let os = kind.is_os();
    Key {
        action,
        kind,
        name: source.filter(|_| os).map_or(vulnerability.package.as_str(), |s| s.name.as_str()),
        version: if os { "" } else { vulnerability.version.as_str() },
        layer: by_layer.then_some(vulnerability.layer),
        base: finding.base,
    }
}

fn repair<'a>(kind: PackageKind, name: &'a str, findings: Vec<&'a Finding>) -> Repair<'a> {
    let all: Vec<&'a Vulnerability> =
        findings.iter().filter_map(|finding| finding.vulnerability()).collect();
    let fixes = all.iter().filter_map(|v| v.fixed_version.as_deref());
    Repair {
        kind,
        name,
        packages: distinct(all.iter().map(|v| v.package.as_str())),
        from: distinct(all.iter().map(|v| v.version.as_str())),
        to: version_order::latest(kind, fixes),
        places: distinct(all.iter().map(|v| (v.layer, v.path.as_str()))),
        base: findings.iter().all(|finding| finding.base),
        risk: all.iter().map(|v| v.risk).fold(0.0, f32::max),
        count: findings.len(),
        findings: one_each(findings),
    }
}

fn distinct<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// The same vulnerability in several packages once, as its worst finding; worst first.
fn one_each(mut findings: Vec<&Finding>) -> Vec<&Finding> {
    let rank = |finding: &Finding| finding.vulnerability().map_or(0.0, |v| v.risk);
    let id = |finding: &Finding| finding.vulnerability().map(|v| v.id.clone());
    findings.sort_by(|a, b| {
        rank(b)
            .total_cmp(&rank(a))
            .then_with(|| b.severity.cmp(&a.severity))
            .then_with(|| id(a).cmp(&id(b)))
    });
    let mut seen = std::collections::HashSet::new();
    findings.retain(|finding| seen.insert(id(finding)));
    findings
}
