//! Images in archives and layouts: `docker save` output of every age, OCI layouts in a directory
//! or a tar. From a stream they are read in one pass ([`read_stream`]), from a file in place.
//!
//! Sources: OCI image-spec `image-layout.md`; Docker "Image Specification v1.2", combined image
//! JSON and filesystem changeset format; containers-image `docs/containers-transports.5.md`.

mod artifacts;
mod docker;
mod layout;
mod oci;
mod resolve;
mod stored;
mod stream;
mod tar_file;

pub(crate) use artifacts::LayoutStore;
pub(crate) use layout::Layout;
pub(crate) use resolve::{Wanted, verify};
pub(crate) use stored::{StoredImage, StreamedImage};
pub(crate) use stream::read_stream;
pub(crate) use tar_file::TarFile;

/// Most members of an archive around layers.
const MAX_MEMBERS: usize = 100_000;
/// Most links followed from a name to a member.
const MAX_LINKS: usize = 8;

/// The manifest of `docker save`.
pub(crate) const DOCKER_MANIFEST: &str = "manifest.json";
/// The index of an OCI layout.
pub(crate) const OCI_INDEX: &str = "index.json";

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;
