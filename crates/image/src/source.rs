//! `Source`: where images come from, and how their layers are handed on.

use model::{Content, Digest, FileEntry, ImageConfig, Layer, Platform, Progress, Skip, SourceKind};

use crate::ImageError;

/// What a source knows of an image besides the bytes of its layers.
#[derive(Debug, Clone)]
pub struct Description {
    /// What it was read from.
    pub kind: SourceKind,
    /// The reference or path as the user gave it.
    pub name: String,
    /// Digest of the configuration blob.
    pub image_id: Option<Digest>,
    /// Digest of the manifest.
    pub manifest_digest: Option<Digest>,
    /// Digests of the layers as transported, lowest first; empty when not known.
    pub layer_digests: Vec<Digest>,
    /// What the image was built for.
    pub platform: Option<Platform>,
    /// Run-time configuration and history.
    pub config: ImageConfig,
    /// The layers, lowest first, each joined to its history line. `diff_id` is what the
    /// configuration claims; `size_bytes` is 0 until the layer has been read.
    pub layers: Vec<Layer>,
}

/// A daemon's image, by name and id. Whoever has seen the id before knows what `describe` cannot
/// tell until the image has been exported.
#[derive(Debug, Clone)]
pub struct Identity {
    /// What it is read from.
    pub kind: SourceKind,
    /// The reference as the user gave it.
    pub name: String,
    /// The daemon's id: a digest of the image's configuration or manifest.
    pub id: Digest,
}

/// A place that an image can be read from.
pub trait Source: Send {
    /// Who the image is, when that is known before `describe` can tell more: a daemon's image.
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// What is known before any layer is read. `None` from a stream that tells it last.
    fn describe(&mut self) -> Result<Option<Description>, ImageError>;

    /// Hands every layer that `visitor` wants to it, from up to `threads` threads, in any order.
    /// Gives the description, which is complete now.
    fn read_layers(
        &mut self,
        visitor: &dyn LayerVisitor,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Description, ImageError>;
}

/// Takes layers from a source. Called from several threads.
pub trait LayerVisitor: Sync {
    /// Whether the layer with this diff id must be read. `None`: the source cannot tell yet which
    /// layer it is (a stream), and hands it on in any case.
    fn wants(&self, claimed: Option<&Digest>) -> bool;

    /// Takes one layer. `claimed` is the diff id the configuration gives it, when already known.
    /// The layer's own outcome (with the diff id its bytes really have) comes from
    /// `LayerStream::walk`.
    fn visit(&self, claimed: Option<&Digest>, layer: &mut dyn LayerStream);
}

/// One layer, ready to be walked once.
pub trait LayerStream {
    /// Calls `visit` for every entry in order, hashing the whole layer beside it.
    fn walk(&mut self, visit: EntryVisitor<'_>) -> LayerOutcome;
}

/// Called for each entry of a layer.
pub type EntryVisitor<'a> = &'a mut dyn FnMut(&FileEntry, &mut dyn LayerBody);

/// The content of the entry being visited; empty unless a regular file.
pub trait LayerBody {
    /// The first up to `count` bytes, without using them up.
    fn head(&mut self, count: usize) -> std::io::Result<&[u8]>;

    /// The whole content. Files up to `Limits::buffered_file_bytes` are in memory (`bytes()` is
    /// `Some`); larger ones are read in place, or from a temporary file when the layer is a
    /// stream. Beyond `Limits::file_bytes`, and for a truncated layer, a `Skip`.
    fn content(&mut self) -> Result<&dyn Content, Skip>;
}

/// What came of walking a layer.
#[derive(Debug, Clone)]
pub struct LayerOutcome {
    /// The digest its uncompressed bytes really have; `None` when it was not read to its end
    /// (truncated, over a limit) or is a plain directory.
    pub diff_id: Option<Digest>,
    /// Uncompressed bytes read.
    pub size_bytes: u64,
    /// Entries walked.
    pub entries: u64,
    /// What was not looked at, `layer` still `None`.
    pub skipped: Vec<Skip>,
}
