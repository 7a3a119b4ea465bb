//! `ServerError`: the server cannot start or go on.

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// The server cannot start or go on. One line: what, where, what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {why}; choose another with --listen")]
    Listen {
        /// The address.
        address: String,
        /// Why, in the system's words.
        why: String,
    },
    /// Certificates cannot be read, kept or used.
    #[error("the certificates in {place} cannot be used: {why}")]
    Certificates {
        /// A file, a folder or a Secret.
        place: String,
        /// Why.
        why: String,
    },
    /// A certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Issue(#[from] rcgen::Error),
    /// TLS refuses what it was given.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// Stored reports cannot be read, or decisions not written.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// A folder of reports cannot be read.
    #[error("the reports in {path} cannot be taken in: {why}")]
    Intake {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The policy cannot be read.
    #[error("{0}")]
    Policy(String),
    /// The cluster's API does not answer as it should.
    #[error("the cluster's API did not take {what}: {why}")]
    Cluster {
        /// What was asked of it.
        what: String,
        /// Why.
        why: String,
    },
    /// Manifests cannot be written with these settings.
    #[error("no manifests with these settings: {0}")]
    Manifests(String),
}

impl ServerError {
    pub(crate) fn certificates(place: &Path, why: impl Display) -> ServerError {
        ServerError::Certificates { place: place.display().to_string(), why: why.to_string() }
    }
}
