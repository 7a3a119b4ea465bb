//! Addresses with a password in them: `scheme://user:password@host` (RFC 3986 §3.2.1).

use std::borrow::Cow;
use std::ops::Range;

use model::{Confidence, SecretCategory};

use super::engine::Text;
use super::hit::{Hit, Rank};
use super::plausible::{self, Worth};
use super::syntax::Syntax;

/// What stands in every address.
pub(crate) const KEYWORD: &str = "://";
/// Longest user and password, in bytes.
const MAX_USER_INFO_BYTES: usize = 300;
/// Longest scheme, in bytes.
const MAX_SCHEME_BYTES: usize = 24;

/// Schemes of databases, queues and directories: rule, title, schemes.
const STORES: [(&str, &str, &[&str]); 8] = [
    (
        "postgres-url",
        "PostgreSQL address with a password",
        &[
            "postgres",
            "postgresql",
            "psql",
            "postgresql+psycopg2",
            "postgresql+asyncpg",
            "postgresql+psycopg",
            "cockroachdb",
        ],
    ),
    (
        "mysql-url",
        "MySQL address with a password",
        &["mysql", "mariadb", "mysql2", "mysqli", "mysql+pymysql", "mysql+mysqldb", "mysqlx"],
    ),
    ("mongodb-url", "MongoDB address with a password", &["mongodb", "mongodb+srv"]),
    ("redis-url", "Redis address with a password", &["redis", "rediss", "valkey"]),
    (
        "amqp-url",
        "AMQP address with a password",
        &["amqp", "amqps", "rabbitmq", "stomp", "mqtt", "mqtts", "nats", "kafka"],
    ),
    (
        "sqlserver-url",
        "SQL Server address with a password",
        &["sqlserver", "mssql", "mssql+pyodbc", "oracle", "clickhouse", "db2"],
    ),
    (
        "mail-url",
        "mail server address with a password",
        &["smtp", "smtps", "imap", "imaps", "pop3", "ldap", "ldaps"],
    ),
    (
        "file-transfer-url",
        "file server address with a password",
        &["ftp", "ftps", "sftp", "ssh", "scp", "smb", "cifs", "webdav", "dav", "davs", "rsync"],
    ),
];

/// Hosts that stand for some host.
const EXAMPLE_HOSTS: [&str; 14] = [
    "example", "host", "hostname", "server", "proxy", "domain", "somehost", "myhost", "my-host",
    "foo", "bar", "test", "yourhost", "site",
];
/// Users that come with a made-up password.
const EXAMPLE_USERS: [&str; 8] = ["user", "username", "foo", "name", "me", "joe", "usr", "uname"];

/// The address around `://`, when it carries a password.
pub(crate) fn hit(text: Text<'_>, keyword: Range<usize>) -> Option<Hit<'static>> {
    if is_doctest(text.bytes, keyword.start) {
        return None;
    }
    let (user, password, host_start) = user_info(text.bytes, keyword.end)?;
    let scheme = scheme_before(text.bytes, keyword.start)?;
    let host = host_at(text.bytes, host_start)?;
    let value = text.bytes.get(password.clone())?;
    let store = STORES.iter().find(|(_, _, schemes)| schemes.contains(&scheme.as_str()));
    let confidence = judge(text, &user, value, &host, store.is_some())?;
    let (rule, title) = store
        .map_or(("url-password", "address with a password"), |(rule, title, _)| (*rule, *title));
    Some(Hit {
        rule,
        title: Cow::Borrowed(title),
        category: SecretCategory::ConnectionString,
        confidence,
        secret: password,
        shown: 0,
        rank: Rank::Field,
        facts: None,
    })
}

/// The user, the place of the password, and where the host begins.
fn user_info(text: &[u8], start: usize) -> Option<(String, Range<usize>, usize)> {
    let rest = text.get(start..text.len().min(start.saturating_add(MAX_USER_INFO_BYTES)))?;
    let ends = |&b: &u8| {
        b.is_ascii_whitespace()
            || matches!(b, b'/' | b'@' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b'|' | b'?')
            || !b.is_ascii_graphic()
    };
    let first = rest.iter().position(ends)?;
    if rest.get(first) != Some(&b'@') {
        return None;
    }
    // A password may itself hold an `@`: the last one before the host counts.
    let more = rest.get(first + 1..)?;
    let next = more.iter().position(ends).filter(|&at| more.get(at) == Some(&b'@'));
    let at = next.map_or(first, |next| first + 1 + next);
    let colon = rest.iter().take(at).position(|&b| b == b':')?;
    let user = std::str::from_utf8(rest.get(..colon)?).ok()?.to_owned();
    (colon + 1 < at).then(|| (user, start + colon + 1..start + at, start + at + 1))
}

fn scheme_before(text: &[u8], end: usize) -> Option<String> {
    let before = text.get(end.saturating_sub(MAX_SCHEME_BYTES)..end)?;
    let is_scheme = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-');
    let length = before.iter().rev().take_while(|b| is_scheme(b)).count();
    let scheme = before.get(before.len() - length..)?;
    (length >= 2).then(|| String::from_utf8_lossy(scheme).to_ascii_lowercase())
}

/// Whether a place lies in a Python docstring's example of a session: `>>> f('http://…')`.
fn is_doctest(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(MAX_USER_INFO_BYTES)..at).unwrap_or_default();
    let line = before.rsplit(|&b| b == b'\n').next().unwrap_or(before);
    line.trim_ascii_start().starts_with(b">>> ")
}

/// The host, in small letters; `None` when it is none.
fn host_at(text: &[u8], start: usize) -> Option<String> {
    let rest = text.get(start..text.len().min(start + 253))?;
    let is_host =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'[' | b']');
    let length = rest.iter().take_while(|b| is_host(b)).count();
    let after = rest.get(length).copied().unwrap_or(b' ');
    let host = String::from_utf8_lossy(rest.get(..length)?).to_ascii_lowercase();
    let tcp = host == "tcp" && after == b'(';
    (length > 0 && (tcp || !matches!(after, b'(' | b'$' | b'{' | b'%' | b'@'))).then_some(host)
}

fn judge(
    text: Text<'_>,
    user: &str,
    password: &[u8],
    host: &str,
    is_store: bool,
) -> Option<Confidence> {
    let worth = plausible::worth(password);
    let first_label = host.split('.').next().unwrap_or(host);
    let example_host = EXAMPLE_HOSTS.contains(&first_label)
        || host.split('.').any(|label| label == "example" || label == "invalid" || label == "test");
    if host == user.to_ascii_lowercase() || user.contains(['[', '(', '{', '$', '*']) {
        return None;
    }
    let example = example_host || EXAMPLE_USERS.contains(&user.to_ascii_lowercase().as_str());
    let same = user.as_bytes().eq_ignore_ascii_case(password);
    let settings = text.syntax.takes_bare_values();
    if !settings && (host == "localhost" || host.starts_with("127.")) {
        return None;
    }
    let chosen =
        plausible::is_chosen(password) || is_store && password.iter().any(u8::is_ascii_digit);
    let strong = chosen && !password.contains(&b':');
    match worth {
        Worth::Nothing => None,
        Worth::Placeholder | Worth::Words if !settings => None,
        Worth::Placeholder if text.binary => None,
        Worth::Placeholder
            if text.syntax.is_in_force() && !example && plausible::is_stock(password) =>
        {
            Some(Confidence::Likely)
        }
        Worth::Placeholder => Some(Confidence::Placeholder),
        _ if same => settings.then_some(Confidence::Placeholder),
        _ if example_host && worth != Worth::Random => None,
        Worth::Password if example && !settings => None,
        Worth::Password if text.syntax == Syntax::Prose => None,
        // In code, what is not as rules for passwords ask is an example of an address.
        Worth::Password if !settings && !strong => None,
        _ => Some(Confidence::Likely),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(syntax: Syntax, text: &str, expect: Option<(&str, &str, Confidence)>) {
        let start = text.find(KEYWORD).unwrap();
        let view = Text { bytes: text.as_bytes(), syntax, binary: false };
        let found = hit(view, start..start + KEYWORD.len());
        let found = found.as_ref().map(|hit| (hit.rule, &text[hit.secret.clone()], hit.confidence));
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn finds_passwords_in_addresses() {
        use Confidence::{Likely, Placeholder};
        for (text, rule, password, confidence) in [
            ("postgres://app:pX9wq7Lm2@db:5432/x", "postgres-url", "pX9wq7Lm2", Likely),
            ("mongodb+srv://u1:p@ss9word7@c0.mongodb.net", "mongodb-url", "p@ss9word7", Likely),
            ("redis://:sdf8972hjkw3@cache:6379/0", "redis-url", "sdf8972hjkw3", Likely),
            ("https://bob:Tr0ub4dor3@git.corp.io/x.git", "url-password", "Tr0ub4dor3", Likely),
            ("mysql://root:root@db/x", "mysql-url", "root", Placeholder),
        ] {
            check(Syntax::Config, text, Some((rule, password, confidence)));
        }
    }

    #[test]
    fn passes_addresses_without_one() {
        for text in [
            "https://host/path@x",
            "http://user@host/",
            "http://h:80/a@b",
            "ftp://user:@h/",
            "x://a:${P}@h",
            "http://user:pass@example.com/",
            "://a:b@c",
            "git@x://",
            "http://a:b",
            ">>> iri(b'http://u:pX9wq7Lm2@xn--n3h.net/p')",
        ] {
            check(Syntax::Source, text, None);
        }
    }
}
