//! The laws of the judge, for any findings, exceptions and scopes.

use model::{Decision, Finding, Workload};
use proptest::prelude::*;

use crate::samples::{TODAY, any_finding, container, report, workload};
use crate::{Policy, WorkloadVerdict, judge, judge_workload};

/// Rules of every mode and many kinds.
const RULES: [&str; 8] = [
    "{name: critical, decision: deny, vulnerability: {severity: critical}}",
    "{name: kev, decision: deny, mode: warn, vulnerability: {kev: true}}",
    "{name: epss, decision: warn, vulnerability: {epss_above: 0.4, only_fixed: true}}",
    "{name: old, decision: deny, vulnerability: {older_than_days: 30}}",
    "{name: bad, decision: deny, malicious: true}",
    "{name: some, decision: deny, cve: {ids: [CVE-2026-0003, CVE-2026-0007]}}",
    "{name: free, decision: deny, condition: vuln.severity >= high and vuln.fixable = true}",
    "{name: root, decision: deny, mode: observe, root: true}",
];

fn a_policy(rules: &[usize], scope: &str, exceptions: &[String]) -> Policy {
    let mut text = format!("on_missing: warn\n{scope}rules:\n");
    for rule in rules {
        text.push_str(&format!("  - {}\n", RULES[*rule]));
    }
    if rules.is_empty() {
        text = text.replace("rules:\n", "rules: []\n");
    }
    if !exceptions.is_empty() {
        text.push_str("exceptions:\n");
        exceptions.iter().for_each(|entry| text.push_str(&format!("  - {{{entry}}}\n")));
    }
    Policy::parse("p", &text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn decide(findings: &[Finding], policy: &Policy) -> (Decision, WorkloadVerdict) {
    let report = report(findings.to_vec());
    let alone = judge(&report, policy, TODAY);
    (alone.decision, judge_workload(&pod(), &[Some(&report)], policy, TODAY))
}

fn pod() -> Workload {
    let mut pod = workload(container("registry.example/team/app:1"));
    pod.engine = model::Engine::Kubernetes;
    pod.namespace = "prod".into();
    pod.node = "n1".into();
    pod
}

fn any_rules() -> impl Strategy<Value = Vec<usize>> {
    prop::sample::subsequence((0..RULES.len()).collect::<Vec<_>>(), 0..=RULES.len())
}

/// An exception to any finding, for a rule of those or for all, in a scope or in none.
fn any_exception(rules: &[usize]) -> impl Strategy<Value = String> + use<> {
    let names = ["critical", "kev", "epss", "old", "bad", "some", "free", "root"];
    let rules: Vec<String> = rules.iter().map(|rule| names[*rule].to_owned()).collect();
    let rule = match rules.is_empty() {
        true => Just(None).boxed(),
        false => prop::option::of(prop::sample::select(rules)).boxed(),
    };
    (1u32..30, rule, any::<bool>(), prop::sample::select(vec!["", "prod", "dev"])).prop_map(
        |(number, rule, with_id, namespace)| {
            let mut entry = "owner: ann, reason: x".to_owned();
            if with_id || rule.is_none() {
                entry.push_str(&format!(", id: CVE-2026-{number:04}"));
            }
            if let Some(rule) = rule {
                entry.push_str(&format!(", rule: {rule}"));
            }
            if !namespace.is_empty() {
                entry.push_str(&format!(", scope: {{namespace: {namespace}}}"));
            }
            entry
        },
    )
}

fn any_scope() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "scope: {namespace: prod}\n",
        "scope: {namespace: dev}\n",
        "scope: {registry: registry.example, node: n1}\n",
        "scope: {exclude: [{namespace: prod}]}\n",
        "scope: {exclude: [{repository: registry.example/team}]}\n",
        "scope: {labels: {a: b}}\n",
    ])
}

proptest! {
    /// One more finding never makes a decision milder.
    #[test]
    fn more_findings_never_allow_more(
        findings in prop::collection::vec(any_finding(), 0..8),
        more in any_finding(),
        (rules, exceptions) in any_rules().prop_flat_map(|rules| {
            let exceptions = prop::collection::vec(any_exception(&rules), 0..3);
            (Just(rules), exceptions)
        }),
    ) {
        let policy = a_policy(&rules, "", &exceptions);
        let before = decide(&findings, &policy);
        let mut after = findings;
        after.push(more);
        let after = decide(&after, &policy);
        prop_assert!(after.0 >= before.0);
        prop_assert!(after.1.verdict.decision >= before.1.verdict.decision);
        prop_assert!(after.1.enforced >= before.1.enforced);
    }

    /// One more exception never makes a decision stronger.
    #[test]
    fn more_exceptions_never_deny_more(
        findings in prop::collection::vec(any_finding(), 0..8),
        (rules, mut exceptions) in any_rules().prop_flat_map(|rules| {
            let exceptions = prop::collection::vec(any_exception(&rules), 1..4);
            (Just(rules), exceptions)
        }),
    ) {
        let after = decide(&findings, &a_policy(&rules, "", &exceptions));
        exceptions.pop();
        let before = decide(&findings, &a_policy(&rules, "", &exceptions));
        prop_assert!(after.0 <= before.0);
        prop_assert!(after.1.verdict.decision <= before.1.verdict.decision);
        prop_assert!(after.1.enforced <= before.1.enforced);
    }

    /// A narrower scope never makes a decision stronger, and neither does a milder mode.
    #[test]
    fn narrower_and_milder_never_deny_more(
        findings in prop::collection::vec(any_finding(), 0..8),
        rules in any_rules(),
        scope in any_scope(),
        mode in prop::sample::select(vec!["mode: observe\n", "mode: warn\n"]),
    ) {
        let wide = decide(&findings, &a_policy(&rules, "", &[]));
        let narrow = decide(&findings, &a_policy(&rules, scope, &[]));
        let mild = decide(&findings, &a_policy(&rules, mode, &[]));
        prop_assert!(narrow.0 <= wide.0);
        prop_assert!(narrow.1.enforced <= wide.1.enforced);
        prop_assert!(mild.0 <= wide.0);
        prop_assert!(mild.1.enforced <= wide.1.enforced);
        prop_assert_eq!(mild.1.verdict, wide.1.verdict);
    }

    /// The same facts give the same verdict, and the strongest reason decides.
    #[test]
    fn the_same_facts_give_the_same_verdict(
        findings in prop::collection::vec(any_finding(), 0..8),
        rules in any_rules(),
    ) {
        let policy = a_policy(&rules, "", &[]);
        let said = decide(&findings, &policy);
        prop_assert_eq!(&said, &decide(&findings, &policy));
        let strongest = said.1.verdict.reasons.iter().map(|reason| reason.decision).max();
        prop_assert_eq!(said.1.verdict.decision, strongest.unwrap_or(Decision::Allow));
        prop_assert!(said.1.enforced <= said.1.verdict.decision);
        prop_assert_eq!(said.1.because.is_empty(), said.1.enforced == said.1.verdict.decision);
    }
}
