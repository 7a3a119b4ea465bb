//! The OSV schema (ossf.github.io/osv-schema, 1.7), cut to what matching needs, plus the fields
//! that Debian, GitHub, Red Hat, RustSec, SUSE and Ubuntu add under `*_specific`.

use std::fmt;

use model::Severity;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::feed::text::{Pairs, Text, or_default};

/// One OSV document.
#[derive(Debug, serde::Deserialize)]
pub(in crate::feed) struct Osv<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) summary: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) details: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) aliases: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) related: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) upstream: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) severity: Vec<Score<'a>>,
    #[serde(borrow, default)]
    pub(super) published: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) modified: Text<'a>,
    #[serde(borrow, default)]
    pub(super) withdrawn: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) affected: Vec<OsvAffected<'a>>,
    #[serde(borrow, default)]
    pub(super) database_specific: Option<Specific<'a>>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) references: Classification,
}

/// A rating: a CVSS vector, or a word.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Score<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) score: Text<'a>,
}

/// A package and its versions.
#[derive(Debug, serde::Deserialize)]
pub(in crate::feed) struct OsvAffected<'a> {
    #[serde(borrow, default)]
    pub(super) package: Option<OsvPackage<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) severity: Vec<Score<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(in crate::feed) ranges: Vec<OsvRange<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) versions: Vec<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feed) ecosystem_specific: Option<Specific<'a>>,
    #[serde(borrow, default)]
    pub(super) database_specific: Option<Specific<'a>>,
}

/// What a package is called, and where.
#[derive(Debug, serde::Deserialize)]
pub(super) struct OsvPackage<'a> {
    #[serde(borrow, default)]
    pub(super) ecosystem: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
}

/// Events that begin and end spans of affected versions.
#[derive(Debug, serde::Deserialize)]
pub(in crate::feed) struct OsvRange<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) events: Vec<Event<'a>>,
}

/// One event; one of the fields is set.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    pub(super) introduced: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) fixed: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) last_affected: Option<Text<'a>>,
}

/// What the publishers add. One type for all, since the fields do not collide.
#[derive(Debug, Default, serde::Deserialize)]
pub(in crate::feed) struct Specific<'a> {
    /// GitHub, Bitnami: the rating in words.
    #[serde(borrow, default)]
    pub(super) severity: Option<Text<'a>>,
    /// OSV.dev: where it took the document from.
    #[serde(borrow, default)]
    pub(super) source: Option<Text<'a>>,
    /// GitHub: `<= 1.2.3` where no repair is known.
    #[serde(borrow, default)]
    pub(super) last_known_affected_version_range: Option<Text<'a>>,
    /// RustSec: `unmaintained`, `unsound`, `notice`.
    #[serde(borrow, default)]
    pub(super) informational: Option<Text<'a>>,
    /// Debian: `unimportant`, `end-of-life`, `low` …
    #[serde(borrow, default)]
    pub(super) urgency: Option<Text<'a>>,
    /// SUSE: binary packages and their repaired versions.
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(in crate::feed) binaries: Vec<Pairs<Text<'a>, Text<'a>>>,
}

/// Red Hat's rating, which its OSV documents only give in a reference's address.
#[derive(Debug, Default)]
pub(super) struct Classification(pub(super) Option<Severity>);

impl<'de> Deserialize<'de> for Classification {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ReferencesVisitor;

        #[derive(serde::Deserialize)]
        struct Reference<'a> {
            #[serde(borrow, default)]
            url: Text<'a>,
        }

        impl<'de> Visitor<'de> for ReferencesVisitor {
            type Value = Classification;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of references")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut found = None;
                while let Some(reference) = seq.next_element::<Reference<'de>>()? {
                    let word = reference.url.split_once("/updates/classification/#");
                    found = found.or_else(|| word.and_then(|(_, word)| word.parse().ok()));
                }
                Ok(Classification(found))
            }
        }

        deserializer.deserialize_seq(ReferencesVisitor)
    }
}
