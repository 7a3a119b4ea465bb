//! The syntax tree of a condition, with places. Printed, it is the condition again, in one line
//! and with the fewest parentheses.

use std::fmt;
use std::ops::Range;

use super::operator::{Function, Modifier, Operator};

/// Bytes of the condition's text.
pub(crate) type Span = Range<usize>;

/// A condition as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    /// One of them holds; two or more.
    Or(Vec<Expr>),
    /// All of them hold; two or more.
    And(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// A check of a value.
    Check(Box<Check>),
    /// A macro.
    Macro(Word),
}

/// A check of a value.
#[derive(Debug, Clone, Eq)]
pub(crate) struct Check {
    pub(crate) left: Operand,
    pub(crate) operator: Operator,
    pub(crate) operator_at: Span,
    pub(crate) modifier: Option<Modifier>,
    pub(crate) right: Right,
}

/// What a value is taken from.
#[derive(Debug, Clone, Eq)]
pub(crate) enum Operand {
    Field {
        name: Word,
        argument: Option<Word>,
    },
    Call {
        function: Function,
        arguments: Vec<Operand>,
        span: Span,
    },
    /// A text; only inside calls of several arguments.
    Text(Word),
}

/// What stands on the right of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Right {
    Nothing,
    Value(Word),
    List(Vec<Word>),
    Operand(Operand),
}

/// A word or quoted text and its place.
#[derive(Debug, Clone, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) quoted: bool,
    pub(crate) span: Span,
}

/// Places and quotes do not matter to equality, here and below.
impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        (&self.left, self.operator, self.modifier, &self.right)
            == (&other.left, other.operator, other.modifier, &other.right)
    }
}

impl PartialEq for Operand {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Operand::Field { name, argument },
                Operand::Field { name: theirs, argument: other },
            ) => name == theirs && argument == other,
            (
                Operand::Call { function, arguments, .. },
                Operand::Call { function: theirs, arguments: others, .. },
            ) => function == theirs && arguments == others,
            (Operand::Text(text), Operand::Text(other)) => text == other,
            _ => false,
        }
    }
}

impl Operand {
    pub(crate) fn span(&self) -> Span {
        match self {
            Operand::Field { name, argument } => {
                let end = argument.as_ref().map_or(name.span.end, |argument| argument.span.end);
                name.span.start..end
            }
            Operand::Call { span, .. } => span.clone(),
            Operand::Text(word) => word.span.clone(),
        }
    }
}

/// Whether a text can stand without quotes.
pub(crate) fn is_bare(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_bare_char)
}

pub(crate) fn is_bare_char(c: char) -> bool {
    !matches!(c, '(' | ')' | '"' | '\'' | '=' | ',' | '\u{8}') && !is_blank(c)
}

pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

/// A text in double quotes.
fn quote(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            other => write!(f, "{other}")?,
        }
    }
    f.write_str("\"")
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.quoted && is_bare(&self.text) {
            f.write_str(&self.text)
        } else {
            quote(f, &self.text)
        }
    }
}

/// Words in parentheses.
struct Listed<'a>(&'a [Word]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (index, word) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            write!(f, "{word}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Field { name, argument: None } => write!(f, "{}", name.text),
            Operand::Field { name, argument: Some(argument) } => {
                let bare = !argument.quoted
                    && !argument.text.is_empty()
                    && argument.text.chars().all(is_bare_argument);
                write!(f, "{}[", name.text)?;
                if bare {
                    f.write_str(&argument.text)?
                } else {
                    quote(f, &argument.text)?
                }
                f.write_str("]")
            }
            Operand::Call { function, arguments, .. } => {
                write!(f, "{}(", function.as_str())?;
                for (index, argument) in arguments.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ", " })?;
                    write!(f, "{argument}")?;
                }
                f.write_str(")")
            }
            Operand::Text(word) => quote(f, &word.text),
        }
    }
}

/// Whether a character may stand in brackets without quotes.
pub(crate) fn is_bare_argument(c: char) -> bool {
    !matches!(c, '[' | ']' | '"' | '\'') && !is_blank(c)
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.left, self.operator)?;
        if let Some(modifier) = self.modifier {
            write!(f, " {}", modifier.as_str())?;
        }
        match &self.right {
            Right::Nothing => Ok(()),
            Right::Value(word) => write!(f, " {word}"),
            Right::List(words) => write!(f, " {}", Listed(words)),
            Right::Operand(operand) => write!(f, " {operand}"),
        }
    }
}

impl Expr {
    /// How tightly it binds: `or` least.
    fn level(&self) -> u8 {
        match self {
            Expr::Or(_) => 0,
            Expr::And(_) => 1,
            Expr::Not(_) | Expr::Check(_) | Expr::Macro(_) => 2,
        }
    }

    fn print_all(f: &mut fmt::Formatter<'_>, parts: &[Expr], word: &str, level: u8) -> fmt::Result {
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                write!(f, " {word} ")?;
            }
            if part.level() <= level { write!(f, "({part})")? } else { write!(f, "{part}")? }
        }
        Ok(())
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Or(parts) => Expr::print_all(f, parts, "or", 0),
            Expr::And(parts) => Expr::print_all(f, parts, "and", 1),
            Expr::Not(inner) if inner.level() < 2 => write!(f, "not ({inner})"),
            Expr::Not(inner) => write!(f, "not {inner}"),
            Expr::Check(check) => write!(f, "{check}"),
            Expr::Macro(name) => f.write_str(&name.text),
        }
    }
}
