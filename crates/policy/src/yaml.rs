//! Reading YAML with places: from the YAML reader's mistakes to our diagnostics.

use serde::de::DeserializeOwned;
use serde_saphyr::{Error, Location, Spanned};

use crate::PolicyError;
use crate::filter::{Document, Place, Written};
use crate::limits::{POLICY_MAX_BYTES, POLICY_MAX_DEPTH};

/// A file under reading: what diagnostics need to point into it.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    /// Reads the whole file as one value.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, PolicyError> {
        if self.text.len() > POLICY_MAX_BYTES {
            return Err(PolicyError::whole(
                self.file,
                format!("it is longer than {POLICY_MAX_BYTES} bytes"),
            ));
        }
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_depth: POLICY_MAX_DEPTH },
            with_snippet: false,
        };
        serde_saphyr::from_str_with_options(self.text, options)
            .map_err(|error| self.explain(&error))
    }

    /// A mistake at the place of a value.
    pub(crate) fn mistake<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> PolicyError {
        self.at(Some(at.referenced), message)
    }

    /// A text with its place, for the rule language's own diagnostics.
    pub(crate) fn written(&self, at: &Spanned<String>) -> Written {
        let location = at.referenced;
        let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
        let lines = self.text.split_inclusive('\n');
        let start: usize = lines.clone().take(line).map(str::len).sum();
        let shown = lines.clone().nth(line).unwrap_or_default();
        let inside = shown.char_indices().nth(column).map_or(shown.len(), |(index, _)| index);
        let document = Document::new(self.file, self.text);
        let mut written = Written::default();
        written.push(&at.value, &Place { document, bytes: start + inside..self.text.len() });
        written
    }

    fn at(&self, location: Option<Location>, message: impl Into<String>) -> PolicyError {
        let place = location.filter(|location| location.line() > 0).and_then(|l| {
            Some((usize::try_from(l.line()).ok()?, usize::try_from(l.column()).ok()?))
        });
        match place {
            Some(place) => PolicyError::at(self.file, self.text, place, message),
            None => PolicyError::whole(self.file, message),
        }
    }

    fn explain(&self, error: &Error) -> PolicyError {
        let error = error.without_snippet();
        let message = match error {
            Error::SerdeUnknownField { field, expected, .. } => {
                format!("`{field}` is not known here: expected {}", either(expected))
            }
            Error::SerdeMissingField { field, .. } => format!("`{field}` is missing"),
            Error::DuplicateMappingKey { key: Some(key), .. } => format!("`{key}` is given twice"),
            Error::SerdeInvalidType { unexpected, expected, .. } => {
                format!("found {unexpected}, expected {expected}")
            }
            Error::InvalidScalar { ty: "floating point", .. } => "expected a number".to_owned(),
            Error::InvalidScalar { ty: "u32", .. } => {
                "expected a whole number, 0 or more".to_owned()
            }
            Error::InvalidScalar { ty: "bool", .. } => "expected true or false".to_owned(),
            Error::Unexpected { expected: "mapping start", .. } => {
                "expected keys and values here, such as `name: value`".to_owned()
            }
            Error::Unexpected { expected: "sequence start", .. } => {
                "expected a list here, such as `[a, b]`".to_owned()
            }
            Error::Eof { .. } => "it is empty".to_owned(),
            other => without_place(&other.to_string()),
        };
        self.at(error.location(), message)
    }
}

/// `a`, `b` or `c`.
pub(crate) fn either(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [word] => format!("`{word}`"),
        [front @ .., last] => {
            let front: Vec<String> = front.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", front.join(", "))
        }
    }
}

/// The message in one line, without the place that the reader puts around it.
fn without_place(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let line = line.split_once(" at line ").map_or(line, |(message, _)| message);
    line.trim_end_matches([':', ' ', '.']).to_owned()
}
