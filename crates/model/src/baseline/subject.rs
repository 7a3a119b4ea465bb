//! `Observation`: what was seen of a host, an engine or a cluster, subject by subject. Facts only;
//! the judge holds them against a baseline.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that was seen, and what could not be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observation {
    /// What was looked at.
    pub subjects: Vec<Subject>,
    /// Kinds of subjects that could not be looked at, or not all of them: kind → why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unseen: BTreeMap<String, String>,
    /// Kinds of subjects of which there are none here, and why that is so: kind → why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub absent: BTreeMap<String, String>,
}

/// Something that rules ask about: the host, the engine, a file, a container, an image …
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// What it is, in one word: `host`, `daemon`, `file`, `container` …
    pub kind: String,
    /// Which one, as people call it; empty when there is only one of its kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What was seen of it, by the field's name: `container.privileged`.
    pub facts: BTreeMap<String, FactValue>,
    /// What could not be seen of it: the field's name → why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown: BTreeMap<String, String>,
}

/// What a fact says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FactValue {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// A set of texts.
    List(Vec<String>),
}

impl Observation {
    /// Adds a subject.
    pub fn add(&mut self, subject: Subject) {
        self.subjects.push(subject);
    }

    /// Says why subjects of a kind could not be looked at; what was said before stays.
    pub fn miss(&mut self, kind: &str, why: impl Into<String>) {
        self.unseen.entry(kind.to_owned()).or_insert_with(|| why.into());
    }

    /// Says why there are no subjects of a kind here; of no weight where there are some.
    pub fn lack(&mut self, kind: &str, why: impl Into<String>) {
        self.absent.insert(kind.to_owned(), why.into());
    }
}

impl Subject {
    /// A subject of which nothing is known yet.
    pub fn new(kind: &str, name: impl Into<String>) -> Self {
        Subject { kind: kind.to_owned(), name: name.into(), ..Subject::default() }
    }

    /// Adds a fact; the last of two with one name stays, and it is known from now on.
    pub fn say(&mut self, field: &str, value: impl Into<FactValue>) {
        self.unknown.remove(field);
        self.facts.insert(field.to_owned(), value.into());
    }

    /// Says why a fact is not known.
    pub fn miss(&mut self, field: &str, why: impl Into<String>) {
        self.facts.remove(field);
        self.unknown.insert(field.to_owned(), why.into());
    }

    /// Adds a fact, or says why it is not known.
    pub fn say_or_miss<T: Into<FactValue>>(&mut self, field: &str, value: Result<T, String>) {
        match value {
            Ok(value) => self.say(field, value),
            Err(why) => self.miss(field, why),
        }
    }
}

impl From<bool> for FactValue {
    fn from(flag: bool) -> Self {
        FactValue::Flag(flag)
    }
}

impl From<i64> for FactValue {
    fn from(number: i64) -> Self {
        FactValue::Number(number)
    }
}

impl From<usize> for FactValue {
    fn from(number: usize) -> Self {
        FactValue::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for FactValue {
    fn from(number: u32) -> Self {
        FactValue::Number(i64::from(number))
    }
}

impl From<&str> for FactValue {
    fn from(text: &str) -> Self {
        FactValue::Text(text.to_owned())
    }
}

impl From<String> for FactValue {
    fn from(text: String) -> Self {
        FactValue::Text(text)
    }
}

impl From<Vec<String>> for FactValue {
    fn from(texts: Vec<String>) -> Self {
        FactValue::List(texts)
    }
}
