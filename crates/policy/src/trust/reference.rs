//! `ReferenceMatch`: what a signature must say of the image's name.

use model::ImageRef;

use super::pattern::{has_tag, name_of};

/// What a signature must say of the image's name; as `signedIdentity` of
/// `containers-policy.json(5)`. A signature that names none fits [`ReferenceMatch::Any`] only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ReferenceMatch {
    /// Nothing: the digest is enough.
    #[default]
    Any,
    /// The same repository and tag.
    Exact,
    /// The same repository and tag; for an image asked for by digest, the same repository.
    ExactOrDigest,
    /// The same repository.
    Repository,
    /// This repository and tag.
    ExactReference(String),
    /// This repository.
    ExactRepository(String),
    /// As [`ReferenceMatch::ExactOrDigest`], of the name with its beginning replaced: for mirrors.
    Remap {
        /// The beginning of the image's name, up to a slash.
        prefix: String,
        /// What stood in its place when it was signed.
        signed_prefix: String,
    },
}

impl ReferenceMatch {
    /// Checks the name that a signature gives; the error says what is wrong with it.
    pub fn check(&self, image: Option<&ImageRef>, signed: Option<&str>) -> Result<(), String> {
        if *self == ReferenceMatch::Any {
            return Ok(());
        }
        let Some(text) = signed else {
            return Err("it names no repository, and one is demanded".to_owned());
        };
        let fail = |wanted: String| Err(format!("it is for `{text}`, not for {wanted}"));
        let Some(signed) = Named::read(text) else {
            return Err(format!("it is for `{text}`, which is no image reference"));
        };
        let wanted = match (self, image) {
            (ReferenceMatch::ExactReference(wanted), _) => {
                let same = Named::read(wanted).is_some_and(|wanted| {
                    wanted.name == signed.name && wanted.tag == signed.tag && signed.is_exact()
                });
                return if same { Ok(()) } else { fail(wanted.clone()) };
            }
            (ReferenceMatch::ExactRepository(wanted), _) => {
                let same = Named::read(wanted).is_some_and(|wanted| wanted.name == signed.name);
                return if same { Ok(()) } else { fail(wanted.clone()) };
            }
            (_, None) => return fail("an image without a name".to_owned()),
            (_, Some(image)) => self.wanted(image),
        };
        let name_only = match self {
            ReferenceMatch::Repository => true,
            ReferenceMatch::Exact => false,
            _ => wanted.digest,
        };
        let same = wanted.name == signed.name
            && (name_only || (signed.tag.is_some() && wanted.tag == signed.tag));
        if same { Ok(()) } else { fail(wanted.to_string()) }
    }

    /// The name that the signature must give.
    fn wanted(&self, image: &ImageRef) -> Named {
        let mut wanted = Named::of(image);
        if let ReferenceMatch::Remap { prefix, signed_prefix } = self
            && let Some(rest) = after(&wanted.name, prefix)
        {
            wanted.name = format!("{signed_prefix}{rest}");
        }
        wanted
    }

    /// The demand in words, to stand behind a comma; empty when there is none.
    pub(super) fn in_words(&self) -> String {
        match self {
            ReferenceMatch::Any => String::new(),
            ReferenceMatch::Exact => ", for this repository and tag".to_owned(),
            ReferenceMatch::ExactOrDigest => ", for this repository and tag or digest".to_owned(),
            ReferenceMatch::Repository => ", for this repository".to_owned(),
            ReferenceMatch::ExactReference(wanted) | ReferenceMatch::ExactRepository(wanted) => {
                format!(", for {wanted}")
            }
            ReferenceMatch::Remap { prefix, signed_prefix } => {
                format!(", for this name with {signed_prefix} in place of {prefix}")
            }
        }
    }
}

/// What follows a beginning that ends at a slash or at the end.
fn after<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// A reference without what parsing would imply.
struct Named {
    name: String,
    tag: Option<String>,
    digest: bool,
}

impl Named {
    fn read(text: &str) -> Option<Self> {
        let image: ImageRef = text.parse().ok()?;
        let named = Named::of(&image);
        Some(Named { tag: named.tag.filter(|_| has_tag(text)), ..named })
    }

    fn of(image: &ImageRef) -> Self {
        let (tag, digest) = (image.tag.clone(), image.digest.is_some());
        Named { name: name_of(image), tag, digest }
    }

    fn is_exact(&self) -> bool {
        self.tag.is_some() || self.digest
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_names() {
        let pin = format!("r.example/a/b@sha256:{}", "ab".repeat(32));
        let remap = ReferenceMatch::Remap {
            prefix: "mirror.example/x".into(),
            signed_prefix: "r.example/a".into(),
        };
        let exact = |text: &str| ReferenceMatch::ExactReference(text.into());
        let repository = |text: &str| ReferenceMatch::ExactRepository(text.into());
        use ReferenceMatch::{Any, Exact, ExactOrDigest, Repository};
        for (wanted, image, signed, expected) in [
            (Any, "r.example/a/b:1", None, true),
            (Exact, "r.example/a/b:1", None, false),
            (Exact, "r.example/a/b:1", Some("r.example/a/b:1"), true),
            (Exact, "r.example/a/b:1", Some("r.example/a/b:2"), false),
            (Exact, "r.example/a/b", Some("r.example/a/b"), false),
            (Exact, "r.example/a/b", Some("r.example/a/b:latest"), true),
            (Exact, &pin, Some("r.example/a/b:1"), false),
            (ExactOrDigest, &pin, Some("r.example/a/b:1"), true),
            (ExactOrDigest, &pin, Some("r.example/a/c:1"), false),
            (ExactOrDigest, "r.example/a/b:1", Some("r.example/a/b"), false),
            (Repository, "r.example/a/b:1", Some("r.example/a/b"), true),
            (Repository, "r.example/a/b:1", Some("r.example/a/b:9"), true),
            (Repository, "r.example/a/b:1", Some("r.example/a"), false),
            (Repository, "r.example/a/b:1", Some("not a reference"), false),
            (Repository, "library/nginx", Some("nginx"), true),
            (exact("r.example/z:1"), "r.example/a/b:1", Some("r.example/z:1"), true),
            (exact("r.example/z:1"), "r.example/a/b:1", Some("r.example/z:2"), false),
            (exact("r.example/z"), "r.example/a/b:1", Some("r.example/z"), false),
            (repository("r.example/z"), "r.example/a/b:1", Some("r.example/z:2"), true),
            (repository("r.example/z"), "r.example/a/b:1", Some("r.example/y"), false),
            (remap.clone(), "mirror.example/x/b:1", Some("r.example/a/b:1"), true),
            (remap.clone(), "mirror.example/x/b:1", Some("mirror.example/x/b:1"), false),
            (remap.clone(), "mirror.example/xy/b:1", Some("r.example/ay/b:1"), false),
            (remap, "mirror.example/xy/b:1", Some("mirror.example/xy/b:1"), true),
        ] {
            let image: ImageRef = image.parse().unwrap();
            let found = wanted.check(Some(&image), signed);
            assert_eq!(found.is_ok(), expected, "{wanted:?} {image} {signed:?}: {found:?}");
        }
        assert!(Repository.check(None, Some("r.example/a")).is_err());
    }
}
