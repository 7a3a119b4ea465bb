//! HTML: one page that needs nothing else, to be mailed, archived, opened years later.
//!
//! No script of others, no font, no picture is fetched; the page's own content security policy
//! forbids it, and allows the one script that is ours by its hash. Works without script too: only
//! searching needs it. Every text is escaped by the template engine and cleaned before that.

mod content;
mod context;
mod layers;

use std::io::Write;

use minijinja::{Environment, Output, State, Value};
use sha2::{Digest, Sha256};

use super::view::View;
use super::{Format, ReportError};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

pub(super) fn write(views: &[View<'_>], out: &mut dyn Write) -> Result<(), ReportError> {
    let encode = |error: minijinja::Error| ReportError::Encode {
        format: Format::Html,
        detail: format!("{error} (line {})", error.line().unwrap_or(0)),
    };
    let mut environment = Environment::new();
    environment.set_syntax(super::template::whitespace().map_err(encode)?);
    environment.set_formatter(escaped);
    environment.add_template("page.html", PAGE).map_err(encode)?;
    let page = environment.get_template("page.html").map_err(encode)?;
    let context = minijinja::context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        script_hash => base64(&Sha256::digest(SCRIPT.as_bytes())),
        page => Value::from(minijinja::value::Serde(context::page(views))),
    };
    page.render_captured_to(context, out).map_err(|error| {
        let source = std::error::Error::source(&error);
        match source.and_then(|source| source.downcast_ref::<std::io::Error>()) {
            Some(broken) => ReportError::Write(broken.kind().into()),
            None => encode(error),
        }
    })?;
    Ok(())
}

/// Writes a value, what has a meaning in HTML escaped, in text as in a quoted attribute. The
/// engine's own way escapes `/` too: nobody would find a path in the page's source.
fn escaped(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    let Some(text) = value.as_str().filter(|_| !value.is_safe()) else {
        return minijinja::escape_formatter(out, state, value);
    };
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.write_str(&rest[..at])?;
        out.write_str(match rest.as_bytes().get(at) {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            Some(b'"') => "&quot;",
            _ => "&#x27;",
        })?;
        rest = &rest[at + 1..];
    }
    Ok(out.write_str(rest)?)
}

/// Standard base64 (RFC 4648, 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - group.len()));
        for place in 0..4 {
            let index = (word >> (18 - 6 * place)) & 63;
            let letter = ALPHABET.get(index as usize).copied().unwrap_or(b'=');
            text.push(if place > group.len() { '=' } else { letter as char });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_the_standard_says() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, expect) in cases {
            assert_eq!(base64(plain.as_bytes()), expect);
        }
    }

    #[test]
    fn the_page_fetches_nothing() {
        for text in [PAGE, STYLE, SCRIPT] {
            for forbidden in ["src=", "@import", "url(", "fetch(", "innerHTML", "eval("] {
                assert!(!text.contains(forbidden), "{forbidden}");
            }
        }
    }
}
