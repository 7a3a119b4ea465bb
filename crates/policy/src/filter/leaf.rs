//! `Leaf`: one test of one value, in a form that can be compared and joined with others: what the
//! words of a check mean for the type of its field.

use std::collections::BTreeSet;

use crate::limits::PATTERN_MAX_BYTES;

use super::network::Network;
use super::number::Number;
use super::operand::Operand;
use super::operator::Operator;
use super::{FieldType, Value, glob};

/// A test of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Leaf {
    pub(crate) operand: Operand,
    /// Whether every value of a list must pass, not just one.
    pub(crate) all: bool,
    pub(crate) test: Test,
}

/// What a value must be. A set is passed by being one of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    /// There.
    Exists,
    Bool(bool),
    /// Of a size.
    Order(Operator, Number),
    Numbers(BTreeSet<Number>),
    Texts(BTreeSet<Vec<u8>>),
    Prefixes(BTreeSet<Vec<u8>>),
    Suffixes(BTreeSet<Vec<u8>>),
    Substrings(BTreeSet<Vec<u8>>),
    /// Substrings whatever their case.
    Folded(BTreeSet<Vec<u8>>),
    /// Regular expressions of the whole value.
    Patterns(BTreeSet<String>),
    Paths(BTreeSet<Vec<u8>>),
    Networks(BTreeSet<Network>),
    /// In a relation to another value.
    Against(Operator, Operand),
}

impl Test {
    /// The test of one word; the error says what is wrong with it.
    pub(crate) fn of(operator: Operator, word: &str, kind: FieldType) -> Result<Test, String> {
        let bytes = || BTreeSet::from([word.as_bytes().to_vec()]);
        Ok(match operator {
            Operator::Equal | Operator::NotEqual | Operator::In | Operator::Intersects => {
                return Test::equal(word, kind);
            }
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => Test::Order(operator, Number::read(word, kind)?),
            Operator::StartsWith => Test::Prefixes(bytes()),
            Operator::EndsWith => Test::Suffixes(bytes()),
            Operator::Contains => Test::Substrings(bytes()),
            Operator::ContainsFolded => {
                Test::Folded(BTreeSet::from([word.to_ascii_lowercase().into_bytes()]))
            }
            Operator::ContainsBytes => Test::Substrings(BTreeSet::from([hexadecimal(word)?])),
            Operator::StartsWithBytes => Test::Prefixes(BTreeSet::from([hexadecimal(word)?])),
            Operator::Glob => glob::test(word, false)?,
            Operator::GlobFolded => glob::test(word, true)?,
            Operator::Regex => {
                let pattern = format!("^(?:{word})$");
                check_pattern(&pattern, word)?;
                Test::Patterns(BTreeSet::from([pattern]))
            }
            Operator::PathMatch => Test::Paths(bytes()),
            Operator::Exists => Test::Exists,
        })
    }

    fn equal(word: &str, kind: FieldType) -> Result<Test, String> {
        Ok(match kind {
            FieldType::Bool => Test::Bool(match word {
                "true" => true,
                "false" => false,
                other => return Err(format!("`{other}` is not `true` or `false`")),
            }),
            FieldType::Ip => Test::Networks(BTreeSet::from([Network::read(word)?])),
            FieldType::Any => {
                // 1.0 and 1 are one number, whatever the fact calls it.
                let mut texts = BTreeSet::from([word.as_bytes().to_vec()]);
                if let Ok(number) = Number::read(word, kind) {
                    texts.insert(number.to_string().into_bytes());
                }
                Test::Texts(texts)
            }
            kind if kind.is_number() => Test::Numbers(BTreeSet::from([Number::read(word, kind)?])),
            _ => Test::Texts(BTreeSet::from([word.as_bytes().to_vec()])),
        })
    }

    /// Takes the words of another test in, when both are sets of one kind; gives it back when not.
    pub(crate) fn join(&mut self, other: Test) -> Option<Test> {
        match (self, other) {
            (Test::Numbers(ours), Test::Numbers(theirs)) => ours.extend(theirs),
            (Test::Texts(ours), Test::Texts(theirs))
            | (Test::Prefixes(ours), Test::Prefixes(theirs))
            | (Test::Suffixes(ours), Test::Suffixes(theirs))
            | (Test::Substrings(ours), Test::Substrings(theirs))
            | (Test::Folded(ours), Test::Folded(theirs))
            | (Test::Paths(ours), Test::Paths(theirs)) => ours.extend(theirs),
            (Test::Patterns(ours), Test::Patterns(theirs)) => ours.extend(theirs),
            (Test::Networks(ours), Test::Networks(theirs)) => ours.extend(theirs),
            (_, other) => return Some(other),
        }
        None
    }

    /// Whether tests of this kind can be joined, and a number for the kind.
    pub(crate) fn family(&self) -> Option<u8> {
        match self {
            Test::Numbers(_) => Some(0),
            Test::Texts(_) => Some(1),
            Test::Prefixes(_) => Some(2),
            Test::Suffixes(_) => Some(3),
            Test::Substrings(_) => Some(4),
            Test::Folded(_) => Some(5),
            Test::Paths(_) => Some(6),
            Test::Patterns(_) => Some(7),
            Test::Networks(_) => Some(8),
            Test::Exists | Test::Bool(_) | Test::Order(..) | Test::Against(..) => None,
        }
    }

    /// A guess of the work, for the order of tests.
    pub(crate) fn cost(&self) -> u32 {
        match self {
            Test::Exists => 1,
            Test::Bool(_) | Test::Order(..) => 2,
            Test::Numbers(_) => 3,
            Test::Texts(_) => 5,
            Test::Prefixes(_) | Test::Suffixes(_) => 6,
            Test::Networks(_) | Test::Against(..) => 8,
            Test::Paths(_) => 12,
            Test::Substrings(_) => 15,
            Test::Folded(_) => 20,
            Test::Patterns(_) => 40,
        }
    }
}

impl Leaf {
    /// Whether it holds for the one value that its operand always has; `None` when it has none.
    pub(crate) fn constant(&self) -> Option<bool> {
        let value = Value::from(self.operand.constant()?);
        Some(super::matcher::Matcher::new(&self.test, self.operand.kind).matches(&value, None))
    }
}

/// Bytes of hexadecimal digits.
fn hexadecimal(word: &str) -> Result<Vec<u8>, String> {
    let refused = || format!("`{word}` is no string of hexadecimal digits, two a byte");
    if word.is_empty() || !word.is_ascii() || !word.len().is_multiple_of(2) {
        return Err(refused());
    }
    (0..word.len() / 2)
        .map(|at| word.get(at * 2..at * 2 + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect::<Option<Vec<u8>>>()
        .filter(|_| word.bytes().all(|b| b.is_ascii_hexdigit()))
        .ok_or_else(refused)
}

/// Compiles a pattern once, to say what is wrong with it.
pub(crate) fn check_pattern(pattern: &str, word: &str) -> Result<(), String> {
    if word.len() > PATTERN_MAX_BYTES {
        return Err(format!("the pattern is longer than {PATTERN_MAX_BYTES} bytes"));
    }
    match super::matcher::regex(pattern) {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => {
            Err("the pattern is too large when compiled: make its repetitions smaller".to_owned())
        }
        Err(error) => {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
            Err(format!("`{word}` is no regular expression: {reason}"))
        }
    }
}
