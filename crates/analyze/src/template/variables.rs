//! Variables of Dockerfiles (ARG, ENV) and compose files, put in as BuildKit and compose do.

use std::collections::BTreeMap;

use crate::limits::{MAX_EXPANSION_BYTES, MAX_EXPANSION_DEPTH};

/// Known variables; `None` for those that are declared and have no value yet.
pub(crate) type Variables = BTreeMap<String, Option<String>>;

/// A text with its variables put in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expanded {
    /// The text; a variable without a known value stays as written.
    pub(crate) text: String,
    /// Whether such a variable is left.
    pub(crate) unknown: bool,
}

/// Puts variables in: `$a`, `${a}`, `${a:-b}`, `${a-b}`, `${a:+b}`, `${a+b}`, `${a:?b}`; the
/// pattern forms (`${a#b}`, `${a/b/c}`) stay as written.
pub(crate) fn expand(text: &str, variables: &Variables) -> Expanded {
    let mut out = Expanded::default();
    put_in(text, variables, &mut out, 0);
    out
}

fn put_in(text: &str, variables: &Variables, out: &mut Expanded, depth: usize) {
    let mut rest = text;
    while let Some(at) = rest.find(['$', '\\']) {
        out.text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(escaped) = rest.strip_prefix("\\$") {
            out.text.push('$');
            rest = escaped;
        } else if let Some(after) = rest.strip_prefix('\\') {
            out.text.push('\\');
            rest = after;
        } else if out.text.len() > MAX_EXPANSION_BYTES {
            out.unknown = true;
            return;
        } else {
            rest = variable(rest, variables, out, depth);
        }
    }
    out.text.push_str(rest);
}

/// Puts in the variable that a text begins with; gives what follows.
fn variable<'t>(text: &'t str, variables: &Variables, out: &mut Expanded, depth: usize) -> &'t str {
    let body = &text[1..];
    let name_end = |text: &str| {
        text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
    };
    let Some(braced) = body.strip_prefix('{') else {
        let end = name_end(body);
        if end == 0 {
            out.text.push('$');
            return body;
        }
        let (name, after) = body.split_at(end);
        plain(name, &text[..end + 1], variables, out);
        return after;
    };
    let Some(close) = closing(braced) else {
        out.text.push_str(text);
        out.unknown = true;
        return "";
    };
    let (inner, after) = (&braced[..close], &braced[close + 1..]);
    let (name, operation) = inner.split_at(name_end(inner));
    let written = &text[..close + 3];
    let value = variables.get(name).and_then(Option::as_deref);
    let filled = value.filter(|value| !value.is_empty());
    let word = match operation.as_bytes() {
        [] => {
            return {
                plain(name, written, variables, out);
                after
            };
        }
        [b':', b'-', ..] if filled.is_none() => &operation[2..],
        [b'-', ..] if value.is_none() => &operation[1..],
        [b':', b'+', ..] if filled.is_some() => &operation[2..],
        [b'+', ..] if value.is_some() => &operation[1..],
        [b':', b'+', ..] | [b'+', ..] => return after,
        [b':', b'-' | b'?', ..] | [b'-' | b'?', ..] => {
            plain(name, written, variables, out);
            return after;
        }
        _ => {
            out.text.push_str(written);
            out.unknown = true;
            return after;
        }
    };
    if depth < MAX_EXPANSION_DEPTH {
        put_in(word, variables, out, depth + 1);
    }
    after
}

fn plain(name: &str, written: &str, variables: &Variables, out: &mut Expanded) {
    match variables.get(name).and_then(Option::as_deref) {
        Some(value) => out.text.push_str(value),
        None => {
            out.text.push_str(written);
            out.unknown = true;
        }
    }
}

/// Where the brace that was opened before the text is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_as_buildkit_does() {
        let known = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        let mut variables = Variables::from([known("a", "1"), known("e", ""), known("n", "x$a")]);
        variables.insert("u".to_owned(), None);
        let rows = [
            ("$a-${a}_$ab", "1-1_$ab", true),
            ("${a:-2} ${e:-2} ${e-2} ${q-2} ${u:-2}", "1 2  2 2", false),
            ("${a:+2} ${e:+2} ${e+2} ${q+2}", "2  2 ", false),
            ("${q:-${a}b}", "1b", false),
            ("\\$a $ $1 $", "$a $ $1 $", true),
            ("${a?x} ${u:?x}", "1 ${u:?x}", true),
            ("${a##*.}", "${a##*.}", true),
            ("${a", "${a", true),
            ("$n", "x$a", false),
        ];
        for (text, expect, unknown) in rows {
            let out = expand(text, &variables);
            assert_eq!((out.text.as_str(), out.unknown), (expect, unknown), "{text}");
        }
    }
}
