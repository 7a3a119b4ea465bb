//! What each condition speaks of, and the laws of judging.

use model::{AdvisoryId, Band, Confidence, Epss, LayerIndex, SecretCategory, Severity, SkipReason};
use proptest::prelude::*;

use super::*;
use crate::samples::{
    TODAY, any_finding, distrust, exploited, finding, malware, report, secret, step, with,
};

fn policy(condition: &str) -> Policy {
    let text = format!("rules:\n  - name: it\n    decision: deny\n    {condition}\n");
    Policy::parse("policy.yaml", &text).unwrap()
}

/// The message of the one rule, if it speaks.
fn check(condition: &str, report: &Report) -> Option<String> {
    let verdict = judge(report, &policy(condition), TODAY);
    assert_eq!(verdict.decision == Decision::Deny, !verdict.reasons.is_empty());
    verdict.reasons.into_iter().next().map(|reason| reason.message)
}

#[test]
fn vulnerabilities() {
    let high = finding("CVE-2026-0001", Severity::High, Some("1.1"));
    let unfixed = finding("CVE-2026-0001", Severity::High, None);
    let known = with(unfixed.clone(), |v| v.kev = Some(exploited()));
    let likely = with(unfixed.clone(), |v| v.epss = Some(Epss { score: 0.6, percentile: None }));
    let undated = with(unfixed.clone(), |v| v.published = None);
    let malicious = with(high.clone(), |v| v.kind = AdvisoryKind::Malicious);
    for (condition, subject, expected) in [
        ("vulnerability: {}", &high, true),
        ("vulnerability: {severity: high}", &high, true),
        ("vulnerability: {severity: important}", &high, true),
        ("vulnerability: {severity: critical}", &high, false),
        ("vulnerability: {severity: low, only_fixed: true}", &high, true),
        ("vulnerability: {severity: low, only_fixed: true}", &unfixed, false),
        ("vulnerability: {kev: true}", &known, true),
        ("vulnerability: {kev: true}", &high, false),
        ("vulnerability: {epss_above: 0.5}", &likely, true),
        ("vulnerability: {epss_above: 0.7}", &likely, false),
        ("vulnerability: {epss_above: 0.0}", &high, false),
        ("vulnerability: {older_than_days: 29}", &high, true),
        ("vulnerability: {older_than_days: 30}", &high, false),
        ("vulnerability: {older_than_days: 30}", &undated, true),
        ("vulnerability: {}", &malicious, false),
        ("malicious: true", &malicious, true),
        ("malicious: true", &high, false),
        ("cve: {ids: [CVE-2026-0001]}", &high, true),
        ("cve: {ids: [cve-2026-0001, CVE-1]}", &high, true),
        ("cve: {ids: [CVE-2026-000]}", &high, false),
    ] {
        let found = check(condition, &report(vec![subject.clone()]));
        assert_eq!(found.is_some(), expected, "{condition}");
    }
    let aliased = with(high, |v| v.aliases = vec![AdvisoryId("GHSA-aaaa-bbbb-cccc".into())]);
    let message = check("cve: {ids: [GHSA-aaaa-bbbb-cccc]}", &report(vec![aliased]));
    let expected = "1 vulnerability: CVE-2026-0001 in libfoo (fixed in 1.1)";
    assert_eq!(message.as_deref(), Some(expected));
}

#[test]
fn packages() {
    let image = report(Vec::new());
    for (purl, expected) in [
        ("pkg:npm/left-pad", true),
        ("pkg:npm/left-pad@1.0.0", true),
        ("pkg:npm/left-pad@1.0.1", false),
        ("pkg:npm/left", false),
        ("pkg:pypi/left-pad", false),
        ("pkg:npm/left-pad?arch=x", false),
    ] {
        let found = check(&format!("package: {{purls: [\"{purl}\"]}}"), &image);
        assert_eq!(found.is_some(), expected, "{purl}");
    }
}

#[test]
fn malicious_files() {
    let bad = malware("srv/a.php", Band::Malicious, None);
    let odd = malware("srv/b.php", Band::Suspicious, None);
    let gone = malware("srv/c.php", Band::Malicious, Some(2));
    assert_eq!([&bad, &odd, &gone].map(|f| f.severity), {
        [Severity::Critical, Severity::Medium, Severity::High]
    });
    for (condition, subject, expected) in [
        ("malware: {}", &odd, true),
        ("malware: {band: malicious}", &bad, true),
        ("malware: {band: malicious}", &odd, false),
        ("malware: {band: malicious}", &gone, true),
        ("malware: {band: malicious, only_visible: true}", &gone, false),
        ("malware: {methods: [textcnn, yara]}", &bad, true),
        ("malware: {methods: [virus_engine]}", &bad, false),
        ("malicious: true", &bad, false),
        ("secret: {}", &bad, false),
    ] {
        let found = check(condition, &report(vec![subject.clone()]));
        assert_eq!(found.is_some(), expected, "{condition}");
    }
    let message = check("malware: {}", &report(vec![bad])).unwrap();
    assert_eq!(message, "1 malicious file: srv/a.php (php_eval_of_request, 0.97)");
}

#[test]
fn secrets_steps_and_trust() {
    let key = secret("root/k.pem", SecretCategory::PrivateKey, Confidence::Certain);
    let example = secret("doc/k.pem", SecretCategory::PrivateKey, Confidence::Placeholder);
    let token = secret("app/.env", SecretCategory::Token, Confidence::Likely);
    let severities = [&key, &example, &token].map(|f| f.severity);
    assert_eq!(severities, [Severity::High, Severity::Negligible, Severity::Medium]);
    for (condition, subject, expected) in [
        ("secret: {}", &key, true),
        ("secret: {}", &token, true),
        ("secret: {}", &example, false),
        ("secret: {confidence: placeholder}", &example, true),
        ("secret: {confidence: certain}", &token, false),
        ("secret: {categories: [private_key, certificate]}", &key, true),
        ("secret: {categories: [private_key, certificate]}", &token, false),
        ("history: {severity: high}", &step("curl-to-shell", Severity::High), true),
        ("history: {severity: high}", &step("apt-pinning", Severity::Low), false),
        ("history: {}", &step("apt-pinning", Severity::Low), true),
        ("untrusted: true", &distrust(), true),
        ("untrusted: true", &key, false),
    ] {
        let found = check(condition, &report(vec![subject.clone()]));
        assert_eq!(found.is_some(), expected, "{condition}");
    }
    let message = check("untrusted: true", &report(vec![distrust()])).unwrap();
    assert_eq!(message, "1 unmet requirement: signed by release: no signature was found");
}

#[test]
fn coverage_and_skips() {
    let mut image = report(Vec::new());
    let coverage = |ecosystem: &str, status| Coverage {
        ecosystem: ecosystem.into(),
        packages: 2,
        status,
        note: String::new(),
    };
    image.coverage = vec![
        coverage("npm", CoverageStatus::Covered),
        coverage("conan", CoverageStatus::NoFeed),
        coverage("debian:9", CoverageStatus::EndOfLife { since: "2022-06-30".into() }),
    ];
    assert_eq!(check("coverage: {states: [stale]}", &image), None);
    let expected = "2 gaps in the advisories: conan has no feed (2 packages), \
                    debian:9 is out of support since 2022-06-30 (2 packages)";
    let states = "coverage: {states: [no_feed, end_of_life, stale, unknown_distribution]}";
    assert_eq!(check(states, &image).as_deref(), Some(expected));

    image.skipped = vec![Skip {
        layer: Some(LayerIndex(3)),
        path: String::new(),
        reason: SkipReason::Truncated,
        detail: "ends after 5 bytes".into(),
    }];
    assert_eq!(check("skipped: {reasons: [ratio]}", &image), None);
    let expected = "1 thing not looked at: layer 3: ends after 5 bytes";
    assert_eq!(check("skipped: {reasons: [truncated]}", &image).as_deref(), Some(expected));
}

#[test]
fn the_built_in_policy_denies_what_can_be_acted_on() {
    let policy = Policy::built_in().unwrap();
    let critical = |fixed| finding("CVE-1", Severity::Critical, fixed);
    let known = |fixed| with(finding("CVE-1", Severity::Low, fixed), |v| v.kev = Some(exploited()));
    let malicious =
        with(finding("MAL-1", Severity::Unknown, None), |v| v.kind = AdvisoryKind::Malicious);
    for (findings, expected) in [
        (Vec::new(), Decision::Allow),
        (vec![critical(None)], Decision::Allow),
        (vec![critical(Some("2"))], Decision::Deny),
        (vec![known(None)], Decision::Warn),
        (vec![known(Some("2"))], Decision::Deny),
        (vec![malicious], Decision::Deny),
        (vec![finding("CVE-1", Severity::High, Some("2"))], Decision::Warn),
        (vec![finding("CVE-1", Severity::Medium, Some("2"))], Decision::Allow),
    ] {
        assert_eq!(judge(&report(findings), &policy, TODAY).decision, expected);
    }
    let mut unknown = report(Vec::new());
    unknown.coverage = vec![Coverage {
        ecosystem: "plan9".into(),
        packages: 1,
        status: CoverageStatus::UnknownDistribution,
        note: String::new(),
    }];
    assert_eq!(judge(&unknown, &policy, TODAY).decision, Decision::Warn);
}

#[test]
fn a_reason_names_a_few_and_lists_all() {
    let findings: Vec<Finding> =
        (1..=8).map(|n| finding(&format!("CVE-2026-{n:04}"), Severity::High, None)).collect();
    let verdict = judge(&report(findings), &policy("vulnerability: {severity: high}"), TODAY);
    let reason = &verdict.reasons[0];
    assert_eq!(reason.findings.len(), 8);
    assert!(reason.message.starts_with("8 vulnerabilities: CVE-2026-0001 in libfoo, "));
    assert!(reason.message.ends_with("CVE-2026-0005 in libfoo, and 3 more"), "{}", reason.message);
}

#[test]
fn the_strongest_reason_comes_first() {
    let text = "rules:\n\
                - {name: a, decision: warn, vulnerability: {}}\n\
                - {name: b, decision: deny, vulnerability: {severity: high}}\n\
                - {name: c, decision: deny, vulnerability: {severity: critical}}\n";
    let policy = Policy::parse("policy.yaml", text).unwrap();
    let verdict = judge(&report(vec![finding("CVE-1", Severity::Critical, None)]), &policy, TODAY);
    let order: Vec<&str> = verdict.reasons.iter().map(|reason| reason.rule.as_str()).collect();
    assert_eq!((verdict.decision, order), (Decision::Deny, vec!["b", "c", "a"]));
}

const POLICIES: [&str; 6] = [
    "vulnerability: {severity: high, only_fixed: true}",
    "vulnerability: {kev: true}",
    "vulnerability: {epss_above: 0.4, older_than_days: 100}",
    "vulnerability: {}",
    "malicious: true",
    "cve: {ids: [CVE-2026-0003, CVE-2026-0007]}",
];

proptest! {
    /// Adding a finding never makes the decision weaker, wherever it is put.
    #[test]
    fn more_findings_are_never_better(
        findings in prop::collection::vec(any_finding(), 0..6),
        added in any_finding(),
        place in any::<prop::sample::Index>(),
        condition in prop::sample::select(POLICIES.to_vec()),
    ) {
        let mut more = findings.clone();
        more.insert(place.index(findings.len() + 1), added);
        let (before, after) = (report(findings), report(more));
        for policy in [policy(condition), Policy::built_in().unwrap()] {
            let (before, after) = (judge(&before, &policy, TODAY), judge(&after, &policy, TODAY));
            prop_assert!(after.decision >= before.decision);
            prop_assert!(after.reasons.len() >= before.reasons.len());
        }
    }

    /// The verdict is the strongest of its reasons, and later days never make it weaker.
    #[test]
    fn verdicts_hold_together(findings in prop::collection::vec(any_finding(), 0..6)) {
        let image = report(findings);
        for condition in POLICIES {
            let policy = policy(condition);
            let verdict = judge(&image, &policy, TODAY);
            let strongest = verdict.reasons.iter().map(|reason| reason.decision).max();
            prop_assert_eq!(verdict.decision, strongest.unwrap_or_default());
            prop_assert_eq!(&judge(&image, &policy, TODAY), &verdict);
            for later in ["2027-01-01", "no day"] {
                prop_assert!(judge(&image, &policy, later).decision >= verdict.decision);
            }
        }
    }
}
