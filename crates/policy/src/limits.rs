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
/// Longest message of a diagnostic, in characters.
pub(crate) const MESSAGE_MAX_CHARS: usize = 1000;
/// Names that one reason lists before it counts the rest.
pub(crate) const NAMED_IN_REASON: usize = 5;
/// Longest evidence or object of a baseline's result, in characters.
pub(crate) const EVIDENCE_MAX_CHARS: usize = 1000;
/// Longest condition, in bytes.
pub(crate) const CONDITION_MAX_BYTES: usize = 256 * 1024;
/// Deepest parentheses of a condition.
pub(crate) const CONDITION_MAX_DEPTH: usize = 200;
/// Deepest nesting of a condition with its macros put in.
pub(crate) const TREE_MAX_DEPTH: usize = 250;
/// Most values of one list, with those of lists in it.
pub(crate) const LIST_MAX_ITEMS: usize = 100_000;
/// Most values of all conditions that are compiled together.
pub(crate) const WORDS_MAX_TOTAL: usize = 2_000_000;
/// Longest pattern of `regex` and `glob`, in bytes.
pub(crate) const PATTERN_MAX_BYTES: usize = 16 * 1024;
/// Most memory of one compiled pattern, in bytes.
pub(crate) const PATTERN_MAX_COMPILED_BYTES: usize = 1024 * 1024;
/// Most memory of patterns that are compiled together, in bytes.
pub(crate) const PATTERNS_MAX_COMPILED_BYTES: usize = 8 * 1024 * 1024;
/// Most patterns of all conditions that are compiled together.
pub(crate) const PATTERNS_MAX_TOTAL: usize = 20_000;
/// Most nodes that are made while conditions are sorted by a field; beyond, they are not sorted.
pub(crate) const SORTING_MAX_NODES: usize = 50_000_000;
/// Most checks that are told as the reason of a decision.
pub(crate) const WITNESSES_MAX: usize = 64;
/// Longest check that is told, in characters.
pub(crate) const SHOWN_CHECK_CHARS: usize = 400;
/// Longest line of output, in bytes.
pub(crate) const TEMPLATE_MAX_BYTES: usize = 64 * 1024;
/// Longest rules file, in bytes.
pub(crate) const RULES_MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most values of a rules file, those of aliases counted each time.
pub(crate) const RULES_MAX_NODES: usize = 500_000;
