//! Judging what lies in an image: malicious code, secrets, suspicious build steps, trust.

use model::{Decision, Finding, FindingKind, Malware, Reason, Report, Secret, Severity};

use crate::policy::{MalwareCondition, Rule, SecretCondition};

use super::by_named;

pub(super) fn by_malware(
    rule: &Rule,
    report: &Report,
    wanted: &MalwareCondition,
) -> Option<Reason> {
    by_named(rule, report, ("malicious file", "malicious files"), |finding| {
        let malware = finding.malware().filter(|malware| is_malware(wanted, malware))?;
        Some(format!("{} ({}, {:.2})", malware.path, malware.name, malware.score))
    })
}

fn is_malware(wanted: &MalwareCondition, malware: &Malware) -> bool {
    malware.band >= wanted.band
        && (wanted.methods.is_empty()
            || malware.methods.iter().any(|said| wanted.methods.contains(&said.method)))
        && !(wanted.only_visible && malware.deleted_by.is_some())
}

pub(super) fn by_secrets(rule: &Rule, report: &Report, wanted: &SecretCondition) -> Option<Reason> {
    by_named(rule, report, ("secret", "secrets"), |finding| {
        let secret = finding.secret().filter(|secret| is_secret(wanted, secret))?;
        Some(format!("{} in {}", secret.title, secret.place.describe()))
    })
}

fn is_secret(wanted: &SecretCondition, secret: &Secret) -> bool {
    secret.confidence >= wanted.confidence
        && (wanted.categories.is_empty() || wanted.categories.contains(&secret.category))
        && !(wanted.only_visible && secret.deleted_by.is_some())
}

pub(super) fn by_history(rule: &Rule, report: &Report, least: Severity) -> Option<Reason> {
    by_named(rule, report, ("suspicious build step", "suspicious build steps"), |finding| {
        let Finding { kind: FindingKind::History(step), severity, .. } = finding else {
            return None;
        };
        (*severity >= least).then(|| format!("step {}: {}", step.step, step.title))
    })
}

pub(super) fn by_trust(rule: &Rule, report: &Report) -> Option<Reason> {
    let nouns = ("unmet requirement", "unmet requirements");
    let mut reason = by_named(rule, report, nouns, |finding| {
        let FindingKind::Trust(distrust) = &finding.kind else { return None };
        Some(format!("{}: {}", distrust.demand, distrust.reason))
    })?;
    // A scope may ask for no more than a warning, whatever the rule decides.
    if let Some(trust) = &report.trust {
        reason.decision = reason.decision.min(trust.mode.max(Decision::Warn));
    }
    Some(reason)
}
