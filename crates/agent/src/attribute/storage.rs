//! containers/storage, which Podman and CRI-O share: what it knows of a container, from the files
//! beside the container's root filesystem.

use std::path::{Path, PathBuf};

use model::{Container, Digest, Known};
use serde::Deserialize;

use super::regular::read_regular;
use crate::limits::{STORAGE_MAX_BYTES, STORAGE_MAX_LEVELS};

/// A record of a container, or of an image.
#[derive(Deserialize)]
struct Stored {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    image: String,
}

/// Takes in a container's name, the id of its image and what that is called, as far as they are not
/// known. Gives all names of the image.
pub(super) fn from_storage(container: &mut Container, root: &str) -> Vec<String> {
    let Some((folder, driver)) = storage_of(root) else { return Vec::new() };
    let records = |kind: &str| -> Vec<Stored> {
        let file = folder.join(format!("{driver}-{kind}")).join(format!("{kind}.json"));
        read_records(&file).unwrap_or_default()
    };
    let Some(own) = records("containers").into_iter().find(|one| one.id == container.id) else {
        return Vec::new();
    };
    if container.name.is_empty() {
        container.name = own.names.into_iter().next().unwrap_or_default();
    }
    container.spec.image.image_id = id_digest(&own.image);
    container.known = Known::Full;
    let names = records("images").into_iter().find(|one| one.id == own.image);
    let names = names.map(|image| image.names).unwrap_or_default();
    if container.spec.image.reference.is_empty()
        && let Some(first) = names.first()
    {
        container.spec.image.reference.clone_from(first);
    }
    names
}

/// The folder and driver of the storage that a root filesystem lies in:
/// `<folder>/overlay/<id>/merged`.
fn storage_of(root: &str) -> Option<(PathBuf, String)> {
    let path = Path::new(root);
    path.ancestors().skip(1).take(STORAGE_MAX_LEVELS).find_map(|folder| {
        let driver = folder.file_name()?.to_str()?;
        let above = folder.parent()?;
        let there = above.join(format!("{driver}-containers")).is_dir();
        there.then(|| (above.to_path_buf(), driver.to_owned()))
    })
}

fn read_records(file: &Path) -> Option<Vec<Stored>> {
    serde_json::from_slice(&read_regular(file, STORAGE_MAX_BYTES).ok()?).ok()
}

/// A bare id as the digest it is.
pub(crate) fn id_digest(id: &str) -> Option<Digest> {
    let id = id.rsplit(['@', ':']).next().unwrap_or(id);
    format!("sha256:{id}").parse().ok()
}
