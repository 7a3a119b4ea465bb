//! The cursor over a condition's text. Tokens are the longest that fit, chosen by what the grammar
//! expects at the place, as in the filters of libsinsp.

use super::ast::{Span, Word, is_bare_argument, is_bare_char, is_blank};

/// A place in a text that is read.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

/// What is wrong at a place.
pub(crate) type Mistake = (Span, String);

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Lexer { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }

    /// A place to come back to.
    pub(crate) fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Skips blanks; whether there were any.
    pub(crate) fn blank(&mut self) -> bool {
        !self.take(is_blank).is_empty()
    }

    /// Takes exactly this text.
    pub(crate) fn literal(&mut self, literal: &str) -> bool {
        let found = self.rest().starts_with(literal);
        if found {
            self.at += literal.len();
        }
        found
    }

    /// A word of letters, digits and underscores that begins with a letter.
    pub(crate) fn identifier(&mut self) -> Option<Word> {
        let length = identifier_length(self.rest());
        (length > 0).then(|| self.word(length))
    }

    /// Two or more such words with dots between.
    pub(crate) fn field_name(&mut self) -> Option<Word> {
        let rest = self.rest();
        let mut length = identifier_length(rest);
        let mut dotted = 0;
        while length > 0 && rest.get(length..).is_some_and(|rest| rest.starts_with('.')) {
            let next = identifier_length(rest.get(length + 1..).unwrap_or_default());
            if next == 0 {
                break;
            }
            length += 1 + next;
            dotted += 1;
        }
        (dotted > 0).then(|| self.word(length))
    }

    /// What may stand for a value without quotes.
    pub(crate) fn bare(&mut self) -> Option<Word> {
        self.run(is_bare_char)
    }

    /// What may stand in brackets without quotes.
    pub(crate) fn bare_argument(&mut self) -> Option<Word> {
        self.run(is_bare_argument)
    }

    /// A text in quotes; `Err` when the closing quote is missing.
    pub(crate) fn quoted(&mut self) -> Result<Option<Word>, Mistake> {
        let Some(quote) = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Ok(None);
        };
        let start = self.at;
        let inner = self.text.get(start + 1..).unwrap_or_default();
        let mut escaped = false;
        let Some(length) = inner.find(|c| {
            let closes = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        }) else {
            return Err((start..start + 1, format!("the closing {quote} is missing")));
        };
        self.at = start + length + 2;
        let text = unescape(inner.get(..length).unwrap_or_default());
        Ok(Some(Word { text, quoted: true, span: start..self.at }))
    }

    /// The characters up to the next blank or parenthesis, for messages.
    pub(crate) fn shown(&self) -> (Span, &'a str) {
        let rest = self.rest();
        let length = rest.find(|c| is_blank(c) || matches!(c, '(' | ')')).unwrap_or(rest.len());
        let length =
            if length == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { length };
        (self.at..self.at + length, rest.get(..length).unwrap_or_default())
    }

    fn run(&mut self, fits: fn(char) -> bool) -> Option<Word> {
        let length = self.rest().find(|c| !fits(c)).unwrap_or(self.rest().len());
        (length > 0).then(|| self.word(length))
    }

    fn take(&mut self, fits: fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn word(&mut self, length: usize) -> Word {
        let start = self.at;
        self.at += length;
        let text = self.text.get(start..self.at).unwrap_or_default().to_owned();
        Word { text, quoted: false, span: start..self.at }
    }
}

/// Bytes of the identifier that a text begins with; 0 for none.
fn identifier_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// The text that escapes stand for. A backslash before anything else stays: patterns are full of
/// them.
pub(crate) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('b') => plain.push('\u{8}'),
            Some('f') => plain.push('\u{c}'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some(c @ ('"' | '\'' | '\\' | '/')) => plain.push(c),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}
