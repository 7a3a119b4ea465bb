//! `BlobImage`: an image whose manifest, configuration and layers are fetched by digest, one by
//! one. What a registry and containerd's content store have in common.
//!
//! Manifests and configurations are checked against the digests that name them; layers are checked
//! while they are walked.

use std::collections::HashSet;
use std::io::Read;

use model::{Digest, Progress, SourceKind};

use crate::archive::verify;
use crate::config::Configuration;
use crate::describe::{Identity, check_image, describe};
use crate::hashing::Hashing;
use crate::layer::{Claims, SequentialLayer};
use crate::manifest::{Descriptor, Document, Manifest};
use crate::parallel::in_parallel;
use crate::source::{LayerVisitor, Source};
use crate::{Description, ImageError, Limits, Options};

/// Most indexes between a reference and a manifest.
const MAX_INDEX_DEPTH: usize = 4;

/// Where manifests and blobs are fetched from.
pub(super) trait Blobs: Send + Sync {
    /// The bytes of a manifest or index, by tag or digest, within `Limits::document_bytes`.
    fn manifest(&self, reference: &str) -> Result<Vec<u8>, ImageError>;

    /// The bytes of a blob; failures are the reader's errors.
    fn blob(&self, blob: &Descriptor) -> Box<dyn Read + Send>;
}

/// An image in such a place.
pub(super) struct BlobImage<B> {
    blobs: B,
    manifest: Manifest,
    description: Description,
    limits: Limits,
}

impl<B: Blobs> BlobImage<B> {
    /// Finds the image behind a reference: its manifest for the platform, and its configuration.
    pub(super) fn open(
        blobs: B,
        kind: SourceKind,
        place: &str,
        reference: &str,
        options: &Options,
    ) -> Result<Self, ImageError> {
        let (digest, manifest) = manifest_of(&blobs, place, reference, options)?;
        let limits = options.limits.clone();
        let bytes = document(&blobs, &manifest.config, place, &limits)?;
        verify(&manifest.config.digest, &bytes, place)?;
        let configuration = Configuration::parse(&bytes, place)?;
        let platform = options.platform.as_ref();
        check_image(&configuration, manifest.layers.len(), platform, &limits, place)?;
        let identity = Identity {
            kind,
            name: place.to_owned(),
            image_id: Some(manifest.config.digest.clone()),
            manifest_digest: Some(digest),
            layer_digests: manifest.layers.iter().map(|layer| layer.digest.clone()).collect(),
        };
        let description = describe(identity, configuration);
        Ok(BlobImage { blobs, manifest, description, limits })
    }
}

/// Follows indexes from a reference to the manifest for the platform.
fn manifest_of(
    blobs: &impl Blobs,
    place: &str,
    reference: &str,
    options: &Options,
) -> Result<(Digest, Manifest), ImageError> {
    let mut reference = reference.to_owned();
    for _ in 0..=MAX_INDEX_DEPTH {
        let bytes = blobs.manifest(&reference)?;
        let named: Option<Digest> = reference.parse().ok();
        if let Some(named) = &named {
            verify(named, &bytes, place)?;
        }
        match Document::parse(&bytes, place)? {
            Document::Index(index) => {
                reference = index.choose(options.platform.as_ref(), place)?.digest.to_string();
            }
            Document::Manifest(manifest) => {
                return Ok((named.unwrap_or_else(|| sha256_of(&bytes)), manifest));
            }
        }
    }
    let detail = format!("more than {MAX_INDEX_DEPTH} indexes within each other");
    Err(ImageError::OverLimit { place: place.to_owned(), detail })
}

fn sha256_of(bytes: &[u8]) -> Digest {
    let mut hashing = Hashing::sha256();
    hashing.update(bytes);
    hashing.finish()
}

/// The bytes of a small blob.
fn document(
    blobs: &impl Blobs,
    blob: &Descriptor,
    place: &str,
    limits: &Limits,
) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let read = blobs.blob(blob).take(limits.document_bytes + 1).read_to_end(&mut bytes);
    read.map_err(|error| ImageError::Broken {
        image: place.to_owned(),
        detail: format!("the configuration could not be fetched: {error}"),
    })?;
    within(&bytes, "the configuration", place, limits)?;
    Ok(bytes)
}

/// Checks a document's size against the limit.
pub(super) fn within(
    bytes: &[u8],
    what: &str,
    place: &str,
    limits: &Limits,
) -> Result<(), ImageError> {
    let most = limits.document_bytes;
    if bytes.len() as u64 > most {
        let detail = format!("{what} has more than {most} bytes");
        return Err(ImageError::OverLimit { place: place.to_owned(), detail });
    }
    Ok(())
}

impl<B: Blobs> Source for BlobImage<B> {
    fn describe(&mut self) -> Result<Option<Description>, ImageError> {
        Ok(Some(self.description.clone()))
    }

    fn read_layers(
        &mut self,
        visitor: &dyn LayerVisitor,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Description, ImageError> {
        let diff_ids = self.description.layers.iter().map(|layer| layer.diff_id.as_ref());
        let mut seen = HashSet::new();
        let mut wanted: Vec<(&Descriptor, Option<&Digest>)> = self
            .manifest
            .layers
            .iter()
            .zip(diff_ids)
            .filter(|(_, diff_id)| seen.insert(*diff_id) && visitor.wants(*diff_id))
            .collect();
        wanted.sort_by_key(|(blob, _)| std::cmp::Reverse(blob.size));
        let total = wanted.iter().map(|(blob, _)| blob.size).sum();
        progress.begin("pulling layers", Some(total));
        in_parallel(threads, &wanted, |(blob, diff_id)| {
            let claims = Claims { diff_id: diff_id.cloned(), blob: Some(blob.digest.clone()) };
            let reader = self.blobs.blob(blob);
            let mut layer = SequentialLayer::new(reader, claims, &self.limits, progress);
            visitor.visit(*diff_id, &mut layer);
            Ok(())
        })?;
        Ok(self.description.clone())
    }
}
