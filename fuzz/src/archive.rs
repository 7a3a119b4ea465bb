//! Layers and archives: tars mended and walked, and what a walk must and must not give.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use image::{LayerOutcome, LayerStream, LayerVisitor, Limits};
use model::{Content, Digest, FileEntry, FileKind};

/// Bytes of a block of a tar.
const BLOCK_BYTES: usize = 512;
/// Where a header's checksum lies, and where its magic.
const CHECKSUM: std::ops::Range<usize> = 148..156;
const MAGIC: std::ops::Range<usize> = 257..262;

/// Limits that small inputs can reach.
pub fn limits() -> Limits {
    Limits {
        layers: 16,
        entries_per_layer: 200,
        layer_bytes: 1 << 20,
        expansion_ratio: 50,
        ratio_floor_bytes: 64 << 10,
        path_bytes: 128,
        path_depth: 8,
        document_bytes: 16 << 10,
        header_bytes: 4 << 10,
        buffered_file_bytes: 2_000,
        file_bytes: 20_000,
        skips_per_layer: 10,
        idle_timeout_s: 5,
    }
}

/// Cuts the first byte off. When it is odd the headers of tars in the rest get their right
/// checksums, so that a changed header is read rather than refused.
pub fn mended(input: &[u8]) -> Vec<u8> {
    let Some((flags, bytes)) = input.split_first() else { return Vec::new() };
    let mut bytes = bytes.to_vec();
    if flags & 1 == 0 {
        return bytes;
    }
    for block in bytes.chunks_exact_mut(BLOCK_BYTES).filter(|block| block[MAGIC] == *b"ustar") {
        block[CHECKSUM].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    bytes
}

/// Whether bytes are a plain tar by every reading: its magic and a name that begins with a letter
/// or dot, which is no compression's magic.
pub fn is_plain_tar(bytes: &[u8]) -> bool {
    bytes.get(MAGIC) == Some(b"ustar")
        && bytes.starts_with(b"./") | bytes.first().is_some_and(u8::is_ascii_lowercase)
}

/// A reader that gives its bytes in pieces of many sizes.
pub struct Dribble<'a>(&'a [u8], usize);

impl<'a> Dribble<'a> {
    /// A reader of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Dribble(bytes, 1)
    }
}

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = (self.1 * 7 + 3) % 10_007;
        let most = (self.1 % 1_500 + 1).min(buffer.len());
        self.0.read(&mut buffer[..most])
    }
}

/// What a walk saw of one entry: the entry, and its content or why that could not be had.
#[derive(Debug, PartialEq)]
pub struct Seen {
    entry: FileEntry,
    content: Result<Vec<u8>, String>,
}

/// Walks a layer and reads everything in it. Laws: entries keep to the limits and below the root;
/// content has the size it says, the same by `bytes`, `read_at` and `head`.
pub fn walk(layer: &mut dyn LayerStream, limits: &Limits) -> (Vec<Seen>, LayerOutcome) {
    let mut seen = Vec::new();
    let outcome = layer.walk(&mut |entry, body| {
        check_entry(entry, limits);
        let head = body.head(16).map(<[u8]>::to_vec).ok();
        let content = match body.content() {
            Ok(content) => Ok(read(content, limits)),
            Err(skip) => Err(format!("{:?}: {}", skip.reason, skip.detail)),
        };
        if let (Some(head), Ok(bytes)) = (head, &content) {
            assert_eq!(head, bytes[..bytes.len().min(16)], "{}", entry.path);
        }
        seen.push(Seen { entry: entry.clone(), content });
    });
    assert!(outcome.entries <= limits.entries_per_layer);
    assert!(outcome.size_bytes <= limits.layer_bytes + BLOCK_BYTES as u64, "{outcome:?}");
    assert!(outcome.skipped.len() <= limits.skips_per_layer + 2, "{outcome:?}");
    (seen, outcome)
}

fn check_entry(entry: &FileEntry, limits: &Limits) {
    let linked = match &entry.kind {
        FileKind::HardLink(target) => target,
        _ => "",
    };
    for path in [entry.path.as_str(), linked] {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        assert!(!path.starts_with('/') && !path.contains("//"), "{entry:?}");
        assert!(!parts.iter().any(|part| matches!(*part, "." | "..")), "{entry:?}");
        assert!(parts.len() <= limits.path_depth, "{entry:?}");
    }
}

fn read(content: &dyn Content, limits: &Limits) -> Vec<u8> {
    assert!(content.size_bytes() <= limits.file_bytes);
    let mut bytes = vec![0xee; content.size_bytes() as usize + 1];
    let mut count = 0;
    while let Ok(got @ 1..) = content.read_at(count as u64, &mut bytes[count..]) {
        count += got;
    }
    assert_eq!(count as u64, content.size_bytes(), "content has not the size it says");
    bytes.truncate(count);
    assert!(content.bytes().is_none_or(|whole| whole == bytes), "bytes and read_at differ");
    bytes
}

/// Walks every layer it is given; holds them to these limits.
pub struct Walker(pub Limits);

impl LayerVisitor for Walker {
    fn wants(&self, _claimed: Option<&Digest>) -> bool {
        true
    }

    fn visit(&self, _claimed: Option<&Digest>, layer: &mut dyn LayerStream) {
        walk(layer, &self.0);
    }
}
