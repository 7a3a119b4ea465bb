//! From a package to the parts of its package URL, and back.

use super::{Purl, PurlParts};
use crate::{Distro, Package, PackageKind, SourcePackage};

/// What other tools call a distribution, and its os-release `ID`.
static DISTRO_ALIASES: &[(&str, &str)] = &[
    ("alma", "almalinux"),
    ("amazon", "amzn"),
    ("amazonlinux", "amzn"),
    ("cbl-mariner", "mariner"),
    ("opensuse.leap", "opensuse-leap"),
    ("opensuse.tumbleweed", "opensuse-tumbleweed"),
    ("oracle", "ol"),
    ("oraclelinux", "ol"),
    ("redhat", "rhel"),
    ("rockylinux", "rocky"),
    ("suse linux enterprise server", "sles"),
];

/// The parts of a package's URL, not yet normalised.
pub(super) fn parts_of(package: &Package, distro: Option<&Distro>) -> PurlParts {
    let (namespace, name) = split_name(package.kind, &package.name);
    let mut parts = PurlParts {
        purl_type: package.kind.as_str().to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
        version: Some(package.version.clone()),
        ..PurlParts::default()
    };
    if package.kind == PackageKind::Rpm
        && let Some((epoch, version)) = package.version.split_once(':')
        && is_epoch(epoch)
    {
        parts.qualify("epoch", epoch);
        parts.version = Some(version.to_owned());
    }
    if let Some(arch) = &package.arch {
        parts.qualify(arch_key(package.kind), arch);
    }
    if let Some(module) = &package.module {
        parts.qualify("rpmmod", module);
    }
    if let Some(upstream) = upstream_of(package) {
        parts.qualify("upstream", &upstream);
    }
    if package.kind.is_os()
        && let Some(distro) = distro
    {
        parts.namespace = Some(distro.id.clone());
        parts.qualify("distro", &distro_text(distro));
    }
    parts
}

/// The package and distribution that a package URL speaks of; see [`Purl::to_package`].
pub(super) fn rebuild(purl: &Purl) -> Option<(Package, Option<Distro>)> {
    let kind = purl.kind()?;
    let parts = purl.parts();
    let version = whole_version(kind, &parts);
    let mut package = Package::new(kind, whole_name(kind, &parts), version);
    package.arch = parts.qualifiers.get(arch_key(kind)).cloned();
    package.module =
        ["rpmmod", "modularitylabel"].iter().find_map(|key| parts.qualifiers.get(*key)).cloned();
    match upstream_spelling(&package, &parts) {
        Some(name) => package.name = name,
        None => package.source = source_of(&package, &parts),
    }
    package.purl = Some(purl.clone());
    let distro = if kind.is_os() { distro_of(kind, &parts) } else { None };
    Some((package, distro))
}

impl PurlParts {
    fn qualify(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.qualifiers.insert(key.to_owned(), value.to_owned());
        }
    }
}

/// RubyGems calls it a platform.
fn arch_key(kind: PackageKind) -> &'static str {
    if kind == PackageKind::Gem { "platform" } else { "arch" }
}

fn split_name(kind: PackageKind, name: &str) -> (Option<&str>, &str) {
    let cut = match kind {
        PackageKind::Maven => name.split_once(':'),
        PackageKind::Golang
        | PackageKind::Npm
        | PackageKind::Composer
        | PackageKind::Hex
        | PackageKind::Swift => name.rsplit_once('/'),
        _ => None,
    };
    match cut {
        Some((namespace, name)) if !namespace.is_empty() => (Some(namespace), name),
        _ => (None, name),
    }
}

fn whole_name(kind: PackageKind, parts: &PurlParts) -> String {
    let mut name = match &parts.namespace {
        Some(namespace) if kind == PackageKind::Maven => format!("{namespace}:{}", parts.name),
        Some(namespace) if !kind.is_os() => format!("{namespace}/{}", parts.name),
        _ => parts.name.clone(),
    };
    // Some tools cut a module path after its third segment and call the rest a subpath.
    if kind == PackageKind::Golang
        && let Some(subpath) = &parts.subpath
    {
        name.push('/');
        name.push_str(subpath);
    }
    name
}

fn whole_version(kind: PackageKind, parts: &PurlParts) -> String {
    let version = parts.version.clone().unwrap_or_default();
    match parts.qualifiers.get("epoch") {
        Some(epoch) if kind.is_os() && is_epoch(epoch) && !has_epoch(&version) => {
            format!("{epoch}:{version}")
        }
        _ => version,
    }
}

fn has_epoch(version: &str) -> bool {
    version.split_once(':').is_some_and(|(epoch, _)| is_epoch(epoch))
}

/// An epoch is a number; what is none would be taken for a part of the version on the way back.
fn is_epoch(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `name@version`, or the name alone where the version is the package's own.
fn upstream_of(package: &Package) -> Option<String> {
    match &package.source {
        Some(source)
            if source.version == package.version
                && !source.name.contains('@')
                && !source.name.eq_ignore_ascii_case(&package.name) =>
        {
            Some(source.name.clone())
        }
        Some(source) => Some(format!("{}@{}", source.name, source.version)),
        // The purl lowers these names, advisories do not: keep the spelling where it matters.
        None if keeps_spelling(package) => Some(package.name.clone()),
        None => None,
    }
}

fn keeps_spelling(package: &Package) -> bool {
    matches!(package.kind, PackageKind::Apk | PackageKind::Alpm | PackageKind::Deb)
        && package.name.bytes().any(|b| b.is_ascii_uppercase())
}

/// The package's own name in its own case; see [`keeps_spelling`].
fn upstream_spelling(package: &Package, parts: &PurlParts) -> Option<String> {
    let upstream = parts.qualifiers.get("upstream")?;
    let same = package.kind.is_os() && upstream.eq_ignore_ascii_case(&package.name);
    same.then(|| upstream.clone())
}

fn source_of(package: &Package, parts: &PurlParts) -> Option<SourcePackage> {
    let upstream = parts.qualifiers.get("upstream").filter(|_| package.kind.is_os())?;
    if let Some(stem) = upstream.strip_suffix(".src.rpm") {
        return source_rpm(stem);
    }
    Some(match upstream.rsplit_once('@') {
        Some((name, version)) => SourcePackage { name: name.into(), version: version.into() },
        None => SourcePackage { name: upstream.clone(), version: package.version.clone() },
    })
}

/// Name and version of a source rpm's file name, `name-version-release` without `.src.rpm`.
fn source_rpm(stem: &str) -> Option<SourcePackage> {
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some(SourcePackage { name: name.into(), version: format!("{version}-{release}") })
}

fn distro_text(distro: &Distro) -> String {
    let release = if distro.version.is_empty() { &distro.codename } else { &distro.version };
    if release.is_empty() { distro.id.clone() } else { format!("{}-{release}", distro.id) }
}

/// The distribution hinted by namespace and `distro`: `debian-12`, `12`, `bookworm`,
/// `opensuse-leap-15.5`, `opensuse-tumbleweed`.
fn distro_of(kind: PackageKind, parts: &PurlParts) -> Option<Distro> {
    let namespace = parts.namespace.as_deref().unwrap_or_default();
    let text = parts.qualifiers.get("distro").map_or("", String::as_str);
    let (id, release) = split_distro(kind, namespace, text);
    if id.is_empty() {
        return None;
    }
    let mut distro = Distro { id: os_release_id(id), ..Distro::default() };
    if release.starts_with(|c: char| c.is_ascii_digit()) || kind != PackageKind::Deb {
        distro.version = release.to_owned();
    } else {
        distro.codename = release.to_owned();
    }
    Some(distro)
}

fn split_distro<'a>(kind: PackageKind, namespace: &'a str, text: &'a str) -> (&'a str, &'a str) {
    let numeric = |s: &str| s.starts_with(|c: char| c.is_ascii_digit());
    let own = text.strip_prefix(namespace).and_then(|rest| rest.strip_prefix('-'));
    if text.is_empty() || text == namespace {
        return (namespace, "");
    }
    if numeric(text) && own.is_none() {
        return (namespace, text);
    }
    if let Some(release) = own.filter(|release| numeric(release)) {
        return (namespace, release);
    }
    if let Some((id, release)) = text.rsplit_once('-').filter(|(_, release)| numeric(release)) {
        return (id, release);
    }
    match own {
        Some(release) if kind != PackageKind::Rpm => (namespace, release),
        None if kind == PackageKind::Deb => (namespace, text),
        _ => (text, ""),
    }
}

fn os_release_id(id: &str) -> String {
    let id = id.to_ascii_lowercase();
    let known = DISTRO_ALIASES.iter().find(|(alias, _)| *alias == id);
    known.map_or(id, |(_, name)| (*name).to_owned())
}
