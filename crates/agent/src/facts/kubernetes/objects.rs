//! Objects of the Kubernetes API, as far as they are looked at.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) labels: Option<BTreeMap<String, String>>,
    #[serde(rename = "ownerReferences")]
    pub(super) owners: Option<Vec<Owner>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Owner {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) controller: Option<bool>,
}

/// Any object of which the metadata is all that is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    pub(super) metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServiceAccount {
    pub(super) metadata: Metadata,
    pub(super) automount_service_account_token: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    pub(super) metadata: Metadata,
    pub(super) spec: PodSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodSpec {
    #[serde(rename = "hostPID")]
    pub(super) host_pid: Option<bool>,
    #[serde(rename = "hostIPC")]
    pub(super) host_ipc: Option<bool>,
    pub(super) host_network: Option<bool>,
    pub(super) service_account_name: Option<String>,
    pub(super) security_context: Option<Security>,
    pub(super) containers: Vec<Container>,
    pub(super) init_containers: Option<Vec<Container>>,
    pub(super) ephemeral_containers: Option<Vec<Container>>,
    pub(super) volumes: Option<Vec<Volume>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Volume {
    pub(super) host_path: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) security_context: Option<Security>,
    pub(super) ports: Option<Vec<Port>>,
    pub(super) env: Option<Vec<Variable>>,
    pub(super) env_from: Option<Vec<VariableSource>>,
    pub(super) volume_mounts: Option<Vec<Mount>>,
}

/// The security context of a pod or a container.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Security {
    pub(super) privileged: Option<bool>,
    pub(super) allow_privilege_escalation: Option<bool>,
    pub(super) run_as_non_root: Option<bool>,
    pub(super) run_as_user: Option<i64>,
    pub(super) read_only_root_filesystem: Option<bool>,
    pub(super) capabilities: Option<Capabilities>,
    pub(super) seccomp_profile: Option<Profile>,
    pub(super) windows_options: Option<WindowsOptions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Capabilities {
    pub(super) add: Option<Vec<String>>,
    pub(super) drop: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    pub(super) r#type: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WindowsOptions {
    pub(super) host_process: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Port {
    pub(super) host_port: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Variable {
    pub(super) value_from: Option<ValueFrom>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ValueFrom {
    pub(super) secret_key_ref: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VariableSource {
    pub(super) secret_ref: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Mount {
    pub(super) mount_path: String,
}

/// A role, of a namespace or of the cluster.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Role {
    pub(super) metadata: Metadata,
    pub(super) rules: Option<Vec<Rule>>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) verbs: Vec<String>,
    pub(super) api_groups: Option<Vec<String>>,
    pub(super) resources: Option<Vec<String>>,
    pub(super) resource_names: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Binding {
    pub(super) metadata: Metadata,
    pub(super) role_ref: RoleRef,
    pub(super) subjects: Option<Vec<BoundSubject>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RoleRef {
    pub(super) kind: String,
    pub(super) name: String,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct BoundSubject {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
}

/// A configuration of admission webhooks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WebhookConfiguration {
    pub(super) metadata: Metadata,
    pub(super) webhooks: Option<Vec<Webhook>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Webhook {
    pub(super) failure_policy: Option<String>,
    pub(super) rules: Option<Vec<WebhookRule>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WebhookRule {
    pub(super) operations: Vec<String>,
    pub(super) resources: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SigningRequest {
    pub(super) metadata: Metadata,
    pub(super) spec: SigningRequestSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SigningRequestSpec {
    pub(super) signer_name: String,
    pub(super) username: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServerVersion {
    pub(super) git_version: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ApiGroups {
    pub(super) groups: Vec<ApiGroup>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ApiGroup {
    pub(super) name: String,
}
