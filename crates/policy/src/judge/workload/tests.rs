//! Workloads at the gates: modes, missing reports, exceptions to rules and in scopes, trust.

use model::{
    Decision, Digest, Engine, Exception, Ignored, IgnoredBy, Severity, SignatureFact,
    SignatureFormat, SourceKind, TrustResult,
};

use super::*;
use crate::samples::{TODAY, container, finding, policy, report, workload};

const DENY_HIGH: &str = "  - {name: high, decision: deny, vulnerability: {severity: high}}\n";

fn flawed() -> Report {
    report(vec![finding("CVE-2026-0001", Severity::High, Some("2.0"))])
}

#[test]
fn the_milder_of_two_modes_holds() {
    for (of_policy, of_rule, expected, because) in [
        ("block", "block", Decision::Deny, ""),
        ("block", "warn", Decision::Warn, "mode: warn"),
        ("block", "observe", Decision::Allow, "mode: observe"),
        ("warn", "block", Decision::Warn, "mode: warn"),
        ("observe", "block", Decision::Allow, "mode: observe"),
        ("observe", "warn", Decision::Allow, "mode: observe"),
    ] {
        let text = format!(
            "mode: {of_policy}\nrules:\n  - {{name: high, decision: deny, mode: {of_rule}, \
             vulnerability: {{severity: high}}}}\n"
        );
        let policy = Policy::parse("p", &text).unwrap();
        let report = flawed();
        let said = judge_workload(&workload(container("a")), &[Some(&report)], &policy, TODAY);
        assert_eq!(said.verdict.decision, Decision::Deny);
        assert_eq!((said.enforced, said.because.as_str()), (expected, because), "{text}");
        assert_eq!(said.message.is_empty(), expected == Decision::Allow);
        assert_eq!(crate::judge(&report, &policy, TODAY).decision, expected);
    }
}

#[test]
fn a_missing_report_is_decided_as_written() {
    for (written, action, expected) in [
        ("deny", OnMissing::Deny, Decision::Deny),
        ("warn", OnMissing::Warn, Decision::Warn),
        (
            "{scan_now: {deadline: 500ms, otherwise: warn}}",
            OnMissing::ScanNow { deadline_ms: 500, otherwise: Decision::Warn },
            Decision::Warn,
        ),
        (
            "{scan_now: {}}",
            OnMissing::ScanNow { deadline_ms: 30_000, otherwise: Decision::Deny },
            Decision::Deny,
        ),
    ] {
        let text = format!("on_missing: {written}\nrules:\n{DENY_HIGH}");
        let policy = Policy::parse("p", &text).unwrap_or_else(|error| panic!("{error}"));
        let mut two = workload(container("a"));
        two.containers.push(container("b"));
        let clean = report(Vec::new());
        let said = judge_workload(&two, &[Some(&clean)], &policy, TODAY);
        assert_eq!(said.missing, [Missing { container: 1, action }]);
        assert_eq!(said.enforced, expected);
        assert!(judge_workload(&two, &[Some(&clean); 2], &policy, TODAY).missing.is_empty());
    }
}

#[test]
fn a_report_that_looked_for_less_is_missing() {
    let policy = Policy::parse("p", &format!("on_missing: deny\nrules:\n{DENY_HIGH}")).unwrap();
    let mut scanned = report(Vec::new());
    for (looked_for, missing) in [
        (vec![], 0),
        (vec![Look::Vulnerabilities], 0),
        (vec![Look::Malware, Look::Vulnerabilities], 0),
        (vec![Look::Secrets], 1),
    ] {
        scanned.tool.looked_for = looked_for;
        let said = judge_workload(&workload(container("a")), &[Some(&scanned)], &policy, TODAY);
        assert_eq!(said.missing.len(), missing, "{:?}", scanned.tool.looked_for);
        assert_eq!(said.enforced == Decision::Deny, missing == 1);
    }
}

#[test]
fn exceptions_hold_for_their_rule_and_in_their_scope() {
    let decide = |exception: &str, namespace: &str| {
        let text = format!(
            "rules:\n{DENY_HIGH}  - {{name: fixed, decision: warn, vulnerability: {{only_fixed: \
             true}}}}\nexceptions:\n  - {{{exception}, owner: ann, reason: x}}\n"
        );
        let policy = Policy::parse("p", &text).unwrap_or_else(|error| panic!("{error}"));
        let report = flawed();
        let mut pod = workload(container("a"));
        pod.namespace = namespace.into();
        judge_workload(&pod, &[Some(&report)], &policy, TODAY).enforced
    };
    for (exception, expected) in [
        ("id: CVE-2026-0001", Decision::Allow),
        ("id: cve-2026-0001, rule: high", Decision::Warn),
        ("rule: high", Decision::Warn),
        ("rule: high, package: 'pkg:deb/debian/libfoo'", Decision::Warn),
        ("rule: high, package: 'pkg:deb/debian/libbar'", Decision::Deny),
        ("id: CVE-2026-0002, rule: high", Decision::Deny),
        ("rule: high, scope: {namespace: dev}", Decision::Warn),
        ("rule: high, scope: {namespace: prod}", Decision::Deny),
        ("id: CVE-2026-0001, scope: {namespace: dev}", Decision::Allow),
        ("id: CVE-2026-0001, scope: {namespace: prod}", Decision::Deny),
        ("rule: high, expires: 2026-07-31", Decision::Warn),
        ("rule: high, expires: 2026-07-30", Decision::Deny),
    ] {
        assert_eq!(decide(exception, "dev"), expected, "{exception}");
    }
}

#[test]
fn exceptions_of_the_scan_count_no_more() {
    let mut report = flawed();
    let finding = report.findings.pop().unwrap();
    report
        .ignored
        .push(Ignored { finding: finding.clone(), by: IgnoredBy::Exception(Exception::default()) });
    let decide = |report: &Report| {
        judge_workload(&workload(container("a")), &[Some(report)], &policy(DENY_HIGH), TODAY)
            .enforced
    };
    assert_eq!(decide(&report), Decision::Deny);
    report.ignored[0].by = IgnoredBy::Vex {
        document: "d".into(),
        status: "not_affected".into(),
        justification: String::new(),
    };
    assert_eq!(decide(&report), Decision::Allow);
}

#[test]
fn a_policy_speaks_within_its_scope() {
    let text = format!("scope: {{exclude: [{{namespace: kube-system}}]}}\nrules:\n{DENY_HIGH}");
    let policy = Policy::parse("p", &text).unwrap();
    let mut pod = workload(container("a"));
    assert_eq!(judge_workload(&pod, &[], &policy, TODAY).missing.len(), 1);
    pod.namespace = "kube-system".into();
    assert_eq!(judge_workload(&pod, &[], &policy, TODAY), WorkloadVerdict::default());
}

/// Trust for `trusted.example`: from there, and signed. Everything else is refused or accepted.
fn trusting(rest: &str) -> Policy {
    Policy::parse(
        "p",
        &format!(
            "on_missing: warn\nrules:\n  - {{name: untrusted, decision: deny, untrusted: true}}\n\
             trust:\n  authorities:\n    - {{name: release, key: /etc/k.pem}}\n  scopes:\n    \
             - {{scope: 'trusted.example/*', signatures: {{any: [release]}}}}\n    - {rest}\n"
        ),
    )
    .unwrap_or_else(|error| panic!("{error}"))
}

/// A report of an image read from a registry under a name.
fn read_as(name: &str, signed_by: Option<&str>) -> Report {
    let mut report = report(Vec::new());
    let manifest = Digest::sha256(&[9; 32]);
    report.source.kind = SourceKind::Registry;
    report.source.name = name.into();
    report.source.image_id = Some(Digest::sha256(&[1; 32]));
    report.source.manifest_digest = Some(manifest.clone());
    report.trust = Some(TrustResult {
        scope: "x".into(),
        reference: name.into(),
        digest: Some(manifest.clone()),
        mode: Decision::Deny,
        requirements: Vec::new(),
        signatures: signed_by
            .map(|name| SignatureFact {
                format: SignatureFormat::CosignSimple,
                found_at: "tag".into(),
                signs: Some(manifest),
                reference: None,
                identity: Some(name.into()),
                signer: None,
                signed_at: None,
                failure: None,
            })
            .into_iter()
            .collect(),
    });
    report
}

#[test]
fn trust_follows_the_digest_and_not_the_name() {
    let registries = "{scope: '*', registries: [trusted.example]}";
    let open = "{scope: '*', accept: true}";
    let named = |name: &str| {
        let mut spec = container(name);
        spec.image.image_id = Some(Digest::sha256(&[1; 32]));
        workload(spec)
    };
    let decide = |rest: &str, name: &str, report: &Report| {
        judge_workload(&named(name), &[Some(report)], &trusting(rest), TODAY).enforced
    };
    let good = read_as("trusted.example/app:1", Some("release"));
    let unsigned = read_as("trusted.example/app:1", None);
    let evil = read_as("evil.example/app:1", None);
    assert_eq!(decide(open, "trusted.example/app:1", &good), Decision::Allow);
    assert_eq!(decide(open, "trusted.example/app:1", &unsigned), Decision::Deny);
    // Tagged as a trusted one: its scope's demands apply, and it does not meet them.
    assert_eq!(decide(open, "trusted.example/app:1", &evil), Decision::Deny);
    // Tagged away from a trusted name: the name it was read by still demands.
    assert_eq!(decide(open, "harmless:1", &unsigned), Decision::Deny);
    assert_eq!(decide(open, "harmless:1", &evil), Decision::Allow);
    // A demand on the registry is not met by a tag.
    assert_eq!(decide(registries, "evil.example/app:1", &evil), Decision::Deny);
    let mut local = good.clone();
    local.source.kind = SourceKind::Docker;
    let only = "{scope: 'docker.io/*', registries: [docker.io]}";
    let mut tagged = read_as("evil.example/app:1", None);
    tagged.source.kind = SourceKind::Docker;
    assert_eq!(decide(only, "docker.io/library/app:1", &tagged), Decision::Deny);
}

#[test]
fn kubernetes_pulls_by_the_name() {
    let mut pod = workload(container("evil.example/app:1"));
    pod.engine = Engine::Kubernetes;
    let policy = trusting("{scope: '*', registries: [trusted.example, good.example]}");
    let decide = |pod: &Workload| judge_workload(pod, &[None], &policy, TODAY).enforced;
    assert_eq!(decide(&pod), Decision::Deny);
    pod.containers[0].image.reference = "good.example/app:1".into();
    assert_eq!(decide(&pod), Decision::Warn);
}
