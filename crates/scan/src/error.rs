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
}
