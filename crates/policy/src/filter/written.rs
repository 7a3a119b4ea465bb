//! `Written`: a text of the language and where each part of it is written, so that a mistake is
//! shown in the user's own line, also inside folded and quoted YAML.

use std::ops::Range;
use std::sync::Arc;

use crate::PolicyError;

use super::ast::Span;

/// A file that texts come from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) file: String,
    pub(crate) text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

/// The bytes of a document that a text was read from, with its quotes and indentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) document: Arc<Document>,
    pub(crate) bytes: Range<usize>,
}

/// A text of the language, put together of parts that are written at different places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Written {
    text: String,
    parts: Vec<(Range<usize>, Place)>,
}

impl Document {
    pub(crate) fn new(file: &str, text: &str) -> Arc<Self> {
        let newlines = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Arc::new(Document {
            file: file.to_owned(),
            text: text.to_owned(),
            lines: std::iter::once(0).chain(newlines).collect(),
        })
    }

    /// The line, from 1, that a byte is in.
    pub(crate) fn line(&self, byte: usize) -> usize {
        self.lines.partition_point(|start| *start <= byte).max(1)
    }

    /// A mistake at some bytes.
    pub(crate) fn mistake(&self, bytes: &Range<usize>, message: impl Into<String>) -> PolicyError {
        let line = self.line(bytes.start);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        let text = self.text.get(start..end).unwrap_or_default();
        let inside = bytes.start.saturating_sub(start)..bytes.end.saturating_sub(start);
        PolicyError::in_line(&self.file, line, text, inside, message)
    }
}

impl Place {
    /// A mistake at the whole place.
    pub(crate) fn mistake(&self, message: impl Into<String>) -> PolicyError {
        self.document.mistake(&self.bytes, message)
    }
}

impl Written {
    /// A text that is a document of its own.
    pub(crate) fn plain(file: &str, text: &str) -> Self {
        let document = Document::new(file, text);
        let mut written = Written::default();
        written.push(text, &Place { document, bytes: 0..text.len() });
        written
    }

    /// Adds a text that is written at a place.
    pub(crate) fn push(&mut self, text: &str, place: &Place) {
        let start = self.text.len();
        self.text.push_str(text);
        self.parts.push((start..self.text.len(), place.clone()));
    }

    /// Adds a text that is written nowhere.
    pub(crate) fn glue(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds another text.
    pub(crate) fn append(&mut self, other: &Written) {
        let shift = self.text.len();
        self.text.push_str(&other.text);
        self.parts.extend(
            other
                .parts
                .iter()
                .map(|(range, place)| (range.start + shift..range.end + shift, place.clone())),
        );
    }

    /// The text without blanks around it.
    pub(crate) fn trimmed(&self) -> Written {
        let start = self.text.len() - self.text.trim_start().len();
        let text = self.text.trim();
        let end = start + text.len();
        let parts = self.parts.iter().filter(|(range, _)| range.start < end && range.end > start);
        let parts = parts.map(|(range, place)| {
            let moved = range.start.max(start) - start..range.end.min(end) - start;
            (moved, place.clone())
        });
        Written { text: text.to_owned(), parts: parts.collect() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A mistake at a part of the text.
    pub(crate) fn mistake(&self, span: &Span, message: impl Into<String>) -> PolicyError {
        let part = self
            .parts
            .iter()
            .find(|(range, _)| span.start < range.end)
            .or_else(|| self.parts.last());
        let Some((range, place)) = part else {
            return PolicyError::whole("condition", message);
        };
        let value = self.text.get(range.clone()).unwrap_or_default();
        let inside = span.start.saturating_sub(range.start)..span.end.saturating_sub(range.start);
        let source = place.document.text.get(place.bytes.clone()).unwrap_or_default();
        let bytes = match locate(value, source, &inside) {
            Some(found) => found.start + place.bytes.start..found.end + place.bytes.start,
            None => place.bytes.clone(),
        };
        place.document.mistake(&bytes, message)
    }
}

/// The bytes of a YAML scalar's source that give part of its value. Folding changes blanks only,
/// and quoting adds backslashes and quotes only: everything else is found in its order.
fn locate(value: &str, source: &str, span: &Range<usize>) -> Option<Range<usize>> {
    if value == source {
        return Some(span.start.min(value.len())..span.end.min(value.len()));
    }
    let mut at = content_start(source);
    let (mut start, mut end) = (None, at);
    for (index, c) in value.char_indices() {
        if index >= span.end.max(span.start + 1) {
            break;
        }
        if c.is_whitespace() {
            continue;
        }
        at = find(source, at, c)?;
        if index >= span.start && start.is_none() {
            start = Some(at);
        }
        at += c.len_utf8();
        end = at;
    }
    let start = start.unwrap_or(end);
    Some(start..end.max(start))
}

/// Where a character comes next, past what YAML puts between.
fn find(source: &str, from: usize, wanted: char) -> Option<usize> {
    let mut chars = source.get(from..)?.char_indices();
    loop {
        let (offset, c) = chars.next()?;
        if c == wanted {
            return Some(from + offset);
        }
        if !c.is_whitespace() && !matches!(c, '\\' | '\'') {
            return None;
        }
    }
}

/// Where the content of a scalar begins: behind its quote or the line of its block indicator.
fn content_start(source: &str) -> usize {
    match source.chars().next() {
        Some('|' | '>') => source.find('\n').map_or(source.len(), |newline| newline + 1),
        Some('"' | '\'') => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locates_parts_of_yaml_scalars() {
        for (value, source, part) in [
            ("a.b = x and c.d = y", "a.b = x and c.d = y", "c.d"),
            ("a.b = x and c.d = y\n", ">\n    a.b = x\n    and c.d = y\n", "c.d"),
            ("a.b = x and c.d = y", "\"a.b = x and\n     c.d = y\"", "c.d"),
            ("a.b = \"x y\" and c.d = y", "\"a.b = \\\"x y\\\" and c.d = y\"", "c.d"),
            ("a.b = 'x' and c.d = y", "'a.b = ''x'' and c.d = y'", "c.d"),
            ("a.b = ü and c.d = y\n", "|-\n  a.b = ü and\n  c.d = y", "c.d"),
        ] {
            let start = value.find(part).unwrap();
            let found = locate(value, source, &(start..start + part.len())).unwrap();
            assert_eq!(&source[found], part, "{source:?}");
        }
    }
}
