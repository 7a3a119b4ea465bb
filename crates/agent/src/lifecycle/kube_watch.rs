//! The pods of a node, listed once and then watched: what happens to them into the trail, what
//! they are into the directory.
//!
//! When a watch ends it goes on from the last version; when that is too old the pods are listed
//! anew, and what changed meanwhile is told from the difference: nothing is missed but states in
//! between.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::{Container, Known, Pod};
use serde::Deserialize;

use super::kube_client::KubeError;
use super::kube_config::ApiServer;
use super::kube_pod::PodState;
use super::{Shared, encode};
use crate::clock::now_ns;

/// Pods that are remembered; more are not told.
const PODS: usize = 16_384;
/// Pods in one part of a list.
const PART: usize = 500;
/// How long to wait before asking an API again that did not answer.
const RETRY: Duration = Duration::from_secs(5);
/// How long to wait after a watch that ended well: a server that ends each at once is not asked
/// more often.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a watch may say nothing, bookmarks come about every minute: then the connection may be
/// dead, and it goes on with another.
const QUIET: Duration = Duration::from_secs(300);

/// The pods as they were told last.
struct Pods {
    shared: Arc<Shared>,
    by_uid: HashMap<String, PodState>,
    version: String,
    /// Whether the first list is through: what was there before is no news.
    listed: bool,
}

#[derive(Deserialize)]
struct List {
    metadata: ListMetadata,
    #[serde(default)]
    items: Vec<PodState>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListMetadata {
    resource_version: String,
    #[serde(rename = "continue")]
    next: String,
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "type")]
    kind: String,
    object: serde_json::Value,
}

/// Watches until the task is dropped.
pub(super) async fn watch(shared: Arc<Shared>, kubeconfig: PathBuf) {
    let mut pods = Pods { shared, by_uid: HashMap::new(), version: String::new(), listed: false };
    let mut told = String::new();
    loop {
        // Read again each time: tokens and certificates are renewed.
        let outcome = match ApiServer::load(&kubeconfig) {
            Ok(server) => pods.follow(&server).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match outcome {
            Ok(()) => {
                told.clear();
                tokio::time::sleep(PAUSE).await;
            }
            Err(why) => {
                if why != told {
                    pods.shared.complain(&why);
                }
                told = why;
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

impl Pods {
    /// Lists where it must, then watches until the server ends it.
    async fn follow(&mut self, server: &ApiServer) -> Result<(), KubeError> {
        if self.version.is_empty() {
            self.list(server).await?;
        }
        let path = format!(
            "/api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion={}{}",
            encode(&self.version),
            self.selector()
        );
        let asked = server.stream(&path).await;
        if matches!(asked, Err(KubeError::Gone)) {
            self.version.clear();
            return Ok(());
        }
        let mut stream = asked?;
        while let Ok(Some(line)) = tokio::time::timeout(QUIET, stream.lines.next()).await {
            match serde_json::from_slice::<Change>(&line) {
                Ok(change) => self.change(change),
                Err(_) => self.shared.malformed(),
            }
            if self.version.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn list(&mut self, server: &ApiServer) -> Result<(), KubeError> {
        let (mut next, mut all) = (String::new(), Vec::new());
        loop {
            let path =
                format!("/api/v1/pods?limit={PART}&continue={}{}", encode(&next), self.selector());
            let part: List = server.object(&path).await?;
            all.extend(part.items);
            self.version = part.metadata.resource_version;
            next = part.metadata.next;
            if next.is_empty() || all.len() >= PODS {
                break;
            }
        }
        let gone: Vec<String> = self
            .by_uid
            .keys()
            .filter(|uid| !all.iter().any(|pod| pod.metadata.uid == **uid))
            .cloned()
            .collect();
        for uid in gone {
            self.deleted(&uid);
        }
        for pod in all {
            self.seen(pod);
        }
        self.listed = true;
        Ok(())
    }

    fn selector(&self) -> String {
        let node = &self.shared.config.kubernetes.node;
        if node.is_empty() {
            return String::new();
        }
        format!("&fieldSelector=spec.nodeName%3D{}", encode(node))
    }

    fn change(&mut self, change: Change) {
        if change.kind == "ERROR" {
            // The version is too old, whatever the words: listed anew.
            self.version.clear();
            return;
        }
        let Ok(pod) = serde_json::from_value::<PodState>(change.object) else {
            self.shared.malformed();
            return;
        };
        self.version.clone_from(&pod.metadata.resource_version);
        match change.kind.as_str() {
            "ADDED" | "MODIFIED" => self.seen(pod),
            "DELETED" => {
                let uid = pod.metadata.uid.clone();
                self.deleted(&uid);
            }
            _ => {}
        }
    }

    fn seen(&mut self, pod: PodState) {
        self.learn(&pod);
        let uid = pod.metadata.uid.clone();
        let old = self.by_uid.get(&uid);
        if self.listed || old.is_some() {
            for mut record in PodState::changes(old, &pod, now_ns()) {
                record.node.clone_from(&self.shared.node);
                self.shared.trail.record(record);
            }
        }
        if old.is_some() || self.by_uid.len() < PODS {
            self.by_uid.insert(uid, pod);
        }
    }

    fn deleted(&mut self, uid: &str) {
        let Some(pod) = self.by_uid.remove(uid) else { return };
        let mut record = pod.record("deleted", "is gone", now_ns());
        record.node.clone_from(&self.shared.node);
        self.shared.trail.record(record);
    }

    /// Tells the directory which containers are the pod's.
    fn learn(&self, pod: &PodState) {
        for state in pod.containers().filter(|state| !state.id().is_empty()) {
            let learn =
                |container: &mut Container| from_pod(container, pod, &state.name, &state.image);
            self.shared.directory.write(|containers| containers.learn(state.id(), learn));
        }
    }
}

fn from_pod(container: &mut Container, pod: &PodState, name: &str, image: &str) {
    container.known = Known::Full;
    name.clone_into(&mut container.name);
    if container.spec.image.reference.is_empty() {
        image.clone_into(&mut container.spec.image.reference);
    }
    container.labels.extend(pod.metadata.labels.clone());
    container.pod = Some(Pod {
        uid: pod.metadata.uid.clone(),
        name: pod.metadata.name.clone(),
        namespace: pod.metadata.namespace.clone(),
    });
}
