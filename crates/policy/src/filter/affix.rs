//! `Affixes` and `Paths`: many prefixes, suffixes or directories, looked up at once.

use std::collections::{BTreeSet, HashSet};

/// Prefixes, of which none begins another. Sorted, the only one that a text can begin with is the
/// last that is not greater than the text: a trie laid flat, searched in `log n` comparisons.
#[derive(Debug)]
pub(crate) struct Affixes(Vec<Box<[u8]>>);

impl Affixes {
    pub(crate) fn prefixes<'a>(texts: impl IntoIterator<Item = &'a Vec<u8>>) -> Self {
        let sorted: BTreeSet<&Vec<u8>> = texts.into_iter().collect();
        Affixes::shortest(sorted.into_iter().cloned())
    }

    pub(crate) fn suffixes<'a>(texts: impl IntoIterator<Item = &'a Vec<u8>>) -> Self {
        let sorted: BTreeSet<Vec<u8>> =
            texts.into_iter().map(|text| text.iter().rev().copied().collect()).collect();
        Affixes::shortest(sorted)
    }

    /// Keeps the shortest of those that begin with each other; they follow it in the order.
    fn shortest(sorted: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut kept: Vec<Box<[u8]>> = Vec::new();
        for text in sorted {
            if kept.last().is_none_or(|last| !text.starts_with(last)) {
                kept.push(text.into_boxed_slice());
            }
        }
        Affixes(kept)
    }

    /// Whether a text begins with one of them.
    pub(crate) fn begin(&self, text: &[u8]) -> bool {
        let after = self.0.partition_point(|prefix| prefix.as_ref() <= text);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|p| text.starts_with(p))
    }

    /// Whether a text ends with one of them; they are stored backwards.
    pub(crate) fn end(&self, text: &[u8]) -> bool {
        let after = self.0.partition_point(|suffix| suffix.iter().le(text.iter().rev()));
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|suffix| {
            suffix.len() <= text.len() && suffix.iter().eq(text.iter().rev().take(suffix.len()))
        })
    }
}

/// Directories and files: what lies in them or is one of them.
#[derive(Debug)]
pub(crate) struct Paths(HashSet<Box<[u8]>>);

impl Paths {
    pub(crate) fn new<'a>(paths: impl IntoIterator<Item = &'a Vec<u8>>) -> Self {
        Paths(paths.into_iter().map(|path| trimmed(path).into()).collect())
    }

    /// Whether a path is one of them or lies below one, on a border of components.
    pub(crate) fn hold(&self, path: &[u8]) -> bool {
        if self.0.contains(trimmed(path)) {
            return true;
        }
        path.iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'/')
            .any(|(at, _)| self.0.contains(trimmed(path.get(..at).unwrap_or_default())))
    }
}

/// Without slashes at the end.
fn trimmed(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    path.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn holds_paths_on_borders_of_components() {
        for (of, path, expected) in [
            ("/etc", "/etc", true),
            ("/etc", "/etc/", true),
            ("/etc/", "/etc/passwd", true),
            ("/etc", "/etcetera", false),
            ("/etc/passwd", "/etc", false),
            ("/", "/etc", true),
            ("/", "etc", false),
            ("usr", "usr/bin", true),
            ("/a/b", "/a/b/c/d", true),
            ("/a/b", "/a/c/b", false),
        ] {
            assert_eq!(
                Paths::new([&of.as_bytes().to_vec()]).hold(path.as_bytes()),
                expected,
                "{of} {path}"
            );
        }
    }

    proptest! {
        #[test]
        fn affixes_agree_with_one_after_the_other(
            texts in prop::collection::vec("[ab]{0,4}", 1..8),
            text in "[ab]{0,6}",
        ) {
            let texts: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
            let text = text.as_bytes();
            let begins = texts.iter().any(|t| text.starts_with(t));
            let ends = texts.iter().any(|t| text.ends_with(t));
            prop_assert_eq!(Affixes::prefixes(&texts).begin(text), begins);
            prop_assert_eq!(Affixes::suffixes(&texts).end(text), ends);
        }
    }
}
