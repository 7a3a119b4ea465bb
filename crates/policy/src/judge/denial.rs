//! What whoever is refused reads: the rule, the evidence, and how to ask for an exception.

use std::fmt::Write;

use model::{ContainerSpec, Decision, ImageRef, Reason, Workload};

use super::workload::ON_MISSING;
use crate::day::Day;
use crate::limits::NAMED_IN_REASON;
use crate::policy::Policy;

/// How long the exception that is offered holds, in days.
const EXCEPTION_DAYS: i64 = 30;
/// Findings up to which the offered exception names them one by one.
const NAMED_FINDINGS: usize = 3;

/// The message of a decision; empty when nothing is decided against the workload.
pub(super) fn message(
    workload: &Workload,
    policy: &Policy,
    reasons: &[&Reason],
    enforced: Decision,
    day: Day,
) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    let verb = if enforced == Decision::Deny { "refuses" } else { "warns of" };
    let _ = write!(text, "lazaret {verb} {}", subject(workload));
    for reason in reasons.iter().take(NAMED_IN_REASON) {
        let _ = write!(text, "\n  rule {}: {}", reason.rule, reason.message);
        let advice = policy.rule(&reason.rule).map_or("", |rule| rule.advice.as_str());
        if !advice.is_empty() {
            let _ = write!(text, "\n    {advice}");
        }
    }
    if reasons.len() > NAMED_IN_REASON {
        let _ = write!(text, "\n  and {} more reasons", reasons.len() - NAMED_IN_REASON);
    }
    if enforced == Decision::Deny {
        text.push_str("\nTo ask for an exception, propose this for the policy:\n  exceptions:");
        let mut offered: Vec<String> = Vec::new();
        for entry in reasons.iter().flat_map(|reason| entries(workload, reason, day)) {
            if !offered.contains(&entry) {
                text.push_str(&entry);
                offered.push(entry);
            }
        }
    }
    text
}

/// What is to be started, in a few words.
fn subject(workload: &Workload) -> String {
    let images: Vec<&str> = workload
        .containers
        .iter()
        .map(|container| container.image.reference.as_str())
        .take(NAMED_IN_REASON)
        .collect();
    let kind = if workload.kind.is_empty() { "container" } else { &workload.kind };
    let name = match (workload.namespace.as_str(), workload.name.as_str()) {
        (_, "") => kind.to_owned(),
        ("", name) => format!("{kind} {name}"),
        (namespace, name) => format!("{kind} {namespace}/{name}"),
    };
    match images.is_empty() {
        true => name,
        false => format!("{name} (image {})", images.join(", ")),
    }
}

/// The entries of `exceptions` that would let a reason pass.
fn entries(workload: &Workload, reason: &Reason, day: Day) -> Vec<String> {
    let expires = day.plus(EXCEPTION_DAYS);
    let expires = expires.map_or_else(|| "YYYY-MM-DD".to_owned(), |day| day.to_string());
    let scope = scope(workload);
    let entry = |id: Option<&str>| {
        let mut text = format!("\n    - rule: {}", quoted(&reason.rule));
        if let Some(id) = id {
            let _ = write!(text, "\n      id: {}", quoted(id));
        }
        if !scope.is_empty() {
            let _ = write!(text, "\n      scope: {{{scope}}}");
        }
        let _ = write!(
            text,
            "\n      owner: YOUR-TEAM\n      reason: WHY-THIS-IS-ACCEPTABLE\n      expires: {expires}"
        );
        text
    };
    match reason.findings.as_slice() {
        [] => vec![entry(None)],
        few if few.len() <= NAMED_FINDINGS && reason.rule != ON_MISSING => {
            few.iter().map(|finding| entry(Some(&finding.0))).collect()
        }
        _ => vec![entry(None)],
    }
}

/// Where an exception is to hold: no wider than what was refused. A name is no proof on an engine
/// that lets anybody tag, so there the exception goes without.
fn scope(workload: &Workload) -> String {
    let mut parts = Vec::new();
    if !workload.namespace.is_empty() {
        parts.push(format!("namespace: [{}]", quoted(&workload.namespace)));
    }
    if workload.engine == model::Engine::Kubernetes {
        let name = |container: &ContainerSpec| {
            let image: ImageRef = container.image.reference.parse().ok()?;
            Some(quoted(&format!("{}/{}", image.registry, image.repository)))
        };
        let mut names: Vec<String> = workload.containers.iter().filter_map(name).collect();
        names.sort();
        names.dedup();
        if !names.is_empty() {
            parts.push(format!("repository: [{}]", names.join(", ")));
        }
    }
    parts.join(", ")
}

/// A word as YAML reads it back, whatever is in it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let is_plain = text.chars().all(plain)
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    if is_plain {
        return text.to_owned();
    }
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests;
