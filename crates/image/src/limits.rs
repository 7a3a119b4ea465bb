//! The limits within which foreign bytes are read.

/// Limits of reading one image. Each names its unit; what lies beyond is skipped and said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most layers of an image.
    pub layers: usize,
    /// Most entries in one layer.
    pub entries_per_layer: u64,
    /// Most bytes of one uncompressed layer.
    pub layer_bytes: u64,
    /// Most bytes a compressed layer may expand to for each of its bytes; applies beyond
    /// `ratio_floor_bytes`.
    pub expansion_ratio: u64,
    /// Expanded bytes below which `expansion_ratio` is not applied.
    pub ratio_floor_bytes: u64,
    /// Most bytes of a path.
    pub path_bytes: usize,
    /// Most parts of a path.
    pub path_depth: usize,
    /// Most bytes of manifest, configuration and index documents, each.
    pub document_bytes: u64,
    /// Most bytes of extended headers (PAX, GNU long name) for one entry.
    pub header_bytes: u64,
    /// Largest file that is held in memory; larger ones are read in pieces.
    pub buffered_file_bytes: u64,
    /// Largest file that is looked into at all.
    pub file_bytes: u64,
    /// Most skips listed for one layer; what is beyond is counted.
    pub skips_per_layer: usize,
    /// Seconds without a byte from a registry or daemon before giving up.
    pub idle_timeout_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            layers: 512,
            entries_per_layer: 20_000_000,
            layer_bytes: 256 << 30,
            expansion_ratio: 1_100,
            ratio_floor_bytes: 256 << 20,
            path_bytes: 4_096,
            path_depth: 256,
            document_bytes: 16 << 20,
            header_bytes: 1 << 20,
            buffered_file_bytes: 16 << 20,
            file_bytes: 8 << 30,
            skips_per_layer: 1_000,
            idle_timeout_s: 60,
        }
    }
}
