//! From the text of a policy to its rules and exceptions.

mod content;

use model::{AdvisoryId, Decision, Exception, Purl, Severity, SkipReason};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;
use serde_saphyr::Spanned;

use crate::PolicyError;
use crate::day::Day;
use crate::fusion::{Fusion, RawFusion};
use crate::glob::Glob;
use crate::limits::POLICY_MAX_ENTRIES;
use crate::policy::{Condition, CoverageState, Policy, Rule, VulnerabilityCondition};
use crate::trust::{RawTrust, trust};
use crate::yaml::{Source, either};

/// The only version of the policy file so far.
const VERSION: u32 = 1;
const CONDITIONS: [&str; 10] = [
    "vulnerability",
    "cve",
    "malicious",
    "package",
    "malware",
    "secret",
    "history",
    "untrusted",
    "coverage",
    "skipped",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    version: Option<Spanned<u32>>,
    rules: Vec<Spanned<RawRule>>,
    #[serde(default)]
    exceptions: Vec<RawException>,
    trust: Option<RawTrust>,
    fusion: Option<RawFusion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: Spanned<String>,
    decision: Spanned<String>,
    vulnerability: Option<RawVulnerability>,
    cve: Option<RawIds>,
    malicious: Option<Spanned<bool>>,
    package: Option<RawPurls>,
    malware: Option<content::RawMalware>,
    secret: Option<content::RawSecret>,
    history: Option<content::RawHistory>,
    untrusted: Option<Spanned<bool>>,
    coverage: Option<RawStates>,
    skipped: Option<RawReasons>,
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
struct RawPurls {
    purls: Spanned<Vec<Spanned<String>>>,
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

/// [`Exception`] with places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawException {
    id: Spanned<String>,
    package: Option<Spanned<String>>,
    #[serde(default)]
    paths: Vec<Spanned<String>>,
    owner: Spanned<String>,
    reason: Spanned<String>,
    expires: Option<Spanned<String>>,
}

/// Reads a policy.
pub(crate) fn policy(file: &str, text: &str) -> Result<Policy, PolicyError> {
    let source = Source { file, text };
    if text.lines().all(|line| line.trim().is_empty() || line.trim().starts_with('#')) {
        return Err(PolicyError::whole(file, "it is empty: a policy needs `rules`"));
    }
    let raw: RawPolicy = source.read()?;
    if let Some(version) = raw.version.filter(|version| version.value != VERSION) {
        let message = format!("version {} is not known: expected {VERSION}", version.value);
        return Err(source.mistake(&version, message));
    }
    if raw.rules.len() > POLICY_MAX_ENTRIES {
        let message = format!("it has more than {POLICY_MAX_ENTRIES} rules");
        return Err(PolicyError::whole(file, message));
    }
    let mut rules: Vec<Rule> = Vec::with_capacity(raw.rules.len());
    for raw in raw.rules {
        let name = &raw.value.name;
        if rules.iter().any(|rule| rule.name == name.value) {
            let message = format!("another rule is already named `{}`", name.value);
            return Err(source.mistake(name, message));
        }
        rules.push(rule(&source, raw)?);
    }
    let exceptions = exceptions(&source, raw.exceptions)?;
    let trust = raw.trust.map(|raw| trust(&source, raw)).transpose()?;
    let fusion = raw.fusion.map(|raw| raw.check(&source)).transpose()?;
    let fusion = fusion.map_or_else(Fusion::built_in, Ok)?;
    Ok(Policy { rules, exceptions, trust, fusion, text: text.to_owned() })
}

/// Checks exceptions: what they name must be readable, or they would silently never hold.
pub(crate) fn exceptions(
    source: &Source<'_>,
    raw: Vec<RawException>,
) -> Result<Vec<Exception>, PolicyError> {
    if raw.len() > POLICY_MAX_ENTRIES {
        let message = format!("it has more than {POLICY_MAX_ENTRIES} exceptions");
        return Err(PolicyError::whole(source.file, message));
    }
    raw.into_iter().map(|raw| exception(source, raw)).collect()
}

fn exception(source: &Source<'_>, raw: RawException) -> Result<Exception, PolicyError> {
    for (what, value) in [("id", &raw.id), ("owner", &raw.owner), ("reason", &raw.reason)] {
        if value.value.trim().is_empty() {
            return Err(source.mistake(value, format!("`{what}` is empty")));
        }
    }
    if let Some(package) = &raw.package {
        purl(source, package)?;
    }
    for path in &raw.paths {
        Glob::new(&path.value).map_err(|why| source.mistake(path, why))?;
    }
    if let Some(expires) = &raw.expires
        && Day::parse(&expires.value).is_none()
    {
        let message = format!("`{}` is not a day: expected YYYY-MM-DD", expires.value);
        return Err(source.mistake(expires, message));
    }
    Ok(Exception {
        id: raw.id.value,
        package: raw.package.map(|package| package.value).unwrap_or_default(),
        paths: raw.paths.into_iter().map(|path| path.value).collect(),
        owner: raw.owner.value,
        reason: raw.reason.value,
        expires: raw.expires.map(|expires| expires.value),
    })
}

fn rule(source: &Source<'_>, raw: Spanned<RawRule>) -> Result<Rule, PolicyError> {
    if raw.value.name.value.trim().is_empty() {
        return Err(source.mistake(&raw.value.name, "`name` is empty"));
    }
    let decision = match raw.value.decision.value.as_str() {
        "warn" => Decision::Warn,
        "deny" => Decision::Deny,
        other => {
            let message = format!("`{other}` is not a decision: expected `warn` or `deny`");
            return Err(source.mistake(&raw.value.decision, message));
        }
    };
    let at = Spanned::new((), raw.referenced, raw.defined);
    let name = raw.value.name.value.clone();
    let mut conditions = conditions(source, raw.value)?;
    match (conditions.pop(), conditions.is_empty()) {
        (Some(condition), true) => Ok(Rule { name, decision, condition }),
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

fn conditions(source: &Source<'_>, raw: RawRule) -> Result<Vec<Condition>, PolicyError> {
    let mut conditions = Vec::new();
    if let Some(raw) = raw.vulnerability {
        conditions.push(Condition::Vulnerability(vulnerability(source, raw)?));
    }
    if let Some(raw) = raw.cve {
        not_empty(source, &raw.ids)?;
        conditions.push(Condition::Cve(raw.ids.value.into_iter().map(AdvisoryId).collect()));
    }
    if let Some(wanted) = raw.malicious {
        only_true(source, &wanted)?;
        conditions.push(Condition::Malicious);
    }
    if let Some(raw) = raw.package {
        conditions.push(Condition::Package(each(source, &raw.purls, purl)?));
    }
    if let Some(raw) = raw.malware {
        conditions.push(Condition::Malware(content::malware(source, raw)?));
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
    if let Some(raw) = raw.coverage {
        conditions.push(Condition::Coverage(each(source, &raw.states, coverage_state)?));
    }
    if let Some(raw) = raw.skipped {
        conditions.push(Condition::Skipped(each(source, &raw.reasons, skip_reason)?));
    }
    Ok(conditions)
}

fn vulnerability(
    source: &Source<'_>,
    raw: RawVulnerability,
) -> Result<VulnerabilityCondition, PolicyError> {
    let severity = raw
        .severity
        .map(|text| text.value.parse::<Severity>().map_err(|why| source.mistake(&text, why)))
        .transpose()?;
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
        epss_above: raw.epss_above.map(|epss| epss.value),
        older_than_days: raw.older_than_days,
    })
}

fn not_empty<T>(source: &Source<'_>, list: &Spanned<Vec<T>>) -> Result<(), PolicyError> {
    if list.value.is_empty() {
        return Err(source.mistake(list, "the list is empty: the rule could never speak"));
    }
    Ok(())
}

fn each<T>(
    source: &Source<'_>,
    list: &Spanned<Vec<Spanned<String>>>,
    read: impl Fn(&Source<'_>, &Spanned<String>) -> Result<T, PolicyError>,
) -> Result<Vec<T>, PolicyError> {
    not_empty(source, list)?;
    list.value.iter().map(|item| read(source, item)).collect()
}

fn purl(source: &Source<'_>, text: &Spanned<String>) -> Result<Purl, PolicyError> {
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

/// A word of a noun's own list.
fn word<T: for<'de> Deserialize<'de>>(
    source: &Source<'_>,
    text: &Spanned<String>,
    what: &str,
) -> Result<T, PolicyError> {
    let word: StrDeserializer<'_, serde::de::value::Error> =
        text.value.as_str().into_deserializer();
    T::deserialize(word).map_err(|error| {
        let listed = error.to_string();
        let expected = listed.split_once("expected ").map_or("another word", |(_, words)| words);
        source.mistake(text, format!("`{}` is no {what}: expected {expected}", text.value))
    })
}

#[cfg(test)]
mod tests;
