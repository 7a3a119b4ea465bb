//! Bounds on VEX documents from outside.

/// Largest document, in bytes.
pub(super) const MAX_VEX_BYTES: usize = 128 << 20;
/// Statements over all documents.
pub(super) const MAX_STATEMENTS: usize = 2_000_000;
/// Levels of CSAF product branches; beyond, products are not seen.
pub(super) const MAX_BRANCH_DEPTH: usize = 64;
/// Notes that are kept.
pub(super) const MAX_NOTES: usize = 100;
/// Longest justification that a report repeats, in characters.
pub(super) const MAX_JUSTIFICATION_CHARS: usize = 400;
