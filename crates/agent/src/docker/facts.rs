//! `Facts`: what the daemon knows of images, containers and volumes, looked up when it is needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{ContainerRole, ContainerSpec, Digest, ImageIdentity};

use super::engine::{EngineApi, encode};
use super::json::{BadBody, Fields, Node};
use super::mounts;
use super::spec::{self, Defaults};
use crate::AgentError;
use crate::limits::{
    IMAGE_FRESH_MS, IMAGES_REMEMBERED, JOINED_CONTAINERS, NAMES_JUDGED, VOLUMES_LOOKED_UP,
};

/// How long the daemon's own settings are remembered, in milliseconds. They change on its restart.
const DEFAULTS_FRESH_MS: u64 = 30_000;
/// The kernel tells with this file that it has the second version of cgroups.
const CGROUPS_V2: &str = "/sys/fs/cgroup/cgroup.controllers";

/// Why a fact cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoFact {
    /// The daemon does not answer.
    #[error(transparent)]
    Engine(#[from] AgentError),
    /// An answer or a request does not read.
    #[error("it cannot be read with certainty: {0}")]
    Body(#[from] BadBody),
    /// Something that it names is not there.
    #[error("the {0} that it names is not there")]
    Missing(String),
    /// It refers to more than is followed.
    #[error("it refers to too many other {0}")]
    TooMany(&'static str),
}

/// What the daemon knows of an image.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImageKnown {
    /// Its identity; the reference is as it was asked for.
    pub(crate) identity: ImageIdentity,
    /// Everything it is called.
    pub(crate) names: Vec<String>,
    /// The user that it wants to run as.
    pub(crate) user: String,
    /// Entry point and command.
    pub(crate) command: Vec<String>,
}

/// What the daemon knows, with a short memory for what is asked often.
#[derive(Debug)]
pub(crate) struct Facts {
    engine: Arc<EngineApi>,
    images: Mutex<HashMap<String, (Instant, ImageKnown)>>,
    defaults: Mutex<Option<(Instant, Defaults)>>,
}

impl Facts {
    pub(crate) fn new(engine: Arc<EngineApi>) -> Self {
        Facts { engine, images: Mutex::default(), defaults: Mutex::default() }
    }

    /// The image that the daemon means by a name, id or short id; `None` when there is none.
    pub(crate) async fn image(&self, name: &str) -> Result<Option<ImageKnown>, NoFact> {
        let path = format!("/images/{}/json", encode(name));
        let Some(node) = self.engine.object(&path).await? else { return Ok(None) };
        Ok(Some(image(name, &node)?))
    }

    /// An image by its whole id. What it is never changes; what it is called does.
    pub(crate) async fn image_by_id(&self, id: &str) -> Result<ImageKnown, NoFact> {
        let fresh = Duration::from_millis(IMAGE_FRESH_MS);
        if let Some((at, known)) = lock(&self.images).get(id)
            && at.elapsed() < fresh
        {
            return Ok(known.clone());
        }
        let known = self.image(id).await?;
        let known = known.ok_or_else(|| NoFact::Missing(format!("image {id}")))?;
        let mut images = lock(&self.images);
        if images.len() >= IMAGES_REMEMBERED {
            images.retain(|_, (at, _)| at.elapsed() < fresh);
        }
        if images.len() < IMAGES_REMEMBERED {
            images.insert(id.to_owned(), (Instant::now(), known.clone()));
        }
        Ok(known)
    }

    /// A container as it is, whatever it is called by; `None` when there is none.
    pub(crate) async fn container(&self, name: &str) -> Result<Option<Node>, NoFact> {
        Ok(self.engine.object(&format!("/containers/{}/json", encode(name))).await?)
    }

    /// A prepared command; `None` when there is none.
    pub(crate) async fn exec(&self, id: &str) -> Result<Option<Node>, NoFact> {
        Ok(self.engine.object(&format!("/exec/{}/json", encode(id))).await?)
    }

    /// The daemon's own settings.
    pub(crate) async fn defaults(&self) -> Result<Defaults, NoFact> {
        if let Some((at, defaults)) = &*lock(&self.defaults)
            && at.elapsed() < Duration::from_millis(DEFAULTS_FRESH_MS)
        {
            return Ok(defaults.clone());
        }
        let node = self.engine.object("/info").await?.unwrap_or(Node::Null);
        let defaults = defaults(&node)?;
        *lock(&self.defaults) = Some((Instant::now(), defaults.clone()));
        Ok(defaults)
    }

    /// Adds to a specification what it sees through others: namespaces and volumes of other
    /// containers, the places behind volumes; and gives the images it mounts.
    pub(crate) async fn complete(
        &self,
        spec: &mut ContainerSpec,
        host: &Fields<'_>,
    ) -> Result<Vec<ContainerSpec>, NoFact> {
        self.join_namespaces(spec, host).await?;
        self.take_over_volumes(spec, host).await?;
        self.look_behind_volumes(spec).await?;
        mounts::follow(&mut spec.mounts);
        let mut mounted = Vec::new();
        for reference in mounts::images(host)? {
            let known = self.image(reference).await?;
            let known = known.ok_or_else(|| NoFact::Missing(format!("image {reference}")))?;
            let (role, image) = (ContainerRole::ImageVolume, known.identity);
            mounted.push(ContainerSpec { role, image, ..ContainerSpec::default() });
        }
        Ok(mounted)
    }

    /// A namespace of a container that shares the host's is the host's.
    async fn join_namespaces(
        &self,
        spec: &mut ContainerSpec,
        host: &Fields<'_>,
    ) -> Result<(), NoFact> {
        for (namespace, name) in spec::joined(host)? {
            let mut name = name.to_owned();
            for step in 0.. {
                if step == JOINED_CONTAINERS {
                    return Err(NoFact::TooMany("containers"));
                }
                let node = self.container(&name).await?;
                let node = node.ok_or_else(|| NoFact::Missing(format!("container {name}")))?;
                let other = Fields::of("the container", &node)?.fields("HostConfig")?;
                if spec::read(&Fields::of("", &Node::Null)?, &other, &self.defaults().await?)?
                    .host_namespaces
                    .iter()
                    .any(|shared| shared == namespace)
                {
                    spec.host_namespaces.push(namespace.to_owned());
                }
                let next = spec::joined(&other)?.into_iter().find(|(of, _)| *of == namespace);
                match next {
                    Some((_, next)) => name = next.to_owned(),
                    None => break,
                }
            }
        }
        Ok(())
    }

    async fn take_over_volumes(
        &self,
        spec: &mut ContainerSpec,
        host: &Fields<'_>,
    ) -> Result<(), NoFact> {
        let names = spec::volumes_from(host)?;
        if names.len() > JOINED_CONTAINERS {
            return Err(NoFact::TooMany("containers"));
        }
        for name in names {
            let node = self.container(name).await?;
            let node = node.ok_or_else(|| NoFact::Missing(format!("container {name}")))?;
            let other = Fields::of("the container", &node)?;
            spec.mounts.extend(mounts::effective(&other)?);
            spec.mounts.extend(mounts::asked(&other.fields("HostConfig")?)?);
        }
        Ok(())
    }

    async fn look_behind_volumes(&self, spec: &mut ContainerSpec) -> Result<(), NoFact> {
        let volumes: Vec<_> =
            spec.mounts.iter().filter(|mount| mount.kind == "volume").cloned().collect();
        let mut seen = Vec::new();
        for mount in volumes {
            if mount.source.is_empty() || seen.contains(&mount.source) {
                continue;
            }
            if seen.len() == VOLUMES_LOOKED_UP {
                return Err(NoFact::TooMany("volumes"));
            }
            seen.push(mount.source.clone());
            // A volume that is not there yet is made empty by the daemon.
            let path = format!("/volumes/{}", encode(&mount.source));
            let Some(volume) = self.engine.object(&path).await? else { continue };
            let options = mounts::volume_options(&volume)?;
            spec.mounts.extend(mounts::behind_volume(&options, &mount));
        }
        Ok(())
    }
}

fn image(name: &str, node: &Node) -> Result<ImageKnown, BadBody> {
    let image = Fields::of("the image", node)?;
    let id = digest(image.text("Id")?).ok_or_else(|| BadBody::new("the image", "it has no id"))?;
    let digests = image.texts("RepoDigests")?;
    let descriptor = digest(image.fields("Descriptor")?.text("digest")?);
    let from_registry = digests.first().and_then(|name| digest(name.split_once('@')?.1));
    let config = image.fields("Config")?;
    let names = image.texts("RepoTags")?.into_iter().chain(digests);
    Ok(ImageKnown {
        identity: ImageIdentity {
            reference: name.to_owned(),
            image_id: Some(id),
            manifest_digest: descriptor.or(from_registry),
        },
        names: names.take(NAMES_JUDGED).map(str::to_owned).collect(),
        user: config.text("User")?.to_owned(),
        command: spec::command(&config)?,
    })
}

fn digest(text: &str) -> Option<Digest> {
    text.parse().ok()
}

fn defaults(node: &Node) -> Result<Defaults, BadBody> {
    let engine = Fields::of("the engine", node)?;
    let options = engine.texts("SecurityOptions")?;
    Ok(Defaults {
        node: engine.text("Name")?.to_owned(),
        runtime: engine.text("DefaultRuntime")?.to_owned(),
        remaps_users: options.iter().any(|option| option.starts_with("name=userns")),
        own_cgroups: std::path::Path::new(CGROUPS_V2).exists(),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
