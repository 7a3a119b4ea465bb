//! `SubjectFacts`: a subject's facts as a condition asks for them, and what it asked in vain.

use std::borrow::Cow;
use std::cell::RefCell;

use model::{FactValue, Subject};

use crate::filter::{Facts, Field, Value};

/// What an empty set reads as, so that conditions and evidence have a word for it.
const EMPTY_SET: &str = "none";

/// The facts of a subject, remembering the fields that had no value.
pub(super) struct SubjectFacts<'s> {
    subject: &'s Subject,
    gaps: RefCell<Vec<String>>,
}

impl<'s> SubjectFacts<'s> {
    pub(super) fn new(subject: &'s Subject) -> Self {
        SubjectFacts { subject, gaps: RefCell::default() }
    }

    /// The first field asked in vain since the last call, and why it has no value where that is
    /// known.
    pub(super) fn take_gap(&self) -> Option<(String, Option<&'s str>)> {
        let field = self.gaps.take().into_iter().next()?;
        let why = self.subject.unknown.get(&field).map(String::as_str);
        Some((field, why))
    }
}

impl Facts for SubjectFacts<'_> {
    fn value<'a>(&'a self, field: &Field, _argument: Option<&str>) -> Option<Value<'a>> {
        let Some(fact) = self.subject.facts.get(field.name.as_ref()) else {
            self.gaps.borrow_mut().push(field.name.to_string());
            return None;
        };
        Some(match fact {
            FactValue::Flag(flag) => Value::Bool(*flag),
            FactValue::Number(number) => Value::Int(*number),
            FactValue::Text(text) => Value::Text(Cow::Borrowed(text)),
            FactValue::List(texts) if texts.is_empty() => {
                Value::List(vec![Value::Text(Cow::Borrowed(EMPTY_SET))])
            }
            FactValue::List(texts) => {
                Value::List(texts.iter().map(|text| Value::Text(Cow::Borrowed(text))).collect())
            }
        })
    }
}
