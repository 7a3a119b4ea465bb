//! `PodState`: a pod as the API tells it, and what changed since it was last told. Pure.

use std::collections::BTreeMap;

use model::{AuditKind, AuditOutcome, AuditRecord, ContainerRef, Engine, Severity};
use serde::Deserialize;

use super::cut;

/// A pod, as far as it is told.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct PodState {
    pub(super) metadata: Metadata,
    spec: Spec,
    pub(super) status: Status,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) uid: String,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) resource_version: String,
    pub(super) labels: BTreeMap<String, String>,
    deletion_timestamp: Option<String>,
    owner_references: Vec<Owner>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Owner {
    kind: String,
    name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    node_name: String,
    service_account_name: String,
    #[serde(rename = "hostPID")]
    host_pid: bool,
    host_network: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Status {
    phase: String,
    reason: String,
    pub(super) init_container_statuses: Vec<ContainerState>,
    pub(super) container_statuses: Vec<ContainerState>,
    pub(super) ephemeral_container_statuses: Vec<ContainerState>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerState {
    pub(super) name: String,
    pub(super) image: String,
    #[serde(rename = "imageID")]
    image_id: String,
    /// `containerd://<id>`.
    #[serde(rename = "containerID")]
    container_id: String,
    restart_count: u64,
    state: BTreeMap<String, Reason>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reason {
    reason: String,
    message: String,
    exit_code: Option<i64>,
}

impl ContainerState {
    /// The engine's id of it; empty before it has one.
    pub(super) fn id(&self) -> &str {
        self.container_id.split_once("://").map_or("", |(_, id)| id)
    }

    fn now(&self) -> (&str, Reason) {
        let state = self.state.iter().next();
        state.map_or(("", Reason::default()), |(name, reason)| (name.as_str(), reason.clone()))
    }
}

impl PodState {
    /// Every container that it has a state of.
    pub(super) fn containers(&self) -> impl Iterator<Item = &ContainerState> {
        let status = &self.status;
        let init = status.init_container_statuses.iter();
        init.chain(&status.container_statuses).chain(&status.ephemeral_container_statuses)
    }

    /// What happened to the pod between two states, oldest first.
    pub(super) fn changes(
        old: Option<&PodState>,
        new: &PodState,
        time_ns: i64,
    ) -> Vec<AuditRecord> {
        let mut changes = Vec::new();
        let Some(old) = old else {
            changes.push(new.record("create", "was created", time_ns));
            return changes;
        };
        if old.spec.node_name != new.spec.node_name {
            let text = format!("goes to node {}", new.spec.node_name);
            changes.push(new.record("schedule", &text, time_ns));
        }
        for container in new.containers() {
            let before = old.containers().find(|before| before.name == container.name);
            changes.extend(new.container_change(before, container, time_ns));
        }
        if old.status.phase != new.status.phase {
            let (phase, why) = (new.status.phase.as_str(), new.status.reason.as_str());
            let text = format!("is {} {why}", phase.to_lowercase());
            let mut record = new.record(&phase.to_lowercase(), text.trim_end(), time_ns);
            if phase == "Failed" {
                record.outcome = AuditOutcome::Failure;
            }
            changes.push(record);
        }
        if old.metadata.deletion_timestamp.is_none() && new.metadata.deletion_timestamp.is_some() {
            changes.push(new.record("delete", "is to be deleted", time_ns));
        }
        changes
    }

    fn container_change(
        &self,
        old: Option<&ContainerState>,
        new: &ContainerState,
        time_ns: i64,
    ) -> Option<AuditRecord> {
        let (state, reason) = new.now();
        let same = old.is_some_and(|old| {
            old.now() == (state, reason.clone()) && old.restart_count == new.restart_count
        });
        // Waiting without a complaint is only the way to the next state.
        let usual = ["", "ContainerCreating", "PodInitializing"];
        if same || state.is_empty() || (state == "waiting" && usual.contains(&&*reason.reason)) {
            return None;
        }
        let (action, outcome) = match state {
            "running" => ("container_start", AuditOutcome::Success),
            "terminated" => ("container_end", AuditOutcome::Success),
            _ => ("container_waits", AuditOutcome::Failure),
        };
        let why = [reason.reason.as_str(), reason.message.as_str()].join(" ");
        let text = format!("container {} is {state} {why}", new.name);
        let mut record = self.record(action, text.trim_end(), time_ns);
        record.outcome = outcome;
        if reason.reason == "OOMKilled" {
            record.severity = Severity::Medium;
        }
        let container = record.container.get_or_insert_default();
        container.id = new.id().to_owned();
        container.name.clone_from(&new.name);
        container.image.clone_from(&new.image);
        new.image_id.clone_into(&mut container.image_digest);
        let mut detail = |name: &str, value: String| record.details.insert(name.to_owned(), value);
        detail("restarts", new.restart_count.to_string());
        if let Some(code) = reason.exit_code {
            detail("exit_code", code.to_string());
        }
        Some(record)
    }

    /// A record of the pod as a whole.
    pub(super) fn record(&self, action: &str, text: &str, time_ns: i64) -> AuditRecord {
        let metadata = &self.metadata;
        let target = format!("pods/{}/{}", metadata.namespace, metadata.name);
        let mut record = AuditRecord {
            time_ns,
            kind: AuditKind::Pod,
            action: action.to_owned(),
            outcome: AuditOutcome::Success,
            container: Some(ContainerRef {
                engine: Engine::Kubernetes,
                namespace: metadata.namespace.clone(),
                pod: metadata.name.clone(),
                ..ContainerRef::default()
            }),
            text: format!("pod {}/{} {text}", metadata.namespace, metadata.name),
            target,
            ..AuditRecord::default()
        };
        let owner = metadata.owner_references.first();
        let owner = owner.map(|owner| format!("{}/{}", owner.kind, owner.name));
        for (name, value) in [
            ("platform", "kubernetes"),
            ("uid", &metadata.uid),
            ("node", &self.spec.node_name),
            ("service_account", &self.spec.service_account_name),
            ("owner", owner.as_deref().unwrap_or_default()),
            ("host_pid", if self.spec.host_pid { "true" } else { "" }),
            ("host_network", if self.spec.host_network { "true" } else { "" }),
        ] {
            if !value.is_empty() {
                record.details.insert(name.to_owned(), cut(value));
            }
        }
        record
    }
}

/// Reads two states of a pod and tells what changed between them. For fuzzing; `None` when one is no
/// state of a pod.
pub fn read_pod_change(old: &[u8], new: &[u8]) -> Option<Vec<AuditRecord>> {
    let read = |bytes: &[u8]| serde_json::from_slice::<PodState>(bytes).ok();
    Some(PodState::changes(Some(&read(old)?), &read(new)?, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(node: &str, phase: &str, state: &str, restarts: u64) -> PodState {
        let text = format!(
            r#"{{"metadata":{{"uid":"u","name":"web-1","namespace":"shop","resourceVersion":"7",
            "ownerReferences":[{{"kind":"ReplicaSet","name":"web"}}]}},"spec":{{"nodeName":"{node}"}},
            "status":{{"phase":"{phase}","containerStatuses":[{{"name":"app","image":"shop:1",
            "containerID":"containerd://abc","restartCount":{restarts},"state":{{{state}}}}}]}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn only_changes_are_told() {
        let states = [
            pod("", "Pending", "", 0),
            pod("n1", "Pending", r#""waiting":{"reason":"ContainerCreating"}"#, 0),
            pod("n1", "Running", r#""running":{"startedAt":"x"}"#, 0),
            pod("n1", "Running", r#""running":{"startedAt":"x"}"#, 0),
            pod("n1", "Running", r#""terminated":{"reason":"OOMKilled","exitCode":137}"#, 0),
            pod(
                "n1",
                "Running",
                r#""waiting":{"reason":"CrashLoopBackOff","message":"back-off"}"#,
                1,
            ),
        ];
        let mut told: Vec<String> = Vec::new();
        let mut old: Option<&PodState> = None;
        for state in &states {
            for record in PodState::changes(old, state, 1) {
                told.push(format!("{} {}", record.action, record.text));
            }
            old = Some(state);
        }
        assert_eq!(
            told,
            [
                "create pod shop/web-1 was created",
                "schedule pod shop/web-1 goes to node n1",
                "container_start pod shop/web-1 container app is running",
                "running pod shop/web-1 is running",
                "container_end pod shop/web-1 container app is terminated OOMKilled",
                "container_waits pod shop/web-1 container app is waiting CrashLoopBackOff back-off",
            ]
        );
        assert_eq!(states[5].containers().next().unwrap().id(), "abc");
        let record = states[0].record("create", "", 1);
        assert_eq!(record.details["owner"], "ReplicaSet/web");
    }
}
