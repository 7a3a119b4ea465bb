//! Files whose own format says where the secret stands: `shadow(5)`, `htpasswd`, `.pgpass`
//! (libpq), `netrc`, Rails' `master.key` and Kerberos key tables.

use std::borrow::Cow;
use std::ops::Range;

use model::{Confidence, SecretCategory};

use super::hit::{Hit, Rank};
use super::plausible::{self, Worth};
use crate::limits::{MAX_SECRET_HITS, MAX_SECRET_LINES};

/// One format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Shadow,
    Htpasswd,
    Pgpass,
    Netrc,
    MasterKey,
    Keytab,
}

/// The secrets of a file of such a format.
pub(crate) fn hits(path: &str, text: &[u8]) -> Vec<Hit<'static>> {
    let Some(format) = format_of(path) else { return Vec::new() };
    match format {
        Format::MasterKey => {
            whole(text, 32, "rails-master-key", "Rails master key").into_iter().collect()
        }
        Format::Keytab => keytab(text).into_iter().collect(),
        Format::Netrc => netrc(text),
        _ => lines(text)
            .filter_map(|line| of_line(format, text, line))
            .take(MAX_SECRET_HITS)
            .collect(),
    }
}

fn format_of(path: &str) -> Option<Format> {
    let name = path.rsplit('/').next().unwrap_or(path);
    Some(match name {
        "shadow" | "shadow-" | "passwd" | "passwd-" | "gshadow" | "gshadow-" | "master.passwd" => {
            Format::Shadow
        }
        ".pgpass" | "pgpass" | "pgpass.conf" => Format::Pgpass,
        ".netrc" | "_netrc" | "netrc" => Format::Netrc,
        "master.key" => Format::MasterKey,
        _ if name.ends_with(".keytab") => Format::Keytab,
        _ if name.contains("htpasswd") => Format::Htpasswd,
        _ if name.ends_with(".key") && path.contains("config/credentials/") => Format::MasterKey,
        _ => return None,
    })
}

fn lines(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    text.split(|&b| b == b'\n').take(MAX_SECRET_LINES).map(move |line| {
        let range = start..start + line.len();
        start = range.end + 1;
        range
    })
}

fn of_line(format: Format, text: &[u8], line: Range<usize>) -> Option<Hit<'static>> {
    let content = text.get(line.clone())?.trim_ascii_end();
    if content.first().is_none_or(|&b| b == b'#') {
        return None;
    }
    let wanted = match format {
        Format::Pgpass => 4,
        _ => 1,
    };
    let field = field(content, wanted)?;
    let value = content.get(field.clone())?;
    let (rule, title, confidence) = match format {
        Format::Pgpass => ("pgpass", "PostgreSQL password file", worth_of(value)?),
        Format::Htpasswd if is_hash(value) || is_short_hash(value) => {
            ("htpasswd", "password hash of a web user", Confidence::Certain)
        }
        Format::Shadow if is_hash(value) || value.len() == 13 && is_short_hash(value) => {
            ("shadow", "password hash of a system account", Confidence::Certain)
        }
        _ => return None,
    };
    Some(hit(rule, title, confidence, line.start + field.start..line.start + field.end))
}

/// The field of that number, counted from 0, of a line with colons; `\:` is no separator.
fn field(line: &[u8], wanted: usize) -> Option<Range<usize>> {
    let mut start = 0;
    let mut number = 0;
    for (at, &byte) in line.iter().enumerate() {
        let escaped = at > 0 && line.get(at - 1) == Some(&b'\\');
        if byte == b':' && !escaped {
            if number == wanted {
                return Some(start..at);
            }
            number += 1;
            start = at + 1;
        }
    }
    (number == wanted && start < line.len()).then_some(start..line.len())
}

/// `crypt(5)`: a method between dollar signs, perhaps locked by marks before it.
fn is_hash(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"{SHA}").map_or(value, |_| b"$sha1$xxxxxxxxxxxxxxxx");
    let value = value.strip_prefix(b"{SSHA}").map_or(value, |_| b"$sha1$xxxxxxxxxxxxxxxx");
    let method = value.strip_prefix(b"$").and_then(|rest| rest.iter().position(|&b| b == b'$'));
    let digits = |b: &u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'$' | b'.' | b'/' | b'=' | b',' | b'-' | b'+')
    };
    value.len() >= 20
        && method.is_some_and(|length| (1..=8).contains(&length))
        && value.iter().all(digits)
}

/// The DES form of `crypt(3)`.
fn is_short_hash(value: &[u8]) -> bool {
    let digits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/');
    value.len() == 13 && value.iter().all(digits) && plausible::entropy(value) > 2.8
}

fn worth_of(value: &[u8]) -> Option<Confidence> {
    match plausible::worth(value) {
        Worth::Nothing => None,
        Worth::Placeholder => Some(Confidence::Placeholder),
        _ => Some(Confidence::Certain),
    }
}

/// `machine … login … password …`, in any layout.
fn netrc(text: &[u8]) -> Vec<Hit<'static>> {
    let mut hits = Vec::new();
    let mut expects = false;
    let mut start = 0;
    for word in text.split(u8::is_ascii_whitespace).take(MAX_SECRET_LINES) {
        let range = start..start + word.len();
        start = range.end + 1;
        if word.is_empty() {
            continue;
        }
        if std::mem::replace(&mut expects, word == b"password" || word == b"passwd")
            && let Some(confidence) = worth_of(word)
        {
            hits.push(hit("netrc", "password of a netrc file", confidence, range));
        }
    }
    hits
}

/// A file that is nothing but that many hex digits.
fn whole(
    text: &[u8],
    digits: usize,
    rule: &'static str,
    title: &'static str,
) -> Option<Hit<'static>> {
    let content = text.trim_ascii_end();
    let hex = content.len() == digits && content.iter().all(u8::is_ascii_hexdigit);
    (hex && !plausible::is_patterned(content)).then(|| Hit {
        category: SecretCategory::Token,
        ..hit(rule, title, Confidence::Certain, 0..digits)
    })
}

/// MIT Kerberos: version 5, format 1 or 2, then entries.
fn keytab(text: &[u8]) -> Option<Hit<'static>> {
    let known = text.starts_with(&[5, 1]) || text.starts_with(&[5, 2]);
    (known && text.len() > 20).then(|| Hit {
        category: SecretCategory::PrivateKey,
        ..hit("keytab", "Kerberos key table", Confidence::Certain, 0..text.len())
    })
}

fn hit(
    rule: &'static str,
    title: &'static str,
    confidence: Confidence,
    secret: Range<usize>,
) -> Hit<'static> {
    Hit {
        rule,
        title: Cow::Borrowed(title),
        category: SecretCategory::Password,
        confidence,
        secret,
        shown: 0,
        rank: Rank::Parsed,
        facts: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expect: &[&str]) {
        let found: Vec<_> =
            hits(path, text.as_bytes()).into_iter().map(|hit| &text[hit.secret]).collect();
        assert_eq!(found, expect, "{path}");
    }

    #[test]
    fn reads_the_fields_of_formats() {
        let hash = format!("$6$salt${}", "aB3".repeat(28));
        check(
            "etc/shadow",
            &format!("root:*:19000:0\nbin:!:1\nops:{hash}:19000:0:99999:7:::\nx:!!:\n"),
            &[&hash],
        );
        check("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n", &[]);
        let apr = "$apr1$r31kz1Vb$Kq0Vw8s4m2xYz7LpTn5dE.";
        check(
            "srv/.htpasswd",
            &format!("bob:{apr}\n# c\nal:xx8Kq0Vw8s4mZ\n"),
            &[apr, "xx8Kq0Vw8s4mZ"],
        );
        check("root/.pgpass", "db:5432:*:app:w0mb\\:At9\n#h:1:*:u:p\n", &["w0mb\\:At9"]);
        check("root/.netrc", "machine a\n login b\n password k3Yt0nE!\n", &["k3Yt0nE!"]);
        let key = "0f3a9c8b7d6e5f4a1b2c3d4e5f60718a";
        check("app/config/master.key", key, &[key]);
        check("app/config/master.key", "not a key", &[]);
        check("app/other.txt", "a:b:c:d:e", &[]);
    }
}
