//! `Operand`: what a check takes its value from: a field, or functions of fields.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::base64;

use super::ast;
use super::operator::Function;
use super::suggest::nearest;
use super::{Argument, Facts, Field, FieldTable, FieldType, Plurality, Value};

/// Where values come from, typed.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    /// The operand as it is written: what makes two of them one.
    key: String,
    source: Source,
    pub(crate) kind: FieldType,
    pub(crate) plurality: Plurality,
}

#[derive(Debug, Clone)]
enum Source {
    Field { field: Arc<Field>, argument: Option<String> },
    Call { function: Function, arguments: Vec<Operand> },
    Text(String),
}

/// Why an operand is refused.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) span: ast::Span,
    pub(crate) message: String,
    /// A field that the table has not: a rule may be skipped for it.
    pub(crate) unknown: bool,
}

impl PartialEq for Operand {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Operand {}

impl Hash for Operand {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

impl Operand {
    /// Types an operand by the fields of a table.
    pub(crate) fn of(operand: &ast::Operand, table: &FieldTable) -> Result<Operand, Refused> {
        let refuse = |span: &ast::Span, message: String| {
            Err(Refused { span: span.clone(), message, unknown: false })
        };
        match operand {
            ast::Operand::Field { name, argument } => of_field(name, argument.as_ref(), table),
            ast::Operand::Text(word) => Ok(Operand {
                key: operand.to_string(),
                source: Source::Text(word.text.clone()),
                kind: FieldType::Text,
                plurality: Plurality::One,
            }),
            ast::Operand::Call { function, arguments, span } => {
                let arguments = arguments
                    .iter()
                    .map(|argument| Operand::of(argument, table))
                    .collect::<Result<Vec<_>, _>>()?;
                if let Err(message) = fits(*function, &arguments) {
                    return refuse(span, message);
                }
                Ok(of_call(*function, arguments, operand.to_string()))
            }
        }
    }

    /// Names of the fields in it.
    pub(crate) fn fields(&self) -> Vec<&str> {
        match &self.source {
            Source::Field { field, .. } => vec![field.name.as_ref()],
            Source::Text(_) => Vec::new(),
            Source::Call { arguments, .. } => arguments.iter().flat_map(Operand::fields).collect(),
        }
    }

    /// The words that its values are of, and whether there can be no others.
    pub(crate) fn words(&self) -> Option<(&'static [&'static str], bool)> {
        match &self.source {
            Source::Field { field, .. } if !field.words.is_empty() => {
                Some((field.words, field.closed))
            }
            _ => None,
        }
    }

    /// The one value that it always has.
    pub(crate) fn constant(&self) -> Option<&'static str> {
        match &self.source {
            Source::Field { field, .. } => field.constant,
            _ => None,
        }
    }

    /// Its value over facts.
    pub(crate) fn value<'a>(&self, facts: &'a dyn Facts) -> Option<Value<'a>> {
        match &self.source {
            Source::Field { field, argument } => match field.constant {
                Some(constant) => Some(Value::from(constant)),
                None => facts.value(field, argument.as_deref()),
            },
            Source::Text(text) => Some(Value::from(text.clone())),
            Source::Call { function, arguments } => call(*function, arguments, facts),
        }
    }
}

fn of_call(function: Function, arguments: Vec<Operand>, key: String) -> Operand {
    let first = arguments.first();
    let plurality = first.map_or(Plurality::One, |first| first.plurality);
    let (kind, plurality) = match function {
        Function::Lower | Function::Upper | Function::Base64 | Function::Basename => {
            (FieldType::Text, plurality)
        }
        Function::Length => (FieldType::Integer, Plurality::One),
        Function::Join | Function::Concat => (FieldType::Text, Plurality::One),
        Function::Options => (FieldType::Text, Plurality::Any),
        Function::Value => (first.map_or(FieldType::Any, |first| first.kind), plurality),
    };
    Operand { key, source: Source::Call { function, arguments }, kind, plurality }
}

/// Whether a function takes these arguments.
fn fits(function: Function, arguments: &[Operand]) -> Result<(), String> {
    let name = function.as_str();
    let fields = arguments.iter().filter(|a| !matches!(a.source, Source::Text(_))).count();
    let shape = match function {
        Function::Concat => (2..).contains(&arguments.len()) && fields > 0,
        Function::Join => {
            arguments.len() == 2 && matches!(arguments[0].source, Source::Text(_)) && fields == 1
        }
        Function::Options => {
            arguments.len() == 2 && matches!(arguments[1].source, Source::Text(_)) && fields == 1
        }
        _ => arguments.len() == 1 && fields == 1,
    };
    if !shape {
        let form = match function {
            Function::Concat => "concat(field, \"text\", …)".to_owned(),
            Function::Join => "join(\"separator\", field)".to_owned(),
            Function::Options => "getopt(field, \"ab:\")".to_owned(),
            _ => format!("{name}(field)"),
        };
        return Err(format!("`{name}` is written `{form}`"));
    }
    let texts = !matches!(function, Function::Length | Function::Join | Function::Value);
    match arguments.iter().find(|argument| texts && !argument.kind.is_text()) {
        Some(argument) => {
            Err(format!("`{name}` takes a text, and `{argument}` is {}", argument.kind))
        }
        None => Ok(()),
    }
}

fn of_field(
    name: &ast::Word,
    argument: Option<&ast::Word>,
    table: &FieldTable,
) -> Result<Operand, Refused> {
    let refuse = |message: String, unknown: bool| {
        let end = argument.map_or(name.span.end, |argument| argument.span.end);
        Err(Refused { span: name.span.start..end, message, unknown })
    };
    let (field, argument) = match table.field(&name.text) {
        Some(field) => (field, argument.map(|argument| argument.text.as_str())),
        None => match by_suffix(&name.text, table).filter(|_| argument.is_none()) {
            Some((field, suffix)) => (field, Some(suffix)),
            None => return refuse(unknown_field(&name.text, table), true),
        },
    };
    let name = field.name.as_ref();
    let is_number = argument.is_some_and(|argument| argument.parse::<u32>().is_ok());
    match (field.argument, argument) {
        (Argument::None, Some(argument)) => {
            return refuse(format!("`{name}` takes no argument: leave out `[{argument}]`"), false);
        }
        (Argument::Index, None) => {
            return refuse(format!("`{name}` takes a number: `{name}[1]`"), false);
        }
        (Argument::Key | Argument::Suffix, None) => {
            return refuse(format!("`{name}` takes an argument: `{name}[name]`"), false);
        }
        (Argument::Index | Argument::OptionalIndex, Some(argument)) if !is_number => {
            return refuse(format!("`{name}` takes a number in brackets, not `{argument}`"), false);
        }
        _ => {}
    }
    let plurality = match (field.argument, argument) {
        (Argument::OptionalIndex | Argument::OptionalKey, Some(_)) => Plurality::One,
        _ => field.plurality,
    };
    Ok(Operand {
        key: argument.map_or_else(|| name.to_owned(), |argument| format!("{name}[{argument}]")),
        kind: field.kind,
        plurality,
        source: Source::Field {
            field: Arc::clone(field),
            argument: argument.map(ToOwned::to_owned),
        },
    })
}

/// The field and argument of `evt.arg.name`.
fn by_suffix<'t, 'n>(name: &'n str, table: &'t FieldTable) -> Option<(&'t Arc<Field>, &'n str)> {
    name.rmatch_indices('.').find_map(|(dot, _)| {
        let field = table.field(name.get(..dot)?)?;
        (field.argument == Argument::Suffix).then_some((field, name.get(dot + 1..)?))
    })
}

fn unknown_field(name: &str, table: &FieldTable) -> String {
    let names = table.fields().map(|field| field.name.as_ref());
    match nearest(name, names) {
        Some(near) => format!("there is no field `{name}`: did you mean `{near}`?"),
        None => format!("there is no field `{name}` in the table `{}`", table.name),
    }
}

fn call<'a>(function: Function, arguments: &[Operand], facts: &'a dyn Facts) -> Option<Value<'a>> {
    match (function, arguments) {
        (Function::Value, [argument]) => argument.value(facts),
        (Function::Length, [argument]) => {
            let length = match argument.value(facts)? {
                Value::List(values) => values.len(),
                value => bytes(&value).len(),
            };
            i64::try_from(length).ok().map(Value::Int)
        }
        (Function::Join, [separator, argument]) => {
            let separator = separator.value(facts)?.render();
            let values = match argument.value(facts)? {
                Value::List(values) => values.iter().map(Value::render).collect(),
                value => vec![value.render()],
            };
            Some(Value::from(values.join(&separator)))
        }
        (Function::Concat, arguments) => arguments
            .iter()
            .map(|argument| argument.value(facts).map(|value| value.render()))
            .collect::<Option<String>>()
            .map(Value::from),
        (Function::Options, [argument, known]) => {
            let words = match argument.value(facts)? {
                Value::List(values) => values.iter().map(Value::render).collect::<Vec<_>>(),
                value => value.render().split_whitespace().map(ToOwned::to_owned).collect(),
            };
            Some(Value::from(options(&words, &known.value(facts)?.render())))
        }
        (_, [argument]) => each(argument.value(facts)?, &|value| text_call(function, value)),
        _ => None,
    }
}

/// A function of a text, over each value of a list.
fn each<'a>(
    value: Value<'a>,
    apply: &dyn Fn(&Value<'_>) -> Option<Value<'static>>,
) -> Option<Value<'a>> {
    match value {
        Value::List(values) => {
            let values: Vec<Value<'a>> = values.iter().filter_map(apply).collect();
            (!values.is_empty()).then_some(Value::List(values))
        }
        value => apply(&value),
    }
}

fn text_call(function: Function, value: &Value<'_>) -> Option<Value<'static>> {
    let bytes = bytes(value);
    let changed = match function {
        Function::Lower => bytes.to_ascii_lowercase(),
        Function::Upper => bytes.to_ascii_uppercase(),
        Function::Base64 => {
            let text: String = std::str::from_utf8(&bytes).ok()?.split_whitespace().collect();
            base64::decode(&text)?
        }
        Function::Basename => {
            let start = bytes.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
            bytes.get(start..)?.to_vec()
        }
        _ => return None,
    };
    Some(match String::from_utf8(changed) {
        Ok(text) => Value::from(text),
        Err(error) => Value::Bytes(Cow::Owned(error.into_bytes())),
    })
}

/// Options of a command line by POSIX `getopt`: the letter of a flag, `letter=value` for one with a
/// value. Ends at `--`; words that are no options are passed over.
fn options(words: &[String], known: &str) -> Vec<String> {
    let takes_value = |letter: char| {
        known.char_indices().any(|(at, c)| {
            c == letter && known.get(at + c.len_utf8()..).is_some_and(|rest| rest.starts_with(':'))
        })
    };
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'))
        else {
            continue;
        };
        for (at, letter) in letters.char_indices() {
            if letter == ':' || !known.contains(letter) {
                continue;
            }
            if !takes_value(letter) {
                found.push(letter.to_string());
                continue;
            }
            let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
            let value = if rest.is_empty() { words.next().cloned() } else { Some(rest.to_owned()) };
            found.push(format!("{letter}={}", value.unwrap_or_default()));
            break;
        }
    }
    found
}

/// A value as bytes, to be compared as a text.
pub(crate) fn bytes<'v>(value: &'v Value<'_>) -> Cow<'v, [u8]> {
    match value {
        Value::Text(text) => Cow::Borrowed(text.as_bytes()),
        Value::Bytes(bytes) => Cow::Borrowed(bytes),
        other => Cow::Owned(other.render().into_bytes()),
    }
}
