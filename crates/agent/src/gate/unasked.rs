//! What runs without having passed a gate: judged and told; stopped by the gate, and only where the
//! configuration says so.

use std::sync::Arc;
use std::time::Instant;

use model::{Decision, Gate, Workload};

use super::{Ask, Counter, Court};

/// Why a container that the policy refuses goes on to run.
const RUNS: &str = "it runs already";

/// A container that runs and was not let in.
pub(crate) struct Unasked {
    pub(crate) workload: Workload,
    /// What else its image is called.
    pub(crate) names: Vec<String>,
    /// How it was noticed.
    pub(crate) how: &'static str,
    /// Whether a refusal stops it.
    pub(crate) stops: bool,
    pub(crate) began: Instant,
}

impl Court {
    /// Judges what runs, `called` so in what is told; whether the gate has to stop it.
    pub(crate) async fn judge_running(self: &Arc<Self>, one: Unasked, called: &str) -> bool {
        let Unasked { workload, names, how, stops, began } = one;
        self.counters().count(Counter::Unasked);
        let ask = Ask {
            gate: Gate::Reconcile,
            action: how.to_owned(),
            workload,
            names,
            already: None,
            spared: (!stops).then_some(RUNS),
            began,
        };
        let ruling = self.rule(ask).await;
        if ruling.verdict.decision == Decision::Deny {
            let rules: Vec<&str> = ruling.verdict.reasons.iter().map(|r| r.rule.as_str()).collect();
            let rules = rules.join(", ");
            eprintln!("lazaret agent: container {called}, {how}, is against: {rules}");
        }
        ruling.decision == Decision::Deny
    }

    /// Counts and tells that a container was stopped.
    pub(crate) fn has_stopped(&self, called: &str) {
        self.counters().count(Counter::Stopped);
        eprintln!("lazaret agent: container {called} is stopped");
    }
}
