//! `Layer`: one filesystem change set of an image.

use serde::{Deserialize, Serialize};

use crate::Digest;

/// A layer's place in its image, 0 being the lowest (the base).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LayerIndex(pub u32);

/// One filesystem change set of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its place in the image, 0 the lowest.
    pub index: LayerIndex,
    /// Digest of the uncompressed tar. For a plain root filesystem there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_id: Option<Digest>,
    /// Bytes of the uncompressed tar.
    pub size_bytes: u64,
    /// The history line that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Whether it came with the base image.
    #[serde(default)]
    pub base: bool,
}
