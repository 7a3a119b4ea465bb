//! containerd: its image list and content store, over its socket.
//!
//! Source: containerd `api/services/images/v1`, `api/services/content/v1`. Layers are read from
//! the content store; an image whose layers were unpacked and dropped from it cannot be read.

use std::env;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use containerd_client::Client;
use containerd_client::services::v1::{GetImageRequest, ReadContentRequest};
use containerd_client::tonic::{Code, Request, Status};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use model::{Digest, ImageRef, SourceKind};

use super::blobs::{BlobImage, Blobs, within};
use super::blocking::{StreamReader, wait_at_most};
use crate::manifest::Descriptor;
use crate::source::Source;
use crate::{ImageError, Limits, Options};

/// Where containerd listens, and k3s' own.
const USUAL_SOCKETS: [&str; 2] =
    ["/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock"];
/// The variable that names another socket, as `ctr` has it.
const ADDRESS_VARIABLE: &str = "CONTAINERD_ADDRESS";
/// The variable that names the only namespace to look into.
const NAMESPACE_VARIABLE: &str = "CONTAINERD_NAMESPACE";
/// The namespaces that are looked into: `ctr`'s and nerdctl's, Kubernetes', Docker's.
const USUAL_NAMESPACES: [&str; 3] = ["default", "k8s.io", "moby"];
/// Seconds containerd has to answer a question.
const ANSWER_TIMEOUT_S: u64 = 30;

/// The content store, seen from one namespace.
struct ContentStore {
    client: Client,
    namespace: String,
    place: String,
    limits: Limits,
}

/// Finds an image in containerd by reference.
pub(super) fn open(name: &str, options: &Options) -> Result<Box<dyn Source>, ImageError> {
    let socket = socket()?;
    let client = connect(&socket)?;
    let full = name.parse::<ImageRef>().map_or_else(|_| name.to_owned(), |image| image.to_string());
    for namespace in namespaces() {
        let request = asking(GetImageRequest { name: full.clone() }, &namespace)?;
        let answer = ask(&socket, async { client.images().get(request).await })?;
        let target = match answer {
            Ok(answer) => answer.into_inner().image.and_then(|image| image.target),
            Err(status) if status.code() == Code::NotFound => continue,
            Err(status) => return Err(broken(name, &status)),
        };
        let Some(target) = target else { continue };
        let limits = options.limits.clone();
        let place = name.to_owned();
        let store = ContentStore { client, namespace, place, limits };
        let kind = SourceKind::Containerd;
        return Ok(Box::new(BlobImage::open(store, kind, name, &target.digest, options)?));
    }
    let place =
        format!("containerd ({}, namespaces {})", socket.display(), namespaces().join(", "));
    Err(ImageError::NoSuchImage { image: full, place })
}

fn socket() -> Result<PathBuf, ImageError> {
    if let Some(address) = env::var(ADDRESS_VARIABLE).ok().filter(|address| !address.is_empty()) {
        return Ok(address.trim_start_matches("unix://").into());
    }
    let usual = USUAL_SOCKETS.iter().map(PathBuf::from).find(|path| path.exists());
    usual.ok_or(ImageError::NoDaemon { daemon: "containerd", variable: ADDRESS_VARIABLE })
}

fn namespaces() -> Vec<String> {
    match env::var(NAMESPACE_VARIABLE).ok().filter(|namespace| !namespace.is_empty()) {
        Some(namespace) => vec![namespace],
        None => USUAL_NAMESPACES.map(str::to_owned).to_vec(),
    }
}

fn connect(socket: &Path) -> Result<Client, ImageError> {
    if let Err(error) = std::os::unix::net::UnixStream::connect(socket) {
        return Err(match error.kind() {
            io::ErrorKind::PermissionDenied => {
                ImageError::SocketDenied { daemon: "containerd", socket: socket.to_owned() }
            }
            _ => unreachable_daemon(socket, &error.to_string()),
        });
    }
    let client = ask(socket, Client::from_path(socket))?;
    client.map_err(|error| unreachable_daemon(socket, &error.to_string()))
}

fn ask<T>(socket: &Path, question: impl Future<Output = T>) -> Result<T, ImageError> {
    let answer = wait_at_most(Duration::from_secs(ANSWER_TIMEOUT_S), question)?;
    answer.ok_or_else(|| unreachable_daemon(socket, "no answer"))
}

fn unreachable_daemon(socket: &Path, detail: &str) -> ImageError {
    ImageError::DaemonUnreachable {
        daemon: "containerd",
        address: socket.display().to_string(),
        detail: detail.to_owned(),
        variable: ADDRESS_VARIABLE,
    }
}

fn broken(image: &str, status: &Status) -> ImageError {
    let detail = format!("containerd says: {}", status.message());
    ImageError::Broken { image: image.to_owned(), detail }
}

/// A question with the namespace it is about.
fn asking<T>(message: T, namespace: &str) -> Result<Request<T>, ImageError> {
    let mut request = Request::new(message);
    let value = namespace.parse().map_err(|_| ImageError::Unsupported {
        place: "containerd".to_owned(),
        what: format!("`{namespace}` is no namespace: set {NAMESPACE_VARIABLE} to a plain word"),
    })?;
    request.metadata_mut().insert("containerd-namespace", value);
    Ok(request)
}

impl ContentStore {
    /// The bytes of a blob as they come.
    fn content(&self, digest: &Digest) -> BoxStream<'static, io::Result<Vec<u8>>> {
        let mut content = self.client.content();
        let message =
            ReadContentRequest { digest: digest.to_string(), ..ReadContentRequest::default() };
        let request = match asking(message, &self.namespace) {
            Ok(request) => request,
            Err(error) => return stream::iter([Err(io::Error::other(error))]).boxed(),
        };
        stream::once(async move { content.read(request).await })
            .map_ok(|answer| answer.into_inner().map_ok(|piece| piece.data))
            .try_flatten()
            .map_err(|status| io::Error::other(format!("containerd says: {}", status.message())))
            .boxed()
    }
}

impl Blobs for ContentStore {
    fn manifest(&self, reference: &str) -> Result<Vec<u8>, ImageError> {
        let digest: Digest = reference.parse().map_err(|error: model::InvalidDigest| {
            ImageError::Malformed { place: self.place.clone(), detail: error.to_string() }
        })?;
        let idle = Duration::from_secs(self.limits.idle_timeout_s);
        let reader = StreamReader::new(self.content(&digest), idle);
        let mut bytes = Vec::new();
        let read = reader.take(self.limits.document_bytes + 1).read_to_end(&mut bytes);
        read.map_err(|error| ImageError::Broken {
            image: self.place.clone(),
            detail: format!("{error} (a build for another platform is not in the content store)"),
        })?;
        within(&bytes, "the manifest", &self.place, &self.limits)?;
        Ok(bytes)
    }

    fn blob(&self, blob: &Descriptor) -> Box<dyn Read + Send> {
        let idle = Duration::from_secs(self.limits.idle_timeout_s);
        Box::new(StreamReader::new(self.content(&blob.digest), idle))
    }
}
