//! `Matcher`: a test compiled to be asked often: sets as hashes, substrings as an automaton,
//! prefixes as a flat trie, patterns as one set.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::limits::{PATTERN_MAX_COMPILED_BYTES, PATTERNS_MAX_COMPILED_BYTES};

use super::affix::{Affixes, Paths};
use super::leaf::Test;
use super::network::Networks;
use super::number::Number;
use super::operand::bytes;
use super::operator::Operator;
use super::{FieldType, Value};

/// A compiled test.
#[derive(Debug)]
pub(crate) struct Matcher {
    kind: FieldType,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Exists,
    Bool(bool),
    Order(Operator, Number),
    Numbers(Vec<Number>),
    Texts(HashSet<Box<[u8]>, BuildHasherDefault<Fnv>>),
    Text(Box<[u8]>),
    Prefixes(Affixes),
    Suffixes(Affixes),
    Substrings(AhoCorasick),
    Patterns(RegexSet),
    /// Patterns that are too large as one set.
    EachPattern(Vec<Regex>),
    Paths(Paths),
    Networks(Networks),
    Against(Operator),
    /// What could not be compiled after all: nothing passes.
    Nothing,
}

impl Matcher {
    /// Compiles a test. Patterns have been checked one by one before.
    pub(crate) fn new(test: &Test, kind: FieldType) -> Self {
        let form = match test {
            Test::Exists => Form::Exists,
            Test::Bool(truth) => Form::Bool(*truth),
            Test::Order(operator, number) => Form::Order(*operator, *number),
            Test::Numbers(numbers) => {
                let mut sorted: Vec<Number> = numbers.iter().copied().collect();
                sorted.sort_by(|left, right| left.order(*right));
                Form::Numbers(sorted)
            }
            Test::Texts(texts) => texts_form(texts),
            Test::Prefixes(texts) => Form::Prefixes(Affixes::prefixes(texts)),
            Test::Suffixes(texts) => Form::Suffixes(Affixes::suffixes(texts)),
            Test::Substrings(texts) => substrings(texts, false),
            Test::Folded(texts) => substrings(texts, true),
            Test::Patterns(patterns) => patterns_form(patterns),
            Test::Paths(paths) => Form::Paths(Paths::new(paths)),
            Test::Networks(networks) => Form::Networks(Networks::new(networks)),
            Test::Against(operator, _) => Form::Against(*operator),
        };
        Matcher { kind, form }
    }

    /// Whether a value passes; `other` is the value that it is compared with, for tests against
    /// one.
    pub(crate) fn matches(&self, value: &Value<'_>, other: Option<&Value<'_>>) -> bool {
        match &self.form {
            Form::Exists => true,
            Form::Bool(truth) => as_bool(value) == Some(*truth),
            Form::Order(operator, bound) => Number::of(value, self.kind)
                .is_some_and(|number| is_ordered(*operator, number.order(*bound))),
            Form::Numbers(numbers) => Number::of(value, self.kind).is_some_and(|number| {
                numbers.binary_search_by(|known| known.order(number)).is_ok()
            }),
            Form::Texts(texts) => texts.contains(bytes(value).as_ref()),
            Form::Text(text) => bytes(value).as_ref() == text.as_ref(),
            Form::Prefixes(prefixes) => prefixes.begin(&bytes(value)),
            Form::Suffixes(suffixes) => suffixes.end(&bytes(value)),
            Form::Substrings(automaton) => automaton.is_match(bytes(value).as_ref()),
            Form::Patterns(patterns) => patterns.is_match(&bytes(value)),
            Form::EachPattern(patterns) => {
                patterns.iter().any(|pattern| pattern.is_match(&bytes(value)))
            }
            Form::Paths(paths) => paths.hold(&bytes(value)),
            Form::Networks(networks) => networks.matches(value),
            Form::Against(operator) => {
                other.is_some_and(|other| relates(*operator, value, other, self.kind))
            }
            Form::Nothing => false,
        }
    }
}

fn texts_form(texts: &BTreeSet<Vec<u8>>) -> Form {
    let mut texts: Vec<Box<[u8]>> = texts.iter().map(|text| text.as_slice().into()).collect();
    match texts.len() {
        1 => texts.pop().map_or(Form::Nothing, Form::Text),
        _ => Form::Texts(texts.into_iter().collect()),
    }
}

fn substrings(texts: &BTreeSet<Vec<u8>>, folded: bool) -> Form {
    AhoCorasick::builder()
        .ascii_case_insensitive(folded)
        .build(texts)
        .map_or(Form::Nothing, Form::Substrings)
}

fn patterns_form(patterns: &BTreeSet<String>) -> Form {
    let set = RegexSetBuilder::new(patterns)
        .unicode(false)
        .size_limit(PATTERNS_MAX_COMPILED_BYTES)
        .build();
    match set {
        Ok(set) => Form::Patterns(set),
        Err(_) => Form::EachPattern(patterns.iter().filter_map(|p| regex(p).ok()).collect()),
    }
}

/// A regular expression over bytes: `\w` and `\d` are ASCII, as users of RE2 expect.
pub(crate) fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).unicode(false).size_limit(PATTERN_MAX_COMPILED_BYTES).build()
}

fn as_bool(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Text(text) => match text.as_ref() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn is_ordered(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        _ => order.is_eq(),
    }
}

/// Whether two values stand in a relation. Against a list, one of its values is enough.
fn relates(operator: Operator, left: &Value<'_>, right: &Value<'_>, kind: FieldType) -> bool {
    if let Value::List(values) = right {
        return values.iter().any(|right| relates(operator, left, right, kind));
    }
    if operator.is_order() || kind.is_number() {
        return match (Number::of(left, kind), Number::of(right, kind)) {
            (Some(left), Some(right)) => is_ordered(operator, left.order(right)),
            _ => false,
        };
    }
    let (left, right) = (bytes(left), bytes(right));
    match operator {
        Operator::StartsWith => left.starts_with(&right),
        Operator::EndsWith => left.ends_with(&right),
        Operator::Contains => contains(&left, &right),
        Operator::ContainsFolded => {
            contains(&left.to_ascii_lowercase(), &right.to_ascii_lowercase())
        }
        Operator::PathMatch => Paths::new([&right.into_owned()]).hold(&left),
        _ => left == right,
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// The FNV-1a hash: short keys that no stranger can add to need no more.
#[derive(Debug)]
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x0100_0000_01b3);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}
