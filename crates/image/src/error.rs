//! `ImageError`: the image could not be had. One line: what, where, what to do.

use std::path::PathBuf;

/// The image could not be had at all. (What is wrong inside a layer is a `Skip`.)
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
