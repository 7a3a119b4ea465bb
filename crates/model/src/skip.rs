//! `Skip`: something that was not looked at, and why.

use serde::{Deserialize, Serialize};

use crate::LayerIndex;

/// Something in the input that was not looked at. Data, not an error: the report shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skip {
    /// The layer; `None` when it is about the whole input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<LayerIndex>,
    /// The file; empty when it is about the whole layer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Why, as a stable word.
    pub reason: SkipReason,
    /// What exactly, with numbers.
    pub detail: String,
}

/// Why something was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// A path that leaves the root, or is no path.
    UnsafePath,
    /// Larger than the limit for one file.
    TooLarge,
    /// More entries than the limit.
    TooMany,
    /// Archives nested deeper, or paths deeper, than the limit.
    TooDeep,
    /// Expands by more than the limit: a decompression bomb.
    Ratio,
    /// Ends before it should.
    Truncated,
    /// Not what its format demands.
    Malformed,
    /// A format or compression that is not supported.
    Unsupported,
    /// Took longer than the limit.
    Timeout,
    /// The bytes do not have the digest they are said to have.
    DigestMismatch,
    /// The operating system would not let it be read.
    Unreadable,
}
