//! `ArtifactStore`: a place where manifests and what refers to them can be asked for.

use model::Digest;
use serde::Deserialize;

use crate::ImageError;
use crate::manifest::Descriptor;

/// A registry's repository, or a layout.
pub(crate) trait ArtifactStore {
    /// The bytes of a manifest or index, by tag or digest; `None` when it is not there. Not checked
    /// against the digest.
    fn manifest(&self, reference: &str) -> Result<Option<Vec<u8>>, ImageError>;

    /// The manifests that the place itself knows to refer to a digest; not their fallback tag.
    fn referrers(&self, subject: &Digest) -> Result<Vec<Digest>, ImageError>;

    /// At most so many bytes of a blob, not checked.
    fn blob(&self, blob: &Descriptor, most_bytes: u64) -> Result<Vec<u8>, ImageError>;
}

/// A manifest that is attached to another; what it is is told by its own fields, never by those of
/// a list that names it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attached {
    #[serde(default)]
    pub(crate) artifact_type: Option<String>,
    #[serde(default)]
    pub(crate) config: Option<TypeOnly>,
    #[serde(default)]
    pub(crate) layers: Vec<Descriptor>,
    #[serde(default)]
    pub(crate) subject: Option<DigestOnly>,
    /// Entries, when it is an index.
    #[serde(default)]
    pub(crate) manifests: Option<Vec<DigestOnly>>,
}

/// A descriptor of which only the type matters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TypeOnly {
    #[serde(default)]
    pub(crate) media_type: String,
}

/// A descriptor of which only the digest matters.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DigestOnly {
    pub(crate) digest: Digest,
}
