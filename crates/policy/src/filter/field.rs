//! `Field` and `FieldTable`: what conditions may ask about. Each stage brings its own table;
//! tables are made at compile time, or at run time for facts that a baseline names itself.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::Value;

/// What a field's values are, and so which operators it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldType {
    /// True or false: `=`, `!=`.
    Bool,
    /// A whole number: `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`.
    Integer,
    /// A number with a fraction: as a whole number.
    Float,
    /// A text: `=`, `!=`, `in`, `contains`, `startswith`, `endswith`, `glob`, `regex` …
    Text,
    /// A path: as a text, and `pmatch`.
    Path,
    /// Plain bytes: `bcontains` and `bstartswith` with hexadecimal digits, and as a text.
    Bytes,
    /// An address: `=`, `!=`, `in`, each with addresses and networks.
    Ip,
    /// A port: as a whole number, 0 to 65535.
    Port,
    /// A span of time in nanoseconds: as a whole number, and `10s`, `5m`, `2h`, `7d`.
    Duration,
    /// A moment, nanoseconds since 1970: as a whole number.
    Time,
    /// One of these words, the lowest first: `=`, `in`, and `<`, `<=`, `>`, `>=` by their order.
    Ranked(&'static [&'static str]),
    /// Whatever the fact says, as in documents of a foreign shape: `<`, `<=`, `>`, `>=` compare as
    /// numbers, everything else as text.
    Any,
}

impl FieldType {
    /// Whether its values are texts.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, FieldType::Text | FieldType::Path | FieldType::Bytes | FieldType::Any)
    }

    /// Whether its values have sizes.
    pub(crate) fn is_number(self) -> bool {
        matches!(
            self,
            FieldType::Integer
                | FieldType::Float
                | FieldType::Port
                | FieldType::Duration
                | FieldType::Time
                | FieldType::Ranked(_)
        )
    }
}

/// With its article, for messages: `a whole number`.
impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FieldType::Bool => "true or false",
            FieldType::Integer => "a whole number",
            FieldType::Float => "a number",
            FieldType::Text => "a text",
            FieldType::Path => "a path",
            FieldType::Bytes => "bytes",
            FieldType::Ip => "an address",
            FieldType::Port => "a port",
            FieldType::Duration => "a span of time",
            FieldType::Time => "a moment",
            FieldType::Ranked(_) => "a rank",
            FieldType::Any => "any value",
        })
    }
}

/// What a field takes in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Argument {
    /// Nothing.
    None,
    /// A number, `proc.aname[2]`; without it the field means something wider.
    OptionalIndex,
    /// A number that must be there.
    Index,
    /// A text, `proc.env[HOME]`; without it the field means something wider.
    OptionalKey,
    /// A text that must be there.
    Key,
    /// A text in brackets or after a dot, `evt.arg[name]` and `evt.arg.name`.
    Suffix,
}

/// How many values a field has, and what that means to comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Plurality {
    /// One.
    One,
    /// Several, of which one is enough: the ancestors of a process, both ends of a connection.
    Any,
    /// A set: `in` asks for all of them, `intersects` and every other operator for one.
    Set,
}

/// Something a condition may ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, words with dots between: `proc.name`.
    pub name: Cow<'static, str>,
    /// What its values are.
    pub kind: FieldType,
    /// How many it has.
    pub plurality: Plurality,
    /// What it takes in brackets.
    pub argument: Argument,
    /// What it is, in one line.
    pub doc: Cow<'static, str>,
    /// The one value it always has, for fields of the past: `evt.dir`.
    pub constant: Option<&'static str>,
    /// The words that its values are of; empty when they may be any.
    pub words: &'static [&'static str],
    /// Whether there can be no others.
    pub closed: bool,
    /// Its place in the table that it was first put in, from 0: a number to dispatch on.
    pub number: u16,
}

impl Field {
    /// A field of a table made at compile time.
    pub const fn new(name: &'static str, kind: FieldType, doc: &'static str) -> Self {
        Field {
            name: Cow::Borrowed(name),
            kind,
            plurality: Plurality::One,
            argument: Argument::None,
            doc: Cow::Borrowed(doc),
            constant: None,
            words: &[],
            closed: false,
            number: 0,
        }
    }

    /// A field of a table made at run time.
    pub fn named(name: impl Into<String>, kind: FieldType, doc: impl Into<String>) -> Self {
        Field {
            name: Cow::Owned(name.into()),
            doc: Cow::Owned(doc.into()),
            ..Field::new("", kind, "")
        }
    }

    /// The field with an argument.
    #[must_use]
    pub const fn with(mut self, argument: Argument) -> Self {
        self.argument = argument;
        self
    }

    /// The field with several values of which one is enough.
    #[must_use]
    pub const fn any(mut self) -> Self {
        self.plurality = Plurality::Any;
        self
    }

    /// The field with a set of values.
    #[must_use]
    pub const fn set(mut self) -> Self {
        self.plurality = Plurality::Set;
        self
    }

    /// The field whose values are of these words and no others: another word is a mistake.
    #[must_use]
    pub const fn one_of(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self.closed = true;
        self
    }

    /// The field whose known values are these words: another word is doubtful.
    #[must_use]
    pub const fn known(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// The field with the one value it always has.
    #[must_use]
    pub const fn always(mut self, value: &'static str) -> Self {
        self.constant = Some(value);
        self
    }
}

/// The fields of a stage.
#[derive(Debug, Clone)]
pub struct FieldTable {
    /// What the table speaks of, and the `source` by which rules files choose it: `syscall`.
    pub name: Cow<'static, str>,
    /// The field that rules are sorted by: `evt.type`.
    pub index: Option<&'static str>,
    fields: Vec<Arc<Field>>,
    by_name: HashMap<String, usize>,
}

impl FieldTable {
    /// A table of these fields. The last of two with one name stays.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        fields: impl IntoIterator<Item = Field>,
    ) -> Self {
        let mut table = FieldTable {
            name: name.into(),
            index: None,
            fields: Vec::new(),
            by_name: HashMap::new(),
        };
        for (number, mut field) in fields.into_iter().enumerate() {
            field.number = u16::try_from(number).unwrap_or(u16::MAX);
            table.put(Arc::new(field));
        }
        table
    }

    /// The table with rules sorted by the values of a field.
    #[must_use]
    pub fn sorted_by(mut self, field: &'static str) -> Self {
        self.index = Some(field);
        self
    }

    /// This table and another as one. Fields keep their numbers, so numbers are no longer unique:
    /// facts over a combined table dispatch on names.
    #[must_use]
    pub fn and(mut self, other: &FieldTable) -> Self {
        for field in &other.fields {
            self.put(Arc::clone(field));
        }
        self
    }

    /// The fields, in the order they were given.
    pub fn fields(&self) -> impl Iterator<Item = &Arc<Field>> {
        self.fields.iter()
    }

    /// The field of exactly this name.
    pub fn field(&self, name: &str) -> Option<&Arc<Field>> {
        self.by_name.get(name).and_then(|&index| self.fields.get(index))
    }

    fn put(&mut self, field: Arc<Field>) {
        match self.by_name.get(field.name.as_ref()).and_then(|&index| self.fields.get_mut(index)) {
            Some(old) => *old = field,
            None => {
                self.by_name.insert(field.name.to_string(), self.fields.len());
                self.fields.push(field);
            }
        }
    }
}

/// What is known: the answers to a condition's questions.
///
/// Must be pure: the same question has the same answer for as long as the facts are borrowed.
pub trait Facts {
    /// The value of a field; `None` when there is none, which makes every comparison with it
    /// false. Fields with several values answer with [`Value::List`] or with the one they have.
    /// `argument` is what stands in the brackets.
    fn value<'a>(&'a self, field: &Field, argument: Option<&str>) -> Option<Value<'a>>;
}

/// Facts by name: `name` or `name[argument]` → value. For tests, baselines and documents.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FactMap(HashMap<String, Value<'static>>);

impl FactMap {
    /// No facts.
    pub fn new() -> Self {
        FactMap::default()
    }

    /// Adds a fact; the last of two with one name stays.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value<'static>>) {
        self.0.insert(name.into(), value.into());
    }
}

impl<N: Into<String>, V: Into<Value<'static>>> FromIterator<(N, V)> for FactMap {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(facts: I) -> Self {
        FactMap(facts.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Facts for FactMap {
    fn value<'a>(&'a self, field: &Field, argument: Option<&str>) -> Option<Value<'a>> {
        match argument {
            None => self.0.get(field.name.as_ref()),
            Some(argument) => self
                .0
                .get(&format!("{}[{argument}]", field.name))
                .or_else(|| self.0.get(&format!("{}.{argument}", field.name))),
        }
        .cloned()
    }
}
