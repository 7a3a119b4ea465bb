//! `Purl`: a package URL, canonical.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Distro, Package, PackageKind};

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

impl Purl {
    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The package URL of an installed package on a distribution.
    ///
    /// Operating system packages take the distribution's id as namespace and carry `arch`,
    /// `distro`, `upstream` (the source, where it differs), `epoch` (rpm) and `rpmmod`.
    pub fn of(package: &Package, distro: Option<&Distro>) -> Result<Self, InvalidPurl> {
        let _ = (package, distro, PackageKind::ALL);
        unimplemented!("helper: versions and identities")
    }
}

impl FromStr for Purl {
    type Err = InvalidPurl;

    fn from_str(_text: &str) -> Result<Self, Self::Err> {
        unimplemented!("helper: versions and identities")
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
