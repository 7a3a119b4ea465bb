//! Docker and Podman: the image as `docker save` gives it, read while it comes.
//!
//! Source: Docker Engine API, `GET /images/{name}/json` and `/images/{name}/get`; Podman serves
//! the same. An export cannot be asked for one layer, so an image is exported whole; the caller
//! may avoid that by what it knows of the image's id.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::ImageInspect;
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::{StreamExt, TryStreamExt};
use model::{Platform, Progress, SourceKind};

use super::blocking::{StreamReader, wait_at_most};
use crate::archive::{Wanted, read_stream};
use crate::manifest::{no_such_platform, serves};
use crate::source::{Identity, LayerVisitor, Source};
use crate::{Description, ImageError, Limits, Options};

/// Seconds a daemon has to answer a question.
const ANSWER_TIMEOUT_S: u64 = 30;

/// Which daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Docker,
    Podman,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Engine::Docker => "docker",
            Engine::Podman => "podman",
        }
    }

    fn kind(self) -> SourceKind {
        match self {
            Engine::Docker => SourceKind::Docker,
            Engine::Podman => SourceKind::Podman,
        }
    }

    /// The environment variable that names the daemon's address.
    fn variable(self) -> &'static str {
        match self {
            Engine::Docker => "DOCKER_HOST",
            Engine::Podman => "CONTAINER_HOST",
        }
    }

    /// Where its socket usually is, the user's own first.
    fn usual_sockets(self) -> Vec<PathBuf> {
        let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let (own, system) = match self {
            Engine::Docker => ("docker.sock", "/var/run/docker.sock"),
            Engine::Podman => ("podman/podman.sock", "/run/podman/podman.sock"),
        };
        runtime.map(|directory| directory.join(own)).into_iter().chain([system.into()]).collect()
    }
}

/// An image in a daemon.
struct EngineImage {
    docker: Docker,
    id: String,
    size_bytes: Option<u64>,
    wanted: Wanted,
}

/// Finds an image in a daemon by reference or id.
pub(super) fn open(
    engine: Engine,
    name: &str,
    options: &Options,
) -> Result<Box<dyn Source>, ImageError> {
    let address = address(engine)?;
    let docker = connect(engine, &address, &options.limits)?;
    let image = ask(docker.inspect_image(name)).map_err(|error| match error {
        Asked::Failed(error) => failure(engine, &address, name, &error),
        Asked::Silent => unreachable_daemon(engine, &address, "no answer"),
    })?;
    check_platform(&image, name, options)?;
    let id = image.id.clone().unwrap_or_else(|| name.to_owned());
    let wanted = Wanted {
        kind: Some(engine.kind()),
        prefers_oci: false,
        name: name.to_owned(),
        reference: None,
        platform: options.platform.clone(),
        limits: options.limits.clone(),
    };
    let size_bytes = image.size.and_then(|size| u64::try_from(size).ok());
    Ok(Box::new(EngineImage { docker, id, size_bytes, wanted }))
}

/// Where the daemon listens: the environment's word, or the first usual socket that is there.
fn address(engine: Engine) -> Result<String, ImageError> {
    if let Some(host) = env::var(engine.variable()).ok().filter(|host| !host.is_empty()) {
        return Ok(host);
    }
    let socket = engine.usual_sockets().into_iter().find(|path| path.exists());
    let socket = socket.ok_or_else(|| ImageError::NoDaemon {
        daemon: engine.name(),
        variable: engine.variable(),
    })?;
    Ok(format!("unix://{}", socket.display()))
}

fn connect(engine: Engine, address: &str, limits: &Limits) -> Result<Docker, ImageError> {
    let timeout_s = limits.idle_timeout_s;
    let docker = match address.split_once("://") {
        Some(("unix", path)) => {
            readable(engine, Path::new(path))?;
            Docker::connect_with_unix(path, timeout_s, API_DEFAULT_VERSION)
        }
        Some(("tcp" | "http", _)) => {
            Docker::connect_with_http(address, timeout_s, API_DEFAULT_VERSION)
        }
        _ => {
            let what = format!(
                "the address {address} is of a kind that is not spoken: set {} to unix:///path or \
                 tcp://host:port, or save the image to a file",
                engine.variable()
            );
            return Err(ImageError::Unsupported { place: engine.name().to_owned(), what });
        }
    };
    let docker = docker.map_err(|error| unreachable_daemon(engine, address, &error.to_string()))?;
    match ask(docker.negotiate_version()) {
        Ok(docker) => Ok(docker),
        Err(Asked::Failed(error)) => Err(failure(engine, address, "", &error)),
        Err(Asked::Silent) => Err(unreachable_daemon(engine, address, "no answer")),
    }
}

/// Tells a socket that this user may not use from one where nobody listens.
fn readable(engine: Engine, socket: &Path) -> Result<(), ImageError> {
    match std::os::unix::net::UnixStream::connect(socket) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(ImageError::SocketDenied { daemon: engine.name(), socket: socket.to_owned() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(ImageError::NoDaemon { daemon: engine.name(), variable: engine.variable() })
        }
        Err(error) => {
            Err(unreachable_daemon(engine, &socket.display().to_string(), &error.to_string()))
        }
    }
}

/// How a question to a daemon may end.
enum Asked {
    Failed(Error),
    Silent,
}

fn ask<T>(question: impl Future<Output = Result<T, Error>>) -> Result<T, Asked> {
    match wait_at_most(Duration::from_secs(ANSWER_TIMEOUT_S), question) {
        Ok(Some(answer)) => answer.map_err(Asked::Failed),
        Ok(None) | Err(_) => Err(Asked::Silent),
    }
}

fn failure(engine: Engine, address: &str, image: &str, error: &Error) -> ImageError {
    match error {
        Error::DockerResponseServerError { status_code: 404, .. } => {
            let place = format!("{} ({address})", engine.name());
            ImageError::NoSuchImage { image: image.to_owned(), place }
        }
        Error::DockerResponseServerError { message, .. } => ImageError::Broken {
            image: image.to_owned(),
            detail: format!("{} says: {}", engine.name(), message.trim()),
        },
        other => unreachable_daemon(engine, address, &other.to_string()),
    }
}

fn unreachable_daemon(engine: Engine, address: &str, detail: &str) -> ImageError {
    let (daemon, variable) = (engine.name(), engine.variable());
    ImageError::DaemonUnreachable {
        daemon,
        address: address.to_owned(),
        detail: detail.to_owned(),
        variable,
    }
}

fn check_platform(image: &ImageInspect, name: &str, options: &Options) -> Result<(), ImageError> {
    let (Some(wanted), Some(os), Some(architecture)) =
        (&options.platform, &image.os, &image.architecture)
    else {
        return Ok(());
    };
    let variant = image.variant.clone().filter(|variant| !variant.is_empty());
    let built_for = Platform { os: os.clone(), architecture: architecture.clone(), variant };
    if serves(wanted, &built_for) {
        return Ok(());
    }
    Err(no_such_platform(name, wanted, std::iter::once(built_for)))
}

impl Source for EngineImage {
    fn identity(&self) -> Option<Identity> {
        // An id that is an index means another image for each platform.
        let id = self.id.parse().ok().filter(|_| self.wanted.platform.is_none())?;
        let kind = self.wanted.kind?;
        Some(Identity { kind, name: self.wanted.name.clone(), id })
    }

    fn describe(&mut self) -> Result<Option<Description>, ImageError> {
        Ok(None)
    }

    fn read_layers(
        &mut self,
        visitor: &dyn LayerVisitor,
        _threads: usize,
        progress: &dyn Progress,
    ) -> Result<Description, ImageError> {
        let (docker, id) = (self.docker.clone(), self.id.clone());
        let idle = Duration::from_secs(self.wanted.limits.idle_timeout_s);
        let export = async_stream(docker, id);
        progress.begin("exporting the image", self.size_bytes);
        read_stream(Box::new(StreamReader::new(export, idle)), &self.wanted, visitor, progress)
    }
}

/// The export as a stream that owns its connection.
fn async_stream(
    docker: Docker,
    id: String,
) -> futures_util::stream::BoxStream<'static, io::Result<impl AsRef<[u8]> + Send + 'static>> {
    futures_util::stream::once(async move { docker.export_image(&id).boxed() })
        .flatten()
        .map_err(io::Error::other)
        .boxed()
}
