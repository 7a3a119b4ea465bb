//! The few messages of the container runtime interface (`runtime.v1`) with which the tests do what
//! a kubelet does.

use std::collections::HashMap;
use std::path::Path;

use containerd_client::tonic::client::Grpc;
use containerd_client::tonic::codegen::http::uri::PathAndQuery;
use containerd_client::tonic::transport::Channel;
use containerd_client::tonic::{Request, Status};
use prost::Message;
use tonic_prost::ProstCodec;

/// A namespace that is the node's.
pub const NODE: i32 = 2;

#[derive(Clone, PartialEq, Message)]
pub struct Empty {}

/// Requests that name a pod or a container.
#[derive(Clone, PartialEq, Message)]
pub struct ById {
    #[prost(string, tag = "1")]
    pub id: String,
    /// `StopContainer`: seconds.
    #[prost(int64, tag = "2")]
    pub timeout: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct RunPodSandbox {
    #[prost(message, optional, tag = "1")]
    pub config: Option<Pod>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Pod {
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<PodName>,
    #[prost(string, tag = "3")]
    pub log_directory: String,
    #[prost(map = "string, string", tag = "6")]
    pub labels: HashMap<String, String>,
    #[prost(message, optional, tag = "8")]
    pub linux: Option<PodLinux>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PodName {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub uid: String,
    #[prost(string, tag = "3")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct PodLinux {
    #[prost(message, optional, tag = "2")]
    pub security: Option<PodSecurity>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PodSecurity {
    #[prost(message, optional, tag = "1")]
    pub namespaces: Option<Namespaces>,
    #[prost(bool, tag = "6")]
    pub privileged: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Namespaces {
    #[prost(int32, tag = "1")]
    pub network: i32,
    #[prost(int32, tag = "2")]
    pub pid: i32,
    #[prost(int32, tag = "3")]
    pub ipc: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct CreateContainer {
    #[prost(string, tag = "1")]
    pub pod: String,
    #[prost(message, optional, tag = "2")]
    pub config: Option<Container>,
    #[prost(message, optional, tag = "3")]
    pub pod_config: Option<Pod>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Container {
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<ContainerName>,
    #[prost(message, optional, tag = "2")]
    pub image: Option<Image>,
    #[prost(string, repeated, tag = "3")]
    pub command: Vec<String>,
    #[prost(message, repeated, tag = "7")]
    pub mounts: Vec<Mount>,
    #[prost(message, repeated, tag = "8")]
    pub devices: Vec<Device>,
    #[prost(message, optional, tag = "15")]
    pub linux: Option<ContainerLinux>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ContainerName {
    #[prost(string, tag = "1")]
    pub name: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Image {
    #[prost(string, tag = "1")]
    pub image: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Mount {
    #[prost(string, tag = "1")]
    pub container_path: String,
    #[prost(string, tag = "2")]
    pub host_path: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Device {
    #[prost(string, tag = "1")]
    pub container_path: String,
    #[prost(string, tag = "2")]
    pub host_path: String,
    #[prost(string, tag = "3")]
    pub permissions: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct ContainerLinux {
    #[prost(message, optional, tag = "2")]
    pub security: Option<Security>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Security {
    #[prost(message, optional, tag = "1")]
    pub capabilities: Option<Capabilities>,
    #[prost(bool, tag = "2")]
    pub privileged: bool,
    #[prost(message, optional, tag = "3")]
    pub namespaces: Option<Namespaces>,
    #[prost(message, optional, tag = "5")]
    pub run_as_user: Option<Number>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Capabilities {
    #[prost(string, repeated, tag = "1")]
    pub add: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Number {
    #[prost(int64, tag = "1")]
    pub value: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct ImageStatusRequest {
    #[prost(message, optional, tag = "1")]
    pub image: Option<Image>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ImageStatus {
    #[prost(message, optional, tag = "1")]
    pub image: Option<Item>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ContainerStatusResponse {
    #[prost(message, optional, tag = "1")]
    pub status: Option<ContainerStatus>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ContainerStatus {
    /// 0 created, 1 running, 2 exited.
    #[prost(int32, tag = "3")]
    pub state: i32,
    #[prost(int32, tag = "7")]
    pub exit_code: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Listed {
    #[prost(message, repeated, tag = "1")]
    pub items: Vec<Item>,
}

/// Something of which only the id matters.
#[derive(Clone, PartialEq, Message)]
pub struct Item {
    #[prost(string, tag = "1")]
    pub id: String,
}

/// Asks the runtime service.
pub async fn runtime<Q, A>(socket: &Path, method: &str, question: Q) -> Result<A, Status>
where
    Q: Message + Default + 'static,
    A: Message + Default + 'static,
{
    ask(socket, &format!("/runtime.v1.RuntimeService/{method}"), question).await
}

/// Asks the image service what it knows of an image.
pub async fn image_status(socket: &Path, image: &str) -> Result<ImageStatus, Status> {
    let image = Some(Image { image: image.to_owned() });
    ask(socket, "/runtime.v1.ImageService/ImageStatus", ImageStatusRequest { image }).await
}

async fn ask<Q, A>(socket: &Path, path: &str, question: Q) -> Result<A, Status>
where
    Q: Message + Default + 'static,
    A: Message + Default + 'static,
{
    let unreachable = |why: String| Status::unavailable(why);
    let channel: Channel =
        containerd_client::connect(socket).await.map_err(|why| unreachable(why.to_string()))?;
    let mut client = Grpc::new(channel);
    client.ready().await.map_err(|why| unreachable(why.to_string()))?;
    let path: PathAndQuery = path.parse().unwrap();
    let codec = ProstCodec::<Q, A>::default();
    client.unary(Request::new(question), path, codec).await.map(|answer| answer.into_inner())
}
