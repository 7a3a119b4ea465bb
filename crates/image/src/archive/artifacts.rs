//! `LayoutStore`: what an OCI layout holds besides images: signatures and what else refers to them.
//!
//! Source: OCI image-spec `image-layout.md`. Tools that copy images with what is attached to them
//! list the referrers in `index.json`, or keep the registry's tags as names there.

use std::fs::File;
use std::path::Path;

use model::Digest;

use super::layout::Layout;
use super::oci::names;
use super::resolve::{Documents, blob_path};
use super::{OCI_INDEX, TarFile};
use crate::manifest::{Descriptor, Document, Index};
use crate::open::split_name;
use crate::recognise::{Shape, head, shape};
use crate::signature::{ArtifactStore, Attached};
use crate::{ImageError, Options, Target};

/// Most manifests of a layout that are asked what they refer to.
const MAX_LOOKED_AT: usize = 4_096;
/// Most indexes within each other.
const MAX_INDEX_DEPTH: usize = 4;

/// A layout, in a directory or an uncompressed archive.
pub(crate) struct LayoutStore {
    documents: Box<dyn Documents>,
    index: Index,
    place: String,
}

impl LayoutStore {
    /// Opens the layout of a target; `None` for an archive that can only be read as a stream.
    pub(crate) fn open(target: &Target, options: &Options) -> Result<Option<Self>, ImageError> {
        let (Target::OciLayout(path) | Target::OciArchive(path)) = target else { return Ok(None) };
        let path = if path.exists() { path.clone() } else { split_name(path).0 };
        let Some(documents) = documents(&path, options)? else { return Ok(None) };
        let place = path.display().to_string();
        let index = match documents.document(OCI_INDEX)? {
            Some(bytes) => match Document::parse(&bytes, &place)? {
                Document::Index(index) => index,
                Document::Manifest(_) => Index::default(),
            },
            None => Index::default(),
        };
        Ok(Some(LayoutStore { documents, index, place }))
    }

    /// The first index of the layout that lists a manifest, `index.json` itself aside.
    pub(crate) fn index_of(&self, manifest: &Digest) -> Result<Option<Digest>, ImageError> {
        let mut waiting: Vec<(Digest, usize)> =
            self.index.manifests.iter().map(|entry| (entry.digest.clone(), 1)).collect();
        let mut looked_at = 0;
        while let Some((digest, depth)) = waiting.pop() {
            looked_at += 1;
            if looked_at > MAX_LOOKED_AT {
                break;
            }
            let Some(bytes) = self.manifest(digest.as_str())? else { continue };
            let Ok(Document::Index(index)) = Document::parse(&bytes, &self.place) else { continue };
            if index.manifests.iter().any(|entry| entry.digest == *manifest) {
                return Ok(Some(digest));
            }
            if depth < MAX_INDEX_DEPTH {
                waiting.extend(index.manifests.into_iter().map(|entry| (entry.digest, depth + 1)));
            }
        }
        Ok(None)
    }
}

fn documents(path: &Path, options: &Options) -> Result<Option<Box<dyn Documents>>, ImageError> {
    if path.is_dir() {
        return Ok(Some(Box::new(Layout::new(path, &options.limits))));
    }
    let file = File::open(path).map_err(|error| ImageError::reading(path, error))?;
    match shape(&head(&file, path)?) {
        Shape::Tar => Ok(Some(Box::new(TarFile::open(file, path, &options.limits)?))),
        _ => Ok(None),
    }
}

impl ArtifactStore for LayoutStore {
    fn manifest(&self, reference: &str) -> Result<Option<Vec<u8>>, ImageError> {
        let digest = match reference.parse::<Digest>() {
            Ok(digest) => digest,
            Err(_) => {
                let called = |entry: &&Descriptor| {
                    let end = format!(":{reference}");
                    names(entry).any(|name| name == reference || name.ends_with(&end))
                };
                match self.index.manifests.iter().find(called) {
                    Some(entry) => entry.digest.clone(),
                    None => return Ok(None),
                }
            }
        };
        self.documents.document(&blob_path(&digest))
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Digest>, ImageError> {
        let mut found = Vec::new();
        for entry in self.index.manifests.iter().take(MAX_LOOKED_AT) {
            let Some(bytes) = self.manifest(entry.digest.as_str())? else { continue };
            let Ok(manifest) = serde_json::from_slice::<Attached>(&bytes) else { continue };
            if manifest.subject.is_some_and(|other| other.digest == *subject) {
                found.push(entry.digest.clone());
            }
        }
        Ok(found)
    }

    fn blob(&self, blob: &Descriptor, most_bytes: u64) -> Result<Vec<u8>, ImageError> {
        let path = blob_path(&blob.digest);
        let bytes = self.documents.document(&path)?;
        let mut bytes = bytes.ok_or_else(|| ImageError::MissingBlob {
            place: self.place.clone(),
            blob: blob.digest.to_string(),
        })?;
        bytes.truncate(usize::try_from(most_bytes).unwrap_or(usize::MAX));
        Ok(bytes)
    }
}
