//! `ScanError`: a scan could not be done.

/// A scan could not be done at all. What is wrong inside an image is in the report instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The image could not be had.
    #[error(transparent)]
    Image(#[from] image::ImageError),
    /// The bill of materials could not be read.
    #[error(transparent)]
    Sbom(#[from] crate::sbom::SbomError),
    /// The advisory database could not be read.
    #[error(transparent)]
    Advisories(#[from] advisory::AdvisoryError),
    /// A template, or a folder of them, could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// Its path.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nothing there is a template.
    #[error("{}: no Dockerfile, compose file or Kubernetes manifest is there", path.display())]
    NoTemplate {
        /// The path that was looked at.
        path: std::path::PathBuf,
    },
}
