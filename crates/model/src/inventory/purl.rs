//! `Purl`: a package URL, canonical. Read with [`FromStr`], made from a package with [`Purl::of`],
//! taken apart with [`Purl::parts`], turned back into a package with [`Purl::to_package`].
//!
//! Not a lookup of what a purl points at. Source: the purl specification (ECMA-427) and its type
//! definitions.

mod package;
mod parts;
mod rules;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use parts::PurlParts;

use crate::{Distro, Package, PackageKind};

/// Longest package URL that is read, in bytes.
const PURL_MAX_BYTES: usize = 16 * 1024;
/// Characters of a refused text that the error shows.
const SHOWN_CHARS: usize = 160;

/// A package URL in canonical form (the purl specification's), such as
/// `pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purl(String);

/// The text is not a package URL.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a package URL: {why}")]
pub struct InvalidPurl {
    /// The text as given, shortened.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl InvalidPurl {
    fn new(text: &str, why: impl Into<String>) -> Self {
        InvalidPurl { text: text.chars().take(SHOWN_CHARS).collect(), why: why.into() }
    }
}

impl Purl {
    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The purl type: `deb`, `npm`, `golang` …
    pub fn type_text(&self) -> &str {
        let rest = self.0.strip_prefix("pkg:").unwrap_or(&self.0);
        rest.split_once('/').map_or(rest, |(purl_type, _)| purl_type)
    }

    /// The package manager, when it is one that a [`Package`] can have.
    pub fn kind(&self) -> Option<PackageKind> {
        PackageKind::from_purl_type(self.type_text())
    }

    /// Its parts, decoded.
    pub fn parts(&self) -> PurlParts {
        // A canonical text always reads; the default is never seen.
        PurlParts::read(&self.0).unwrap_or_default()
    }

    /// The same package URL without version, qualifiers and subpath: what names the package.
    pub fn without_version(&self) -> Purl {
        let end = self.0.find(['@', '?', '#']).unwrap_or(self.0.len());
        Purl(self.0[..end].to_owned())
    }

    /// The package URL of an installed package on a distribution.
    ///
    /// Operating system packages take the distribution's id as namespace and carry `arch`,
    /// `distro`, `upstream` (the source, where it differs), `epoch` (rpm) and `rpmmod`.
    /// Errors only on what no package URL can carry, such as an empty name.
    pub fn of(package: &Package, distro: Option<&Distro>) -> Result<Self, InvalidPurl> {
        package::parts_of(package, distro).build()
    }

    /// The package and the distribution that the package URL speaks of; the inverse of
    /// [`Purl::of`] in kind, name, version, source, architecture and module, names being
    /// normalised as the purl type demands (`Foo_Bar` of PyPI becomes `foo-bar`).
    ///
    /// Reads what other tools write too: `epoch` on deb, `upstream` as a source rpm's file name,
    /// `modularitylabel`, distributions under vendor names, Go module paths cut into a subpath.
    /// `None` when the type is no [`PackageKind`].
    pub fn to_package(&self) -> Option<(Package, Option<Distro>)> {
        package::rebuild(self)
    }
}

impl FromStr for Purl {
    type Err = InvalidPurl;

    /// Reads a package URL in any spelling that has one meaning, and makes it canonical.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        PurlParts::read(text)?.build()
    }
}

impl TryFrom<String> for Purl {
    type Error = InvalidPurl;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Purl> for String {
    fn from(purl: Purl) -> String {
        purl.0
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests;
