//! How much of a user's file is read.

/// Longest policy or ignore file, in bytes.
pub(crate) const POLICY_MAX_BYTES: usize = 1024 * 1024;
/// Deepest nesting of a policy file.
pub(crate) const POLICY_MAX_DEPTH: usize = 32;
/// Most rules, and most exceptions, of one file.
pub(crate) const POLICY_MAX_ENTRIES: usize = 10_000;
/// Longest glob, in bytes.
pub(crate) const GLOB_MAX_BYTES: usize = 1024;
/// Longest line that a diagnostic shows, in characters.
pub(crate) const SHOWN_LINE_CHARS: usize = 160;
/// Longest evidence or object of a result of a baseline, in characters.
pub(crate) const EVIDENCE_MAX_CHARS: usize = 1000;
/// Names that one reason lists before it counts the rest.
pub(crate) const NAMED_IN_REASON: usize = 5;
