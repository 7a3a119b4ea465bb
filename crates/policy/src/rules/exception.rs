//! `Exception`: fields, comparisons and values that take events out of a rule: read, checked, and
//! written as the condition that they come to.

use crate::PolicyError;
use crate::filter::{Modifier, Operator, Place, Written, is_bare};

use super::item::{Text, text_of};
use super::node::{Node, Yaml};
use super::{Note, NoteKind};

/// An exception as it is written.
#[derive(Debug, Clone)]
pub(super) struct ExceptionItem {
    pub(super) name: Text,
    pub(super) fields: Option<Entry>,
    pub(super) comparisons: Option<Entry>,
    pub(super) values: Vec<Entry>,
}

/// A word, or a list of them.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    place: Place,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    One(String),
    Many(Vec<Entry>),
}

/// An exception that has been checked.
#[derive(Debug, Clone)]
pub(super) struct Exception {
    pub(super) name: String,
    shape: Shape,
    values: Vec<Entry>,
}

#[derive(Debug, Clone)]
enum Shape {
    /// One field, compared with the list of all values.
    Single { field: Text, comparison: Text },
    /// Several fields, compared with the values of each entry.
    Several(Vec<(Text, Text)>),
}

/// Reads the exceptions of a rule item.
pub(super) fn read_exceptions(
    node: &Node,
    is_change: bool,
    notes: &mut Vec<Note>,
) -> Result<Vec<ExceptionItem>, PolicyError> {
    let Some(items) = node.items() else {
        return Err(node.place.mistake("`exceptions` takes a list"));
    };
    let mut exceptions: Vec<ExceptionItem> = Vec::new();
    for item in items {
        let Some(name) = item.key("name") else {
            return Err(item.place.mistake("an exception needs a `name`"));
        };
        let name = text_of(name, "name")?;
        if exceptions.iter().any(|known| known.name.text == name.text) {
            return Err(name.place.mistake(format!("`{}` is given twice", name.text)));
        }
        if item.key("values").is_none() && is_change {
            let text = name.place.mistake("this exception adds no values");
            notes.push(Note { kind: NoteKind::NoValues, text });
        }
        exceptions.push(ExceptionItem {
            name,
            fields: item.key("fields").map(|node| entry(node, 0)).transpose()?,
            comparisons: item.key("comps").map(|node| entry(node, 0)).transpose()?,
            values: values(item)?,
        });
    }
    Ok(exceptions)
}

fn values(item: &Node) -> Result<Vec<Entry>, PolicyError> {
    let Some(values) = item.key("values") else { return Ok(Vec::new()) };
    let Some(items) = values.items() else {
        return Err(values.place.mistake("`values` takes a list"));
    };
    items.iter().map(|node| entry(node, 0)).collect()
}

fn entry(node: &Node, depth: usize) -> Result<Entry, PolicyError> {
    let form = match &node.value {
        Yaml::Scalar(text) => Form::One(text.clone()),
        Yaml::Null => Form::One(String::new()),
        Yaml::Sequence(items) if depth < 3 => {
            Form::Many(items.iter().map(|item| entry(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        _ => return Err(node.place.mistake("expected a word or a list of words")),
    };
    Ok(Entry { place: node.place.clone(), form })
}

impl Entry {
    fn text(&self) -> Option<Text> {
        match &self.form {
            Form::One(text) => Some(Text { text: text.clone(), place: self.place.clone() }),
            Form::Many(_) => None,
        }
    }

    fn texts(&self) -> Option<Vec<Text>> {
        match &self.form {
            Form::One(_) => None,
            Form::Many(entries) => entries.iter().map(Entry::text).collect(),
        }
    }
}

/// Whether a comparison takes a list.
fn takes_list(comparison: &str) -> bool {
    match comparison.split_whitespace().collect::<Vec<_>>().as_slice() {
        [operator] => Operator::of(operator).is_some_and(Operator::takes_list),
        [operator, modifier] => {
            Operator::of(operator).is_some_and(Operator::takes_modifier)
                && Modifier::of(modifier).is_some()
        }
        _ => false,
    }
}

fn check_comparison(comparison: &Text) -> Result<(), PolicyError> {
    let known = takes_list(&comparison.text)
        || Operator::of(&comparison.text).is_some_and(|operator| operator != Operator::Exists);
    if known {
        return Ok(());
    }
    Err(comparison.place.mistake(format!("`{}` is no comparison", comparison.text)))
}

impl Exception {
    /// Checks a new exception.
    pub(super) fn new(item: &ExceptionItem) -> Result<Exception, PolicyError> {
        let Some(fields) = &item.fields else {
            return Err(item.name.place.mistake("an exception needs `fields`"));
        };
        let shape = match (fields.text(), fields.texts()) {
            (Some(field), _) => single(field, item.comparisons.as_ref())?,
            (None, Some(fields)) => several(fields, item)?,
            (None, None) => {
                return Err(fields.place.mistake("`fields` takes a field or a list of fields"));
            }
        };
        let mut exception = Exception { name: item.name.text.clone(), shape, values: Vec::new() };
        exception.add(item.values.clone())?;
        Ok(exception)
    }

    /// Adds the values of a later item.
    pub(super) fn append(&mut self, item: &ExceptionItem) -> Result<(), PolicyError> {
        if let Some(entry) = item.fields.as_ref().or(item.comparisons.as_ref()) {
            return Err(entry.place.mistake(format!(
                "the exception `{}` has its fields: only `values` can be added",
                self.name
            )));
        }
        self.add(item.values.clone())
    }

    fn add(&mut self, values: Vec<Entry>) -> Result<(), PolicyError> {
        for value in &values {
            let fits = match (&self.shape, &value.form) {
                (Shape::Single { .. }, Form::One(_)) => true,
                (Shape::Several(fields), Form::Many(values)) => {
                    values.len() == fields.len()
                        && values.iter().all(|value| match &value.form {
                            Form::One(_) => true,
                            Form::Many(_) => value.texts().is_some(),
                        })
                }
                _ => false,
            };
            if !fits {
                let message = match &self.shape {
                    Shape::Single { .. } => {
                        "a value of an exception of one field is a word".to_owned()
                    }
                    Shape::Several(fields) => format!(
                        "values of an exception of {} fields are lists of {} values",
                        fields.len(),
                        fields.len()
                    ),
                };
                return Err(value.place.mistake(message));
            }
        }
        self.values.extend(values);
        Ok(())
    }

    /// Adds ` and not (…)` to a condition; nothing without values.
    pub(super) fn write(&self, condition: &mut Written) {
        if self.values.is_empty() {
            return;
        }
        condition.glue(" and not (");
        match &self.shape {
            Shape::Single { field, comparison } => {
                condition.push(&field.text, &field.place);
                condition.glue(" ");
                condition.push(&comparison.text, &comparison.place);
                condition.glue(" (");
                write_values(condition, &self.values);
                condition.glue(")");
            }
            Shape::Several(fields) => {
                for (index, value) in self.values.iter().enumerate() {
                    condition.glue(if index == 0 { "(" } else { " or (" });
                    write_entry(condition, fields, value);
                    condition.glue(")");
                }
            }
        }
        condition.glue(")");
    }
}

fn write_entry(condition: &mut Written, fields: &[(Text, Text)], value: &Entry) {
    let Form::Many(values) = &value.form else { return };
    for (index, ((field, comparison), value)) in fields.iter().zip(values).enumerate() {
        condition.glue(if index == 0 { "" } else { " and " });
        condition.push(&field.text, &field.place);
        condition.glue(" ");
        condition.push(&comparison.text, &comparison.place);
        condition.glue(" ");
        match &value.form {
            Form::Many(values) => {
                condition.glue("(");
                write_values(condition, values);
                condition.glue(")");
            }
            Form::One(text) if takes_list(&comparison.text) && text.starts_with('(') => {
                condition.push(text, &value.place);
            }
            Form::One(_) if takes_list(&comparison.text) => {
                condition.glue("(");
                write_values(condition, std::slice::from_ref(value));
                condition.glue(")");
            }
            Form::One(text) => condition.push(&quoted(text), &value.place),
        }
    }
}

fn write_values(condition: &mut Written, values: &[Entry]) {
    for (index, value) in values.iter().enumerate() {
        condition.glue(if index == 0 { "" } else { ", " });
        if let Form::One(text) = &value.form {
            condition.push(&quoted(text), &value.place);
        }
    }
}

/// A word that can stand in a condition. Names of lists stay bare, so that they are put in.
fn quoted(text: &str) -> String {
    let has_quotes = ['"', '\'']
        .iter()
        .any(|quote| text.len() > 1 && text.starts_with(*quote) && text.ends_with(*quote));
    if is_bare(text) || has_quotes {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn single(field: Text, comparisons: Option<&Entry>) -> Result<Shape, PolicyError> {
    let comparison = match comparisons {
        None => Text { text: "in".to_owned(), place: field.place.clone() },
        Some(entry) => entry.text().ok_or_else(|| {
            entry.place.mistake("`comps` is one comparison when `fields` is one field")
        })?,
    };
    if !takes_list(&comparison.text) {
        let message = format!(
            "`{}` takes no list: expected `in`, `intersects`, `pmatch`, or such as `contains anyof`",
            comparison.text
        );
        return Err(comparison.place.mistake(message));
    }
    Ok(Shape::Single { field, comparison })
}

fn several(fields: Vec<Text>, item: &ExceptionItem) -> Result<Shape, PolicyError> {
    let comparisons = match &item.comparisons {
        None => fields
            .iter()
            .map(|field| Text { text: "=".to_owned(), place: field.place.clone() })
            .collect(),
        Some(entry) => {
            entry.texts().filter(|texts| texts.len() == fields.len()).ok_or_else(|| {
                entry.place.mistake(format!(
                    "`comps` is a list of {} comparisons, one for each field",
                    fields.len()
                ))
            })?
        }
    };
    for comparison in &comparisons {
        check_comparison(comparison)?;
    }
    Ok(Shape::Several(fields.into_iter().zip(comparisons).collect()))
}
