//! Kubernetes objects and workloads: read, and judged by the built-in policy.
#![no_main]

use std::sync::LazyLock;

use lazaret_fuzz::reports::report;
use lazaret_fuzz::texts::Texts;
use model::{Decision, Report, Workload};
use policy::{Explanation, Mode, Policy, explain_workload, judge_workload, workload};

const TODAY: &str = "2025-06-01";
static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::built_in().expect("it reads"));
static REPORT: LazyLock<Report> =
    LazyLock::new(|| report(&mut Texts::new(b"CVE-2024-0001\xffcurl\xff7.88.1\xffusr/bin/curl")));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    match workload::from_pod(&value) {
        Ok(workload) => judged(&workload),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(workload) = serde_json::from_value::<Workload>(value) {
        judged(&workload);
    }
});

/// The laws that hold for every workload.
fn judged(workload: &Workload) {
    let none = judge_workload(workload, &[], &POLICY, TODAY);
    assert!(none.enforced <= none.verdict.decision);
    assert_eq!(none, judge_workload(workload, &[], &POLICY, TODAY));
    let known = vec![Some(&*REPORT); workload.containers.len()];
    let said = judge_workload(workload, &known, &POLICY, TODAY);
    let watching = POLICY.clone().in_mode(Mode::Observe);
    let watched = judge_workload(workload, &known, &watching, TODAY);
    assert_eq!((watched.enforced, &watched.verdict), (Decision::Allow, &said.verdict));
    let explained = explain_workload(workload, &known, &POLICY, TODAY);
    let spoke = explained.iter().filter(|said: &&Explanation| said.reason.is_some()).count();
    assert_eq!(spoke, said.verdict.reasons.iter().filter(|r| r.rule != "on_missing").count());
}
