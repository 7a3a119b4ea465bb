//! Files of cases, and what comes of them.

use model::Severity;

use super::*;
use crate::samples::{finding, policy, report};

const CASES: &str = "\
today: 2026-07-31
cases:
  - name: a flawed image is refused
    report: flawed.json
    expect: {decision: deny, rules: [high], silent: [privileged]}
  - name: a clean one starts
    workload: {engine: docker, kind: container, containers: [{image: {reference: 'app:1'}}]}
    reports: [clean.json]
    expect: {decision: allow}
  - name: a privileged pod is refused, whoever it is
    pod: {kind: Pod, spec: {containers: [{image: a, securityContext: {privileged: true}}]}}
    expect: {decision: deny, verdict: deny, rules: [privileged], missing: true}
  - name: wrong
    report: flawed.json
    today: 2026-08-01
    expect: {decision: allow, rules: [privileged, unknown], silent: [high], missing: true}
  - name: lost
    report: nowhere.json
    expect: {}
";

#[test]
fn runs_cases() {
    let policy = policy(
        "  - {name: high, decision: deny, vulnerability: {severity: high}}\n  \
         - {name: privileged, decision: deny, workload: {privileged: true}}\n",
    );
    let load = |file: &str| match file {
        "flawed.json" => Ok(report(vec![finding("CVE-2026-0001", Severity::High, None)])),
        "clean.json" => Ok(report(Vec::new())),
        other => Err(format!("cannot read {other}")),
    };
    let cases = Cases::parse("policy.test.yaml", CASES).unwrap_or_else(|error| panic!("{error}"));
    let results = cases.run(&policy, &load);
    let failed: Vec<_> = results.iter().filter(|result| !result.failures.is_empty()).collect();
    insta::assert_debug_snapshot!(failed);
    assert_eq!((results.len(), failed.len()), (5, 2));
}

#[test]
fn points_at_mistakes() {
    for (name, text) in [
        ("no_day", "cases:\n  - {name: a, report: x, expect: {}}\n"),
        ("day", "today: soon\ncases: []\n"),
        ("no_subject", "today: 2026-01-01\ncases:\n  - {name: a, expect: {}}\n"),
        (
            "pod",
            "today: 2026-01-01\ncases:\n  - {name: a, pod: {kind: Pod, spec: {containers: 1}}, expect: {}}\n",
        ),
        ("key", "today: 2026-01-01\ncases:\n  - {name: a, report: x, expect: {decison: deny}}\n"),
        (
            "decision",
            "today: 2026-01-01\ncases:\n  - {name: a, report: x, expect: {decision: refuse}}\n",
        ),
    ] {
        let error = Cases::parse("cases.yaml", text).unwrap_err();
        insta::assert_snapshot!(name, error.to_string());
    }
}
