//! `Operator`, `Modifier` and `Function`: the words of a check.

use std::fmt;

/// What a check asks of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    Exists,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    ContainsFolded,
    ContainsBytes,
    StartsWith,
    StartsWithBytes,
    EndsWith,
    Glob,
    GlobFolded,
    Regex,
    In,
    Intersects,
    PathMatch,
}

/// How many of a list's values a check must hold for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Modifier {
    /// Exactly one.
    One,
    /// At least one.
    Any,
    /// Every one.
    All,
}

/// What makes a value of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Function {
    Lower,
    Upper,
    Base64,
    Basename,
    Length,
    Join,
    Concat,
    Options,
    /// The value as it is: names a field on the right of an operator.
    Value,
}

/// Words of operators, the symbols last.
const OPERATORS: [(&str, Operator); 20] = [
    ("exists", Operator::Exists),
    ("contains", Operator::Contains),
    ("icontains", Operator::ContainsFolded),
    ("bcontains", Operator::ContainsBytes),
    ("startswith", Operator::StartsWith),
    ("bstartswith", Operator::StartsWithBytes),
    ("endswith", Operator::EndsWith),
    ("glob", Operator::Glob),
    ("iglob", Operator::GlobFolded),
    ("regex", Operator::Regex),
    ("in", Operator::In),
    ("intersects", Operator::Intersects),
    ("pmatch", Operator::PathMatch),
    ("=", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<", Operator::Less),
    ("<=", Operator::LessOrEqual),
    (">", Operator::Greater),
    (">=", Operator::GreaterOrEqual),
    ("==", Operator::Equal),
];

const FUNCTIONS: [(&str, Function); 9] = [
    ("tolower", Function::Lower),
    ("toupper", Function::Upper),
    ("b64", Function::Base64),
    ("basename", Function::Basename),
    ("len", Function::Length),
    ("join", Function::Join),
    ("concat", Function::Concat),
    ("getopt", Function::Options),
    ("val", Function::Value),
];

impl Operator {
    /// Every spelling of every operator.
    pub(crate) fn words() -> impl Iterator<Item = &'static str> {
        OPERATORS.iter().map(|(word, _)| *word)
    }

    /// The operator of a word or symbol.
    pub(crate) fn of(word: &str) -> Option<Operator> {
        OPERATORS.iter().find(|(known, _)| *known == word).map(|(_, operator)| *operator)
    }

    /// The longest symbol that a text begins with.
    pub(crate) fn symbol(text: &str) -> Option<(&'static str, Operator)> {
        OPERATORS
            .iter()
            .filter(|(word, _)| !word.starts_with(|c: char| c.is_ascii_alphabetic()))
            .filter(|(word, _)| text.starts_with(word))
            .max_by_key(|(word, _)| word.len())
            .copied()
    }

    pub(crate) fn as_str(self) -> &'static str {
        OPERATORS.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| *word)
    }

    /// Whether a list stands on its right.
    pub(crate) fn takes_list(self) -> bool {
        matches!(self, Operator::In | Operator::Intersects | Operator::PathMatch)
    }

    /// Whether it compares sizes.
    pub(crate) fn is_order(self) -> bool {
        matches!(
            self,
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual
        )
    }

    /// Whether `oneof`, `anyof` and `allof` may follow.
    pub(crate) fn takes_modifier(self) -> bool {
        !self.takes_list() && !self.is_order() && self != Operator::Exists
    }
}

impl Modifier {
    pub(crate) fn of(word: &str) -> Option<Modifier> {
        match word {
            "oneof" => Some(Modifier::One),
            "anyof" => Some(Modifier::Any),
            "allof" => Some(Modifier::All),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Modifier::One => "oneof",
            Modifier::Any => "anyof",
            Modifier::All => "allof",
        }
    }
}

impl Function {
    pub(crate) fn words() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|(word, _)| *word)
    }

    pub(crate) fn of(word: &str) -> Option<Function> {
        FUNCTIONS.iter().find(|(known, _)| *known == word).map(|(_, function)| *function)
    }

    pub(crate) fn as_str(self) -> &'static str {
        FUNCTIONS.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| *word)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
