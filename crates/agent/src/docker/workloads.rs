//! From a request or a container to the `Workload` that the judge reads.

use model::{Actor, ContainerSpec, Engine, ImageIdentity, Workload};

use super::asked::Asked;
use super::facts::{Facts, ImageKnown, NoFact};
use super::json::{BadBody, Fields, Node};
use super::{mounts, spec};

/// A workload with what else its image is called.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) workload: Workload,
    pub(crate) names: Vec<String>,
    /// The container's id; empty when there is none yet.
    pub(crate) id: String,
}

impl Facts {
    /// What a request to make a container asks for; `None` when the daemon has no such image and
    /// will say so. What is started in the end is judged again, as it is then.
    pub(crate) async fn asked_container(&self, asked: &Asked) -> Result<Option<Found>, NoFact> {
        let config = asked.fields()?;
        let host = config.fields("HostConfig")?;
        let Some(image) = self.image(config.text("Image")?).await? else { return Ok(None) };
        let mut spec = spec::read(&config, &host, &self.defaults().await?)?;
        let networks = config.fields("NetworkingConfig")?;
        join_host_network(&mut spec, networks.map("EndpointsConfig")?);
        name_spec(&mut spec, &asked.target.value("name"), image.identity.clone());
        let mounted = self.complete(&mut spec, &host).await?;
        let workload = self.workload(&config, spec, mounted, &asked.user).await?;
        Ok(Some(Found { workload, names: image.names, id: String::new() }))
    }

    /// A container as it is; `None` when there is none of that name.
    pub(crate) async fn existing(&self, name: &str, user: &str) -> Result<Option<Found>, NoFact> {
        let Some(node) = self.container(name).await? else { return Ok(None) };
        let container = Fields::of("the container", &node)?;
        let (config, host) = (container.fields("Config")?, container.fields("HostConfig")?);
        let mut spec = spec::read(&config, &host, &self.defaults().await?)?;
        spec.mounts.extend(mounts::effective(&container)?);
        let networks = container.fields("NetworkSettings")?;
        join_host_network(&mut spec, networks.map("Networks")?);
        let image = self.image_of(&container, config.text("Image")?).await?;
        leave_out_own(&mut spec, &image);
        let name = container.text("Name")?.trim_start_matches('/');
        name_spec(&mut spec, name, image.identity);
        let mounted = self.complete(&mut spec, &host).await?;
        let workload = self.workload(&config, spec, mounted, user).await?;
        let id = container.text("Id")?.to_owned();
        Ok(Some(Found { workload, names: image.names, id }))
    }

    /// The image that a container was made of, under the name it was asked for by.
    async fn image_of(&self, container: &Fields<'_>, asked: &str) -> Result<ImageKnown, NoFact> {
        let id = container.text("Image")?;
        let digest = id.parse().ok();
        let digest = digest.ok_or_else(|| BadBody::new("the container", "it has no image id"))?;
        match self.image_by_id(id).await {
            Ok(mut known) => {
                known.identity.reference = asked.to_owned();
                Ok(known)
            }
            // A container outlives an image that was removed by force; its id still says what it is.
            Err(NoFact::Missing(_)) => Ok(ImageKnown {
                identity: ImageIdentity {
                    reference: asked.to_owned(),
                    image_id: Some(digest),
                    manifest_digest: None,
                },
                ..ImageKnown::default()
            }),
            Err(other) => Err(other),
        }
    }

    /// The container and the images that it mounts, as one workload.
    async fn workload(
        &self,
        config: &Fields<'_>,
        spec: ContainerSpec,
        mounted: Vec<ContainerSpec>,
        user: &str,
    ) -> Result<Workload, NoFact> {
        let actor = (!user.is_empty()).then(|| Actor { user: user.to_owned(), groups: Vec::new() });
        Ok(Workload {
            engine: Engine::Docker,
            kind: "container".to_owned(),
            name: spec.name.clone(),
            node: self.defaults().await?.node,
            labels: config.text_map("Labels")?.iter().map(spec::owned).collect(),
            actor,
            containers: std::iter::once(spec).chain(mounted).collect(),
            ..Workload::default()
        })
    }
}

impl Found {
    /// The same with a change to the container itself.
    pub(crate) fn with(&self, change: impl FnOnce(&mut ContainerSpec)) -> Workload {
        let mut workload = self.workload.clone();
        if let Some(container) = workload.containers.first_mut() {
            change(container);
        }
        workload
    }
}

fn name_spec(spec: &mut ContainerSpec, name: &str, image: ImageIdentity) {
    name.clone_into(&mut spec.name);
    spec.image = image;
}

/// A container can be put on the host's network by its list of networks, too.
fn join_host_network(spec: &mut ContainerSpec, networks: &[(String, Node)]) {
    let joins = networks.iter().any(|(name, _)| name == "host");
    if joins && !spec.host_namespaces.iter().any(|shared| shared == "network") {
        spec.host_namespaces.push("network".to_owned());
    }
}

/// An inspection repeats the image's own user and command; only what differs was asked for.
fn leave_out_own(spec: &mut ContainerSpec, image: &ImageKnown) {
    if spec.user.as_deref() == Some(image.user.as_str()) {
        spec.user = None;
    }
    if spec.command == image.command {
        spec.command.clear();
    }
}
