//! Doors for the fuzz targets in `fuzz/`: the readers of foreign bytes without the sockets and
//! files around them. Not this room's interface; nothing but the targets goes through here.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use model::{ImageConfig, NoProgress, Platform};

use crate::archive::{Wanted, read_stream};
use crate::config::Configuration;
use crate::layer::{Claims, InPlaceLayer, SequentialLayer, Span};
use crate::manifest::Document;
use crate::{Description, ImageError, LayerStream, LayerVisitor, Limits};

/// What errors call the input.
const PLACE: &str = "input";

/// A layer that comes as a stream, compressed or not.
pub fn streamed_layer<'a>(
    reader: Box<dyn Read + Send + 'a>,
    limits: &Limits,
) -> impl LayerStream + 'a {
    SequentialLayer::new(reader, Claims::default(), limits, &NoProgress)
}

/// A layer that is a plain tar and lies in a file, all of it.
pub fn stored_layer(file: File, size_bytes: u64, limits: &Limits) -> impl LayerStream {
    let span = Span { file: Arc::new(file), offset: 0, size_bytes };
    InPlaceLayer::new(span, Claims::default(), limits, &NoProgress)
}

/// Reads an archive in one pass, as one that a daemon exports.
pub fn read_archive<'a>(
    reader: Box<dyn Read + Send + 'a>,
    limits: &Limits,
    visitor: &dyn LayerVisitor,
) -> Result<Description, ImageError> {
    let wanted = Wanted {
        kind: None,
        prefers_oci: false,
        name: PLACE.to_owned(),
        reference: None,
        platform: None,
        limits: limits.clone(),
    };
    read_stream(reader, &wanted, visitor, &NoProgress)
}

/// Reads a manifest or an index; of an index, chooses what is for `platform`.
pub fn read_manifest(bytes: &[u8], platform: &Platform) -> Result<(), ImageError> {
    match Document::parse(bytes, PLACE)? {
        Document::Manifest(_) => Ok(()),
        Document::Index(index) => index.choose(Some(platform), PLACE).map(drop),
    }
}

/// Reads an image configuration.
pub fn read_configuration(bytes: &[u8]) -> Result<ImageConfig, ImageError> {
    Configuration::parse(bytes, PLACE).map(|configuration| configuration.image)
}
