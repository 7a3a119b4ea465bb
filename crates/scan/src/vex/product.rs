//! Which product a statement means, and whether a finding lies in it.

use std::collections::HashMap;

use model::{Digest, Distro, ImageRef, Package, Purl, PurlParts, Vulnerability};

use super::VexSubject;

/// One name of a product.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    /// A package, or an image (`pkg:oci/…`, `pkg:docker/…`).
    Purl(Box<Named>),
    /// An image by the digest of its manifest or configuration.
    Digest(Digest),
    /// A platform.
    Cpe(String),
    /// Free text: the reference of an image, or nothing that can be matched.
    Name(String),
}

/// A package URL, taken apart once: a document has thousands, each is asked for every finding.
#[derive(Debug, Clone)]
pub(super) struct Named {
    purl: Purl,
    parts: PurlParts,
    package: Option<(Package, Option<Distro>)>,
}

impl Named {
    fn new(purl: Purl) -> Self {
        Named { parts: purl.parts(), package: purl.to_package(), purl }
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.purl == other.purl
    }
}

impl Eq for Named {}

impl std::hash::Hash for Named {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.purl.hash(state);
    }
}

impl Identity {
    pub(super) fn read(text: &str) -> Self {
        let text = text.trim();
        if let Ok(purl) = text.parse() {
            return Identity::Purl(Box::new(Named::new(purl)));
        }
        if let Ok(digest) = text.parse() {
            return Identity::Digest(digest);
        }
        if text.starts_with("cpe:") {
            Identity::Cpe(text.to_owned())
        } else {
            Identity::Name(text.to_owned())
        }
    }

    /// A hash of a known kind; VEX writes `sha-256` and `sha256`.
    pub(super) fn of_hash(kind: &str, hex: &str) -> Option<Self> {
        let kind = kind.to_ascii_lowercase().replace('-', "");
        format!("{kind}:{}", hex.to_ascii_lowercase()).parse().ok().map(Identity::Digest)
    }
}

/// A product that a statement is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Product {
    /// Its names; any of them will do.
    pub(super) identities: Vec<Identity>,
    /// The parts of it that are meant, each by its names; none means the whole product.
    pub(super) parts: Vec<Vec<Identity>>,
}

impl Product {
    /// Whether any image could ever match.
    pub(super) fn can_match(&self) -> bool {
        let usable = |identity: &Identity| match identity {
            Identity::Name(name) => name.parse::<ImageRef>().is_ok(),
            _ => true,
        };
        let parts = self.parts.iter().flatten().any(|part| matches!(part, Identity::Purl(_)));
        self.identities.iter().any(usable) && (self.parts.is_empty() || parts)
    }
}

/// Tells whether findings of one image lie in products.
pub(super) struct Matcher<'a> {
    subject: &'a VexSubject<'a>,
    reference: Option<ImageRef>,
    /// Packages by package URL and path.
    packages: HashMap<(&'a str, &'a str), &'a Package>,
    /// Packages by the file they lie in.
    by_path: HashMap<&'a str, Vec<&'a Package>>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(subject: &'a VexSubject<'a>) -> Self {
        let mut packages = HashMap::new();
        let mut by_path: HashMap<&str, Vec<&Package>> = HashMap::new();
        for package in &subject.inventory.packages {
            if let Some(purl) = &package.purl {
                packages.insert((purl.as_str(), package.path.as_str()), package);
            }
            // All packages of a database share its path, which says nothing.
            if !package.kind.is_os() {
                by_path.entry(package.path.as_str()).or_default().push(package);
            }
        }
        Matcher { subject, reference: subject.source.name.parse().ok(), packages, by_path }
    }

    /// What a vulnerability was found in, to be asked about many products.
    pub(super) fn found(&self, vulnerability: &'a Vulnerability) -> Found<'a> {
        let (purl, path) = (&vulnerability.purl, vulnerability.path.as_str());
        let package = self.packages.get(&(purl.as_str(), path)).copied();
        let outer = path.split("!/").next().unwrap_or_default();
        let mut holders: Vec<&Package> = Vec::new();
        for place in [path, outer] {
            holders.extend(self.by_path.get(place).into_iter().flatten());
        }
        if let Some(owner) = package.and_then(|package| package.owned_by.as_deref()) {
            let all = self.subject.inventory.packages.iter();
            holders.extend(all.filter(|other| other.kind.is_os() && other.name == owner));
        }
        Found {
            this: Installed::new(purl, package),
            holders: holders
                .into_iter()
                .filter_map(|holder| Some(Installed::new(holder.purl.as_ref()?, Some(holder))))
                .collect(),
        }
    }

    /// Whether the package is the product or the meant part of it.
    pub(super) fn is_about(&self, product: &Product, found: &Found<'_>) -> bool {
        let is_whole = |identity: &Identity| {
            self.is_image(identity)
                || found.holders.iter().any(|holder| names_package(identity, holder))
        };
        if product.parts.is_empty() {
            let mut identities = product.identities.iter();
            return identities.any(|id| names_package(id, &found.this) || is_whole(id));
        }
        product.parts.iter().flatten().any(|part| names_package(part, &found.this))
            && product.identities.iter().any(is_whole)
    }

    /// Whether an identity names the image that was scanned.
    fn is_image(&self, identity: &Identity) -> bool {
        match identity {
            Identity::Digest(digest) => self.has_digest(digest),
            Identity::Cpe(cpe) => {
                let distro = self.subject.inventory.distro.as_ref();
                distro.is_some_and(|distro| is_platform(cpe, distro))
            }
            Identity::Name(name) => {
                name == &self.subject.source.name
                    || name.parse::<ImageRef>().is_ok_and(|named| self.is_reference(&named))
            }
            Identity::Purl(named) => match named.parts.purl_type.as_str() {
                "oci" => self.is_oci(&named.parts),
                "docker" => self.is_docker(&named.parts),
                _ => false,
            },
        }
    }

    fn has_digest(&self, digest: &Digest) -> bool {
        let source = self.subject.source;
        let pinned = self.reference.as_ref().and_then(|reference| reference.digest.as_ref());
        [source.image_id.as_ref(), source.manifest_digest.as_ref(), pinned]
            .into_iter()
            .flatten()
            .any(|own| own == digest)
    }

    /// A reference with a digest is decided by it, else by repository and tag.
    fn is_reference(&self, named: &ImageRef) -> bool {
        if let Some(digest) = &named.digest {
            return self.has_digest(digest);
        }
        self.reference.as_ref().is_some_and(|own| {
            own.registry == named.registry
                && own.repository == named.repository
                && own.tag == named.tag
        })
    }

    /// `pkg:oci/name@digest?repository_url=host/path/name&tag=…`: what is given must agree.
    fn is_oci(&self, parts: &PurlParts) -> bool {
        if let Some(version) = &parts.version {
            // A digest that agrees decides; the repository is only where it may be found.
            return match version.parse::<Digest>() {
                Ok(digest) => self.has_digest(&digest),
                Err(_) => self.is_repository(parts) && self.has_tag(Some(version)),
            };
        }
        self.is_repository(parts) && self.has_tag(parts.qualifiers.get("tag"))
    }

    fn is_repository(&self, parts: &PurlParts) -> bool {
        let Some(own) = &self.reference else { return false };
        let last = own.repository.rsplit('/').next().unwrap_or_default();
        if !last.eq_ignore_ascii_case(&parts.name) {
            return false;
        }
        let Some(url) = parts.qualifiers.get("repository_url") else { return true };
        let url = url.trim_start_matches("https://").trim_end_matches('/');
        let spellings = [url.to_owned(), format!("{url}/{}", parts.name)];
        spellings
            .iter()
            .filter_map(|text| text.parse::<ImageRef>().ok())
            .any(|named| named.registry == own.registry && named.repository == own.repository)
    }

    fn has_tag(&self, tag: Option<&String>) -> bool {
        let own = self.reference.as_ref().and_then(|reference| reference.tag.as_ref());
        tag.is_none() || own == tag
    }

    /// `pkg:docker/namespace/name@tag`.
    fn is_docker(&self, parts: &PurlParts) -> bool {
        let namespace = parts.namespace.as_ref().map(|n| format!("{n}/")).unwrap_or_default();
        let host = parts
            .qualifiers
            .get("repository_url")
            .map(|url| format!("{}/", url.trim_start_matches("https://").trim_end_matches('/')));
        let name = format!("{}{namespace}{}", host.unwrap_or_default(), parts.name);
        let version = parts.version.as_deref();
        if let Some(digest) = version.and_then(|version| version.parse().ok()) {
            return self.has_digest(&digest);
        }
        let (Ok(named), Some(own)) = (name.parse::<ImageRef>(), &self.reference) else {
            return false;
        };
        named.registry == own.registry
            && named.repository == own.repository
            && self.has_tag(parts.version.as_ref())
    }
}

/// What a finding is about, and what holds it: another package found in the same file (a Go
/// binary's main module, a jar around a jar), or the package that owns its files.
pub(super) struct Found<'a> {
    this: Installed<'a>,
    holders: Vec<Installed<'a>>,
}

/// An installed package, its package URL taken apart.
struct Installed<'a> {
    parts: PurlParts,
    read: Option<(Package, Option<Distro>)>,
    package: Option<&'a Package>,
}

impl<'a> Installed<'a> {
    fn new(purl: &Purl, package: Option<&'a Package>) -> Self {
        Installed { parts: purl.parts(), read: purl.to_package(), package }
    }
}

/// Whether an identity names a package, or the source package it was built from.
fn names_package(identity: &Identity, installed: &Installed<'_>) -> bool {
    let Identity::Purl(named) = identity else { return false };
    let (parts, own_parts) = (&named.parts, &installed.parts);
    if parts.purl_type != own_parts.purl_type {
        return false;
    }
    let (Some((named, named_distro)), Some((own, own_distro))) = (&named.package, &installed.read)
    else {
        return parts.name == own_parts.name
            && parts.namespace == own_parts.namespace
            && (parts.version.is_none() || parts.version == own_parts.version);
    };
    if !same_distro(named_distro.as_ref(), own_distro.as_ref()) {
        return false;
    }
    if matches!(named.arch.as_deref(), Some("source" | "src")) {
        let source = installed.package.and_then(|package| package.source.as_ref());
        let (name, version) =
            source.map_or((&own.name, &own.version), |source| (&source.name, &source.version));
        return named.name == *name && same_version(&named.version, version);
    }
    let same_module = match (&named.module, &own.module) {
        (Some(named), Some(own)) => own == named || own.starts_with(&format!("{named}:")),
        _ => true,
    };
    named.name.eq_ignore_ascii_case(&own.name)
        && same_version(&named.version, &own.version)
        && (named.arch.is_none() || own.arch.is_none() || named.arch == own.arch)
        && same_module
}

/// No version means every version. Go's `v` and an epoch of zero say nothing.
fn same_version(named: &str, own: &str) -> bool {
    let plain = |version: &str| -> String {
        let version = version.strip_prefix("0:").unwrap_or(version);
        version.strip_prefix('v').unwrap_or(version).to_owned()
    };
    named.is_empty() || plain(named) == plain(own)
}

/// The same distribution, and the same release as far as both tell: `12` speaks of `12.5`.
fn same_distro(named: Option<&Distro>, own: Option<&Distro>) -> bool {
    let (Some(named), Some(own)) = (named, own) else { return named.is_none() };
    let release = |distro: &Distro| match distro.version.as_str() {
        "" => distro.codename.clone(),
        version => version.to_owned(),
    };
    named.id == own.id && within(&release(named), &release(own))
}

fn within(named: &str, own: &str) -> bool {
    let longer = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    named.is_empty() || own.is_empty() || longer(own, named)
}

/// Whether a CPE (2.2 or 2.3) names the distribution: vendor and product the same, the version as
/// far as it is given. Part and edition are left out: a repository of a platform has other ones.
fn is_platform(cpe: &str, distro: &Distro) -> bool {
    let fields = |text: &str| -> Option<(String, String, String)> {
        let rest = text.strip_prefix("cpe:2.3:").or_else(|| text.strip_prefix("cpe:/"))?;
        let mut fields = rest.split(':').skip(1).map(|field| match field {
            "*" | "-" => String::new(),
            field => field.to_ascii_lowercase(),
        });
        let (vendor, product) = (fields.next()?, fields.next()?);
        Some((vendor, product, fields.next().unwrap_or_default()))
    };
    let (Some(named), Some(own)) = (fields(cpe), fields(&distro.cpe)) else { return false };
    !named.0.is_empty() && named.0 == own.0 && named.1 == own.1 && within(&named.2, &own.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_told_by_vendor_product_and_version() {
        let rhel = |cpe: &str| Distro { cpe: cpe.into(), ..Distro::default() };
        let own = rhel("cpe:/o:redhat:enterprise_linux:9::baseos");
        assert!(is_platform("cpe:/o:redhat:enterprise_linux:9", &own));
        assert!(is_platform("cpe:/a:redhat:enterprise_linux:9::appstream", &own));
        assert!(is_platform("cpe:2.3:o:redhat:enterprise_linux:9:*:*:*:*:*:*:*", &own));
        assert!(!is_platform("cpe:/o:redhat:enterprise_linux:8", &own));
        assert!(!is_platform("cpe:/a:redhat:openshift:4", &own));
        assert!(!is_platform("cpe:/o:redhat:enterprise_linux:9", &rhel("")));
        assert!(!is_platform("cpe:/", &own));
    }

    #[test]
    fn versions_agree_without_their_ornaments() {
        assert!(same_version("", "1") && same_version("v1.2.3", "1.2.3"));
        assert!(same_version("0:1-1", "1-1") && !same_version("1:1-1", "1-1"));
        assert!(within("12", "12.5") && !within("1", "12") && !within("12.5", "12"));
    }
}
