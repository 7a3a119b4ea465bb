//! `Pattern`: which images a scope is about, from `*` to one digest.

use model::{Digest, ImageRef};

/// What stands for the end of a path while a pattern is spelt out.
const ANY_NAME: &str = "x";

/// Which images. Written as a reference is; what is left out there is implied here too: `app` is
/// `docker.io/library/app` in all its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// `*`: every image, also one without a reference.
    Any,
    /// `*.example.org`: every registry of a domain; the text is `.example.org`.
    Domain(String),
    /// `registry/team/*`: what lies below, at any depth; the text is `registry/team`.
    Below(String),
    /// The registry, namespace or repository itself and what lies below it; as
    /// `containers-policy.json` means its scopes.
    AtOrBelow(String),
    /// `registry/team/app`: one repository, whatever tag or digest.
    Repository(String),
    /// `registry/team/app:1.0`: one tag. A reference that names a digest too falls under no tag:
    /// the digest decides what it means, and the tag beside it may be any.
    Tag(String, String),
    /// `registry/team/app@sha256:…`: one digest.
    Digest(String, Digest),
}

impl Pattern {
    /// Reads a pattern; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        if text == "*" {
            return Ok(Pattern::Any);
        }
        if let Some(domain) = text.strip_prefix("*.") {
            return domain_of(domain).ok_or_else(|| {
                format!("`{text}` is not a pattern: `*.` stands before a domain alone")
            });
        }
        if let Some(path) = text.strip_suffix("/*") {
            let spelt = reference(&format!("{path}/{ANY_NAME}"))?;
            let name = name_of(&spelt);
            let below = name.strip_suffix(&format!("/{ANY_NAME}")).unwrap_or(&name);
            return Ok(Pattern::Below(below.to_owned()));
        }
        if text.contains('*') {
            return Err(format!(
                "`{text}` is not a pattern: `*` stands alone, before a domain (`*.example.org`) or \
                 at the end after a slash (`registry.example/team/*`)"
            ));
        }
        let spelt = reference(text)?;
        let name = name_of(&spelt);
        Ok(match (spelt.digest, spelt.tag.filter(|_| has_tag(text))) {
            (Some(digest), _) => Pattern::Digest(name, digest),
            (None, Some(tag)) => Pattern::Tag(name, tag),
            (None, None) => Pattern::Repository(name),
        })
    }

    /// Reads the name of a registry, `registry.example:5000` or `*.example.org`.
    pub(super) fn registry(text: &str) -> Result<Pattern, String> {
        if let Some(domain) = text.strip_prefix("*.").and_then(domain_of) {
            return Ok(domain);
        }
        let wrong = || format!("`{text}` is not the name of a registry: expected host[:port]");
        if text.contains(['/', '*', '@']) {
            return Err(wrong());
        }
        let spelt: ImageRef = format!("{text}/{ANY_NAME}").parse().map_err(|_| wrong())?;
        let names_host = spelt.repository == ANY_NAME || text == "docker.io";
        if names_host { Ok(Pattern::AtOrBelow(spelt.registry)) } else { Err(wrong()) }
    }

    /// Reads a scope of `containers-policy.json`, transport `docker`: where a path is both a
    /// namespace and a repository it means both.
    pub(super) fn of_containers(text: &str) -> Result<Pattern, String> {
        if let Some(domain) = text.strip_prefix("*.").and_then(domain_of) {
            return Ok(domain);
        }
        if !text.contains('/') {
            return Pattern::registry(text);
        }
        match Pattern::parse(text)? {
            Pattern::Repository(name) => Ok(Pattern::AtOrBelow(name)),
            other @ (Pattern::Tag(..) | Pattern::Digest(..)) => Ok(other),
            _ => Err(format!("`{text}` is not a scope: expected host[:port][/path][:tag]")),
        }
    }

    /// Whether an image is meant.
    pub fn fits(&self, image: Option<&ImageRef>) -> bool {
        let Some(image) = image else { return *self == Pattern::Any };
        let name = name_of(image);
        match self {
            Pattern::Any => true,
            Pattern::Domain(domain) => host(&image.registry).ends_with(domain.as_str()),
            Pattern::Below(path) => is_below(&name, path),
            Pattern::AtOrBelow(path) => name == *path || is_below(&name, path),
            Pattern::Repository(path) => name == *path,
            Pattern::Tag(path, tag) => {
                name == *path && image.digest.is_none() && image.tag.as_ref() == Some(tag)
            }
            Pattern::Digest(path, digest) => name == *path && image.digest.as_ref() == Some(digest),
        }
    }

    /// The larger the more specific; of the patterns that fit one reference the largest applies.
    pub(super) fn specificity(&self) -> (u8, usize, u8) {
        let parts = |path: &String| path.matches('/').count();
        match self {
            Pattern::Any => (0, 0, 0),
            Pattern::Domain(domain) => (1, domain.len(), 0),
            Pattern::Below(path) => (2, parts(path), 0),
            Pattern::AtOrBelow(path) => (2, parts(path), 1),
            Pattern::Repository(path) => (2, parts(path), 2),
            Pattern::Tag(..) => (3, 0, 0),
            Pattern::Digest(..) => (4, 0, 0),
        }
    }
}

fn reference(text: &str) -> Result<ImageRef, String> {
    text.parse().map_err(|error: model::InvalidImageRef| {
        format!("`{text}` is not a pattern of images: {}", error.why)
    })
}

/// `registry/repository`.
pub(super) fn name_of(image: &ImageRef) -> String {
    format!("{}/{}", image.registry, image.repository)
}

/// Whether a reference names its tag: parsing it implies one.
pub(super) fn has_tag(text: &str) -> bool {
    let name = text.split_once('@').map_or(text, |(name, _)| name);
    name.rsplit('/').next().is_some_and(|last| last.contains(':'))
}

fn is_below(name: &str, path: &str) -> bool {
    name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

/// The host of a registry, without its port.
fn host(registry: &str) -> &str {
    registry.rsplit_once(':').map_or(registry, |(host, _)| host)
}

fn domain_of(domain: &str) -> Option<Pattern> {
    let label = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    domain.split('.').all(label).then(|| Pattern::Domain(format!(".{domain}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_at_boundaries() {
        let pin = format!("sha256:{}", "ab".repeat(32));
        let pinned = format!("registry.example/team/app@{pin}");
        let both = format!("registry.example/team/app:1@{pin}");
        for (pattern, image, expected) in [
            ("*", "anything", true),
            ("*.example.org", "eu.example.org:5000/a", true),
            ("*.example.org", "example.org/a", false),
            ("*.example.org", "badexample.org/a", false),
            ("registry.example/*", "registry.example/a", true),
            ("registry.example/*", "registry.example/a/b:1", true),
            ("registry.example/*", "registry.example.evil/a", false),
            ("registry.example/team/*", "registry.example/team/a/b", true),
            ("registry.example/team/*", "registry.example/team", false),
            ("registry.example/team/*", "registry.example/teammate/a", false),
            ("registry.example/team/app", "registry.example/team/app:2", true),
            ("registry.example/team/app", "registry.example/team/app/sub", false),
            ("registry.example/team/app:1", "registry.example/team/app:1", true),
            ("registry.example/team/app:1", "registry.example/team/app:2", false),
            ("registry.example:5000/app", "registry.example:5000/app:2", true),
            ("app", "app:3", true),
            ("app", "library/app", true),
            ("app:latest", "app", true),
            ("team/*", "docker.io/team/app", true),
            (&pinned, &pinned, true),
            (&pinned, "registry.example/team/app:1", false),
            (&pinned, &both, true),
            ("registry.example/team/app:1", &both, false),
            ("registry.example/team/app", &both, true),
        ] {
            let image: ImageRef = image.parse().unwrap();
            assert_eq!(Pattern::parse(pattern).unwrap().fits(Some(&image)), expected, "{pattern}");
        }
        assert!(Pattern::parse("*").unwrap().fits(None));
        assert!(!Pattern::parse("team/*").unwrap().fits(None));
    }

    #[test]
    fn refuses_what_would_never_fit() {
        for bad in ["", "a*", "*/app", "registry.example/*/app", "*.", "*.a/b", "Team App", "a//b"]
        {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", "a/b", "team", "*", "a@b"] {
            assert!(Pattern::registry(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn registries_and_containers_scopes() {
        let fits = |pattern: Pattern, image: &str| pattern.fits(Some(&image.parse().unwrap()));
        assert!(fits(Pattern::registry("docker.io").unwrap(), "alpine"));
        assert!(fits(Pattern::registry("127.0.0.1:5000").unwrap(), "127.0.0.1:5000/a/b"));
        assert!(!fits(Pattern::registry("127.0.0.1:5000").unwrap(), "127.0.0.1:50000/a"));
        let scope = |text| Pattern::of_containers(text).unwrap();
        assert!(fits(scope("registry.example/team"), "registry.example/team"));
        assert!(fits(scope("registry.example/team"), "registry.example/team/a"));
        assert!(fits(scope("registry.example"), "registry.example/team/a"));
        assert!(fits(scope("*.example.org"), "a.b.example.org/x"));
    }
}
