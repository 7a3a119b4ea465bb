//! The limits of walking a tree of templates.

/// Most entries of a tree that are looked at.
pub(super) const MAX_ENTRIES: usize = 500_000;
/// Deepest folder that is entered.
pub(super) const MAX_DEPTH: usize = 48;
/// Most templates of a tree.
pub(super) const MAX_TEMPLATES: usize = 50_000;
/// Most bytes of templates of a tree, together.
pub(super) const MAX_TOTAL_BYTES: u64 = 512 << 20;
/// Most bytes of one file that are read. A template is refused at less.
pub(super) const MAX_FILE_BYTES: u64 = 8 << 20;
