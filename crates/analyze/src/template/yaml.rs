//! YAML with lines: what compose files and Kubernetes manifests are read with.
//!
//! A tree of maps, lists and scalars in the order of the file, each with its first and last line.
//! Aliases are put in and merge keys (`<<`) are merged, within [`MAX_TEMPLATE_NODES`]; of equal
//! keys the last holds. JSON is read too. Nothing is typed before it is asked for: `yes`, `0777`
//! and `"0777"` are told apart by [`Node::is_true`], [`Node::number`] and [`Scalar::plain`].

mod load;

use std::collections::BTreeMap;

pub(crate) use load::{Lines, documents};

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// First line, from 1.
    pub first_line: u32,
    /// Last line, included.
    pub last_line: u32,
    /// What it is.
    pub value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A scalar; `null` and nothing are scalars too ([`Node::is_null`]).
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file, each key once.
    Map(Vec<(Key, Node)>),
}

/// A scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// Its text, quotes taken away.
    pub text: String,
    /// Whether it is written without quotes, so that it may be a number, a boolean or null.
    pub plain: bool,
}

/// A key with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Its line, from 1.
    pub line: u32,
}

impl Node {
    /// The scalar's text; `None` for lists, maps and null.
    pub fn str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if !self.is_null() => Some(&scalar.text),
            _ => None,
        }
    }

    /// Whether it is null or nothing.
    pub fn is_null(&self) -> bool {
        match &self.value {
            Value::Scalar(Scalar { text, plain: true }) => {
                matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    /// The boolean, as YAML 1.1 reads it (`yes`, `on` …); `None` for anything else, quoted words
    /// too.
    pub fn bool(&self) -> Option<bool> {
        let Value::Scalar(Scalar { text, plain: true }) = &self.value else { return None };
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Some(true),
            "false" | "no" | "off" | "n" => Some(false),
            _ => None,
        }
    }

    /// Whether it is the boolean true, quoted or not.
    pub fn is_true(&self) -> bool {
        self.bool() == Some(true) || self.str().is_some_and(|text| text == "true")
    }

    /// Whether it is the boolean false, quoted or not.
    pub fn is_false(&self) -> bool {
        self.bool() == Some(false) || self.str().is_some_and(|text| text == "false")
    }

    /// The whole number, with `0777`, `0o777` and `0x1ff` read as YAML 1.1 reads them; quoted
    /// numbers too, as decimals.
    pub fn number(&self) -> Option<i64> {
        let Value::Scalar(Scalar { text, plain }) = &self.value else { return None };
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let clean = digits.replace('_', "");
        let radix = |text: &str, radix| i64::from_str_radix(text, radix).ok();
        let octal = clean.strip_prefix("0o").or_else(|| clean.strip_prefix('0'));
        let number = match (clean.strip_prefix("0x"), octal) {
            (Some(hex), _) if *plain => radix(hex, 16),
            (_, Some(octal)) if *plain && !octal.is_empty() => radix(octal, 8),
            _ => radix(&clean, 10),
        };
        number.filter(|_| digits.starts_with(|c: char| c.is_ascii_digit())).map(|n| sign * n)
    }

    /// The value of a key, when it is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The key, with its line, and its value.
    pub fn entry(&self, key: &str) -> Option<(&Key, &Node)> {
        self.entries().iter().find(|(known, _)| known.text == key).map(|(key, node)| (key, node))
    }

    /// The value below keys: `spec`, `template`, `spec`.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text below keys.
    pub fn str_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).and_then(Node::str)
    }

    /// The elements; none when it is no list.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The entries; none when it is no map.
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Whether it is a map.
    pub fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// A map of texts, such as labels.
    pub fn string_map(&self) -> BTreeMap<String, String> {
        let pairs = self.entries().iter();
        pairs.filter_map(|(key, node)| Some((key.text.clone(), node.str()?.to_owned()))).collect()
    }
}
