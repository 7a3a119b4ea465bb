//! What whoever is refused reads.

use model::{Digest, Engine, Severity};

use crate::samples::{TODAY, container, finding, policy, report, workload};
use crate::{Policy, judge_workload};

const RULES: &str = "  - name: critical-with-fix
    decision: deny
    advice: Install the repaired version.
    vulnerability: {severity: critical, only_fixed: true}
  - name: privileged
    decision: deny
    workload: {privileged: true}
  - {name: any, decision: warn, vulnerability: {severity: low}}
";

#[test]
fn names_rule_evidence_and_an_exception_to_propose() {
    let mut spec = container("registry.example/app:1");
    spec.privileged = true;
    spec.image.image_id = Some(Digest::sha256(&[1; 32]));
    let mut pod = workload(spec);
    (pod.engine, pod.kind) = (Engine::Kubernetes, "Pod".into());
    (pod.namespace, pod.name) = ("prod".into(), "web".into());
    let scanned = report(vec![finding("CVE-2026-0001", Severity::Critical, Some("2.0"))]);
    let said = judge_workload(&pod, &[Some(&scanned)], &policy(RULES), TODAY);
    insta::assert_snapshot!(said.message);
}

#[test]
fn the_proposed_exception_is_one() {
    let mut spec = container("registry.example/app:1");
    spec.privileged = true;
    let mut pod = workload(spec);
    (pod.engine, pod.namespace) = (Engine::Kubernetes, "yes".into());
    let scanned = report(vec![finding("CVE-2026-0001", Severity::Critical, Some("2.0"))]);
    let said = judge_workload(&pod, &[Some(&scanned)], &policy(RULES), TODAY);
    let proposed = said.message.split_once("exceptions:").unwrap().1;
    let text = format!("rules:\n{RULES}exceptions:{proposed}\n");
    let excused = Policy::parse("policy.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
    let after = judge_workload(&pod, &[Some(&scanned)], &excused, TODAY);
    assert_eq!(after.enforced, model::Decision::Warn, "{}", after.message);
    pod.namespace = "other".into();
    let elsewhere = judge_workload(&pod, &[Some(&scanned)], &excused, TODAY);
    assert_eq!(elsewhere.enforced, model::Decision::Deny);
}

#[test]
fn says_what_is_missing() {
    let policy = Policy::parse("p", "on_missing: deny\nrules: []\n").unwrap();
    let said = judge_workload(&workload(container("app:1")), &[None], &policy, TODAY);
    insta::assert_snapshot!(said.message);
}
