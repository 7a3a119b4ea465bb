//! Keys that everybody has: published with the test suites and examples of programs. Told by their
//! fingerprint, never by their path. The list is `rules/secrets/known-keys.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The list, embedded. A line: the first 32 hex digits of the SHA-256 of a public key, or the 16
/// of the fingerprint of a key whose public part is not known; a blank; where it is from.
pub(crate) const LIST: &str = include_str!("../../../../../rules/secrets/known-keys.txt");
/// Hex digits of a public key's digest in the list.
const DIGITS: usize = 32;

static KNOWN: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    LIST.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect()
});

/// The package that publishes the key with this digest of its public part, or this fingerprint.
pub(crate) fn publisher(public_key: &str, fingerprint: &str) -> Option<&'static str> {
    let by_public = public_key.get(..DIGITS).and_then(|digits| KNOWN.get(digits));
    by_public.or_else(|| KNOWN.get(fingerprint)).copied()
}
