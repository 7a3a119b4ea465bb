//! `Subject`: an installed package as the advisories ask for it: where its name has a meaning,
//! under which names it is looked up, with which versions.

use std::borrow::Cow;

use model::{Distro, Ecosystem, NameOf, Package, PackageKind, Purl};

use super::distribution::Home;
use model::version::{Scheme, Version};

/// Versions that say that the version is not known: unstamped builds, empty fields.
const UNKNOWN_VERSIONS: [&str; 6] =
    ["", "(devel)", "unknown", "(unknown)", "UNKNOWN", "0.0.0-unknown"];

/// How the version of a Go program built from a commit ends that nothing places among the tags.
const UNPLACED_COMMITS: [&str; 2] = ["+devel", "+dirty"];

/// Pseudo packages that rpm keeps its keys as.
const RPM_KEY_PACKAGE: &str = "gpg-pubkey";

/// A package to be matched.
#[derive(Debug)]
pub(super) struct Subject<'i> {
    /// The package itself.
    pub(super) package: &'i Package,
    /// Its package URL.
    pub(super) purl: Cow<'i, Purl>,
    /// Where its name has a meaning.
    pub(super) ecosystem: Ecosystem,
    /// How its versions are ordered.
    pub(super) scheme: Scheme,
    /// What it is looked up by.
    pub(super) names: Vec<Name<'i>>,
}

/// A name under which a package is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name<'i> {
    /// The name, normalised as the ecosystem compares names.
    pub(super) name: Cow<'i, str>,
    /// The version that belongs to it.
    pub(super) version: Cow<'i, str>,
    /// Whether statements about source or about binary packages are meant; `None` for both.
    pub(super) of: Option<NameOf>,
}

/// Why a package is not matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unmatched {
    /// Its version is not known or cannot be ordered.
    UnknownVersion,
    /// Its files belong to a package of the operating system, whose advisories speak for it.
    OwnedByOs,
    /// Somebody else than the distribution built it.
    ForeignVendor,
    /// Its distribution is not known.
    UnknownDistribution,
    /// Not software.
    NoSoftware,
}

/// The ecosystem a package belongs to, as coverage lists it, and what it is looked up by.
pub(super) fn subject<'i>(
    package: &'i Package,
    distro: Option<&Distro>,
    home: &Home,
) -> (String, Result<Subject<'i>, Unmatched>) {
    if !package.kind.is_os() {
        let ecosystem = Ecosystem(package.kind.as_str().to_owned());
        return (ecosystem.0.clone(), language_subject(package, ecosystem));
    }
    match home {
        Home::Unknown { name, .. } => (name.clone(), Err(Unmatched::UnknownDistribution)),
        Home::Known { ecosystem, vendors } => {
            (ecosystem.0.clone(), os_subject(package, distro, ecosystem, vendors))
        }
    }
}

/// The package URL that the package has, or that is made of it.
fn purl<'i>(package: &'i Package, distro: Option<&Distro>) -> Result<Cow<'i, Purl>, Unmatched> {
    match &package.purl {
        Some(purl) => Ok(Cow::Borrowed(purl)),
        // What no package URL can carry has no name: nothing can be said of it.
        None => Purl::of(package, distro).map(Cow::Owned).map_err(|_| Unmatched::UnknownVersion),
    }
}

/// The ecosystems whose advisories are asked for a package.
pub(super) fn feeds(ecosystem: &str) -> impl Iterator<Item = &str> {
    // Bitnami's advisories are about upstream versions of servers and interpreters, which is what
    // a program outside every package manager is.
    let also = (ecosystem == PackageKind::Generic.as_str()).then_some("bitnami");
    std::iter::once(ecosystem).chain(also)
}

fn os_subject<'i>(
    package: &'i Package,
    distro: Option<&Distro>,
    ecosystem: &Ecosystem,
    vendors: &[&str],
) -> Result<Subject<'i>, Unmatched> {
    if package.kind == PackageKind::Rpm && package.name == RPM_KEY_PACKAGE {
        return Err(Unmatched::NoSoftware);
    }
    let foreign = |vendor: &String| !vendors.iter().any(|known| vendor.starts_with(known));
    if !vendors.is_empty() && package.vendor.as_ref().is_some_and(foreign) {
        return Err(Unmatched::ForeignVendor);
    }
    let scheme = Scheme::for_ecosystem(ecosystem);
    let version = Cow::Borrowed(package.version.as_str());
    let mut names =
        vec![Name { name: Cow::Borrowed(&package.name), version, of: Some(NameOf::Binary) }];
    match &package.source {
        Some(source) => names.push(Name {
            name: Cow::Borrowed(&source.name),
            version: source_version(package, &source.version),
            of: Some(NameOf::Source),
        }),
        None => names[0].of = None,
    }
    let (purl, ecosystem) = (purl(package, distro)?, ecosystem.clone());
    known_version(Subject { package, purl, ecosystem, scheme, names })
}

/// The version of a package's source. A source rpm's name has no epoch: it is the package's.
fn source_version<'i>(package: &'i Package, version: &'i str) -> Cow<'i, str> {
    if version.is_empty() {
        return Cow::Borrowed(&package.version);
    }
    match package.version.split_once(':') {
        Some((epoch, _)) if package.kind == PackageKind::Rpm && !version.contains(':') => {
            Cow::Owned(format!("{epoch}:{version}"))
        }
        _ => Cow::Borrowed(version),
    }
}

fn language_subject(package: &Package, ecosystem: Ecosystem) -> Result<Subject<'_>, Unmatched> {
    if package.owned_by.is_some() {
        return Err(Unmatched::OwnedByOs);
    }
    let scheme = Scheme::for_kind(package.kind);
    let name = Name {
        name: normal_name(package.kind, &package.name),
        version: Cow::Borrowed(package.version.trim()),
        of: None,
    };
    let purl = purl(package, None)?;
    known_version(Subject { package, purl, ecosystem, scheme, names: vec![name] })
}

/// Whether a version names a commit by its time only, on no known side of any release.
fn is_unplaced_commit(version: &str) -> bool {
    version.starts_with("v0.0.0-") && UNPLACED_COMMITS.iter().any(|mark| version.ends_with(mark))
}

fn known_version(subject: Subject<'_>) -> Result<Subject<'_>, Unmatched> {
    let known = |name: &Name<'_>| {
        !UNKNOWN_VERSIONS.contains(&name.version.as_ref())
            && !is_unplaced_commit(&name.version)
            && Version::parse(subject.scheme, &name.version).is_ok()
    };
    if subject.names.iter().all(known) { Ok(subject) } else { Err(Unmatched::UnknownVersion) }
}

/// A package name as its ecosystem compares names; feeds normalise theirs the same way.
fn normal_name(kind: PackageKind, name: &str) -> Cow<'_, str> {
    match kind {
        PackageKind::Pypi => python_name(name),
        PackageKind::Composer
        | PackageKind::Nuget
        | PackageKind::Hex
        | PackageKind::Pub
        | PackageKind::Bitnami
        | PackageKind::Generic => lower(name),
        PackageKind::Swift => {
            let bare = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"));
            let bare = bare.unwrap_or(name);
            lower(bare.strip_suffix(".git").unwrap_or(bare))
        }
        _ => Cow::Borrowed(name),
    }
}

/// PEP 503: lower case, runs of `-`, `_` and `.` are one `-`.
fn python_name(name: &str) -> Cow<'_, str> {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.extend(c.to_lowercase()),
        }
    }
    if normal == name { Cow::Borrowed(name) } else { Cow::Owned(normal) }
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.chars().any(char::is_uppercase) {
        Cow::Owned(name.to_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use model::SourcePackage;

    use super::*;

    fn home(ecosystem: &str, vendors: &'static [&'static str]) -> Home {
        Home::Known { ecosystem: Ecosystem(ecosystem.to_owned()), vendors }
    }

    #[test]
    fn binary_and_source_have_their_own_versions() {
        let mut package = Package::new(PackageKind::Deb, "libssl3", "3.0.11-1+b1");
        let source = |name: &str, version: &str| SourcePackage {
            name: name.into(),
            version: version.into(),
        };
        package.source = Some(source("openssl", "3.0.11-1"));
        let names = subject(&package, None, &home("debian:12", &[])).1.unwrap().names;
        assert_eq!((names[1].name.as_ref(), names[1].version.as_ref()), ("openssl", "3.0.11-1"));
        assert_eq!(names[1].of, Some(NameOf::Source));
        package.source = None;
        let names = subject(&package, None, &home("debian:12", &[])).1.unwrap().names;
        assert_eq!((names.len(), names[0].of), (1, None));
        let mut package = Package::new(PackageKind::Rpm, "openssl-libs", "1:1.1.1k-7.el8");
        package.source = Some(source("openssl", "1.1.1k-7.el8"));
        let names = subject(&package, None, &home("rhel:8", &[])).1.unwrap().names;
        assert_eq!(names[1].version, "1:1.1.1k-7.el8");
    }

    #[test]
    fn what_cannot_be_matched_is_told() {
        let rpm = |name: &str, vendor: Option<&str>| {
            let mut package = Package::new(PackageKind::Rpm, name, "1-1");
            package.vendor = vendor.map(str::to_owned);
            package
        };
        let rhel = home("rhel:8", &["Red Hat", "CentOS"]);
        let why = |package: &Package| subject(package, None, &rhel).1.err();
        assert_eq!(why(&rpm("nginx", Some("Fedora Project"))), Some(Unmatched::ForeignVendor));
        assert_eq!(why(&rpm("nginx", Some("Red Hat, Inc."))), None);
        assert_eq!(why(&rpm("nginx", None)), None);
        assert_eq!(why(&rpm("gpg-pubkey", None)), Some(Unmatched::NoSoftware));
        let mut package = Package::new(PackageKind::Golang, "example.com/x", "(devel)");
        assert_eq!(why(&package), Some(Unmatched::UnknownVersion));
        for (version, expect) in [
            ("v0.0.0-20240203040506-0123456789ab+devel", Some(Unmatched::UnknownVersion)),
            ("v0.0.0-20240203040506-0123456789ab+dirty", Some(Unmatched::UnknownVersion)),
            ("v0.0.0-20240203040506-0123456789ab", None),
            ("v1.2.3+dirty", None),
        ] {
            package.version = version.into();
            assert_eq!(why(&package), expect, "{version}");
        }
        package.version = "v1.2.3".into();
        assert_eq!(why(&package), None);
        package.owned_by = Some("golang-x".into());
        assert_eq!(why(&package), Some(Unmatched::OwnedByOs));
        let nowhere = Home::Unknown { name: "mint:21".into(), note: String::new() };
        let deb = Package::new(PackageKind::Deb, "a", "1");
        assert_eq!(subject(&deb, None, &nowhere).1.err(), Some(Unmatched::UnknownDistribution));
    }

    #[test]
    fn names_are_normalised() {
        let cases = [
            (PackageKind::Pypi, "Zope._Interface", "zope-interface"),
            (PackageKind::Nuget, "Newtonsoft.Json", "newtonsoft.json"),
            (PackageKind::Composer, "Symfony/Http-Kernel", "symfony/http-kernel"),
            (PackageKind::Npm, "JSONStream", "JSONStream"),
            (
                PackageKind::Swift,
                "https://github.com/Apple/swift-nio.git",
                "github.com/apple/swift-nio",
            ),
            (PackageKind::Golang, "github.com/BurntSushi/toml", "github.com/BurntSushi/toml"),
        ];
        for (kind, name, expected) in cases {
            assert_eq!(normal_name(kind, name), expected);
        }
    }
}
