//! `open`: what the user's words mean, and the source that serves them.

use std::path::PathBuf;

use model::{ImageRef, Platform};

use crate::{ImageError, Limits, Source};

/// What the user asked to look at, told from one word.
///
/// `PREFIX:REST` with a prefix of [`model::SourceKind`] (`registry:`, `docker:`, `podman:`,
/// `containerd:`, `docker-archive:`, `oci-layout:`, `oci-archive:`, `rootfs:`, `sbom:`) is explicit.
/// Without one: an existing file or directory is recognised by its content, else it is an image
/// reference, looked for in docker, podman, containerd and the registry in that order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A reference in the registry it names.
    Registry(ImageRef),
    /// A reference or image id in a Docker daemon.
    Docker(String),
    /// A reference or image id in a Podman service.
    Podman(String),
    /// A reference in containerd.
    Containerd(String),
    /// `docker save` output, plain or compressed.
    DockerArchive(PathBuf),
    /// An OCI image layout directory.
    OciLayout(PathBuf),
    /// An OCI image layout in a tar, plain or compressed.
    OciArchive(PathBuf),
    /// A directory that is a root filesystem.
    Rootfs(PathBuf),
    /// A bill of materials; read by `scan`, not by this room.
    Sbom(PathBuf),
    /// A reference without a prefix: the daemons first, then the registry.
    Any(String),
}

/// How to open an image.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which build of a multi-architecture image; `None` for this machine's.
    pub platform: Option<Platform>,
    /// Within which limits.
    pub limits: Limits,
    /// Registries to speak plain HTTP with, `host[:port]`; loopback addresses always may.
    pub insecure_registries: Vec<String>,
    /// User name and password for the registry; overrides the docker configuration.
    pub credentials: Option<(String, String)>,
}

impl Target {
    /// Tells what a word means; looks at the file system for words without a prefix.
    pub fn parse(word: &str) -> Result<Self, ImageError> {
        let _ = word;
        todo!("helper: image")
    }
}

/// Opens an image for reading.
pub fn open(target: &Target, options: &Options) -> Result<Box<dyn Source>, ImageError> {
    crate::remote::open(target, options)
}
