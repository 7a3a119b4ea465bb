//! Policies and ignore files: read, and judged by.
#![no_main]

use lazaret_fuzz::reports::report;
use lazaret_fuzz::texts::Texts;
use model::Decision;
use policy::{Policy, PolicyError, apply_exceptions, explain, judge, parse_ignore_file};

/// Names for the report that is judged.
const NAMES: &[u8] = b"CVE-2024-0001\xffcurl\xff7.88.1\xffusr/bin/curl";
const TODAY: &str = "2025-06-01";

libfuzzer_sys::fuzz_target!(|text: &str| {
    let report = report(&mut Texts::new(NAMES));
    let mut exceptions = told(parse_ignore_file("input", text)).unwrap_or_default();
    if let Some(policy) = told(Policy::parse("input", text)) {
        let verdict = judge(&report, &policy, TODAY);
        let strongest = verdict.reasons.iter().map(|reason| reason.decision).max();
        assert_eq!(verdict.decision, strongest.unwrap_or(Decision::Allow));
        let explained = explain(&report, &policy, TODAY);
        let spoke = explained.iter().filter(|said| said.reason.is_some()).count();
        assert_eq!(spoke, verdict.reasons.len());
        exceptions.extend(policy.exceptions);
    }
    let applied = apply_exceptions(report.findings.clone(), &exceptions, TODAY);
    assert_eq!(applied.kept.len() + applied.ignored.len(), report.findings.len());
});

/// What was read; an error must have words.
fn told<T>(read: Result<T, PolicyError>) -> Option<T> {
    read.inspect_err(|error| assert!(!error.to_string().is_empty())).ok()
}
