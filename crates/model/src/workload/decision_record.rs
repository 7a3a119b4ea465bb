//! `DecisionRecord`: one decision of one gate, with all that is needed to make it again.

use serde::{Deserialize, Serialize};

use crate::{Decision, Digest, Timestamp, Verdict, Workload};

/// One decision of one gate. Appended, never changed; `policy simulate` replays it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// When it was asked.
    pub at: Timestamp,
    /// Who asked the judge.
    pub gate: Gate,
    /// What was to happen, in the gate's words: `POST /containers/{id}/start`, `CREATE pods` …
    pub action: String,
    /// What wanted to start.
    pub workload: Workload,
    /// For each container in order, the report that spoke for its image; `None` where there was none.
    pub reports: Vec<Option<Digest>>,
    /// Digest of the policy text, exceptions and trust included.
    pub policy: Digest,
    /// The judge's verdict under `mode: block`.
    pub verdict: Verdict,
    /// What the gate did: under `observe` and `warn` a denial is let through.
    pub enforced: Decision,
    /// Why the gate did other than the verdict says: `observe`, `break-glass` …; empty when it did not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// How long the gate took, in microseconds.
    pub duration_us: u64,
}

/// A place where workloads are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Docker's authorization plugin.
    DockerAuthz,
    /// The wrapper around the OCI runtime.
    RuntimeGuard,
    /// containerd's and CRI-O's node resource interface.
    Nri,
    /// Kubernetes' validating webhook.
    Admission,
    /// Kubernetes' image policy webhook.
    ImageReview,
    /// What was found running without having passed a gate.
    Reconcile,
}

impl Gate {
    /// The word for it in tables and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Gate::DockerAuthz => "docker_authz",
            Gate::RuntimeGuard => "runtime_guard",
            Gate::Nri => "nri",
            Gate::Admission => "admission",
            Gate::ImageReview => "image_review",
            Gate::Reconcile => "reconcile",
        }
    }
}
