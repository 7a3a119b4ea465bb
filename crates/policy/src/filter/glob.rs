//! Globs of conditions, as `fnmatch` without flags: `*` any text, also over slashes; `?` one
//! character; `[a-z]` and `[!a-z]` one of a set; a backslash takes the next character as it is.
//!
//! Source: POSIX.1-2017, Shell Command Language, 2.13 Pattern Matching Notation.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

use super::leaf::{Test, check_pattern};

/// A piece of a glob.
enum Piece {
    Text(String),
    Any,
    One,
    Set(String),
}

/// The cheapest test that does what the glob does.
pub(crate) fn test(glob: &str, folded: bool) -> Result<Test, String> {
    let pieces = pieces(glob);
    if !folded {
        let bytes = |text: &str| BTreeSet::from([text.as_bytes().to_vec()]);
        match pieces.as_slice() {
            [Piece::Text(text)] => return Ok(Test::Texts(bytes(text))),
            [Piece::Text(text), Piece::Any] => return Ok(Test::Prefixes(bytes(text))),
            [Piece::Any, Piece::Text(text)] => return Ok(Test::Suffixes(bytes(text))),
            [Piece::Any, Piece::Text(text), Piece::Any] => {
                return Ok(Test::Substrings(bytes(text)));
            }
            _ => {}
        }
    }
    let mut pattern = if folded { "(?si:^".to_owned() } else { "(?s:^".to_owned() };
    for piece in &pieces {
        match piece {
            Piece::Text(text) => pattern.push_str(&regex::escape(text)),
            Piece::Any => pattern.push_str(".*"),
            Piece::One => pattern.push_str("(?u:.)"),
            Piece::Set(set) => pattern.push_str(set),
        }
    }
    pattern.push_str("$)");
    check_pattern(&pattern, glob)?;
    Ok(Test::Patterns(BTreeSet::from([pattern])))
}

fn pieces(glob: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut chars = glob.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if matches!(pieces.last(), Some(Piece::Any)) => {}
            '*' => pieces.push(Piece::Any),
            '?' => pieces.push(Piece::One),
            '\\' => push_text(&mut pieces, chars.next().unwrap_or('\\')),
            '[' => match set(&mut chars) {
                Some(set) => pieces.push(Piece::Set(set)),
                None => push_text(&mut pieces, '['),
            },
            other => push_text(&mut pieces, other),
        }
    }
    pieces
}

fn push_text(pieces: &mut Vec<Piece>, c: char) {
    match pieces.last_mut() {
        Some(Piece::Text(text)) => text.push(c),
        _ => pieces.push(Piece::Text(c.to_string())),
    }
}

/// The set behind an opening bracket; `None`, and nothing taken, when it is never closed.
fn set(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut ahead = chars.clone();
    let mut set = "(?u:[".to_owned();
    if ahead.next_if(|c| matches!(c, '!' | '^')).is_some() {
        set.push('^');
    }
    let mut is_first = true;
    loop {
        match ahead.next()? {
            ']' if !is_first => break,
            '[' if ahead.peek() == Some(&':') => set.push_str(&class(&mut ahead)?),
            '-' if !is_first && ahead.peek().is_some_and(|next| *next != ']') => set.push('-'),
            '\\' => push_escaped(&mut set, ahead.next()?),
            other => push_escaped(&mut set, other),
        }
        is_first = false;
    }
    set.push_str("])");
    *chars = ahead;
    Some(set)
}

fn push_escaped(set: &mut String, c: char) {
    if c.is_ascii_punctuation() {
        set.push('\\');
    }
    set.push(c);
}

/// `[:alpha:]` and the like, behind the bracket.
fn class(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut name = String::from("[");
    loop {
        let c = chars.next()?;
        name.push(c);
        if c == ']' {
            return Some(name);
        }
        if !c.is_ascii_lowercase() && c != ':' {
            return None;
        }
    }
}
