//! Bounds on bills of materials from outside.

/// Largest document, in bytes.
pub(super) const MAX_SBOM_BYTES: usize = 256 << 20;
/// Components that are taken from one document; the rest is a skip.
pub(super) const MAX_COMPONENTS: usize = 1_000_000;
/// Levels of XML elements.
pub(super) const MAX_XML_DEPTH: usize = 128;
/// Skips that are told one by one; the rest is one more with their number.
pub(super) const MAX_SKIPS: usize = 200;
/// Longest text that a skip repeats, in characters.
pub(super) const MAX_SHOWN_CHARS: usize = 160;
