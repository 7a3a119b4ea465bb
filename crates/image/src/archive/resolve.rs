//! From an archive's documents to the one image that is meant.

use model::{Digest, ImageRef, Platform, SourceKind};

use super::{DOCKER_MANIFEST, OCI_INDEX, docker, oci};
use crate::hashing::digest_like;
use crate::layer::Claims;
use crate::{Description, ImageError, Limits};

/// The documents of an archive or layout, by their path in it.
pub(crate) trait Documents {
    /// The document with this path; `None` when it is not there.
    fn document(&self, path: &str) -> Result<Option<Vec<u8>>, ImageError>;
}

/// Which image is meant, and what it is called in reports and errors.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Overrides what the content says the source is; for the daemons.
    pub(crate) kind: Option<SourceKind>,
    /// Whether an OCI index goes before a docker manifest when both are there.
    pub(crate) prefers_oci: bool,
    /// The reference or path as the user gave it, for the description and errors.
    pub(crate) name: String,
    /// The image's name, tag or digest in the archive; `None` when there is only one.
    pub(crate) reference: Option<String>,
    pub(crate) platform: Option<Platform>,
    pub(crate) limits: Limits,
}

/// One image of an archive.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) description: Description,
    /// Lowest first.
    pub(crate) layers: Vec<StoredLayer>,
}

/// A layer of an archive.
#[derive(Debug, Clone)]
pub(crate) struct StoredLayer {
    /// Its path in the archive.
    pub(crate) path: String,
    pub(crate) media_type: String,
    pub(crate) claims: Claims,
}

/// Finds the image that is wanted.
pub(crate) fn resolve(documents: &dyn Documents, wanted: &Wanted) -> Result<Resolved, ImageError> {
    let manifest = documents.document(DOCKER_MANIFEST)?;
    let index = documents.document(OCI_INDEX)?;
    match (manifest, index) {
        (Some(manifest), None) => docker::resolve(documents, &manifest, wanted),
        (Some(manifest), Some(_)) if !wanted.prefers_oci => {
            docker::resolve(documents, &manifest, wanted)
        }
        (_, Some(index)) => oci::resolve(documents, &index, wanted),
        (None, None) => Err(ImageError::NotAnImage {
            place: wanted.name.clone(),
            looks_like: format!("an archive with neither {DOCKER_MANIFEST} nor {OCI_INDEX}"),
        }),
    }
}

/// The document at `path`, which another one names.
pub(super) fn required(
    documents: &dyn Documents,
    path: &str,
    wanted: &Wanted,
) -> Result<Vec<u8>, ImageError> {
    documents.document(path)?.ok_or_else(|| ImageError::MissingBlob {
        place: wanted.name.clone(),
        blob: path.to_owned(),
    })
}

/// The document at the blob path of `digest`, its bytes checked against it.
pub(super) fn required_blob(
    documents: &dyn Documents,
    digest: &Digest,
    wanted: &Wanted,
) -> Result<Vec<u8>, ImageError> {
    let bytes = required(documents, &blob_path(digest), wanted)?;
    verify(digest, &bytes, &wanted.name)?;
    Ok(bytes)
}

/// Checks bytes against the digest they are named by.
pub(crate) fn verify(named: &Digest, bytes: &[u8], place: &str) -> Result<(), ImageError> {
    let actual = digest_like(named, bytes);
    if actual == *named {
        return Ok(());
    }
    Err(ImageError::DigestMismatch {
        place: place.to_owned(),
        blob: named.to_string(),
        actual: actual.to_string(),
    })
}

/// Where a layout keeps the blob with this digest.
pub(crate) fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm(), digest.hex())
}

/// The digest that a path in an archive promises: `blobs/sha256/<hex>`.
pub(super) fn digest_of_path(path: &str) -> Option<Digest> {
    let (algorithm, hex) = path.strip_prefix("blobs/")?.split_once('/')?;
    format!("{algorithm}:{hex}").parse().ok()
}

/// Whether an image called `name` is the one that is called `wanted`: the same text, the same
/// reference once both are spelt out, or the same tag.
pub(super) fn is_called(name: &str, wanted: &str) -> bool {
    if name == wanted {
        return true;
    }
    let Ok(parsed) = name.parse::<ImageRef>() else { return false };
    parsed.tag.as_deref() == Some(wanted) || wanted.parse() == Ok(parsed)
}
