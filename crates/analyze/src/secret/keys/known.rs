//! Keys that everybody has: published with the test suites and examples of programs. Told by their
//! fingerprint, never by their path. The list is `rules/secrets/known-keys.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The list, embedded. A line: the first 32 hex digits of a SHA-256, a blank, where it is from.
pub(crate) const LIST: &str = include_str!("../../../../../rules/secrets/known-keys.txt");
/// Hex digits of a line's hash.
const DIGITS: usize = 32;

static KNOWN: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    LIST.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect()
});

/// The package that publishes the key with this SHA-256 (of its public key, or of the whole of an
/// encrypted form), in hex.
pub(crate) fn publisher(digest: &str) -> Option<&'static str> {
    KNOWN.get(digest.get(..DIGITS)?).copied()
}
