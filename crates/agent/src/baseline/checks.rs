//! Checks that people bring along, held against a node.

use model::{BaselineResult, Outcome, Severity, Timestamp};
use policy::baseline::BaselineDecisions;
use policy::checks::{Check, CheckFile};

use super::{BaselineRun, conclude};
use crate::facts::{KubernetesPlaces, answer_checks};

/// Longest evidence of a result, in characters.
const EVIDENCE_CHARS: usize = 1000;

/// Holds a node against files of checks. With `shell`, audits that nothing else answers are run by a
/// shell.
pub fn hold_checks(
    files: &[CheckFile],
    (places, shell): (&KubernetesPlaces, bool),
    decisions: &BaselineDecisions,
    (host, now): (&str, Timestamp),
) -> BaselineRun {
    let checks: Vec<&Check> = files.iter().flat_map(|file| &file.checks).collect();
    let mut results = Vec::new();
    for (check, found) in checks.iter().zip(answer_checks(places, &checks, shell)) {
        for (object, answers) in found {
            let (outcome, evidence) = check.judge(&answers);
            results.push(result(check, &object, (outcome, &evidence)));
        }
    }
    let version =
        files.iter().map(|file| file.version.as_str()).find(|version| !version.is_empty());
    let benchmark = format!("checks-{}", named(version.unwrap_or("own")));
    conclude(&benchmark, results, decisions, (host, now))
}

fn result(check: &Check, object: &str, (outcome, evidence): (Outcome, &str)) -> BaselineResult {
    let repair = matches!(outcome, Outcome::Fail | Outcome::NeedsHuman);
    BaselineResult {
        id: tidy(&check.id),
        section: tidy(&check.group),
        title: tidy(&check.text),
        severity: if check.scored { Severity::Medium } else { Severity::Low },
        outcome,
        object: tidy(object),
        evidence: tidy(evidence),
        remediation: if repair { tidy(&check.remediation) } else { String::new() },
        ..BaselineResult::default()
    }
}

/// A version as part of a file's name.
fn named(version: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    version.chars().filter(is_plain).take(64).collect()
}

/// One line without control characters, shortened: the texts are foreign.
fn tidy(text: &str) -> String {
    let line = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(EVIDENCE_CHARS).collect()
}
