//! `index.json` of an OCI layout: indexes in indexes, down to a manifest.

use std::collections::BTreeSet;

use model::{Digest, SourceKind};

use super::resolve::{
    Documents, Resolved, StoredLayer, Wanted, blob_path, is_called, required_blob,
};
use crate::ImageError;
use crate::config::Configuration;
use crate::describe::{Identity, check_image, describe};
use crate::layer::Claims;
use crate::manifest::{Descriptor, Document, Index, Manifest};

/// Most indexes between `index.json` and a manifest.
const MAX_INDEX_DEPTH: usize = 4;
/// Most documents read to find a manifest by its configuration.
const MAX_LOOKED_AT: usize = 64;
/// The annotations that name an image of a layout; containerd's holds the whole reference.
const NAME_ANNOTATIONS: [&str; 2] =
    ["io.containerd.image.name", "org.opencontainers.image.ref.name"];

/// Finds the image that is wanted in the index.
pub(super) fn resolve(
    documents: &dyn Documents,
    index: &[u8],
    wanted: &Wanted,
) -> Result<Resolved, ImageError> {
    let index = match Document::parse(index, &wanted.name)? {
        Document::Index(index) => index,
        Document::Manifest(_) => return Err(damaged(wanted, "index.json is no index")),
    };
    let named = named(&index, wanted)?;
    let chosen = named.choose(wanted.platform.as_ref(), &wanted.name)?.clone();
    let (digest, manifest) = descend(documents, chosen, wanted)?;
    image(documents, digest, &manifest, wanted)
}

/// The digest of the manifest whose configuration is `id`; `None` when there is none to be found.
pub(super) fn manifest_of_config(
    documents: &dyn Documents,
    index: &[u8],
    id: &Digest,
    wanted: &Wanted,
) -> Option<Digest> {
    let Ok(Document::Index(index)) = Document::parse(index, &wanted.name) else { return None };
    let mut waiting: Vec<Digest> = index.manifests.into_iter().map(|entry| entry.digest).collect();
    waiting.reverse();
    for _ in 0..MAX_LOOKED_AT {
        let digest = waiting.pop()?;
        let Ok(bytes) = required_blob(documents, &digest, wanted) else { continue };
        match Document::parse(&bytes, &wanted.name) {
            Ok(Document::Manifest(manifest)) if manifest.config.digest == *id => {
                return Some(digest);
            }
            Ok(Document::Index(index)) => {
                waiting.extend(index.manifests.into_iter().rev().map(|entry| entry.digest));
            }
            _ => {}
        }
    }
    None
}

/// The entries with the name that is wanted; all, when there is only one image.
fn named(index: &Index, wanted: &Wanted) -> Result<Index, ImageError> {
    let images = || index.manifests.iter().filter(|entry| !entry.is_about_another());
    let Some(reference) = &wanted.reference else {
        return only_one(index, wanted);
    };
    let matches = |entry: &&Descriptor| {
        entry.digest.as_str() == reference || names(entry).any(|name| is_called(name, reference))
    };
    let manifests: Vec<Descriptor> = images().filter(matches).cloned().collect();
    if manifests.is_empty() {
        let available = images().map(name).collect::<BTreeSet<_>>().into_iter().collect();
        let (place, wanted) = (wanted.name.clone(), reference.clone());
        return Err(ImageError::NoSuchTag { place, wanted, available });
    }
    Ok(Index { manifests })
}

/// Makes sure that nothing has to be chosen but the platform.
fn only_one(index: &Index, wanted: &Wanted) -> Result<Index, ImageError> {
    let images = || index.manifests.iter().filter(|entry| !entry.is_about_another());
    if images().next().is_none() {
        return Err(damaged(wanted, "index.json lists no image"));
    }
    let digests: BTreeSet<&Digest> = images().map(|entry| &entry.digest).collect();
    let called: BTreeSet<String> = images().map(name).collect();
    // Without names, entries for several platforms are one image; without platforms they are many.
    let nameless = images().all(|entry| names(entry).next().is_none());
    let one = digests.len() == 1
        || (nameless && images().all(|entry| entry.platform().is_some()))
        || (!nameless && called.len() == 1);
    if !one {
        let available = called.into_iter().collect();
        return Err(ImageError::SeveralImages { place: wanted.name.clone(), available });
    }
    Ok(index.clone())
}

/// The names of an entry.
pub(super) fn names(entry: &Descriptor) -> impl Iterator<Item = &str> {
    NAME_ANNOTATIONS.iter().filter_map(|key| entry.annotations.get(*key)).map(String::as_str)
}

/// What an entry is called in a list to choose from.
fn name(entry: &Descriptor) -> String {
    names(entry).next().map_or_else(|| entry.digest.to_string(), str::to_owned)
}

/// Goes from an entry to the manifest it leads to.
fn descend(
    documents: &dyn Documents,
    mut entry: Descriptor,
    wanted: &Wanted,
) -> Result<(Digest, Manifest), ImageError> {
    for _ in 0..=MAX_INDEX_DEPTH {
        let bytes = required_blob(documents, &entry.digest, wanted)?;
        match Document::parse(&bytes, &wanted.name)? {
            Document::Manifest(manifest) => return Ok((entry.digest, manifest)),
            Document::Index(index) => {
                entry = index.choose(wanted.platform.as_ref(), &wanted.name)?.clone();
            }
        }
    }
    let detail = format!("more than {MAX_INDEX_DEPTH} indexes within each other");
    Err(ImageError::OverLimit { place: wanted.name.clone(), detail })
}

/// Describes the image of a manifest.
fn image(
    documents: &dyn Documents,
    digest: Digest,
    manifest: &Manifest,
    wanted: &Wanted,
) -> Result<Resolved, ImageError> {
    let id = manifest.config.digest.clone();
    let bytes = required_blob(documents, &id, wanted)?;
    let configuration = Configuration::parse(&bytes, &wanted.name)?;
    let platform = wanted.platform.as_ref();
    check_image(&configuration, manifest.layers.len(), platform, &wanted.limits, &wanted.name)?;
    let layers = manifest
        .layers
        .iter()
        .zip(&configuration.diff_ids)
        .map(|(layer, diff_id)| StoredLayer {
            path: blob_path(&layer.digest),
            media_type: layer.media_type.clone(),
            claims: Claims { diff_id: Some(diff_id.clone()), blob: Some(layer.digest.clone()) },
        })
        .collect();
    let identity = Identity {
        kind: wanted.kind.unwrap_or(SourceKind::OciArchive),
        name: wanted.name.clone(),
        image_id: Some(id),
        manifest_digest: Some(digest),
        layer_digests: manifest.layers.iter().map(|layer| layer.digest.clone()).collect(),
    };
    Ok(Resolved { description: describe(identity, configuration), layers })
}

fn damaged(wanted: &Wanted, detail: &str) -> ImageError {
    ImageError::Malformed { place: wanted.name.clone(), detail: detail.to_owned() }
}
