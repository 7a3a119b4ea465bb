//! From manifest and configuration to a `Description`: layers joined to their history lines.

use model::{Digest, Layer, LayerIndex, Platform, SourceKind};

use crate::config::Configuration;
use crate::manifest::{no_such_platform, serves};
use crate::{Description, ImageError, Limits};

/// What an image is called and where it was found.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) kind: SourceKind,
    /// The reference or path as the user gave it.
    pub(crate) name: String,
    /// Digest of the configuration blob.
    pub(crate) image_id: Option<Digest>,
    /// Digest of the manifest.
    pub(crate) manifest_digest: Option<Digest>,
    /// Digests of the layers as transported; empty when not known.
    pub(crate) layer_digests: Vec<Digest>,
}

/// Describes an image. Each history step that changed files belongs to one layer, in order; where
/// there are more layers than steps the last ones have no line.
pub(crate) fn describe(identity: Identity, configuration: Configuration) -> Description {
    let Identity { kind, name, image_id, manifest_digest, layer_digests } = identity;
    let history = &configuration.image.history;
    let mut lines = history.iter().filter(|step| !step.empty_layer);
    let layers = (0_u32..)
        .zip(configuration.diff_ids)
        .map(|(index, diff_id)| Layer {
            index: LayerIndex(index),
            diff_id: Some(diff_id),
            size_bytes: 0,
            created_by: lines.next().map(|step| step.created_by.clone()),
            base: false,
        })
        .collect();
    Description {
        kind,
        name,
        image_id,
        manifest_digest,
        layer_digests,
        platform: configuration.platform,
        config: configuration.image,
        layers,
    }
}

/// Checks what the manifest and the configuration say together: as many layers as diff ids, not
/// more than the limit, and for the platform that was asked for.
pub(crate) fn check_image(
    configuration: &Configuration,
    layers: usize,
    wanted: Option<&Platform>,
    limits: &Limits,
    place: &str,
) -> Result<(), ImageError> {
    let diff_ids = configuration.diff_ids.len();
    if layers != diff_ids {
        let detail = format!("its manifest has {layers} layers, its configuration {diff_ids}");
        return Err(ImageError::Malformed { place: place.to_owned(), detail });
    }
    if layers > limits.layers {
        let detail = format!("{layers} layers; the limit is {}", limits.layers);
        return Err(ImageError::OverLimit { place: place.to_owned(), detail });
    }
    if let (Some(wanted), Some(built_for)) = (wanted, &configuration.platform)
        && !serves(wanted, built_for)
    {
        return Err(no_such_platform(place, wanted, std::iter::once(built_for.clone())));
    }
    Ok(())
}
