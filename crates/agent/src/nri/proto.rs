//! Table: the messages of NRI and ttrpc, as far as they are read or written here. What is not
//! listed is skipped, as protobuf has it.
//!
//! Source of the numbers: containerd/nri `pkg/api/api.proto` (package `nri.pkg.api.v1alpha1`, as of
//! NRI 0.6 to 0.12; `user` is of 0.10), containerd/ttrpc `request.proto`.

use std::collections::BTreeMap;

use prost::Message;

/// The service that the plugin offers.
pub(super) const PLUGIN_SERVICE: &str = "nri.pkg.api.v1alpha1.Plugin";
/// The service that the runtime offers.
pub(super) const RUNTIME_SERVICE: &str = "nri.pkg.api.v1alpha1.Runtime";

/// `Event.CREATE_CONTAINER`.
pub(super) const CREATE_CONTAINER: i32 = 4;
/// `Event.START_CONTAINER`.
pub(super) const START_CONTAINER: i32 = 6;

/// ttrpc's status: the codes of gRPC.
pub(super) mod code {
    pub(in crate::nri) const INVALID_ARGUMENT: i32 = 3;
    pub(in crate::nri) const PERMISSION_DENIED: i32 = 7;
    pub(in crate::nri) const UNIMPLEMENTED: i32 = 12;
}

/// ttrpc: a question.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Request {
    #[prost(string, tag = "1")]
    pub(super) service: String,
    #[prost(string, tag = "2")]
    pub(super) method: String,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) payload: Vec<u8>,
    #[prost(int64, tag = "4")]
    pub(super) timeout_nano: i64,
}

/// ttrpc: an answer.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Response {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) payload: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RegisterPluginRequest {
    #[prost(string, tag = "1")]
    pub(super) plugin_name: String,
    #[prost(string, tag = "2")]
    pub(super) plugin_idx: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ConfigureRequest {
    #[prost(string, tag = "2")]
    pub(super) runtime_name: String,
    #[prost(string, tag = "3")]
    pub(super) runtime_version: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ConfigureResponse {
    #[prost(int32, tag = "2")]
    pub(super) events: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SynchronizeRequest {
    #[prost(message, repeated, tag = "1")]
    pub(super) pods: Vec<PodSandbox>,
    #[prost(message, repeated, tag = "2")]
    pub(super) containers: Vec<Known>,
    #[prost(bool, tag = "3")]
    pub(super) more: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SynchronizeResponse {
    #[prost(bool, tag = "2")]
    pub(super) more: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) pod: Option<PodSandbox>,
    #[prost(message, optional, tag = "2")]
    pub(super) container: Option<Container>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StateChangeEvent {
    #[prost(int32, tag = "1")]
    pub(super) event: i32,
    #[prost(message, optional, tag = "2")]
    pub(super) pod: Option<PodSandbox>,
    #[prost(message, optional, tag = "3")]
    pub(super) container: Option<Container>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PodSandbox {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(string, tag = "3")]
    pub(super) uid: String,
    #[prost(string, tag = "4")]
    pub(super) namespace: String,
    #[prost(btree_map = "string, string", tag = "5")]
    pub(super) labels: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "6")]
    pub(super) annotations: BTreeMap<String, String>,
}

/// A `Container` of which only id and state matter.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Known {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) pod_sandbox_id: String,
    #[prost(int32, tag = "4")]
    pub(super) state: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Container {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) pod_sandbox_id: String,
    #[prost(string, tag = "3")]
    pub(super) name: String,
    #[prost(btree_map = "string, string", tag = "5")]
    pub(super) labels: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "6")]
    pub(super) annotations: BTreeMap<String, String>,
    #[prost(string, repeated, tag = "7")]
    pub(super) args: Vec<String>,
    #[prost(string, repeated, tag = "8")]
    pub(super) env: Vec<String>,
    #[prost(message, repeated, tag = "9")]
    pub(super) mounts: Vec<Mount>,
    #[prost(message, optional, tag = "11")]
    pub(super) linux: Option<LinuxContainer>,
    #[prost(message, optional, tag = "21")]
    pub(super) user: Option<User>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Mount {
    #[prost(string, tag = "1")]
    pub(super) destination: String,
    #[prost(string, tag = "2")]
    pub(super) r#type: String,
    #[prost(string, tag = "3")]
    pub(super) source: String,
    #[prost(string, repeated, tag = "4")]
    pub(super) options: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct LinuxContainer {
    #[prost(message, repeated, tag = "1")]
    pub(super) namespaces: Vec<LinuxNamespace>,
    #[prost(message, repeated, tag = "2")]
    pub(super) devices: Vec<LinuxDevice>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct LinuxNamespace {
    #[prost(string, tag = "1")]
    pub(super) r#type: String,
    #[prost(string, tag = "2")]
    pub(super) path: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct LinuxDevice {
    #[prost(string, tag = "1")]
    pub(super) path: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct User {
    #[prost(uint32, tag = "1")]
    pub(super) uid: u32,
    #[prost(uint32, tag = "2")]
    pub(super) gid: u32,
}
