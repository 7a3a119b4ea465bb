//! Why a verdict is what it is.

use model::Severity;

use super::*;
use crate::samples::{TODAY, container, finding, policy, report, workload};

const RULES: &str =
    "  - {name: high, decision: deny, vulnerability: {severity: high, only_fixed: true}}
  - {name: kev, decision: deny, vulnerability: {kev: true}}
  - {name: root, decision: deny, mode: observe, root: true}
  - {name: elsewhere, decision: deny, scope: {namespace: dev}, root: true}
  - {name: free, decision: warn, condition: image.user = app}
";

#[test]
fn every_rule_says_what_it_looked_at() {
    let scanned = report(vec![
        finding("CVE-2026-0001", Severity::High, Some("2.0")),
        finding("CVE-2026-0002", Severity::High, None),
    ]);
    let mut text = String::new();
    for said in explain(&scanned, &policy(RULES), TODAY) {
        text.push_str(&format!(
            "{} ({}) in scope {}: {:?} {:?}\n",
            said.rule,
            said.kind,
            said.in_scope,
            said.enforced,
            said.reason.as_ref().map(|reason| reason.message.as_str())
        ));
        for check in &said.checks {
            let value = check.value.as_deref().unwrap_or("none");
            text.push_str(&format!("    {} {} [{value}]\n", check.holds, check.check));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn explains_what_is_decided() {
    let scanned = report(vec![finding("CVE-2026-0001", Severity::High, Some("2.0"))]);
    let pod = workload(container("app:1"));
    let policy = policy(RULES);
    let reports = [Some(&scanned)];
    let explained = explain_workload(&pod, &reports, &policy, TODAY);
    let said = crate::judge_workload(&pod, &reports, &policy, TODAY);
    let strongest = explained.iter().map(|said| said.enforced).max();
    assert_eq!(strongest, Some(said.enforced));
    let reasons = explained.iter().filter(|said| said.reason.is_some()).count();
    assert_eq!(reasons, said.verdict.reasons.len());
}
