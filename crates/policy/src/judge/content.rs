//! Judging what lies in an image or template: malicious code, secrets, suspicious build steps,
//! trust, weaknesses.

use model::{
    Confidence, Decision, Finding, Malware, Misconfiguration, Reason, Secret, SecretCategory,
    Severity,
};

use super::{Case, Kind, by_named};
use crate::rule::{
    MalwareCondition, MisconfigurationCondition, PrivateKeyCondition, Rule, SecretCondition,
};

pub(super) fn by_malware(
    rule: &Rule,
    case: &Case<'_>,
    wanted: &MalwareCondition,
) -> Option<Reason> {
    by_named(rule, case, Kind::Malware, Kind::Malware.nouns(), |finding| {
        finding.malware().is_some_and(|malware| is_malware(wanted, malware))
    })
}

fn is_malware(wanted: &MalwareCondition, malware: &Malware) -> bool {
    malware.band >= wanted.band
        && (wanted.bands.is_empty() || wanted.bands.contains(&malware.band))
        && (wanted.methods.is_empty()
            || malware.methods.iter().any(|said| wanted.methods.contains(&said.method)))
        && !(wanted.only_visible && malware.deleted_by.is_some())
}

pub(super) fn by_private_keys(
    rule: &Rule,
    case: &Case<'_>,
    wanted: &PrivateKeyCondition,
) -> Option<Reason> {
    let nouns = match wanted.certificates {
        true => ("key or certificate", "keys and certificates"),
        false => ("private key", "private keys"),
    };
    let is_one = |finding: &Finding| finding.secret().is_some_and(|s| is_private_key(wanted, s));
    by_named(rule, case, Kind::Secret, nouns, is_one)
}

fn is_private_key(wanted: &PrivateKeyCondition, secret: &Secret) -> bool {
    let counts = match secret.category {
        SecretCategory::PrivateKey | SecretCategory::KeyStore => {
            let encrypted = secret.key.as_ref().is_some_and(|key| key.encrypted);
            secret.confidence >= wanted.confidence && !(wanted.only_clear && encrypted)
        }
        // A certificate that reads is one; how sure the rule was of a secret says nothing of it.
        SecretCategory::Certificate => {
            wanted.certificates && secret.confidence > Confidence::Placeholder
        }
        _ => false,
    };
    counts && !(wanted.only_visible && secret.deleted_by.is_some())
}

pub(super) fn by_secrets(rule: &Rule, case: &Case<'_>, wanted: &SecretCondition) -> Option<Reason> {
    let is_one = |finding: &Finding| finding.secret().is_some_and(|s| is_secret(wanted, s));
    by_named(rule, case, Kind::Secret, Kind::Secret.nouns(), is_one)
}

fn is_secret(wanted: &SecretCondition, secret: &Secret) -> bool {
    secret.confidence >= wanted.confidence
        && (wanted.categories.is_empty() || wanted.categories.contains(&secret.category))
        && !(wanted.only_visible && secret.deleted_by.is_some())
}

pub(super) fn by_history(rule: &Rule, case: &Case<'_>, least: Severity) -> Option<Reason> {
    let kind = Kind::History;
    by_named(rule, case, kind, kind.nouns(), |finding| finding.severity >= least)
}

pub(super) fn by_trust(rule: &Rule, case: &Case<'_>) -> Option<Reason> {
    let mut reason = by_named(rule, case, Kind::Trust, Kind::Trust.nouns(), |_| true)?;
    // A scope may ask for no more than a warning, whatever the rule decides.
    reason.decision = reason.decision.min(case.trust_mode.max(Decision::Warn));
    Some(reason)
}

pub(super) fn by_flaws(
    rule: &Rule,
    case: &Case<'_>,
    wanted: &MisconfigurationCondition,
) -> Option<Reason> {
    let is_one = |finding: &Finding| {
        let flaw = finding.misconfiguration();
        flaw.is_some_and(|flaw| is_flaw(wanted, flaw, finding.severity))
    };
    by_named(rule, case, Kind::Template, Kind::Template.nouns(), is_one)
}

fn is_flaw(wanted: &MisconfigurationCondition, flaw: &Misconfiguration, is: Severity) -> bool {
    let is_called = |name: &String| {
        flaw.rule == *name || flaw.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    };
    wanted.severity.is_none_or(|least| is >= least)
        && (wanted.rules.is_empty() || wanted.rules.iter().any(is_called))
}
