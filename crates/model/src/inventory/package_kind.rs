//! `PackageKind`: which package manager a package belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The package manager a package belongs to; the text is the purl type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // each is the purl type of the same name
pub enum PackageKind {
    Deb,
    Apk,
    Rpm,
    Alpm,
    Golang,
    Cargo,
    Maven,
    Pypi,
    Npm,
    Gem,
    Composer,
    Nuget,
    Hex,
    Pub,
    Swift,
    Conan,
    Conda,
    Bitnami,
    /// Outside every package manager: a binary known by its version string.
    Generic,
}

impl PackageKind {
    /// Every kind, in the order of the definition.
    pub const ALL: [PackageKind; 19] = [
        PackageKind::Deb,
        PackageKind::Apk,
        PackageKind::Rpm,
        PackageKind::Alpm,
        PackageKind::Golang,
        PackageKind::Cargo,
        PackageKind::Maven,
        PackageKind::Pypi,
        PackageKind::Npm,
        PackageKind::Gem,
        PackageKind::Composer,
        PackageKind::Nuget,
        PackageKind::Hex,
        PackageKind::Pub,
        PackageKind::Swift,
        PackageKind::Conan,
        PackageKind::Conda,
        PackageKind::Bitnami,
        PackageKind::Generic,
    ];

    /// The purl type.
    pub fn as_str(self) -> &'static str {
        match self {
            PackageKind::Deb => "deb",
            PackageKind::Apk => "apk",
            PackageKind::Rpm => "rpm",
            PackageKind::Alpm => "alpm",
            PackageKind::Golang => "golang",
            PackageKind::Cargo => "cargo",
            PackageKind::Maven => "maven",
            PackageKind::Pypi => "pypi",
            PackageKind::Npm => "npm",
            PackageKind::Gem => "gem",
            PackageKind::Composer => "composer",
            PackageKind::Nuget => "nuget",
            PackageKind::Hex => "hex",
            PackageKind::Pub => "pub",
            PackageKind::Swift => "swift",
            PackageKind::Conan => "conan",
            PackageKind::Conda => "conda",
            PackageKind::Bitnami => "bitnami",
            PackageKind::Generic => "generic",
        }
    }

    /// The kind with this purl type.
    pub fn from_purl_type(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether the operating system's own package manager installs it.
    pub fn is_os(self) -> bool {
        matches!(self, PackageKind::Deb | PackageKind::Apk | PackageKind::Rpm | PackageKind::Alpm)
    }
}

impl fmt::Display for PackageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
