//! Decisions made again.

use model::{Digest, Gate, Severity, Workload};

use super::*;
use crate::samples::{TODAY, any_finding, container, finding, policy, report, workload};
use proptest::prelude::*;

const RULES: &str = "  - {name: high, decision: deny, vulnerability: {severity: high}}\n  \
                     - {name: privileged, decision: deny, mode: observe, workload: {privileged: true}}\n";

fn decided(workload: &Workload, report: Option<&Report>, policy: &Policy) -> DecisionRecord {
    let said = judge_workload(workload, &[report], policy, TODAY);
    DecisionRecord {
        at: format!("{TODAY}T12:00:00Z").parse().unwrap(),
        gate: Gate::DockerAuthz,
        action: "start".into(),
        workload: workload.clone(),
        reports: vec![report.map(|_| Digest::sha256(&[1; 32]))],
        policy: policy.digest(),
        verdict: said.verdict,
        enforced: said.enforced,
        because: said.because,
        duration_us: 1,
    }
}

#[test]
fn tells_what_would_change() {
    let (old, mut spec) = (policy(RULES), container("app:1"));
    spec.privileged = true;
    let scanned = report(vec![finding("CVE-2026-0001", Severity::High, None)]);
    let record = decided(&workload(spec), Some(&scanned), &old);
    assert_eq!(record.enforced, Decision::Deny);
    let milder = policy("  - {name: privileged, decision: warn, workload: {privileged: true}}\n");
    let replay = replay_decision(&record, &[Some(&scanned)], &milder);
    assert_eq!((replay.before, replay.after), (Decision::Deny, Decision::Warn));
    assert_eq!(
        (replay.silent.as_slice(), replay.new.as_slice()),
        (&["high".to_owned()][..], &[][..])
    );
    assert_eq!(replay.because, "privileged: 1 option: privileged");
    let lost = replay_decision(&record, &[None], &milder);
    assert_eq!(lost.lost_reports, 1);
    let mut simulation = Simulation::default();
    simulation.add(replay);
    simulation.add(replay_decision(&record, &[Some(&scanned)], &old));
    simulation.add(lost);
    assert_eq!(simulation.replayed, 3);
    assert_eq!(simulation.inexact, 1);
    assert_eq!(simulation.counts["deny to deny"], 1);
    assert_eq!(simulation.changes.len(), 2);
}

#[test]
fn judges_reports_again() {
    let scanned = report(vec![finding("CVE-2026-0001", Severity::High, None)]);
    let replay = replay_report(&scanned, None, &policy(RULES));
    assert_eq!((replay.before, replay.after), (Decision::Allow, Decision::Deny));
    let same = replay_report(&scanned, Some(&policy(RULES)), &policy(RULES));
    assert_eq!(same.before, same.after);
}

proptest! {
    /// What `block` will do is what was decided under any mode, and a replay under the same
    /// policy changes nothing.
    #[test]
    fn predicts_what_block_does(
        findings in prop::collection::vec(any_finding(), 0..6),
        privileged in any::<bool>(),
        mode in prop::sample::select(vec![Mode::Observe, Mode::Warn, Mode::Block]),
        known in any::<bool>(),
    ) {
        let watching = policy(RULES).in_mode(mode);
        let mut spec = container("app:1");
        spec.privileged = privileged;
        let scanned = report(findings);
        let scanned = known.then_some(&scanned);
        let record = decided(&workload(spec), scanned, &watching);
        let same = replay_decision(&record, &[scanned], &watching);
        prop_assert_eq!((same.before, same.silent.len(), same.new.len()), (same.after, 0, 0));
        let predicted = replay_decision(&record, &[scanned], &watching.clone().in_mode(Mode::Block));
        let blocking = decided(&record.workload, scanned, &policy(RULES).in_mode(Mode::Block));
        prop_assert_eq!(predicted.after, blocking.enforced);
        prop_assert_eq!(predicted.after, record.verdict.decision);
    }
}
