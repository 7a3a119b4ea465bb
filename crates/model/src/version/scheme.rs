//! `Scheme`: which order the versions of an ecosystem follow.

use std::fmt;

use crate::{Ecosystem, PackageKind};

/// An order of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// pacman's, as vercmp(8) decides.
    Alpm,
    /// apk-tools'.
    Apk,
    /// Composer's, which is PHP's `version_compare` without a leading `v`.
    Composer,
    /// R's `package_version`: numbers between dots and hyphens.
    Cran,
    /// dpkg's, deb-version(7).
    Deb,
    /// RubyGems'.
    Gem,
    /// For what no package manager orders: numbers, letters and pre-release words.
    Generic,
    /// Go modules' and the Go toolchain's.
    Go,
    /// Haskell's: numbers between dots.
    Hackage,
    /// Maven's.
    Maven,
    /// NuGet's: Semantic Versioning with a fourth number, case-insensitive.
    Nuget,
    /// Python's PEP 440, and below it the legacy order for what is not PEP 440.
    Pep440,
    /// Dart's: Semantic Versioning where the build counts.
    Pub,
    /// rpm's.
    Rpm,
    /// Semantic Versioning 2.0.0, read as loosely as npm does.
    Semver,
}

/// Distributions by the first part of their ecosystem.
static DISTRIBUTIONS: &[(&str, Scheme)] = &[
    ("almalinux", Scheme::Rpm),
    ("alpaquita", Scheme::Apk),
    ("alpine", Scheme::Apk),
    ("amzn", Scheme::Rpm),
    ("anolis", Scheme::Rpm),
    ("arch", Scheme::Alpm),
    ("archarm", Scheme::Alpm),
    ("azurelinux", Scheme::Rpm),
    ("centos", Scheme::Rpm),
    ("chainguard", Scheme::Apk),
    ("circle", Scheme::Rpm),
    ("debian", Scheme::Deb),
    ("devuan", Scheme::Deb),
    ("fedora", Scheme::Rpm),
    ("kali", Scheme::Deb),
    ("linuxmint", Scheme::Deb),
    ("mageia", Scheme::Rpm),
    ("manjaro", Scheme::Alpm),
    ("mariner", Scheme::Rpm),
    ("minimos", Scheme::Apk),
    ("ol", Scheme::Rpm),
    ("openeuler", Scheme::Rpm),
    ("opensuse", Scheme::Rpm),
    ("opensuse-leap", Scheme::Rpm),
    ("opensuse-leap-micro", Scheme::Rpm),
    ("opensuse-microos", Scheme::Rpm),
    ("opensuse-tumbleweed", Scheme::Rpm),
    ("photon", Scheme::Rpm),
    ("pop", Scheme::Deb),
    ("postmarketos", Scheme::Apk),
    ("raspbian", Scheme::Deb),
    ("redhat", Scheme::Rpm),
    ("rhel", Scheme::Rpm),
    ("rocky", Scheme::Rpm),
    ("scientific", Scheme::Rpm),
    ("sl-micro", Scheme::Rpm),
    ("sle-micro", Scheme::Rpm),
    ("sled", Scheme::Rpm),
    ("sles", Scheme::Rpm),
    ("sles_sap", Scheme::Rpm),
    ("suse", Scheme::Rpm),
    ("suse-microos", Scheme::Rpm),
    ("ubuntu", Scheme::Deb),
    ("wolfi", Scheme::Apk),
];

/// Language ecosystems that have no [`PackageKind`].
static OTHER_LANGUAGES: &[(&str, Scheme)] = &[("cran", Scheme::Cran), ("hackage", Scheme::Hackage)];

impl Scheme {
    /// Every scheme, in the order of the definition.
    pub const ALL: [Scheme; 15] = [
        Scheme::Alpm,
        Scheme::Apk,
        Scheme::Composer,
        Scheme::Cran,
        Scheme::Deb,
        Scheme::Gem,
        Scheme::Generic,
        Scheme::Go,
        Scheme::Hackage,
        Scheme::Maven,
        Scheme::Nuget,
        Scheme::Pep440,
        Scheme::Pub,
        Scheme::Rpm,
        Scheme::Semver,
    ];

    /// The order of an ecosystem's versions; [`Scheme::Generic`] where the ecosystem is unknown.
    pub fn for_ecosystem(ecosystem: &Ecosystem) -> Scheme {
        let family = ecosystem.family();
        let listed = |table: &[(&str, Scheme)]| {
            table.iter().find(|(name, _)| *name == family).map(|(_, scheme)| *scheme)
        };
        listed(DISTRIBUTIONS)
            .or_else(|| PackageKind::from_purl_type(family).map(Scheme::for_kind))
            .or_else(|| listed(OTHER_LANGUAGES))
            .unwrap_or(Scheme::Generic)
    }

    /// The order of a package manager's versions.
    pub fn for_kind(kind: PackageKind) -> Scheme {
        match kind {
            PackageKind::Deb => Scheme::Deb,
            PackageKind::Apk => Scheme::Apk,
            PackageKind::Rpm => Scheme::Rpm,
            PackageKind::Alpm => Scheme::Alpm,
            PackageKind::Golang => Scheme::Go,
            PackageKind::Cargo | PackageKind::Npm | PackageKind::Hex | PackageKind::Swift => {
                Scheme::Semver
            }
            PackageKind::Maven => Scheme::Maven,
            PackageKind::Pypi => Scheme::Pep440,
            PackageKind::Gem => Scheme::Gem,
            PackageKind::Composer => Scheme::Composer,
            PackageKind::Nuget => Scheme::Nuget,
            PackageKind::Pub => Scheme::Pub,
            // Bitnami's `-3` is a revision after the release, not a pre-release.
            PackageKind::Bitnami
            | PackageKind::Conan
            | PackageKind::Conda
            | PackageKind::Generic => Scheme::Generic,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Alpm => "pacman",
            Scheme::Apk => "apk",
            Scheme::Composer => "Composer",
            Scheme::Cran => "CRAN",
            Scheme::Deb => "Debian",
            Scheme::Gem => "RubyGems",
            Scheme::Generic => "generic",
            Scheme::Go => "Go",
            Scheme::Hackage => "Hackage",
            Scheme::Maven => "Maven",
            Scheme::Nuget => "NuGet",
            Scheme::Pep440 => "Python",
            Scheme::Pub => "Pub",
            Scheme::Rpm => "rpm",
            Scheme::Semver => "semantic",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
