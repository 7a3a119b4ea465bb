//! `Index`: all tests of one kind that one value must pass, answered in one look-up: which words
//! it is, begins with, ends with or contains, and so which tests hold.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use aho_corasick::AhoCorasick;

use super::leaf::Test;
use super::matcher::Fnv;

/// Tests by the words that they hold for.
#[derive(Debug)]
pub(crate) enum Index {
    Texts(HashMap<Box<[u8]>, Box<[u32]>, BuildHasherDefault<Fnv>>),
    /// Words in order; for suffixes, words and values backwards.
    Affixes {
        words: Vec<Affix>,
        backwards: bool,
    },
    Substrings {
        automaton: AhoCorasick,
        tests: Vec<Box<[u32]>>,
    },
}

/// A word, the longest other that it begins with, and the tests that hold for it.
#[derive(Debug)]
pub(crate) struct Affix {
    word: Box<[u8]>,
    shorter: Option<usize>,
    tests: Box<[u32]>,
}

/// Kinds of tests that have an index: a number for each.
pub(crate) fn kind(test: &Test) -> Option<u8> {
    match test {
        Test::Texts(_) => Some(0),
        Test::Prefixes(_) => Some(1),
        Test::Suffixes(_) => Some(2),
        Test::Substrings(_) => Some(3),
        Test::Folded(_) => Some(4),
        _ => None,
    }
}

impl Index {
    /// An index of tests of one kind; `None` when they have none.
    pub(crate) fn new<'t>(tests: impl IntoIterator<Item = (u32, &'t Test)>) -> Option<Index> {
        let mut by_word: BTreeMap<Vec<u8>, Vec<u32>> = BTreeMap::new();
        let mut indexed = None;
        for (id, test) in tests {
            let words = match test {
                Test::Texts(words)
                | Test::Prefixes(words)
                | Test::Suffixes(words)
                | Test::Substrings(words)
                | Test::Folded(words) => words,
                _ => return None,
            };
            indexed = kind(test);
            for word in words {
                let word = match test {
                    Test::Suffixes(_) => word.iter().rev().copied().collect(),
                    _ => word.clone(),
                };
                by_word.entry(word).or_default().push(id);
            }
        }
        match indexed? {
            0 => Some(Index::Texts(
                by_word
                    .into_iter()
                    .map(|(word, tests)| (word.into_boxed_slice(), tests.into_boxed_slice()))
                    .collect(),
            )),
            1 => Some(affixes(by_word, false)),
            2 => Some(affixes(by_word, true)),
            kind => AhoCorasick::builder()
                .ascii_case_insensitive(kind == 4)
                .build(by_word.keys())
                .ok()
                .map(|automaton| Index::Substrings {
                    automaton,
                    tests: by_word.into_values().map(Vec::into_boxed_slice).collect(),
                }),
        }
    }

    /// Tells the tests that hold for a text, some more than once.
    pub(crate) fn holding(&self, text: &[u8], mut tell: impl FnMut(u32)) {
        match self {
            Index::Texts(tests) => {
                tests.get(text).into_iter().flatten().copied().for_each(tell);
            }
            Index::Affixes { words, backwards: false } => {
                let after = words.partition_point(|affix| affix.word.as_ref() <= text);
                let mut next = after.checked_sub(1);
                while let Some(affix) = next.and_then(|place| words.get(place)) {
                    if text.starts_with(&affix.word) {
                        affix.tests.iter().copied().for_each(&mut tell);
                    }
                    next = affix.shorter;
                }
            }
            Index::Affixes { words, backwards: true } => {
                let after = words.partition_point(|affix| affix.word.iter().le(text.iter().rev()));
                let mut next = after.checked_sub(1);
                while let Some(affix) = next.and_then(|place| words.get(place)) {
                    let length = affix.word.len();
                    if length <= text.len() && affix.word.iter().eq(text.iter().rev().take(length))
                    {
                        affix.tests.iter().copied().for_each(&mut tell);
                    }
                    next = affix.shorter;
                }
            }
            Index::Substrings { automaton, tests } => {
                for found in automaton.find_overlapping_iter(text) {
                    let tests = tests.get(found.pattern().as_usize());
                    tests.into_iter().flatten().copied().for_each(&mut tell);
                }
            }
        }
    }
}

/// Of the words that a value begins with, the longest is at or before the last that is not
/// greater than the value, along the chain of shorter ones.
fn affixes(by_word: BTreeMap<Vec<u8>, Vec<u32>>, backwards: bool) -> Index {
    let mut words: Vec<Affix> = Vec::with_capacity(by_word.len());
    for (word, tests) in by_word {
        let mut shorter = words.len().checked_sub(1);
        while let Some(place) = shorter {
            match words.get(place) {
                Some(before) if word.starts_with(&before.word) => break,
                Some(before) => shorter = before.shorter,
                None => shorter = None,
            }
        }
        words.push(Affix { word: word.into(), shorter, tests: tests.into() });
    }
    Index::Affixes { words, backwards }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::FieldType;
    use super::super::Value;
    use super::super::matcher::Matcher;
    use super::*;

    type Make = fn(BTreeSet<Vec<u8>>) -> Test;

    proptest! {
        #[test]
        fn agrees_with_one_after_the_other(
            sets in prop::collection::vec(prop::collection::btree_set("[abA]{0,3}", 1..4), 1..6),
            text in "[abAB]{0,6}",
        ) {
            let bytes = |set: &BTreeSet<String>, fold: bool| -> BTreeSet<Vec<u8>> {
                set.iter().map(|word| match fold {
                    true => word.to_ascii_lowercase().into_bytes(),
                    false => word.clone().into_bytes(),
                }).collect()
            };
            let kinds: [Make; 5] =
                [Test::Texts, Test::Prefixes, Test::Suffixes, Test::Substrings, Test::Folded];
            for (kind, make) in kinds.into_iter().enumerate() {
                let tests: Vec<Test> = sets.iter().map(|set| make(bytes(set, kind == 4))).collect();
                let index = Index::new((0..).zip(&tests)).unwrap();
                let mut found = BTreeSet::new();
                index.holding(text.as_bytes(), |test| { found.insert(test); });
                let expected: BTreeSet<u32> = (0..)
                    .zip(&tests)
                    .filter(|(_, test)| {
                        Matcher::new(test, FieldType::Text).matches(&Value::from(text.as_str()), None)
                    })
                    .map(|(id, _)| id)
                    .collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
