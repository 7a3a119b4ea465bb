//! `manifest.json` of `docker save`, podman and others: a list of images.

use model::{Digest, Platform, SourceKind};
use serde::Deserialize;

use super::resolve::{
    Documents, Resolved, StoredLayer, Wanted, digest_of_path, is_called, required, verify,
};
use super::{OCI_INDEX, oci};
use crate::ImageError;
use crate::config::Configuration;
use crate::describe::{Identity, check_image, describe};
use crate::hashing::Hashing;
use crate::layer::Claims;
use crate::manifest::{or_default, serves};
use crate::tar::clean_path;

/// One image of the list.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    config: String,
    #[serde(default, deserialize_with = "or_default")]
    repo_tags: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    layers: Vec<String>,
}

/// Finds the image that is wanted among those of `manifest`.
pub(super) fn resolve(
    documents: &dyn Documents,
    manifest: &[u8],
    wanted: &Wanted,
) -> Result<Resolved, ImageError> {
    let entries: Vec<Entry> = serde_json::from_slice(manifest)
        .map_err(|error| damaged(wanted, format!("manifest.json cannot be read: {error}")))?;
    let entry = choose(documents, &entries, wanted)?;
    let (id, configuration) = configuration(documents, entry, wanted)?;
    let platform = wanted.platform.as_ref();
    check_image(&configuration, entry.layers.len(), platform, &wanted.limits, &wanted.name)?;
    let mut layers = Vec::with_capacity(entry.layers.len());
    for (path, diff_id) in entry.layers.iter().zip(&configuration.diff_ids) {
        let path = inner_path(path, wanted)?;
        let claims = Claims { diff_id: Some(diff_id.clone()), blob: digest_of_path(&path) };
        layers.push(StoredLayer { path, media_type: String::new(), claims });
    }
    let digests: Option<Vec<Digest>> = layers.iter().map(|l| l.claims.blob.clone()).collect();
    let identity = Identity {
        kind: wanted.kind.unwrap_or(SourceKind::DockerArchive),
        name: wanted.name.clone(),
        manifest_digest: manifest_digest(documents, &id, wanted),
        image_id: Some(id),
        layer_digests: digests.unwrap_or_default(),
    };
    Ok(Resolved { description: describe(identity, configuration), layers })
}

/// The entry that is meant.
fn choose<'e>(
    documents: &dyn Documents,
    entries: &'e [Entry],
    wanted: &Wanted,
) -> Result<&'e Entry, ImageError> {
    let matches = |entry: &&Entry| match &wanted.reference {
        None => true,
        Some(reference) => {
            entry.repo_tags.iter().any(|tag| is_called(tag, reference))
                || digest_of_config(&entry.config).is_some_and(|id| id.as_str() == reference)
        }
    };
    let fitting: Vec<&Entry> = entries.iter().filter(matches).collect();
    match (fitting.as_slice(), &wanted.reference) {
        ([only], _) => return Ok(only),
        ([], Some(reference)) => {
            return Err(ImageError::NoSuchTag {
                place: wanted.name.clone(),
                wanted: reference.clone(),
                available: names(entries.iter()),
            });
        }
        ([], None) => return Err(damaged(wanted, "manifest.json lists no image".into())),
        _ => {}
    }
    // The same name several times: builds for several platforms.
    let same_name = fitting.windows(2).all(|pair| match pair {
        [left, right] => left.repo_tags == right.repo_tags,
        _ => true,
    });
    let host = Platform::host();
    let asked = wanted.platform.as_ref().unwrap_or(&host);
    let mut chosen = Vec::new();
    for entry in fitting.iter().filter(|_| same_name || wanted.reference.is_some()) {
        let (_, configuration) = configuration(documents, entry, wanted)?;
        if configuration.platform.is_some_and(|platform| serves(asked, &platform)) {
            chosen.push(*entry);
        }
    }
    match chosen.as_slice() {
        [only] => Ok(only),
        _ => Err(ImageError::SeveralImages {
            place: wanted.name.clone(),
            available: names(fitting.into_iter()),
        }),
    }
}

/// Reads the configuration of an entry and checks it against the digest its path promises.
fn configuration(
    documents: &dyn Documents,
    entry: &Entry,
    wanted: &Wanted,
) -> Result<(Digest, Configuration), ImageError> {
    let path = inner_path(&entry.config, wanted)?;
    let bytes = required(documents, &path, wanted)?;
    if let Some(named) = digest_of_config(&path) {
        verify(&named, &bytes, &wanted.name)?;
    }
    let mut hashing = Hashing::sha256();
    hashing.update(&bytes);
    Ok((hashing.finish(), Configuration::parse(&bytes, &wanted.name)?))
}

/// The digest that the path of a configuration promises: `<hex>.json`, `sha256:<hex>` or a blob's.
fn digest_of_config(path: &str) -> Option<Digest> {
    let hex = path.strip_suffix(".json").unwrap_or(path);
    let hex = hex.strip_prefix("sha256:").unwrap_or(hex);
    digest_of_path(path).or_else(|| format!("sha256:{hex}").parse().ok())
}

/// The digest of the manifest, where the archive is an OCI layout as well (docker 25 and later).
fn manifest_digest(documents: &dyn Documents, id: &Digest, wanted: &Wanted) -> Option<Digest> {
    let index = documents.document(OCI_INDEX).ok().flatten()?;
    oci::manifest_of_config(documents, &index, id, wanted)
}

/// The names of images, for choosing; an image without one by its configuration.
fn names<'e>(entries: impl Iterator<Item = &'e Entry>) -> Vec<String> {
    let name = |entry: &Entry| match (entry.repo_tags.first(), digest_of_config(&entry.config)) {
        (Some(tag), _) => tag.clone(),
        (None, Some(digest)) => digest.to_string(),
        (None, None) => entry.config.clone(),
    };
    entries.map(name).collect()
}

/// A path in the archive as other members are called.
fn inner_path(raw: &str, wanted: &Wanted) -> Result<String, ImageError> {
    let mut path = String::new();
    clean_path(raw.as_bytes(), &wanted.limits, &mut path)
        .map_err(|stop| damaged(wanted, format!("manifest.json names {}", stop.detail)))?;
    Ok(path)
}

fn damaged(wanted: &Wanted, detail: String) -> ImageError {
    ImageError::Malformed { place: wanted.name.clone(), detail }
}
