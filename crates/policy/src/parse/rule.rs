//! One rule: a name, a decision and one condition.

use model::version::Scheme;
use model::{AdvisoryId, Purl, Severity, SkipReason};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::forms::TrueOr;
use super::{content, each, not_empty, options, scope, top, word};
use crate::PolicyError;
use crate::filter::Definitions;
use crate::free::FreeCondition;
use crate::rule::{Condition, CoverageState, PackageCondition, Rule, VulnerabilityCondition};
use crate::versions::VersionSet;
use crate::yaml::{Source, either};

const CONDITIONS: [&str; 15] = [
    "root",
    "vulnerability",
    "cve",
    "malicious",
    "package",
    "malware",
    "private_key",
    "secret",
    "history",
    "untrusted",
    "misconfiguration",
    "workload",
    "coverage",
    "skipped",
    "condition",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) name: Spanned<String>,
    decision: Spanned<String>,
    mode: Option<Spanned<String>>,
    scope: Option<Spanned<scope::RawScope>>,
    #[serde(default)]
    advice: String,
    root: Option<Spanned<TrueOr<options::RawRoot>>>,
    vulnerability: Option<RawVulnerability>,
    cve: Option<RawIds>,
    malicious: Option<Spanned<bool>>,
    package: Option<RawPackage>,
    malware: Option<content::RawMalware>,
    private_key: Option<Spanned<TrueOr<content::RawPrivateKey>>>,
    secret: Option<content::RawSecret>,
    history: Option<content::RawHistory>,
    untrusted: Option<Spanned<bool>>,
    misconfiguration: Option<Spanned<TrueOr<content::RawFlaw>>>,
    workload: Option<Spanned<options::RawWorkload>>,
    coverage: Option<RawStates>,
    skipped: Option<RawReasons>,
    condition: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVulnerability {
    severity: Option<Spanned<String>>,
    #[serde(default)]
    only_fixed: bool,
    #[serde(default)]
    kev: bool,
    epss_above: Option<Spanned<f32>>,
    older_than_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIds {
    ids: Spanned<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPackage {
    purls: Spanned<Vec<Spanned<String>>>,
    versions: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStates {
    states: Spanned<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReasons {
    reasons: Spanned<Vec<Spanned<String>>>,
}

/// Reads a rule.
pub(super) fn rule(
    source: &Source<'_>,
    mut raw: Spanned<RawRule>,
    definitions: &Definitions,
) -> Result<Rule, PolicyError> {
    if raw.value.name.value.trim().is_empty() {
        return Err(source.mistake(&raw.value.name, "`name` is empty"));
    }
    let at = Spanned::new((), raw.referenced, raw.defined);
    let name = raw.value.name.value.clone();
    let decision = top::decision(source, &raw.value.decision)?;
    let mode = raw.value.mode.take().map(|word| top::mode(source, &word)).transpose()?;
    let scope = raw.value.scope.take().map(|raw| scope::scope(source, raw)).transpose()?;
    let advice = std::mem::take(&mut raw.value.advice).trim().to_owned();
    let mut conditions = conditions(source, raw.value, definitions)?;
    match (conditions.pop(), conditions.is_empty()) {
        (Some(condition), true) => Ok(Rule {
            name,
            decision,
            mode: mode.unwrap_or_default(),
            scope: scope.unwrap_or_default(),
            advice,
            condition,
        }),
        (Some(_), false) => {
            let message =
                format!("rule `{name}` has more than one condition: write a rule for each");
            Err(source.mistake(&at, message))
        }
        (None, _) => {
            let message = format!("rule `{name}` has no condition: add {}", either(&CONDITIONS));
            Err(source.mistake(&at, message))
        }
    }
}

fn conditions(
    source: &Source<'_>,
    raw: RawRule,
    definitions: &Definitions,
) -> Result<Vec<Condition>, PolicyError> {
    let mut conditions = of_packages(source, &raw)?;
    if let Some(raw) = raw.root {
        conditions.push(Condition::Root(options::root(raw.value)));
    }
    if let Some(raw) = raw.malware {
        conditions.push(Condition::Malware(content::malware(source, raw)?));
    }
    if let Some(raw) = raw.private_key {
        conditions.push(Condition::PrivateKey(content::private_key(source, raw.value)?));
    }
    if let Some(raw) = raw.secret {
        conditions.push(Condition::Secret(content::secret(source, raw)?));
    }
    if let Some(raw) = raw.history {
        conditions.push(Condition::History(content::history(source, raw)?));
    }
    if let Some(wanted) = raw.untrusted {
        only_true(source, &wanted)?;
        conditions.push(Condition::Untrusted);
    }
    if let Some(raw) = raw.misconfiguration {
        conditions.push(Condition::Misconfiguration(content::flaw(source, raw.value)?));
    }
    if let Some(raw) = raw.workload {
        conditions.push(Condition::Workload(Box::new(options::workload(source, raw)?)));
    }
    if let Some(raw) = raw.coverage {
        conditions.push(Condition::Coverage(each(source, &raw.states, coverage_state)?));
    }
    if let Some(raw) = raw.skipped {
        conditions.push(Condition::Skipped(each(source, &raw.reasons, skip_reason)?));
    }
    if let Some(text) = raw.condition {
        conditions.push(Condition::Free(FreeCondition::compile(source, &text, definitions)?));
    }
    Ok(conditions)
}

/// The conditions on packages and their vulnerabilities.
fn of_packages(source: &Source<'_>, raw: &RawRule) -> Result<Vec<Condition>, PolicyError> {
    let mut conditions = Vec::new();
    if let Some(raw) = &raw.vulnerability {
        conditions.push(Condition::Vulnerability(vulnerability(source, raw)?));
    }
    if let Some(raw) = &raw.cve {
        not_empty(source, &raw.ids)?;
        conditions.push(Condition::Cve(raw.ids.value.iter().cloned().map(AdvisoryId).collect()));
    }
    if let Some(wanted) = &raw.malicious {
        only_true(source, wanted)?;
        conditions.push(Condition::Malicious);
    }
    if let Some(raw) = &raw.package {
        conditions.push(Condition::Package(package(source, raw)?));
    }
    Ok(conditions)
}

fn vulnerability(
    source: &Source<'_>,
    raw: &RawVulnerability,
) -> Result<VulnerabilityCondition, PolicyError> {
    let severity = raw.severity.as_ref().map(|text| severity(source, text)).transpose()?;
    if let Some(epss) = &raw.epss_above
        && !(0.0..=1.0).contains(&epss.value)
    {
        let message = format!("{} is no probability: expected 0.0 to 1.0", epss.value);
        return Err(source.mistake(epss, message));
    }
    Ok(VulnerabilityCondition {
        severity,
        only_fixed: raw.only_fixed,
        kev: raw.kev,
        epss_above: raw.epss_above.as_ref().map(|epss| epss.value),
        older_than_days: raw.older_than_days,
    })
}

fn package(source: &Source<'_>, raw: &RawPackage) -> Result<PackageCondition, PolicyError> {
    let purls = each(source, &raw.purls, purl)?;
    let Some(text) = &raw.versions else {
        return Ok(PackageCondition { purls, versions: None });
    };
    let versions = VersionSet::parse(&text.value).map_err(|why| source.mistake(text, why))?;
    for (purl, at) in purls.iter().zip(&raw.purls.value) {
        if purl.parts().version.is_some() {
            let message = "it has a version, and `versions` names others: take one of them out";
            return Err(source.mistake(at, message));
        }
        let scheme = purl.kind().map_or(Scheme::Generic, Scheme::for_kind);
        versions.check(scheme).map_err(|why| source.mistake(text, why))?;
    }
    Ok(PackageCondition { purls, versions: Some(versions) })
}

/// Reads a severity.
pub(super) fn severity(
    source: &Source<'_>,
    text: &Spanned<String>,
) -> Result<Severity, PolicyError> {
    text.value.parse::<Severity>().map_err(|why| source.mistake(text, why))
}

/// Reads a package URL.
pub(super) fn purl(source: &Source<'_>, text: &Spanned<String>) -> Result<Purl, PolicyError> {
    text.value.parse().map_err(|error: model::InvalidPurl| source.mistake(text, error.to_string()))
}

fn coverage_state(
    source: &Source<'_>,
    text: &Spanned<String>,
) -> Result<CoverageState, PolicyError> {
    let known = CoverageState::ALL.iter().find(|(word, _)| *word == text.value);
    known.map(|(_, state)| *state).ok_or_else(|| {
        let words: Vec<&str> = CoverageState::ALL.iter().map(|(word, _)| *word).collect();
        let message = format!("`{}` is no coverage state: expected {}", text.value, either(&words));
        source.mistake(text, message)
    })
}

fn only_true(source: &Source<'_>, wanted: &Spanned<bool>) -> Result<(), PolicyError> {
    if wanted.value {
        return Ok(());
    }
    Err(source.mistake(wanted, "write `true`, or take the rule out"))
}

fn skip_reason(source: &Source<'_>, text: &Spanned<String>) -> Result<SkipReason, PolicyError> {
    word(source, text, "skip reason")
}
