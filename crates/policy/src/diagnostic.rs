//! `PolicyError`: what is wrong with a user's file, with the place and the line.

use std::fmt;
use std::ops::Range;

use crate::limits::{MESSAGE_MAX_CHARS, SHOWN_LINE_CHARS};

/// A policy or ignore file cannot be used. Printed, it is the place, what is wrong, and the line
/// with a caret below:
///
/// ```text
/// policy.yaml:4:17: `hgih` is not a severity: expected …
///   4 |       severity: hgih
///     |                 ^^^^
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// The file, as the user named it.
    pub file: String,
    /// The line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
    /// The line, shortened; empty when the whole file is meant.
    line_text: String,
    /// Characters of the line left out before what is shown.
    cut_chars: usize,
    /// Characters that the caret underlines.
    width: usize,
}

impl PolicyError {
    /// A mistake of the whole file.
    pub(crate) fn whole(file: &str, message: impl Into<String>) -> Self {
        PolicyError {
            file: file.to_owned(),
            line: 0,
            column: 0,
            message: message.into(),
            line_text: String::new(),
            cut_chars: 0,
            width: 0,
        }
    }

    /// A mistake at a place of `text`; `line` and `column` count from 1.
    pub(crate) fn at(
        file: &str,
        text: &str,
        (line, column): (usize, usize),
        message: impl Into<String>,
    ) -> Self {
        let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let width = word_width(shown, column);
        PolicyError {
            file: file.to_owned(),
            line,
            column,
            message: message.into(),
            line_text: shown.chars().take(SHOWN_LINE_CHARS).collect(),
            cut_chars: 0,
            width,
        }
    }

    /// A mistake in a line that has been found: `line` from 1, `bytes` of the line's text. A long
    /// line is shown around the place.
    pub(crate) fn in_line(
        file: &str,
        line: usize,
        text: &str,
        bytes: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let shown = text.trim_end();
        let before = text.get(..bytes.start).unwrap_or(text);
        let column = before.chars().count() + 1;
        let end = bytes.end.min(shown.len().max(bytes.start));
        let width = text.get(bytes.start..end).map_or(1, |part| part.chars().count()).max(1);
        let is_long = shown.chars().count() > SHOWN_LINE_CHARS;
        let cut_chars = if is_long { column.saturating_sub(SHOWN_LINE_CHARS / 2) } else { 0 };
        PolicyError {
            file: file.to_owned(),
            line,
            column,
            message: printable(message.into().chars().take(MESSAGE_MAX_CHARS)),
            line_text: printable(shown.chars().skip(cut_chars).take(SHOWN_LINE_CHARS)),
            cut_chars,
            width: width.min(SHOWN_LINE_CHARS / 2),
        }
    }
}

/// Without control characters, a character for each: a message is one line, and what a file says
/// does not steer a terminal.
fn printable(text: impl Iterator<Item = char>) -> String {
    text.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Characters of the value that begins at a column: to the end of a quoted text, else to the next
/// divider.
fn word_width(line: &str, column: usize) -> usize {
    let mut rest = line.chars().skip(column.saturating_sub(1)).peekable();
    let width = match rest.next() {
        None => 1,
        Some(quote @ ('"' | '\'')) => 2 + rest.take_while(|c| *c != quote).count(),
        Some(_) => {
            let mut width = 1;
            while let Some(next) = rest.next() {
                let ends_key = next == ':' && rest.peek().is_none_or(|c| c.is_whitespace());
                if ends_key || matches!(next, ' ' | ',' | ']' | '}' | '#') {
                    break;
                }
                width += 1;
            }
            width
        }
    };
    width.min(SHOWN_LINE_CHARS)
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "{}: {}", self.file, self.message);
        }
        writeln!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        let number = self.line.to_string();
        writeln!(f, "  {number} | {}", self.line_text)?;
        let indent = self.column.saturating_sub(1 + self.cut_chars).min(SHOWN_LINE_CHARS);
        write!(f, "  {:>w$} | {:>indent$}{}", "", "", "^".repeat(self.width), w = number.len())
    }
}

impl std::error::Error for PolicyError {}
