//! `Containerd`: what containerd knows of containers and images, asked over its socket, and the
//! stopping of a container.
//!
//! Source: containerd `api/services/{containers,images,content,tasks}/v1`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use containerd_client::services::v1::{
    GetContainerRequest, GetImageRequest, GetRequest, KillRequest, ListImagesRequest,
    ListTasksRequest, ReadContentRequest,
};
use containerd_client::tonic::{Code, Request, Status, transport::Channel};
use containerd_client::{Client, connect};
use lru::LruCache;
use model::Digest;
use serde::Deserialize;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::workload::Record;
use crate::AgentError;
use crate::limits::{
    ANSWER_MAX_BYTES, ANSWER_TIMEOUT_MS, IMAGE_DOCUMENT_MAX_BYTES, IMAGES_REMEMBERED,
    INDEX_MAX_ENTRIES, NAMES_JUDGED, STOP_GRACE_MS,
};

/// What the CRI part writes beside a container.
const CRI_METADATA: &str = "io.cri-containerd.container.metadata";
/// The label that tells a pod's sandbox from its containers.
const CRI_KIND: &str = "io.cri-containerd.kind";
const SIGTERM: u32 = 15;
const SIGKILL: u32 = 9;
/// containerd's `task.Status` of one that has ended.
const STOPPED: i32 = 3;
/// containerd's `task.Status` of those that run, or could go on at any time.
const RUNS: [i32; 3] = [2, 4, 5];

/// containerd, seen from one namespace.
#[derive(Debug)]
pub(super) struct Containerd {
    socket: PathBuf,
    namespace: String,
    channel: OnceCell<Channel>,
    /// What an index or manifest leads to. It cannot change: both are named by their content.
    configs: Mutex<LruCache<Digest, Digest>>,
}

/// An index or a manifest, as far as it is read here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document {
    config: Option<Pointer>,
    manifests: Vec<Pointer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pointer {
    digest: String,
    platform: Platform,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Platform {
    os: String,
    architecture: String,
}

impl Containerd {
    pub(super) fn new(socket: &Path, namespace: &str) -> Self {
        let remembered = NonZeroUsize::new(IMAGES_REMEMBERED).unwrap_or(NonZeroUsize::MIN);
        Containerd {
            socket: socket.to_path_buf(),
            namespace: namespace.to_owned(),
            channel: OnceCell::new(),
            configs: Mutex::new(LruCache::new(remembered)),
        }
    }

    /// A container as it is kept; `None` when there is none of that id.
    pub(super) async fn container(&self, id: &str) -> Result<Option<Record>, AgentError> {
        let request = self.asking(GetContainerRequest { id: id.to_owned() })?;
        let mut containers =
            self.client().await?.containers().max_decoding_message_size(ANSWER_MAX_BYTES);
        let answer = self.answer("containers.get", containers.get(request)).await?;
        let found = answer.and_then(|answer| answer.container);
        Ok(found.map(|mut found| Record {
            id: found.id,
            image: found.image,
            labels: found.labels.into_iter().collect(),
            spec: found.spec.map(|spec| spec.value).unwrap_or_default(),
            metadata: found.extensions.remove(CRI_METADATA).map(|m| m.value).unwrap_or_default(),
        }))
    }

    /// What an image's name stands for now: the digest of an index or manifest.
    pub(super) async fn target(&self, name: &str) -> Result<Option<Digest>, AgentError> {
        let request = self.asking(GetImageRequest { name: name.to_owned() })?;
        let mut images = self.client().await?.images().max_decoding_message_size(ANSWER_MAX_BYTES);
        let answer = self.answer("images.get", images.get(request)).await?;
        let target = answer.and_then(|answer| answer.image?.target);
        Ok(target.and_then(|target| target.digest.parse().ok()))
    }

    /// Every name that stands for an index or manifest.
    pub(super) async fn names(&self, target: &Digest) -> Result<Vec<String>, AgentError> {
        let filters = vec![format!("target.digest=={target}")];
        let request = self.asking(ListImagesRequest { filters })?;
        let mut images = self.client().await?.images().max_decoding_message_size(ANSWER_MAX_BYTES);
        let answer = self.answer("images.list", images.list(request)).await?;
        let named = answer.map(|answer| answer.images).unwrap_or_default().into_iter();
        // The CRI part also keeps each image under its id, which is no name.
        let named = named.map(|image| image.name).filter(|name| name.parse::<Digest>().is_err());
        Ok(named.take(NAMES_JUDGED).collect())
    }

    /// The manifest of this machine's platform that an index or manifest leads to, with the digest
    /// of its configuration, which is the image's id; `None` when it is not in the content store.
    pub(super) async fn config_of(&self, target: &Digest) -> Result<Option<Digest>, AgentError> {
        let known = self.configs().get(target).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(document) = self.document(target).await? else { return Ok(None) };
        let config = match document.config {
            Some(config) => config.digest.parse().ok(),
            None => self.config_in(document.manifests).await?,
        };
        if let Some(config) = &config {
            self.configs().put(target.clone(), config.clone());
        }
        Ok(config)
    }

    async fn config_in(&self, manifests: Vec<Pointer>) -> Result<Option<Digest>, AgentError> {
        let ours = manifests.into_iter().take(INDEX_MAX_ENTRIES);
        for manifest in ours.filter(|one| is_ours(&one.platform)) {
            let Ok(digest) = manifest.digest.parse::<Digest>() else { continue };
            // Of several variants the one that was pulled is there.
            let Some(document) = self.document(&digest).await? else { continue };
            if let Some(config) = document.config {
                return Ok(config.digest.parse().ok());
            }
        }
        Ok(None)
    }

    async fn document(&self, digest: &Digest) -> Result<Option<Document>, AgentError> {
        let message = ReadContentRequest { digest: digest.to_string(), offset: 0, size: 0 };
        let request = self.asking(message)?;
        let mut content = self.client().await?.content();
        let Some(mut pieces) = self.answer("content.read", content.read(request)).await? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        loop {
            let next =
                async { pieces.message().await.map(containerd_client::tonic::Response::new) };
            match self.answer("content.read", next).await? {
                Some(Some(piece)) => bytes.extend(piece.data),
                Some(None) => break,
                None => return Ok(None),
            }
            if bytes.len() > IMAGE_DOCUMENT_MAX_BYTES {
                return Err(self.failed("content.read", "a manifest is too large"));
            }
        }
        let read = serde_json::from_slice(&bytes);
        read.map(Some).map_err(|why| self.failed("content.read", &why.to_string()))
    }

    /// The ids of what runs.
    pub(super) async fn running(&self) -> Result<Vec<String>, AgentError> {
        let request = self.asking(ListTasksRequest::default())?;
        let mut tasks = self.client().await?.tasks().max_decoding_message_size(ANSWER_MAX_BYTES);
        let answer = self.answer("tasks.list", tasks.list(request)).await?;
        let tasks = answer.map(|answer| answer.tasks).unwrap_or_default().into_iter();
        Ok(tasks.filter(|task| RUNS.contains(&task.status)).map(|task| task.id).collect())
    }

    /// Asks a container to end, and ends it when it does not.
    pub(super) async fn stop(&self, id: &str) -> Result<(), AgentError> {
        self.kill(id, SIGTERM, false).await?;
        let ended = async {
            while self.runs(id).await? {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        };
        match timeout(Duration::from_millis(STOP_GRACE_MS), ended).await {
            Ok(ended) => ended,
            Err(_) => self.kill(id, SIGKILL, true).await,
        }
    }

    async fn runs(&self, id: &str) -> Result<bool, AgentError> {
        let request =
            self.asking(GetRequest { container_id: id.to_owned(), exec_id: String::new() })?;
        let mut tasks = self.client().await?.tasks().max_decoding_message_size(ANSWER_MAX_BYTES);
        let answer = self.answer("tasks.get", tasks.get(request)).await?;
        let process = answer.and_then(|answer| answer.process);
        Ok(process.is_some_and(|process| process.status != STOPPED))
    }

    async fn kill(&self, id: &str, signal: u32, all: bool) -> Result<(), AgentError> {
        let message =
            KillRequest { container_id: id.to_owned(), exec_id: String::new(), signal, all };
        let request = self.asking(message)?;
        let mut tasks = self.client().await?.tasks().max_decoding_message_size(ANSWER_MAX_BYTES);
        self.answer("tasks.kill", tasks.kill(request)).await.map(|_| ())
    }

    async fn client(&self) -> Result<Client, AgentError> {
        let limit = Duration::from_millis(ANSWER_TIMEOUT_MS);
        let opened = self.channel.get_or_try_init(|| async {
            let opened = timeout(limit, connect(&self.socket)).await;
            let opened = opened.map_err(|_| self.failed("a connection", "it takes too long"))?;
            opened.map_err(|why| self.failed("a connection", &with_causes(&why)))
        });
        Ok(Client::from(opened.await?.clone()))
    }

    /// Waits for an answer; `None` when there is no such thing.
    async fn answer<T>(
        &self,
        what: &str,
        question: impl Future<Output = Result<containerd_client::tonic::Response<T>, Status>>,
    ) -> Result<Option<T>, AgentError> {
        match timeout(Duration::from_millis(ANSWER_TIMEOUT_MS), question).await {
            Ok(Ok(answer)) => Ok(Some(answer.into_inner())),
            Ok(Err(status)) if status.code() == Code::NotFound => Ok(None),
            Ok(Err(status)) => Err(self.failed(what, status.message())),
            Err(_) => Err(self.failed(what, "it takes too long")),
        }
    }

    /// A question with the namespace it is about.
    fn asking<T>(&self, message: T) -> Result<Request<T>, AgentError> {
        let namespace = self.namespace.parse();
        let namespace = namespace.map_err(|_| self.failed("a namespace", "it is no plain word"))?;
        let mut request = Request::new(message);
        request.metadata_mut().insert("containerd-namespace", namespace);
        Ok(request)
    }

    fn configs(&self) -> std::sync::MutexGuard<'_, LruCache<Digest, Digest>> {
        self.configs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, what: &str, why: &str) -> AgentError {
        let why = why.chars().take(500).collect();
        AgentError::Engine { path: self.socket.clone(), what: what.to_owned(), why }
    }
}

impl Record {
    /// Whether it is only a pod's sandbox, which runs no image of the pod's.
    pub(super) fn is_sandbox(&self) -> bool {
        self.labels.get(CRI_KIND).is_some_and(|kind| kind == "sandbox")
    }
}

/// An error of a connection says nothing; what caused it does.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

/// Whether a platform of an index is this machine's; Go's names.
fn is_ours(platform: &Platform) -> bool {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    };
    platform.os == "linux" && platform.architecture == architecture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_names_platforms_and_a_manifest_its_configuration() {
        let index = r#"{"manifests":[{"digest":"sha256:a","platform":{"os":"unknown","architecture":"unknown"}},{"digest":"sha256:b"}]}"#;
        let index: Document = serde_json::from_str(index).unwrap();
        assert!(index.config.is_none());
        assert!(!index.manifests.iter().any(|one| is_ours(&one.platform)));
        let manifest: Document =
            serde_json::from_str(r#"{"config":{"digest":"sha256:c"}}"#).unwrap();
        assert_eq!(manifest.config.unwrap().digest, "sha256:c");
    }

    #[tokio::test]
    async fn says_which_socket_does_not_answer() {
        let nobody = Containerd::new(Path::new("/nowhere/containerd.sock"), "k8s.io");
        let error = nobody.container("c").await.unwrap_err().to_string();
        assert!(error.contains("/nowhere/containerd.sock"), "{error}");
    }
}
