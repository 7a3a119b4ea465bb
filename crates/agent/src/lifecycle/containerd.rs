//! containerd's stream of events, for containers that were made without Docker.
//!
//! containerd keeps no events: what happened while nobody listened is lost, and that is told.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use containerd_client::Client;
use containerd_client::services::v1::{
    Container as Found, GetContainerRequest, ListContainersRequest, ListNamespacesRequest,
    SubscribeRequest,
};
use containerd_client::tonic::Request;
use model::{AuditKind, AuditOutcome, Container, ContainerRef, Engine, Known, Pod};
use tokio::time::timeout;

use super::Shared;
use super::callers::Deed;
use super::containerd_event::{Told, read};
use crate::limits::{ANSWER_TIMEOUT_MS, ENGINE_RETRY_MS};

/// The name of the stream among those whose standing is kept.
const STREAM: &str = "containerd";
/// Docker's namespace: Docker tells of its containers itself, and better.
const DOCKERS: &str = "moby";
/// Containers asked for when the stream begins.
const CONTAINERS: usize = 4096;
const NAME: &str = "nerdctl/name";
const POD: [&str; 3] =
    ["io.kubernetes.pod.name", "io.kubernetes.pod.namespace", "io.kubernetes.pod.uid"];
const CONTAINER_NAME: &str = "io.kubernetes.container.name";

/// Listens until the task is dropped.
pub(super) async fn listen(shared: Arc<Shared>, socket: PathBuf) {
    loop {
        if socket.exists() {
            follow(&shared, &socket).await;
        }
        tokio::time::sleep(Duration::from_millis(ENGINE_RETRY_MS)).await;
    }
}

async fn follow(shared: &Shared, socket: &Path) {
    let Ok(client) = Client::from_path(socket).await else { return };
    // Without a filter every namespace tells.
    let asked = client.events().subscribe(SubscribeRequest { filters: Vec::new() }).await;
    let Ok(mut events) = asked.map(containerd_client::tonic::Response::into_inner) else { return };
    begin(shared, socket);
    learn_all(shared, &client).await;
    while let Ok(Some(envelope)) = events.message().await {
        let Some(told) = read(&envelope) else { continue };
        if told.namespace == DOCKERS && shared.config.docker.is_some() {
            continue;
        }
        shared.callers.reach(told.time_ns).await;
        if told.kind == AuditKind::Container && matches!(told.action, "create" | "start") {
            learn_one(shared, &client, &told.namespace, &told.object).await;
        }
        shared.standing.reached(STREAM, told.time_ns);
        tell(shared, socket, &told);
    }
}

fn begin(shared: &Shared, socket: &Path) {
    let mut record = shared.agent_record("listening");
    record.target = socket.to_string_lossy().into_owned();
    record.text = format!("listening to {}", record.target);
    if let Some(last_ns) = shared.standing.last_ns(STREAM) {
        record.action = "gap".to_owned();
        record.outcome = AuditOutcome::Unknown;
        record.text = format!(
            "listening to {} again; what happened since its last event, {:.3}, is not known",
            record.target,
            model::Timestamp::from_nanosecond(i128::from(last_ns)).unwrap_or_default(),
        );
    }
    shared.standing.reached(STREAM, record.time_ns);
    shared.trail.record(record);
}

fn tell(shared: &Shared, socket: &Path, told: &Told) {
    if shared.config.quiet.iter().any(|quiet| quiet == told.action) {
        return;
    }
    let mut record = told.record();
    if told.kind == AuditKind::Container {
        let known = shared.directory.find(&told.object);
        let mut container = known.as_deref().map(ContainerRef::from).unwrap_or_default();
        container.id.clone_from(&told.object);
        container.engine = Engine::Containerd;
        if container.image.is_empty() {
            container.image.clone_from(&told.image);
        }
        record.container = Some(container);
    }
    let names = [told.object.as_str(), told.image.as_str()];
    let whose = shared.callers.whose(&Deed {
        socket: &socket.to_string_lossy(),
        time_ns: told.time_ns,
        action: told.action,
        names: &names,
        spontaneous: told.is_spontaneous(),
    });
    shared.name(&mut record, whose);
    shared.trail.record(record);
}

async fn learn_all(shared: &Shared, client: &Client) {
    let asked = client.namespaces().list(ListNamespacesRequest::default()).await;
    let Ok(namespaces) = asked else { return };
    for namespace in namespaces.into_inner().namespaces {
        if namespace.name == DOCKERS {
            continue;
        }
        let Some(request) = within(ListContainersRequest::default(), &namespace.name) else {
            continue;
        };
        let Ok(list) = client.containers().list(request).await else { continue };
        for found in list.into_inner().containers.into_iter().take(CONTAINERS) {
            learn(shared, found);
        }
    }
}

async fn learn_one(shared: &Shared, client: &Client, namespace: &str, id: &str) {
    let Some(request) = within(GetContainerRequest { id: id.to_owned() }, namespace) else {
        return;
    };
    let patience = Duration::from_millis(ANSWER_TIMEOUT_MS);
    let mut containers = client.containers();
    let asked = timeout(patience, containers.get(request)).await;
    if let Ok(Ok(answer)) = asked
        && let Some(found) = answer.into_inner().container
    {
        learn(shared, found);
    }
}

fn learn(shared: &Shared, found: Found) {
    let id = found.id.clone();
    shared.directory.write(|containers| {
        containers.learn(&id, |container| from_containerd(container, found));
    });
}

/// What containerd says of a container.
fn from_containerd(container: &mut Container, found: Found) {
    container.known = Known::Full;
    if container.engine == Engine::Unknown {
        container.engine = Engine::Containerd;
    }
    container.spec.image.reference = found.image;
    container.labels = found.labels.into_iter().collect();
    let label = |name: &str| container.labels.get(name).cloned();
    let name = label(NAME).or_else(|| label(CONTAINER_NAME));
    let [pod, namespace, uid] = POD.map(label);
    if let Some(name) = name {
        container.name = name;
    }
    if let (Some(name), Some(namespace)) = (pod, namespace) {
        container.pod = Some(Pod { uid: uid.unwrap_or_default(), name, namespace });
    }
}

fn within<T>(message: T, namespace: &str) -> Option<Request<T>> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("containerd-namespace", namespace.parse().ok()?);
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_name_container_and_pod() {
        let pairs = [(CONTAINER_NAME, "web"), (POD[0], "web-1"), (POD[1], "shop"), (POD[2], "u")];
        let labels = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let found = Found { image: "shop:1".to_owned(), labels, ..Found::default() };
        let mut container = Container::default();
        from_containerd(&mut container, found);
        assert_eq!((container.name.as_str(), container.engine), ("web", Engine::Containerd));
        assert_eq!(container.pod.map(|pod| pod.name), Some("web-1".to_owned()));
        assert_eq!(container.spec.image.reference, "shop:1");
    }
}
