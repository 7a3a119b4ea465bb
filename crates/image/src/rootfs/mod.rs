//! `Rootfs`: a directory that is a root filesystem, as an image of one layer.
//!
//! Every step is taken from an open directory and refuses symbolic links, so a name that is
//! replaced during the walk cannot lead out of the root.

mod body;
mod walk;

use std::path::{Path, PathBuf};

use model::{ImageConfig, Layer, LayerIndex, Progress, SourceKind};

use crate::source::{EntryVisitor, LayerStream, LayerVisitor, Source};
use crate::{Description, ImageError, LayerOutcome, Limits};

/// A root filesystem.
pub(crate) struct Rootfs {
    root: PathBuf,
    limits: Limits,
}

impl Rootfs {
    /// Errors when `root` is not a directory that can be listed.
    pub(crate) fn open(root: &Path, limits: &Limits) -> Result<Self, ImageError> {
        std::fs::read_dir(root).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotADirectory => {
                crate::recognise::not_an_image(root, "a file, not a root filesystem".to_owned())
            }
            _ => ImageError::reading(root, error),
        })?;
        Ok(Rootfs { root: root.to_owned(), limits: limits.clone() })
    }

    fn description(&self) -> Description {
        let layer = Layer {
            index: LayerIndex(0),
            diff_id: None,
            size_bytes: 0,
            created_by: None,
            base: false,
        };
        Description {
            kind: SourceKind::Rootfs,
            name: self.root.display().to_string(),
            image_id: None,
            manifest_digest: None,
            layer_digests: Vec::new(),
            platform: None,
            config: ImageConfig::default(),
            layers: vec![layer],
        }
    }
}

impl Source for Rootfs {
    fn describe(&mut self) -> Result<Option<Description>, ImageError> {
        Ok(Some(self.description()))
    }

    fn read_layers(
        &mut self,
        visitor: &dyn LayerVisitor,
        _threads: usize,
        progress: &dyn Progress,
    ) -> Result<Description, ImageError> {
        if visitor.wants(None) {
            progress.begin("reading files", None);
            visitor.visit(None, &mut RootfsLayer { rootfs: self, progress });
        }
        Ok(self.description())
    }
}

/// The one layer of a root filesystem.
struct RootfsLayer<'a> {
    rootfs: &'a Rootfs,
    progress: &'a dyn Progress,
}

impl LayerStream for RootfsLayer<'_> {
    fn walk(&mut self, visit: EntryVisitor<'_>) -> LayerOutcome {
        walk::walk(&self.rootfs.root, &self.rootfs.limits, self.progress, visit)
    }
}

#[cfg(test)]
mod tests;
