//! What is attached to the images of a repository: referrers, and tags made of digests.
//!
//! Source: OCI distribution-spec, "Listing Referrers". A registry that does not know the request
//! answers 404; the fallback tag is asked for by the caller in any case.

use std::io::Read;

use model::{Digest, ImageRef};

use super::super::blobs::Blobs;
use super::{Repository, protocols};
use crate::manifest::Descriptor;
use crate::signature::ArtifactStore;
use crate::{ImageError, Options};

/// A repository that answers, and the document that a reference stands for.
pub(in crate::remote) fn attached(
    image: &ImageRef,
    options: &Options,
) -> Result<(Box<dyn ArtifactStore>, Vec<u8>), ImageError> {
    let mut failed = None;
    for protocol in protocols(&image.registry, options) {
        let repository = Repository::new(image, protocol, options)?;
        match Blobs::manifest(&repository, image.manifest_reference()) {
            Ok(bytes) => return Ok((Box::new(repository), bytes)),
            Err(error @ (ImageError::Broken { .. } | ImageError::Unreachable { .. })) => {
                failed.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    let nothing = || ImageError::Broken { image: image.to_string(), detail: "no answer".into() };
    Err(failed.unwrap_or_else(nothing))
}

impl ArtifactStore for Repository {
    fn manifest(&self, reference: &str) -> Result<Option<Vec<u8>>, ImageError> {
        match Blobs::manifest(self, reference) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ImageError::NoSuchImage { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Digest>, ImageError> {
        let asked = self.reference(subject.as_str());
        match self.attempt(|| self.client.pull_referrers(&asked, None)) {
            // An entry whose digest is none leads nowhere.
            Ok(index) => Ok(index.manifests.iter().filter_map(|e| e.digest.parse().ok()).collect()),
            Err(ImageError::NoSuchImage { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn blob(&self, blob: &Descriptor, most_bytes: u64) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Vec::new();
        let read = Blobs::blob(self, blob).take(most_bytes).read_to_end(&mut bytes);
        read.map_err(|error| ImageError::Broken {
            image: self.image.to_string(),
            detail: format!("the blob {} could not be fetched: {error}", blob.digest),
        })?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests;
