//! Registries and daemons: images that are asked for over a connection.
//!
//! The only part of this room that knows tokio: [`blocking`] turns what arrives into plain
//! readers, so that layers are walked by threads as everywhere else.

mod auth;
mod blobs;
mod blocking;
mod containerd;
mod engine;
mod registry;

use model::ImageRef;

use crate::signature::ArtifactStore;
use crate::{ImageError, Options, Source, Target};
use engine::Engine;

/// Opens an image that is not a local file or directory.
pub(crate) fn open(target: &Target, options: &Options) -> Result<Box<dyn Source>, ImageError> {
    match target {
        Target::Registry(image) => registry::open(image, options),
        Target::Docker(name) => engine::open(Engine::Docker, name, options),
        Target::Podman(name) => engine::open(Engine::Podman, name, options),
        Target::Containerd(name) => containerd::open(name, options),
        Target::Any(name) => anywhere(name, options),
        local => Err(ImageError::NotAnImage {
            place: format!("{local:?}"),
            looks_like: "something local".to_owned(),
        }),
    }
}

/// A repository of a registry, and the document that a reference stands for there.
pub(crate) fn attached(
    image: &ImageRef,
    options: &Options,
) -> Result<(Box<dyn ArtifactStore>, Vec<u8>), ImageError> {
    registry::attached(image, options)
}

/// A way to open an image, not tried yet.
type Opening<'a> = &'a dyn Fn() -> Result<Box<dyn Source>, ImageError>;

/// Looks into the daemons that are there, then asks the registry. The registry's word is the last.
/// A pinned digest and a platform say which image is meant whatever a daemon has under the name,
/// so they go to the registry when a daemon cannot serve them.
fn anywhere(name: &str, options: &Options) -> Result<Box<dyn Source>, ImageError> {
    let mut tried = Vec::new();
    let places: [(&str, Opening<'_>); 3] = [
        ("docker", &|| engine::open(Engine::Docker, name, options)),
        ("podman", &|| engine::open(Engine::Podman, name, options)),
        ("containerd", &|| containerd::open(name, options)),
    ];
    for (place, open) in places {
        match open() {
            Ok(source) => return Ok(source),
            Err(ImageError::NoDaemon { .. } | ImageError::NoSuchImage { .. }) => {}
            // The reason may matter (no permission on the socket): it is said if all else fails.
            Err(error) => tried.push(format!("{place}: {error}")),
        }
    }
    let image: ImageRef = name.parse().map_err(|error: model::InvalidImageRef| {
        ImageError::NotATarget { word: error.text, why: error.why.to_owned() }
    })?;
    registry::open(&image, options).map_err(|error| match tried.is_empty() {
        true => error,
        false => ImageError::Nowhere { last: Box::new(error), tried },
    })
}
