//! `StoredImage` and `StreamedImage`: the sources for images in local files.

use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;

use model::{Progress, SkipReason};

use super::resolve::{Documents, Resolved, StoredLayer, Wanted, resolve};
use super::stream::read_stream;
use crate::compression::{Compression, MAGIC_BYTES};
use crate::input::read_at_most;
use crate::layer::{InPlaceLayer, RefusedLayer, SequentialLayer, Span, SpanReader};
use crate::parallel::in_parallel;
use crate::source::{LayerVisitor, Source};
use crate::stop::Stop;
use crate::{Description, ImageError, Limits};

/// Documents and layers that can be read in any order.
pub(crate) trait Store: Documents + Send + Sync {
    /// Stored bytes of the layer at `path`; `None` when it is not there.
    fn size_bytes(&self, path: &str) -> Option<u64>;

    /// Where the layer at `path` lies; `None` when it is not there.
    fn span(&self, path: &str) -> Result<Option<Span>, ImageError>;
}

/// An image in a store.
pub(crate) struct StoredImage<S> {
    store: S,
    image: Resolved,
    limits: Limits,
}

impl<S: Store> StoredImage<S> {
    /// Finds the image that is wanted in the store.
    pub(crate) fn open(store: S, wanted: &Wanted) -> Result<Self, ImageError> {
        let image = resolve(&store, wanted)?;
        Ok(StoredImage { store, image, limits: wanted.limits.clone() })
    }

    /// The layers to be read, the largest first, each only once, and their size in all.
    fn plan(&self, visitor: &dyn LayerVisitor) -> Result<(Vec<&StoredLayer>, u64), ImageError> {
        let mut seen = HashSet::new();
        let mut sized = Vec::new();
        for layer in &self.image.layers {
            let diff_id = layer.claims.diff_id.as_ref();
            if !seen.insert(diff_id) || !visitor.wants(diff_id) {
                continue;
            }
            let size = match self.store.size_bytes(&layer.path) {
                Some(size) => size,
                None if refusal(layer).is_some() => 0,
                None => {
                    let place = self.image.description.name.clone();
                    return Err(ImageError::MissingBlob { place, blob: layer.path.clone() });
                }
            };
            sized.push((size, layer));
        }
        sized.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
        let total = sized.iter().map(|(size, _)| size).sum();
        Ok((sized.into_iter().map(|(_, layer)| layer).collect(), total))
    }

    fn read_layer(
        &self,
        layer: &StoredLayer,
        visitor: &dyn LayerVisitor,
        progress: &dyn Progress,
    ) -> Result<(), ImageError> {
        let claims = layer.claims.clone();
        let diff_id = layer.claims.diff_id.as_ref();
        let place = || self.image.description.name.clone();
        if let Some(stop) = refusal(layer) {
            visitor.visit(diff_id, &mut RefusedLayer::new(stop));
            return Ok(());
        }
        let Some(span) = self.store.span(&layer.path)? else {
            return Err(ImageError::MissingBlob { place: place(), blob: layer.path.clone() });
        };
        let mut head = [0; MAGIC_BYTES];
        let got = read_at_most(&span.file, span.offset, &mut head)
            .map_err(|error| ImageError::reading(place().as_ref(), error))?;
        let head = head.get(..got).unwrap_or_default();
        if Compression::sniff(head) == Compression::Plain {
            let mut layer = InPlaceLayer::new(span, claims, &self.limits, progress);
            visitor.visit(diff_id, &mut layer);
        } else {
            let reader = Box::new(SpanReader::new(span));
            let mut layer = SequentialLayer::new(reader, claims, &self.limits, progress);
            visitor.visit(diff_id, &mut layer);
        }
        Ok(())
    }
}

impl<S: Store> Source for StoredImage<S> {
    fn describe(&mut self) -> Result<Option<Description>, ImageError> {
        Ok(Some(self.image.description.clone()))
    }

    fn read_layers(
        &mut self,
        visitor: &dyn LayerVisitor,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Description, ImageError> {
        let (layers, total) = self.plan(visitor)?;
        progress.begin("reading layers", Some(total));
        in_parallel(threads, &layers, |layer| self.read_layer(layer, visitor, progress))?;
        Ok(self.image.description.clone())
    }
}

/// Why a layer cannot be read whatever its bytes are.
fn refusal(layer: &StoredLayer) -> Option<Stop> {
    let media_type = layer.media_type.as_str();
    let why = if media_type.ends_with("+encrypted") {
        "the layer is encrypted"
    } else if media_type.contains(".foreign.") || media_type.contains(".nondistributable.") {
        "the layer's licence keeps it out of images"
    } else {
        return None;
    };
    Some(Stop::new(SkipReason::Unsupported, format!("{why} (media type {media_type})")))
}

/// An archive that can be read only from its beginning to its end: compressed, or a pipe.
pub(crate) struct StreamedImage {
    path: PathBuf,
    wanted: Wanted,
}

impl StreamedImage {
    pub(crate) fn new(path: PathBuf, wanted: Wanted) -> Self {
        StreamedImage { path, wanted }
    }
}

impl Source for StreamedImage {
    fn describe(&mut self) -> Result<Option<Description>, ImageError> {
        Ok(None)
    }

    fn read_layers(
        &mut self,
        visitor: &dyn LayerVisitor,
        _threads: usize,
        progress: &dyn Progress,
    ) -> Result<Description, ImageError> {
        let file =
            File::open(&self.path).map_err(|error| ImageError::reading(&self.path, error))?;
        let size = file.metadata().ok().filter(|metadata| metadata.is_file());
        progress.begin("reading archive", size.map(|metadata| metadata.len()));
        read_stream(Box::new(file), &self.wanted, visitor, progress)
    }
}
