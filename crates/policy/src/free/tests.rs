//! Rules in the rule language, over reports and workloads.

use model::{Band, Confidence, Decision, SecretCategory, Severity};

use crate::samples::{
    TODAY, container, distrust, exploited, finding, malware, policy, report, secret, step, with,
    workload,
};
use crate::{Policy, judge, judge_workload};

/// What a rule with this condition says of a report with one of everything in it.
fn of_report(condition: &str) -> Option<String> {
    let kev =
        with(finding("CVE-2026-0002", Severity::Critical, None), |v| v.kev = Some(exploited()));
    let mut scanned = report(vec![
        finding("CVE-2026-0001", Severity::High, Some("2.0")),
        kev,
        malware("srv/a.php", Band::Malicious, None),
        secret("root/k.pem", SecretCategory::PrivateKey, Confidence::Certain),
        step("curl-to-shell", Severity::High),
        distrust(),
    ]);
    scanned.image.config.user = "app".into();
    scanned.image.config.env = vec!["A=1".into(), "B=2".into()];
    scanned.image.config.labels.insert("team".into(), "web".into());
    let policy =
        policy(&format!("  - name: free\n    decision: deny\n    condition: {condition}\n"));
    judge(&scanned, &policy, TODAY).reasons.pop().map(|reason| reason.message)
}

#[test]
fn asks_of_one_thing_at_a_time() {
    for (condition, expected) in [
        ("vuln.severity = high and vuln.fixable = true", true),
        ("vuln.severity = critical and vuln.fixable = true", false),
        ("vuln.kev = true and vuln.severity = critical", true),
        ("vuln.id = CVE-2026-0001", true),
        ("vuln.age > 20d", true),
        ("vuln.age > 40d", false),
        ("malware.band = malicious and malware.path startswith srv/", true),
        ("malware.methods intersects (yara, textcnn)", true),
        ("secret.category = private_key and secret.confidence = certain", true),
        ("history.rule = curl-to-shell", true),
        ("trust.met = false and trust.unmet intersects (signature)", true),
        ("package.name = left-pad and package.kind = npm", true),
        ("package.name = right-pad", false),
        ("image.user = app and image.label[team] = web", true),
        ("image.env[B] = 2", true),
        ("image.findings[high] = 4", true),
        ("image.findings[low] > 0", false),
        ("image.findings > 3", true),
        ("image.scanned = true", true),
        ("container.privileged = true", false),
        ("not container.privileged = true", false),
    ] {
        assert_eq!(of_report(condition).is_some(), expected, "{condition}");
    }
    assert_eq!(
        of_report("vuln.severity >= high").as_deref(),
        Some("2 vulnerabilities: CVE-2026-0001 in libfoo (fixed in 2.0), CVE-2026-0002 in libfoo")
    );
    assert_eq!(of_report("package.kind = npm").as_deref(), Some("1 package: left-pad 1.0.0"));
}

#[test]
fn asks_of_containers() {
    let mut spec = container("registry.example/app:1");
    spec.privileged = true;
    spec.capabilities_added = vec!["net_admin".into()];
    let mut pod = workload(spec);
    pod.engine = model::Engine::Kubernetes;
    pod.namespace = "prod".into();
    pod.labels.insert("app".into(), "web".into());
    let scanned = report(vec![finding("CVE-2026-0001", Severity::High, Some("2.0"))]);
    let decide = |condition: &str, reports: &[Option<&model::Report>]| {
        let policy =
            policy(&format!("  - name: free\n    decision: deny\n    condition: {condition}\n"));
        judge_workload(&pod, reports, &policy, TODAY).enforced
    };
    for (condition, expected) in [
        ("container.privileged = true and k8s.ns.name = prod", Decision::Deny),
        ("container.cap_added intersects (CAP_NET_ADMIN)", Decision::Deny),
        ("k8s.label.app = web and vuln.severity = high", Decision::Deny),
        ("container.image.repository = registry.example/app", Decision::Deny),
        ("container.runs_as_root = true", Decision::Deny),
        ("container.host_pid = true", Decision::Allow),
        ("k8s.ns.name in (dev, test)", Decision::Allow),
    ] {
        assert_eq!(decide(condition, &[Some(&scanned)]), expected, "{condition}");
    }
    // Without a report nothing is said of what it would tell; that it is missing is said.
    assert_eq!(decide("not image.label[team] exists", &[None]), Decision::Warn);
    assert_eq!(decide("image.registry = registry.example", &[None]), Decision::Deny);
}

#[test]
fn names_lists_and_macros() {
    let text = "\
lists:
  - {list: ours, items: [registry.example, docker.io]}
macros:
  - {macro: foreign, condition: not image.registry in (ours)}
on_missing: warn
rules:
  - {name: foreign, decision: deny, condition: foreign}
";
    let policy = Policy::parse("p", text).unwrap_or_else(|error| panic!("{error}"));
    for (image, expected) in [("nginx", Decision::Warn), ("evil.example/a", Decision::Deny)] {
        let said = judge_workload(&workload(container(image)), &[], &policy, TODAY);
        assert_eq!(said.enforced, expected, "{image}");
    }
}

#[test]
fn points_into_the_policy() {
    for (name, condition) in [
        ("field", "vuln.sevrity = high"),
        ("kinds", "vuln.kev = true and malware.band = malicious"),
        ("folded", ">\n      image.user = app\n      and imaeg.user = x"),
        ("quoted", "\"image.user = 'a' and\""),
    ] {
        let text = format!("rules:\n  - name: a\n    decision: deny\n    condition: {condition}\n");
        let error = Policy::parse("policy.yaml", &text).unwrap_err();
        insta::assert_snapshot!(name, error.to_string());
    }
}
