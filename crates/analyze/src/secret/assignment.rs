//! Assignments: a name with a keyword in it and the value given to it, in whatever language.
//! `password = "x"`, `"password": "x"`, `define('PASSWORD', 'x')`, `<password>x</password>`,
//! `ENV PASSWORD x`, `--password x`, `password: str = "x"`, `PASSWORD=x`.
//!
//! Written by hand: these keywords are in every source file, and most of them assign nothing.

use std::ops::Range;

use super::syntax::Syntax;

/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 80;
/// Longest value, in bytes.
const MAX_VALUE_BYTES: usize = 1024;
/// Most blanks on either side of an operator.
const MAX_BLANKS: usize = 24;
/// Longest type between a name and `=`, in bytes.
const MAX_TYPE_BYTES: usize = 24;

/// A name and what it is given. Ranges are places in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: Range<usize>,
    pub(crate) value: Range<usize>,
    pub(crate) quoted: bool,
}

/// The assignment to the name that holds the keyword at `keyword`, if there is one.
pub(crate) fn at(text: &[u8], keyword: Range<usize>, syntax: Syntax) -> Option<Assignment> {
    let name = name_around(text, keyword)?;
    let (mut at, closed) = skip_closers(text, name.end);
    at = skip_blanks(text, at)?;
    let found = operator(text, at, &name, closed).or_else(|| paired(text, at, &name));
    let (operator, after) = found?;
    let value = match operator {
        Operator::Element => element(text, after)?,
        Operator::Comma => literal(text, skip_blanks(text, after)?)?,
        Operator::Colon => {
            let start = skip_blanks(text, after)?;
            // `name:value` without a blank is a part of an address or a version.
            let syntax = if start > after { syntax } else { Syntax::Source };
            typed(text, start).or_else(|| value(text, start, syntax))?
        }
        Operator::Equals => value(text, skip_blanks(text, after)?, syntax)?,
        Operator::Blank => value(text, skip_blanks(text, after)?, syntax)?,
        Operator::Type => typed(text, after)?,
    };
    let quoted = operator == Operator::Element
        || value
            .start
            .checked_sub(1)
            .is_some_and(|i| matches!(text.get(i), Some(b'"' | b'\'' | b'`')));
    (!value.is_empty()).then_some(Assignment { name, value, quoted })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equals,
    Colon,
    Comma,
    Element,
    Blank,
    Type,
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn name_around(text: &[u8], keyword: Range<usize>) -> Option<Range<usize>> {
    let floor = keyword.start.saturating_sub(MAX_NAME_BYTES);
    let before = text.get(floor..keyword.start)?;
    let back = before.iter().rev().take_while(|&&b| is_name(b) || matches!(b, b'.' | b'/')).count();
    let ceiling = text.len().min(keyword.end.saturating_add(MAX_NAME_BYTES));
    let after = text.get(keyword.end..ceiling)?;
    let on = after.iter().take_while(|&&b| is_name(b)).count();
    (back < MAX_NAME_BYTES && on < MAX_NAME_BYTES).then_some(keyword.start - back..keyword.end + on)
}

/// Passes quotes and brackets that end a name; says whether there was a quote.
fn skip_closers(text: &[u8], mut at: usize) -> (usize, bool) {
    let mut quote = false;
    for _ in 0..3 {
        match text.get(at) {
            Some(b'"' | b'\'' | b'`') => quote = true,
            Some(b']') => {}
            Some(b'\\') if matches!(text.get(at + 1), Some(b'"' | b'\'')) => {}
            _ => break,
        }
        at += 1;
    }
    (at, quote)
}

fn skip_blanks(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let blanks = rest.iter().take(MAX_BLANKS).take_while(|&&b| matches!(b, b' ' | b'\t')).count();
    Some(at + blanks)
}

fn operator(
    text: &[u8],
    at: usize,
    name: &Range<usize>,
    closed: bool,
) -> Option<(Operator, usize)> {
    let next = text.get(at + 1).copied().unwrap_or(b'\n');
    match text.get(at)? {
        b'=' if matches!(next, b'=' | b'~') => None,
        b'=' if next == b'>' => Some((Operator::Equals, at + 2)),
        b'=' => Some((Operator::Equals, at + 1)),
        b':' if next == b'=' => Some((Operator::Equals, at + 2)),
        b':' if next == b':' => None,
        b':' => Some((Operator::Colon, at + 1)),
        b'?' | b'+' if next == b'=' => Some((Operator::Equals, at + 2)),
        b',' if closed && is_setter(text, name.start) => Some((Operator::Comma, at + 1)),
        b'>' if at == name.end && opens_element(text, name.start) => {
            Some((Operator::Element, at + 1))
        }
        _ if closed => None,
        b'-' => None,
        _ if at > name.end && takes_blank(text, name) => Some((Operator::Blank, at)),
        byte if at > name.end && byte.is_ascii_alphabetic() => Some((Operator::Type, at)),
        _ => None,
    }
}

/// A name that is itself a value, with its own value beside it: `name: X`, then `value: x`, as in
/// manifests; `key="X" value="x"` and `key="X">x<` in XML.
fn paired(text: &[u8], at: usize, name: &Range<usize>) -> Option<(Operator, usize)> {
    if !is_called(text.get(name.start.saturating_sub(12)..name.start)?) {
        return None;
    }
    if text.get(at) == Some(&b'>') {
        return Some((Operator::Element, at + 1));
    }
    let rest = text.get(at..text.len().min(at + 64))?;
    let gap = |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b'"' | b'\'');
    let start = rest.iter().take_while(|b| gap(b)).count();
    let after = rest.get(start..)?;
    let is_value = after.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"value"));
    let close = usize::from(matches!(after.get(5), Some(b'"' | b'\'')));
    let sign = matches!(after.get(5 + close), Some(b':' | b'='));
    (is_value && sign).then_some((Operator::Equals, at + start + 6 + close))
}

/// Whether a text ends with `name:` or `key=`, in or without quotes.
fn is_called(before: &[u8]) -> bool {
    let sign = |b: &u8| matches!(b, b'"' | b'\'' | b' ' | b'\\');
    let bare = |text: &[u8]| text.len() - text.iter().rev().take_while(|b| sign(b)).count();
    let before = before.get(..bare(before)).unwrap_or_default();
    let word = before.strip_suffix(b":").or_else(|| before.strip_suffix(b"=")).unwrap_or_default();
    let word = word.get(..bare(word)).unwrap_or_default();
    [&b"name"[..], b"key"].iter().any(|end| {
        let tail = word.len().checked_sub(end.len()).and_then(|at| word.get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    })
}

/// Calls that give a name a value: `define('NAME', 'value')`.
const SETTERS: [&[u8]; 8] =
    [b"define", b"setenv", b"putenv", b"set", b"setproperty", b"put", b"setdefault", b"constant"];

/// Whether the quoted name at `start` is the first argument of such a call.
fn is_setter(text: &[u8], start: usize) -> bool {
    let before = text.get(start.saturating_sub(20)..start.saturating_sub(1)).unwrap_or_default();
    let Some(call) = before.trim_ascii_end().strip_suffix(b"(") else { return false };
    let call = call.rsplit(|b| !b.is_ascii_alphanumeric()).next().unwrap_or_default();
    SETTERS.iter().any(|setter| setter.eq_ignore_ascii_case(call))
}

fn opens_element(text: &[u8], start: usize) -> bool {
    start > 0 && text.get(start - 1) == Some(&b'<')
}

/// `--password x`, `ENV PASSWORD x`, and Redis' `requirepass x`.
fn takes_blank(text: &[u8], name: &Range<usize>) -> bool {
    let word = text.get(name.clone()).unwrap_or_default();
    let before = text.get(name.start.saturating_sub(4)..name.start).unwrap_or_default();
    word.starts_with(b"--") || before == b"ENV " || word.eq_ignore_ascii_case(b"requirepass")
}

/// `str = "x"`, `&str = "x"`, `string = "x"`: a type, then a quoted value.
fn typed(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let is_type = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'&' | b'\'' | b'<' | b'>' | b'_' | b'*' | b'?')
    };
    let length = rest.iter().take(MAX_TYPE_BYTES).take_while(|&&b| is_type(b)).count();
    let equals = skip_blanks(text, at + length)?;
    if length == 0 || text.get(equals) != Some(&b'=') || text.get(equals + 1) == Some(&b'=') {
        return None;
    }
    literal(text, skip_blanks(text, equals + 1)?)
}

fn value(text: &[u8], at: usize, syntax: Syntax) -> Option<Range<usize>> {
    literal(text, at).or_else(|| {
        let bare = syntax.takes_bare_values().then(|| bare(text, at, syntax));
        bare.flatten()
    })
}

/// A quoted value on one line; a letter of a literal's kind (`b"…"`, `r'…'`) may stand before it.
fn literal(text: &[u8], mut at: usize) -> Option<Range<usize>> {
    if matches!(text.get(at), Some(b'b' | b'r' | b'u' | b'f' | b'@' | b'L' | b'\\')) {
        at += 1;
    }
    let quote = *text.get(at)?;
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let start = at + 1;
    let rest = text.get(start..text.len().min(start + MAX_VALUE_BYTES))?;
    let mut end = 0;
    while let Some(&byte) = rest.get(end) {
        match byte {
            b'\n' => return None,
            b'\\'
                if rest.get(end + 1) == Some(&quote)
                    && text.get(at.wrapping_sub(1)) == Some(&b'\\') =>
            {
                return Some(start..start + end);
            }
            b'\\' => end += 1,
            _ if byte == quote => return Some(start..start + end),
            _ => {}
        }
        end += 1;
    }
    None
}

/// A value without quotes: up to a blank or the end of the line. In a configuration file prose
/// after it says that it was none.
fn bare(text: &[u8], at: usize, syntax: Syntax) -> Option<Range<usize>> {
    let rest = text.get(at..text.len().min(at + MAX_VALUE_BYTES))?;
    let ends = |&b: &u8| b.is_ascii_whitespace() || b == 0 || syntax.ends_bare(b);
    let mut length = rest.iter().position(ends).unwrap_or(rest.len());
    if length == MAX_VALUE_BYTES {
        return None;
    }
    let tail = rest.get(length..)?;
    let line = tail.iter().position(|&b| b == b'\n').unwrap_or(tail.len());
    let tail = tail.get(..line)?.trim_ascii();
    let comment = tail.is_empty() || matches!(tail.first(), Some(b'#' | b';' | b'\\'));
    if syntax.one_value_a_line() && !comment {
        return None;
    }
    while length > 0 && matches!(rest.get(length - 1), Some(b',' | b';')) {
        length -= 1;
    }
    Some(at..at + length)
}

/// The text of an XML element, without the blanks around it.
fn element(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..text.len().min(at + MAX_VALUE_BYTES))?;
    let end = rest.iter().position(|&b| matches!(b, b'<' | b'\n'))?;
    if rest.get(end..end + 2) != Some(b"</") {
        return None;
    }
    let inside = rest.get(..end)?;
    let lead = inside.len() - inside.trim_ascii_start().len();
    Some(at + lead..at + lead + inside.trim_ascii().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(syntax: Syntax, text: &str, expect: Option<(&str, &str)>) {
        let start = text.to_ascii_lowercase().find("pass").unwrap();
        let found = at(text.as_bytes(), start..start + 4, syntax)
            .map(|found| (&text[found.name], &text[found.value]));
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn reads_assignments_of_many_languages() {
        for (text, name, value) in [
            ("password = \"x1\"", "password", "x1"),
            ("db.password='x1';", "db.password", "x1"),
            ("{\"password\": \"x1\"}", "password", "x1"),
            ("{\\\"password\\\":\\\"x1\\\"}", "password", "x1"),
            ("define('DB_PASSWORD', 'x1');", "DB_PASSWORD", "x1"),
            ("os.environ['PASS'] = b\"x1\"", "PASS", "x1"),
            ("$pass => 'x1'", "pass", "x1"),
            ("let pass: &str = \"x1\";", "pass", "x1"),
            ("var pass string = \"x1\"", "pass", "x1"),
            ("pass := `x1`", "pass", "x1"),
            ("<dbPassword> x1 </dbPassword>", "dbPassword", "x1"),
            ("- name: DB_PASS\n  value: 'x1'", "DB_PASS", "x1"),
            ("{\"name\": \"DB_PASS\", \"value\": \"x1\"}", "DB_PASS", "x1"),
            ("<add key=\"DbPass\" value=\"x1\"/>", "DbPass", "x1"),
            ("<entry key=\"db.pass\">x1</entry>", "db.pass", "x1"),
            ("pass = 'it\\'s'", "pass", "it\\'s"),
        ] {
            check(Syntax::Source, text, Some((name, value)));
        }
    }

    #[test]
    fn reads_bare_values_where_the_syntax_has_them() {
        check(Syntax::Config, "PASSWORD=x1", Some(("PASSWORD", "x1")));
        check(Syntax::Config, "password: x1 # why", Some(("password", "x1")));
        check(Syntax::Config, "password: the words of prose", None);
        check(Syntax::Config, "\"plugin-pass-0:1.2-3.el7\"", None);
        check(Syntax::Config, "http://x/The_Pass_Word:_x1", None);
        check(Syntax::Shell, "ENV PASSWORD x1", Some(("PASSWORD", "x1")));
        check(Syntax::Shell, "PASSWORD=x1 run && b", Some(("PASSWORD", "x1")));
        check(Syntax::Shell, "tool --password x1;b", Some(("--password", "x1")));
        check(Syntax::Source, "password = x1", None);
    }

    #[test]
    fn passes_what_assigns_nothing() {
        for text in [
            "password == \"x1\"",
            "password::new(\"x\")",
            "password(\"x1\")",
            "pass",
            "password =",
            "password = \"x1",
            "the password is x1",
            "password=\"\"",
            "password, user)",
            "password.length = \"8\"",
            "<password>",
            "<password>x\n</password>",
            "['password', 'x']",
            "<input id=\"password\" class=\"x\">",
            "--password --other",
        ] {
            check(Syntax::Source, text, None);
        }
    }
}
