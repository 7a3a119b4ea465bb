//! `LayerAnalysis`: all that a scan keeps of one layer. What the layer cache stores.
//!
//! Enough to merge layers exactly as unpacking them in order would, and no more: paths that
//! nobody reads survive only as hashes.

use analyze::{Analysis, PathHash};
use malware::SampleScan;
use model::{Secret, Skip};
use serde::{Deserialize, Serialize};

/// Bytes of a path's hash.
const PATH_HASH_BYTES: usize = size_of::<PathHash>();

/// All that a scan keeps of one layer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerAnalysis {
    /// Bytes of the uncompressed tar.
    pub size_bytes: u64,
    /// Files in which something was found, in the order of the layer; a later one replaces an earlier
    /// one of the same path.
    pub files: Vec<AnalyzedFile>,
    /// Hard links, as (new name, name of a file in `files`).
    pub links: Vec<(String, String)>,
    /// Every name in the layer that is not a directory.
    pub names: PathSet,
    /// Every directory in the layer.
    pub directories: PathSet,
    /// Names that the layer deletes.
    pub whiteouts: PathSet,
    /// Directories whose lower content the layer hides.
    pub opaque: PathSet,
    /// What was not looked at; the layer's index is filled in when the layers are merged.
    pub skipped: Vec<Skip>,
}

/// One file and what was read from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AnalyzedFile {
    /// Its path from the root.
    pub path: String,
    /// What was read; `owned` is moved into the field below.
    pub analysis: Analysis,
    /// Files that operating system packages own, as hashes of their unified paths.
    pub owned: Vec<(String, PathSet)>,
    /// What the methods say of it and of its members; empty when nothing speaks against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<SampleScan>,
    /// Secrets in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
}

/// A set of paths, kept as sorted hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Flat", try_from = "Flat")]
pub struct PathSet(Vec<PathHash>);

/// The stored form of a set: all hashes as one run of bytes.
#[derive(Serialize, Deserialize)]
struct Flat(#[serde(with = "serde_bytes")] Vec<u8>);

impl From<PathSet> for Flat {
    fn from(set: PathSet) -> Flat {
        Flat(set.0.concat())
    }
}

impl TryFrom<Flat> for PathSet {
    type Error = &'static str;

    fn try_from(flat: Flat) -> Result<PathSet, Self::Error> {
        let (hashes, rest) = flat.0.as_chunks::<PATH_HASH_BYTES>();
        let sorted = hashes.is_sorted() && rest.is_empty();
        if sorted { Ok(PathSet(hashes.to_vec())) } else { Err("a set of paths that is none") }
    }
}

impl PathSet {
    /// Whether a path with this hash is in the set.
    pub fn contains(&self, hash: &PathHash) -> bool {
        self.0.binary_search(hash).is_ok()
    }

    /// The hashes, sorted.
    pub fn hashes(&self) -> impl Iterator<Item = &PathHash> {
        self.0.iter()
    }

    /// Whether there is no path in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<PathHash> for PathSet {
    fn from_iter<I: IntoIterator<Item = PathHash>>(hashes: I) -> Self {
        let mut hashes: Vec<PathHash> = hashes.into_iter().collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes.shrink_to_fit();
        PathSet(hashes)
    }
}

/// The hash by which a path is kept.
///
/// Cryptographic, because the path is the image's to choose: with a weaker hash an image could
/// hide a file behind a colliding name.
pub(crate) fn path_hash(path: &str) -> PathHash {
    let mut short = PathHash::default();
    let hash = blake3::hash(path.as_bytes());
    let width = short.len();
    short.copy_from_slice(&hash.as_bytes()[..width]);
    short
}

/// The hash of a path for ownership, where `/lib/x` and `/usr/lib/x` are the same file: package
/// databases of distributions with a merged `/usr` still list the old names.
pub(crate) fn owner_hash(path: &str) -> PathHash {
    let path = path.trim_start_matches('/');
    let top = path.split('/').next().unwrap_or("");
    if matches!(top, "bin" | "sbin" | "lib" | "lib32" | "lib64" | "libx32") {
        path_hash(&format!("usr/{path}"))
    } else {
        path_hash(path)
    }
}

/// The hashes of a path and of each directory above it, the path itself first.
pub(crate) fn lineage(path: &str) -> Vec<PathHash> {
    let parents = path.match_indices('/').map(|(at, _)| path_hash(&path[..at]));
    std::iter::once(path_hash(path)).chain(parents).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lineage_names_the_path_and_every_parent() {
        assert_eq!(lineage("a/b/c"), [path_hash("a/b/c"), path_hash("a"), path_hash("a/b")]);
        assert_eq!(lineage("a"), [path_hash("a")]);
    }

    #[test]
    fn ownership_sees_through_a_merged_usr() {
        assert_eq!(owner_hash("/lib/x/y"), owner_hash("usr/lib/x/y"));
        assert_ne!(owner_hash("opt/lib/x"), owner_hash("usr/lib/x"));
    }
}
