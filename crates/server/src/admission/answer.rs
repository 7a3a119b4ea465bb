//! A judgement put into an answer: what `kubectl` prints, warns and audits.

use std::collections::BTreeMap;

use model::{Decision, Digest};
use policy::WorkloadVerdict;

use super::review::AdmissionResponse;
use crate::limits::{MESSAGE_MAX_CHARS, WARNING_MAX_CHARS, WARNINGS_MAX};

/// The answer that carries a judgement out.
pub(crate) fn answer(judged: &WorkloadVerdict, policy: &Digest) -> AdmissionResponse {
    let mut response = match judged.enforced {
        Decision::Deny => AdmissionResponse::deny(bounded(&judged.message, MESSAGE_MAX_CHARS)),
        Decision::Warn => {
            AdmissionResponse { warnings: warnings(judged), ..AdmissionResponse::allow() }
        }
        Decision::Allow => AdmissionResponse::allow(),
    };
    response.audit_annotations = audit(judged, policy);
    response
}

/// What the API server's audit log keeps; it puts the webhook's name before each key.
pub(crate) fn audit(judged: &WorkloadVerdict, policy: &Digest) -> BTreeMap<String, String> {
    let verdict = &judged.verdict;
    let mut kept = BTreeMap::from([
        ("verdict".to_owned(), word(verdict.decision).to_owned()),
        ("enforced".to_owned(), word(judged.enforced).to_owned()),
        ("policy".to_owned(), policy.to_string()),
    ]);
    let rules: Vec<&str> = verdict.reasons.iter().map(|reason| reason.rule.as_str()).collect();
    for (key, text) in [("rules", rules.join(",")), ("because", judged.because.clone())] {
        if !text.is_empty() {
            kept.insert(key.to_owned(), one_line(&text, MESSAGE_MAX_CHARS));
        }
    }
    kept
}

/// A warning a reason. An API server sends each as a header, so each is one line.
fn warnings(judged: &WorkloadVerdict) -> Vec<String> {
    let held_back = (!judged.because.is_empty())
        .then(|| format!("lazaret would refuse this ({})", judged.because));
    let reasons = judged.verdict.reasons.iter();
    let told = reasons.filter(|reason| reason.decision > Decision::Allow);
    let told = told.map(|reason| format!("rule {}: {}", reason.rule, reason.message));
    let mut lines: Vec<String> =
        held_back.into_iter().chain(told).map(|text| one_line(&text, WARNING_MAX_CHARS)).collect();
    if lines.len() > WARNINGS_MAX {
        let more = lines.len() - WARNINGS_MAX + 1;
        lines.truncate(WARNINGS_MAX - 1);
        lines.push(format!("and {more} more warnings of lazaret"));
    }
    lines
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Warn => "warn",
        Decision::Deny => "deny",
    }
}

/// One line without control characters, cut off with `…`.
pub(crate) fn one_line(text: &str, max_chars: usize) -> String {
    cut(text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }), max_chars)
}

/// Lines without other control characters, cut off with `…`.
pub(crate) fn bounded(text: &str, max_chars: usize) -> String {
    cut(text.chars(), max_chars)
}

fn cut(chars: impl Iterator<Item = char>, max_chars: usize) -> String {
    let mut kept: String =
        chars.filter(|c| *c == '\n' || !c.is_control()).take(max_chars + 1).collect();
    if let Some((end, _)) = kept.char_indices().nth(max_chars) {
        kept.truncate(end);
        kept.pop();
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use model::{Reason, Verdict};

    use super::*;

    fn judged(enforced: Decision, because: &str, rules: usize) -> WorkloadVerdict {
        let reason = |n| Reason {
            rule: format!("rule-{n}"),
            decision: Decision::Deny,
            message: "found\u{1b}[31m\nit".to_owned(),
            findings: Vec::new(),
        };
        let reasons: Vec<Reason> = (0..rules).map(reason).collect();
        WorkloadVerdict {
            verdict: Verdict { decision: Decision::Deny, reasons },
            enforced,
            because: because.to_owned(),
            message: "lazaret refuses it\n  rule a: \u{7}found".to_owned(),
            ..WorkloadVerdict::default()
        }
    }

    #[test]
    fn says_what_is_done() {
        let policy = Digest::sha256(&[1; 32]);
        let denied = answer(&judged(Decision::Deny, "", 2), &policy);
        let status = denied.status.unwrap();
        assert_eq!((denied.allowed, status.code), (false, 403));
        assert_eq!(status.message, "lazaret refuses it\n  rule a: found");
        assert_eq!(denied.audit_annotations["rules"], "rule-0,rule-1");
        let warned = answer(&judged(Decision::Warn, "mode: warn", 1), &policy);
        assert!(warned.allowed);
        assert_eq!(
            warned.warnings,
            ["lazaret would refuse this (mode: warn)", "rule rule-0: found[31m it"]
        );
        let observed = answer(&judged(Decision::Allow, "mode: observe", 1), &policy);
        assert!(observed.allowed && observed.warnings.is_empty());
        assert_eq!(observed.audit_annotations["because"], "mode: observe");
        assert_eq!(observed.audit_annotations["verdict"], "deny");
    }

    #[test]
    fn stays_within_what_a_client_shows() {
        let many = answer(&judged(Decision::Warn, "", 500), &Digest::sha256(&[1; 32]));
        assert_eq!(many.warnings.len(), WARNINGS_MAX);
        assert!(many.audit_annotations["rules"].chars().count() <= MESSAGE_MAX_CHARS);
        assert_eq!(bounded("äöüß", 3), "äö…");
        assert_eq!(bounded("äöü", 3), "äöü");
    }
}
