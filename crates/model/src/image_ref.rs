//! `ImageRef`: the name by which a registry is asked for an image.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// The registry meant when a reference names none.
const DEFAULT_REGISTRY: &str = "docker.io";
/// The tag meant when a reference has neither tag nor digest.
const DEFAULT_TAG: &str = "latest";
/// The distribution specification's bound on a repository name, in bytes.
const MAX_NAME_BYTES: usize = 255;
/// The distribution specification's bound on a tag, in bytes.
const MAX_TAG_BYTES: usize = 128;

/// A parsed and normalised image reference: `registry/repository[:tag][@digest]`.
///
/// Normalised as the docker command line does: no registry means `docker.io`, a one-part
/// repository there means `library/…`, neither tag nor digest means `latest`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageRef {
    /// Host and optional port, `docker.io` by default.
    pub registry: String,
    /// Path within the registry, `library/alpine`.
    pub repository: String,
    /// The tag, if named or implied.
    pub tag: Option<String>,
    /// The manifest digest, if pinned. When both are there the digest decides.
    pub digest: Option<Digest>,
}

/// The text is not an image reference.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not an image reference: {why}")]
pub struct InvalidImageRef {
    /// The text as given, shortened.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl ImageRef {
    /// The tag or digest to ask the registry's manifest endpoint for.
    pub fn manifest_reference(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag,
            (None, None) => DEFAULT_TAG,
        }
    }
}

impl FromStr for ImageRef {
    type Err = InvalidImageRef;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |why| InvalidImageRef { text: text.chars().take(160).collect(), why };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let digest =
                    digest.parse().map_err(|_| fail("what follows `@` is not a digest"))?;
                (rest, Some(digest))
            }
            None => (text, None),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !valid_tag(tag)) {
            return Err(fail("the tag may hold letters, digits, `_`, `.`, `-`, at most 128"));
        }
        let (registry, path) = match name.split_once('/') {
            Some((host, path)) if is_host(host) => (host, path.to_owned()),
            _ => (DEFAULT_REGISTRY, name.to_owned()),
        };
        let registry = if registry == "index.docker.io" { DEFAULT_REGISTRY } else { registry };
        let has_one_part = registry == DEFAULT_REGISTRY && !path.contains('/');
        let path = if has_one_part { format!("library/{path}") } else { path };
        if name.is_empty() || path.len() > MAX_NAME_BYTES {
            return Err(fail("the repository name must have 1 to 255 characters"));
        }
        if !path.split('/').all(valid_component) {
            return Err(fail(
                "a repository is lower-case letters and digits, joined by `.`, `_`, `__`, `-` or `/`",
            ));
        }
        let implied = (digest.is_none()).then(|| DEFAULT_TAG.to_owned());
        Ok(ImageRef {
            registry: registry.to_owned(),
            repository: path,
            tag: tag.map(str::to_owned).or(implied),
            digest,
        })
    }
}

/// A first path part is a host when it holds `.` or `:`, is `localhost`, or has capitals.
fn is_host(part: &str) -> bool {
    let shape = part.contains(['.', ':'])
        || part == "localhost"
        || part.bytes().any(|b| b.is_ascii_uppercase());
    shape
        && !part.is_empty()
        && part
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-' | b'[' | b']'))
}

fn valid_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= MAX_TAG_BYTES
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

fn valid_component(part: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().copied().is_some_and(alphanumeric)
        && bytes.last().copied().is_some_and(alphanumeric);
    let separators = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    ends && separators
        .filter(|s| !s.is_empty())
        .all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

impl TryFrom<String> for ImageRef {
    type Error = InvalidImageRef;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ImageRef> for String {
    fn from(image: ImageRef) -> String {
        image.to_string()
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_as_docker_does() {
        let pin = format!("sha256:{}", "ab".repeat(32));
        let cases = [
            ("alpine", "docker.io/library/alpine:latest".to_owned()),
            ("alpine:3.19", "docker.io/library/alpine:3.19".to_owned()),
            ("docker.io/alpine", "docker.io/library/alpine:latest".to_owned()),
            ("index.docker.io/team/app", "docker.io/team/app:latest".to_owned()),
            ("localhost/app", "localhost/app:latest".to_owned()),
            ("127.0.0.1:5000/a/b__c:V1.0-x", "127.0.0.1:5000/a/b__c:V1.0-x".to_owned()),
            ("ghcr.io/a/b", "ghcr.io/a/b:latest".to_owned()),
            (&format!("app@{pin}"), format!("docker.io/library/app@{pin}")),
            (&format!("app:1@{pin}"), format!("docker.io/library/app:1@{pin}")),
        ];
        for (text, expect) in cases {
            let parsed: ImageRef = text.parse().unwrap();
            assert_eq!(parsed.to_string(), expect);
            assert_eq!(expect.parse::<ImageRef>().unwrap(), parsed);
        }
    }

    #[test]
    fn refuses_what_the_specification_refuses() {
        for bad in ["", ":tag", "a//b", "a:b c", "a@sha256:00", "-a", "a/../b", "a:"] {
            assert!(bad.parse::<ImageRef>().is_err(), "{bad}");
        }
    }
}
