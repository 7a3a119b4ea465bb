//! Volumes of a pod and their mounts in its containers.

use model::{ContainerRole, ContainerSpec, ImageIdentity, ImageRef, Mount};

use super::NotAWorkload;
use super::fields::At;

/// A volume of a pod.
pub(super) struct Volume {
    name: String,
    /// `bind` for a path of the host, else the key of its source: `emptyDir`, `secret` …
    kind: String,
    /// The path on the host, or the volume's name.
    source: String,
}

/// The kinds of volume that the API knows and that are no path of the host.
const KINDS: [&str; 12] = [
    "emptyDir",
    "configMap",
    "secret",
    "projected",
    "downwardAPI",
    "persistentVolumeClaim",
    "ephemeral",
    "csi",
    "image",
    "nfs",
    "iscsi",
    "cephfs",
];

/// The volumes of a pod.
pub(super) fn volumes(spec: &At<'_>) -> Result<Vec<Volume>, NotAWorkload> {
    let mut volumes = Vec::new();
    for at in spec.child("volumes").items()? {
        let name = at.text("name")?.unwrap_or_default().to_owned();
        let host = at.child("hostPath");
        let (kind, source) = match host.text("path")? {
            Some(path) => ("bind", path.to_owned()),
            None => {
                let kind = KINDS.iter().find(|kind| at.child(kind).is_there());
                (kind.copied().unwrap_or("volume"), name.clone())
            }
        };
        volumes.push(Volume { name, kind: kind.to_owned(), source });
    }
    Ok(volumes)
}

/// The mounts of a container.
pub(super) fn mounts(at: &At<'_>, volumes: &[Volume]) -> Result<Vec<Mount>, NotAWorkload> {
    let mut mounts = Vec::new();
    for mount in at.child("volumeMounts").items()? {
        let name = mount.text("name")?.unwrap_or_default();
        let volume = volumes.iter().find(|volume| volume.name == name);
        let mut source = volume.map_or(name, |volume| volume.source.as_str()).to_owned();
        if let Some(path) = mount.text("subPath")?.filter(|path| !path.is_empty()) {
            source = format!("{source}/{path}");
        }
        mounts.push(Mount {
            kind: volume.map_or("volume", |volume| volume.kind.as_str()).to_owned(),
            source,
            target: mount.text("mountPath")?.unwrap_or_default().to_owned(),
            read_only: mount.truth("readOnly")?.unwrap_or(false),
            propagation: match mount.text("mountPropagation")? {
                Some("HostToContainer") => "rslave".to_owned(),
                Some("Bidirectional") => "rshared".to_owned(),
                _ => String::new(),
            },
        });
    }
    Ok(mounts)
}

/// The images that are mounted as volumes.
pub(super) fn images(spec: &At<'_>) -> Result<Vec<ContainerSpec>, NotAWorkload> {
    let mut images = Vec::new();
    for at in spec.child("volumes").items()? {
        if let Some(reference) = at.child("image").text("reference")? {
            images.push(ContainerSpec {
                name: at.text("name")?.unwrap_or_default().to_owned(),
                role: ContainerRole::ImageVolume,
                image: identity(reference),
                ..ContainerSpec::default()
            });
        }
    }
    Ok(images)
}

/// An image as it is asked for; the digest too when the reference names it.
pub(super) fn identity(reference: &str) -> ImageIdentity {
    let digest = reference.parse::<ImageRef>().ok().and_then(|image| image.digest);
    ImageIdentity { reference: reference.to_owned(), image_id: None, manifest_digest: digest }
}
