//! Generic secrets: a name that says password, secret, token or key, and a value that can be one.
//! What a value must look like depends on how values are written in such a file.

use std::borrow::Cow;
use std::ops::Range;

use model::{Confidence, SecretCategory};

use super::assignment::{self, Assignment};
use super::engine::Text;
use super::hit::{Hit, Rank};
use super::plausible::{self, Worth};
use super::syntax::Syntax;
use super::words::HARMLESS_NAME_PARTS;

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// A password: people choose it.
    Password,
    /// A key or token: a program made it.
    Token,
}

/// Keywords that make a name worth reading on.
pub(crate) const KEYWORDS: [(&str, NameKind); 27] = [
    ("password", NameKind::Password),
    ("passwd", NameKind::Password),
    ("passphrase", NameKind::Password),
    ("passwort", NameKind::Password),
    ("pwd", NameKind::Password),
    ("_pass", NameKind::Password),
    ("pass=", NameKind::Password),
    ("dbpass", NameKind::Password),
    ("userpass", NameKind::Password),
    ("requirepass", NameKind::Password),
    ("secret", NameKind::Token),
    ("token", NameKind::Token),
    ("api_key", NameKind::Token),
    ("apikey", NameKind::Token),
    ("api-key", NameKind::Token),
    ("access_key", NameKind::Token),
    ("accesskey", NameKind::Token),
    ("access-key", NameKind::Token),
    ("auth_key", NameKind::Token),
    ("authkey", NameKind::Token),
    ("private_key", NameKind::Token),
    ("privatekey", NameKind::Token),
    ("encryption_key", NameKind::Token),
    ("encryptionkey", NameKind::Token),
    ("signing_key", NameKind::Token),
    ("credential", NameKind::Token),
    ("app_key", NameKind::Token),
];

/// The value that was judged last, since several keywords may stand in one name.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    value_start: usize,
}

/// The secret that is assigned to the name around the keyword.
pub(crate) fn hit(
    text: Text<'_>,
    keyword: Range<usize>,
    kind: NameKind,
    seen: &mut Seen,
) -> Option<Hit<'static>> {
    let keyword =
        keyword.start..keyword.end - usize::from(text.bytes.get(keyword.end - 1) == Some(&b'='));
    let found = assignment::at(text.bytes, keyword.clone(), text.syntax)?;
    if found.value.start == std::mem::replace(&mut seen.value_start, found.value.start) {
        return None;
    }
    let name = last_part(text.bytes.get(found.name.clone())?);
    let value = text.bytes.get(found.value.clone())?;
    if is_harmless(name)
        || repeats_name(name, value, text.syntax.is_in_force())
        || goes_on(text.bytes, &found, &keyword, kind)
    {
        return None;
    }
    let confidence = judge(text, &found, value, kind)?;
    let (rule, title, category) = match kind {
        NameKind::Password => {
            ("generic-password", "password in an assignment", SecretCategory::Password)
        }
        NameKind::Token => ("generic-secret", "secret in an assignment", SecretCategory::Token),
    };
    Some(Hit {
        rule,
        title: Cow::Borrowed(title),
        category,
        confidence,
        secret: found.value,
        shown: 0,
        rank: Rank::Generic,
        facts: None,
    })
}

/// How much the value proves in such a text; `None` when nothing.
fn judge(text: Text<'_>, found: &Assignment, value: &[u8], kind: NameKind) -> Option<Confidence> {
    let worth = plausible::worth(value);
    let prose = text.syntax == Syntax::Prose || is_comment(text.bytes, found.name.start);
    let open = text.syntax.takes_bare_values();
    let in_force = text.syntax.is_in_force();
    let stock = worth == Worth::Placeholder && plausible::is_stock(value);
    let chosen = plausible::is_chosen(value);
    let proves = match (kind, worth) {
        _ if prose => false,
        (_, Worth::Random) => true,
        (_, Worth::Nothing) => false,
        (NameKind::Password, Worth::Placeholder) => in_force && stock,
        (NameKind::Password, Worth::Words) => in_force && value.len() >= 5 && is_one_word(value),
        (NameKind::Password, Worth::Password) if open => value.len() >= 5,
        (NameKind::Password, Worth::Password) => chosen,
        (NameKind::Token, Worth::Password) if in_force => value.len() >= 8 && has_digit(value),
        (NameKind::Token, Worth::Password) => open && value.len() >= 10 && chosen,
        (NameKind::Token, Worth::Placeholder | Worth::Words) => false,
    };
    if proves {
        return Some(Confidence::Likely);
    }
    let default = stock && kind == NameKind::Password && open && !prose;
    default.then_some(Confidence::Placeholder)
}

fn has_digit(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit)
}

/// Not a name with parts, which refers to something.
fn is_one_word(value: &[u8]) -> bool {
    !value.iter().any(|b| matches!(b, b'.' | b'/' | b':' | b','))
}

/// Whether the name goes on after the keyword for so long that it means something else:
/// `passwordpolicies-group`.
fn goes_on(text: &[u8], found: &Assignment, keyword: &Range<usize>, kind: NameKind) -> bool {
    let most = if kind == NameKind::Password { 8 } else { 16 };
    let rest = text.get(keyword.end..found.name.end).unwrap_or_default();
    rest.len() > most
}

/// The last part of a dotted name.
fn last_part(name: &[u8]) -> &[u8] {
    name.rsplit(|&b| b == b'.').next().unwrap_or(name)
}

fn is_harmless(name: &[u8]) -> bool {
    let mut small = [0u8; 96];
    let length = name.len().min(small.len());
    let (Some(head), Some(from)) = (small.get_mut(..length), name.get(..length)) else {
        return true;
    };
    for (to, byte) in head.iter_mut().zip(from) {
        *to = byte.to_ascii_lowercase();
    }
    HARMLESS_NAME_PARTS.iter().any(|part| memchr::memmem::find(head, part).is_some())
}

/// `PASSWORD = "password"`, `secret_key: SECRET_KEY`: a name given to itself.
fn repeats_name(name: &[u8], value: &[u8], in_force: bool) -> bool {
    let letters = |text: &[u8]| -> Vec<u8> {
        text.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
    };
    let (name, value) = (letters(name), letters(value));
    name == value || !in_force && memchr::memmem::find(&value, &name).is_some()
}

/// Whether the line of `at` begins as a comment.
fn is_comment(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(200)..at).unwrap_or_default();
    let start = before.iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1);
    let line = before.get(start..).unwrap_or_default().trim_ascii_start();
    let line = if at > 0 { line } else { text };
    [&b"#"[..], b";", b"//", b"*", b"/*", b"-- ", b"<!--", b"rem "]
        .iter()
        .any(|mark| line.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark)))
}
