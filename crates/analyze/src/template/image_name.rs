//! An image reference as templates write it: its parts, without asking whether it is right.

/// The parts of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImageName<'a> {
    /// The registry as written; empty for docker's default.
    pub(crate) registry: &'a str,
    /// Registry and repository as written, without tag and digest.
    pub(crate) repository: &'a str,
    /// The tag.
    pub(crate) tag: Option<&'a str>,
    /// The digest, with its algorithm.
    pub(crate) digest: Option<&'a str>,
}

impl<'a> ImageName<'a> {
    /// Splits a reference (distribution's grammar: the first part is a registry when it has a dot
    /// or a port, or is `localhost`).
    pub(crate) fn parse(text: &'a str) -> Self {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let last = name.rfind('/').map_or(0, |at| at + 1);
        let colon = name[last..].find(':').map(|at| last + at);
        let (repository, tag) = match colon {
            Some(at) => (&name[..at], Some(&name[at + 1..])),
            None => (name, None),
        };
        let registry = match repository.split_once('/') {
            Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
            _ => "",
        };
        ImageName { registry, repository, tag, digest }
    }

    /// The registry that the engine asks.
    pub(crate) fn registry_host(&self) -> &'a str {
        if self.registry.is_empty() { "docker.io" } else { self.registry }
    }

    /// Registry and repository in full: `docker.io/library/debian`.
    pub(crate) fn full_repository(&self) -> String {
        if !self.registry.is_empty() {
            self.repository.to_owned()
        } else if self.repository.contains('/') {
            format!("docker.io/{}", self.repository)
        } else {
            format!("docker.io/library/{}", self.repository)
        }
    }

    /// Whether one of these is its registry, or a beginning of its full name that ends where a part
    /// ends: `quay.io`, `docker.io/library`, `ghcr.io/acme/*`, `*.example.org`.
    pub(crate) fn is_within(&self, allowed: &[String]) -> bool {
        let full = self.full_repository();
        allowed.iter().any(|allowed| {
            let wanted = allowed.trim_end_matches('*').trim_end_matches('/');
            if let Some(domain) = allowed.strip_prefix("*.") {
                let host = self.registry_host().split(':').next().unwrap_or_default();
                return host.strip_suffix(domain).is_some_and(|start| start.ends_with('.'));
            }
            let rest = full.strip_prefix(wanted);
            !wanted.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split_as_the_engine_splits_them() {
        let rows = [
            ("debian", "", "debian", None, None),
            ("debian:12", "", "debian", Some("12"), None),
            ("a.b:5000/x/y:1@sha256:00", "a.b:5000", "a.b:5000/x/y", Some("1"), Some("sha256:00")),
            ("localhost/x", "localhost", "localhost/x", None, None),
            ("acme/x@sha256:00", "", "acme/x", None, Some("sha256:00")),
        ];
        for (text, registry, repository, tag, digest) in rows {
            let expect = ImageName { registry, repository, tag, digest };
            assert_eq!(ImageName::parse(text), expect, "{text}");
        }
        assert_eq!(ImageName::parse("debian").full_repository(), "docker.io/library/debian");
    }

    #[test]
    fn an_allowed_beginning_ends_where_a_part_ends() {
        let allowed = |image: &str, list: &[&str]| {
            let list: Vec<String> = list.iter().map(|word| (*word).to_owned()).collect();
            ImageName::parse(image).is_within(&list)
        };
        assert!(allowed("debian", &["docker.io"]));
        assert!(allowed("quay.io/a/b:1", &["quay.io/a"]));
        assert!(allowed("r.example.org/a", &["*.example.org"]));
        assert!(!allowed("quay.io.evil.org/a", &["quay.io"]));
        assert!(!allowed("quay.io/ab/c", &["quay.io/a"]));
        assert!(!allowed("evilexample.org/a", &["*.example.org"]));
        assert!(!allowed("x/y", &[""]));
    }
}
