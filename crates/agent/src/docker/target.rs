//! `Target`: the request target as the daemon's router sees it.
//!
//! Go's `net/http` splits at the first `?`, undoes percent-encoding once and routes on the result;
//! dockerd's router then redirects every path that is not clean, so that none of those is done.

use std::fmt;

use crate::limits::TARGET_MAX_BYTES;

/// The oldest API version that is served: from 1.24 on, `start` takes no configuration.
const OLDEST_API: (u32, u32) = (1, 24);

/// A request target, decoded and without its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The decoded path without the version: `/containers/create`.
    pub(crate) path: String,
    /// The query as it came, without the `?`.
    pub(crate) query: String,
}

/// The target cannot be read, or not with certainty as the daemon reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BadTarget {
    /// It is not in the form `/path?query`.
    Form,
    /// It is too long.
    Long,
    /// A `%` without two hex digits.
    Escape,
    /// What is encoded is not UTF-8, or has control characters.
    Text,
    /// It has `//`, `/./` or `/../`.
    NotClean,
    /// An API version before 1.24.
    OldVersion(String),
}

impl Target {
    /// Reads a request target.
    pub(crate) fn parse(uri: &str) -> Result<Target, BadTarget> {
        if uri.len() > TARGET_MAX_BYTES {
            return Err(BadTarget::Long);
        }
        if !uri.starts_with('/') {
            return Err(BadTarget::Form);
        }
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let path = decode(path)?;
        if !is_clean(&path) {
            return Err(BadTarget::NotClean);
        }
        let path = match version(&path) {
            Some((version, _)) if is_old(version) => {
                return Err(BadTarget::OldVersion(version.to_owned()));
            }
            Some((_, rest)) => rest.to_owned(),
            None => path,
        };
        Ok(Target { path, query: query.to_owned() })
    }

    /// The first value of a key of the query, decoded; empty when there is none.
    pub(crate) fn value(&self, key: &str) -> String {
        let pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let mut values = pairs.filter_map(|(name, value)| {
            let name = decode(&name.replace('+', " ")).ok()?;
            (name == key).then(|| decode(&value.replace('+', " ")).ok()).flatten()
        });
        values.next().unwrap_or_default()
    }
}

impl fmt::Display for BadTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadTarget::Form => f.write_str("the request target is not a path"),
            BadTarget::Long => f.write_str("the request target is too long"),
            BadTarget::Escape => f.write_str("the path has a `%` without two hex digits"),
            BadTarget::Text => f.write_str("the path is not plain text"),
            BadTarget::NotClean => f.write_str("the path has `//`, `/./` or `/../`"),
            BadTarget::OldVersion(version) => {
                write!(f, "API version {version} is older than 1.24 and is not served")
            }
        }
    }
}

fn decode(text: &str) -> Result<String, BadTarget> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err(BadTarget::Escape) };
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| BadTarget::Escape)?);
    }
    let text = String::from_utf8(bytes).map_err(|_| BadTarget::Text)?;
    if text.chars().any(char::is_control) { Err(BadTarget::Text) } else { Ok(text) }
}

fn is_clean(path: &str) -> bool {
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        if part == "." || part == ".." || (part.is_empty() && !is_last) {
            return false;
        }
    }
    true
}

/// The version after `/v` and the rest of the path, as the daemon's `/v{version:[0-9.]+}`.
fn version(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/v")?;
    let end = rest.find('/')?;
    let (version, rest) = rest.split_at(end);
    let is_version =
        !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    is_version.then_some((version, rest))
}

/// The daemon compares versions part by part as numbers; a part that is none counts as 0.
fn is_old(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < OLDEST_API
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, expect: Result<(&str, &str), BadTarget>) {
        let expect = expect.map(|(path, query)| Target { path: path.into(), query: query.into() });
        assert_eq!(Target::parse(uri), expect, "{uri}");
    }

    #[test]
    fn reads_as_the_daemon_does() {
        check("/containers/create", Ok(("/containers/create", "")));
        check("/v1.41/containers/create?name=a", Ok(("/containers/create", "name=a")));
        check("/v1.41.0/containers/create", Ok(("/containers/create", "")));
        check("/v01.41/containers/create", Ok(("/containers/create", "")));
        check("/v1.41/containers%2Fcreate", Ok(("/containers/create", "")));
        check("/v1.41/%63ontainers/create", Ok(("/containers/create", "")));
        check("/%76%31.41/containers/create", Ok(("/containers/create", "")));
        check("/version", Ok(("/version", "")));
        check("/volumes/v1.2/x", Ok(("/volumes/v1.2/x", "")));
        check("/v1.41/v1.41/info", Ok(("/v1.41/info", "")));
        check("/networks/", Ok(("/networks/", "")));
        check("/a%20b+c?d", Ok(("/a b+c", "d")));
    }

    #[test]
    fn refuses_what_may_be_read_otherwise() {
        check("", Err(BadTarget::Form));
        check("*", Err(BadTarget::Form));
        check("http://docker/v1.41/containers/create", Err(BadTarget::Form));
        check("//containers/create", Err(BadTarget::NotClean));
        check("/v1.41//containers/create", Err(BadTarget::NotClean));
        check("/v1.41/./containers/create", Err(BadTarget::NotClean));
        check("/x/%2e%2e/containers/create", Err(BadTarget::NotClean));
        check("/containers/%2/start", Err(BadTarget::Escape));
        check("/containers/%zz/start", Err(BadTarget::Escape));
        check("/containers/%ff/start", Err(BadTarget::Text));
        check("/containers/a%00/start", Err(BadTarget::Text));
        check("/v1.23/containers/a/start", Err(BadTarget::OldVersion("1.23".into())));
        check("/v1/containers/a/start", Err(BadTarget::OldVersion("1".into())));
        check("/v../containers/a/start", Err(BadTarget::OldVersion("..".into())));
        check(&format!("/{}", "a".repeat(70_000)), Err(BadTarget::Long));
    }

    #[test]
    fn finds_values() {
        let target = Target::parse("/containers/create?x=1&name=a%2Fb+c&name=d").unwrap();
        assert_eq!(target.value("name"), "a/b c");
        assert_eq!(target.value("none"), "");
    }
}
