//! `Component`: one entry of a bill of materials, whatever the format, and how it becomes a
//! package. Here, and nowhere else, is what is known of how other tools write.

use model::{Distro, Package, PackageKind, Purl, SkipReason, SourcePackage};

use crate::property::{self, Properties};

/// What a bill of materials says of one thing.
#[derive(Debug, Default)]
pub(super) struct Component {
    /// What it is, in CycloneDX words: `library`, `operating-system`, `file` …
    pub(super) kind: String,
    pub(super) group: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) purl: Option<String>,
    pub(super) cpe: String,
    pub(super) description: String,
    pub(super) supplier: String,
    pub(super) licenses: Vec<String>,
    /// Marked as not needed at run time.
    pub(super) dev: bool,
    /// Where the document says it was found; empty when it does not.
    pub(super) path: String,
    /// The operating system package that is said to own its files.
    pub(super) owned_by: Option<String>,
    pub(super) properties: Properties,
}

/// What a component turns out to be.
pub(super) enum Outcome {
    /// A package, and the distribution that its package URL names.
    Package(Box<Package>, Option<Distro>),
    /// The operating system.
    Distro(Distro),
    /// Something that is not installed software: a file, a directory, a lock file.
    NoPackage,
    /// Software that cannot be matched.
    Skip(SkipReason, String),
}

impl Component {
    pub(super) fn read(&self) -> Outcome {
        if self.kind == "operating-system" {
            return self.distro();
        }
        let purl = match self.purl.as_deref().filter(|purl| !purl.is_empty()).map(str::parse) {
            None => None,
            Some(Ok(purl)) => Some(purl),
            Some(Err(error)) => {
                let error: model::InvalidPurl = error;
                return Outcome::Skip(SkipReason::Malformed, error.to_string());
            }
        };
        if self.properties.are_ours() {
            return self.ours(purl);
        }
        match purl {
            Some(purl) => self.foreign(&purl),
            None if self.version.is_empty() || self.kind != "library" => Outcome::NoPackage,
            None => Outcome::Skip(
                SkipReason::Unsupported,
                format!(
                    "`{} {}` has no package URL, so nothing can be matched",
                    self.name, self.version
                ),
            ),
        }
    }

    /// What to call it in a skip.
    pub(super) fn label(&self) -> String {
        let name = if self.group.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.group, self.name)
        };
        if self.version.is_empty() { name } else { format!("{name}@{}", self.version) }
    }

    /// A component of our own: all of a package is there, literally.
    fn ours(&self, purl: Option<Purl>) -> Outcome {
        let kind = purl.as_ref().and_then(Purl::kind);
        let name = joined(kind, &self.group, &self.name);
        match property::to_package(&self.properties, purl, &name, &self.version) {
            Some(mut package) => {
                if package.licenses.is_empty() {
                    package.licenses.clone_from(&self.licenses);
                }
                Outcome::Package(Box::new(package), None)
            }
            None => Outcome::NoPackage,
        }
    }

    fn foreign(&self, purl: &Purl) -> Outcome {
        let (mut package, hint) = match purl.to_package() {
            Some(read) => read,
            None => match self.named_none(purl) {
                Some(package) => (package, None),
                None => return Outcome::NoPackage,
            },
        };
        // The package URL lowers the case of some names; the component's own name keeps it.
        let spelt = joined(Some(package.kind), &self.group, &self.name);
        if spelt.eq_ignore_ascii_case(&package.name) {
            package.name = spelt;
        }
        if package.version.is_empty() {
            package.version.clone_from(&self.version);
        }
        self.add_syft(&mut package);
        self.add_trivy(&mut package);
        if package.vendor.is_none() && package.kind.is_os() {
            package.vendor = Some(self.supplier.clone()).filter(|vendor| !vendor.is_empty());
        }
        let own = SourcePackage { name: package.name.clone(), version: package.version.clone() };
        package.source = package.source.filter(|source| *source != own);
        package.licenses.clone_from(&self.licenses);
        package.dev |= self.dev;
        package.owned_by.clone_from(&self.owned_by);
        if package.path.is_empty() {
            package.path.clone_from(&self.path);
        }
        if package.found_by.is_empty() {
            package.found_by = "sbom".into();
        }
        Outcome::Package(Box::new(package), hint)
    }

    /// trivy writes `pkg:none/…` for packages of a distribution that it does not know; which
    /// package manager it was shows in the package's id.
    fn named_none(&self, purl: &Purl) -> Option<Package> {
        let id = self.properties.one("aquasecurity:trivy:PkgID")?;
        let mut parts = purl.parts();
        if parts.purl_type != "none" {
            return None;
        }
        // rpm's ids end in the architecture after a dot; dpkg's are name@version.
        let arch = parts.qualifiers.get("arch");
        let rpm = arch.is_some_and(|arch| id.ends_with(&format!(".{arch}")));
        parts.purl_type = if rpm { "rpm" } else { "deb" }.to_owned();
        let (mut package, _) = parts.build().ok()?.to_package()?;
        package.purl = None;
        Some(package)
    }

    fn add_syft(&self, package: &mut Package) {
        let own = |name: &str| self.properties.one(name).filter(|value| !value.is_empty());
        if let Some(path) = own("syft:location:0:path") {
            package.path = path.trim_start_matches('/').to_owned();
        }
        if package.module.is_none() {
            package.module = own("syft:metadata:modularityLabel").map(str::to_owned);
        }
        let named = own("syft:metadata:source").or_else(|| own("syft:metadata:originPackage"));
        if let Some(name) = named.filter(|_| package.source.is_none() && package.kind.is_os()) {
            let version = own("syft:metadata:sourceVersion").unwrap_or(&package.version).to_owned();
            if name != package.name || version != package.version {
                package.source = Some(SourcePackage { name: name.to_owned(), version });
            }
        }
    }

    fn add_trivy(&self, package: &mut Package) {
        let own = |name: &str| {
            let value = self.properties.0.iter().find(|(key, _)| {
                key.strip_prefix("aquasecurity:trivy:").is_some_and(|key| key == name)
            });
            value.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
        };
        if let Some(path) = own("FilePath") {
            package.path = path.trim_start_matches('/').to_owned();
        }
        if package.module.is_none() {
            package.module = own("Modularitylabel").map(str::to_owned);
        }
        let (Some(name), Some(version)) = (own("SrcName"), own("SrcVersion")) else { return };
        if !package.kind.is_os() {
            return;
        }
        let epoch = own("SrcEpoch").map_or(String::new(), |epoch| format!("{epoch}:"));
        let release = own("SrcRelease").map_or(String::new(), |release| format!("-{release}"));
        let version = format!("{epoch}{version}{release}");
        let differs = name != package.name || version != package.version;
        package.source = differs.then(|| SourcePackage { name: name.to_owned(), version });
    }

    fn distro(&self) -> Outcome {
        if self.properties.are_ours() {
            return Outcome::Distro(property::to_distro(
                &self.properties,
                &self.name,
                &self.version,
            ));
        }
        let own = |name: &str| self.properties.one(name).unwrap_or_default().to_owned();
        let id = match self.properties.one("syft:distro:id") {
            Some(id) => id.to_owned(),
            None => self.name.to_lowercase(),
        };
        if id.is_empty() || id == "none" {
            return Outcome::NoPackage;
        }
        // Other tools name distributions in their own way; the package URL's reader knows them.
        let version = self.version.split_whitespace().next().unwrap_or_default();
        let like = (0..).map_while(|n| self.properties.one(&format!("syft:distro:idLike:{n}")));
        Outcome::Distro(Distro {
            id: os_release_id(&id),
            version: version.to_owned(),
            codename: own("syft:distro:versionCodename"),
            like: like.map(str::to_owned).collect(),
            pretty_name: match own("syft:distro:prettyName") {
                name if name.is_empty() => self.description.clone(),
                name => name,
            },
            cpe: self.cpe.clone(),
        })
    }
}

/// The os-release `ID` of a distribution that another tool calls `id`.
fn os_release_id(id: &str) -> String {
    let text = format!("pkg:rpm/distribution?distro={}-0", id.replace(' ', "%20"));
    let read = text.parse::<Purl>().ok().and_then(|purl| purl.to_package()).and_then(|read| read.1);
    read.map_or_else(|| id.to_owned(), |distro| distro.id)
}

fn joined(kind: Option<PackageKind>, group: &str, name: &str) -> String {
    match (group, kind) {
        ("", _) => name.to_owned(),
        (group, Some(PackageKind::Maven)) => format!("{group}:{name}"),
        (group, Some(kind)) if !kind.is_os() => format!("{group}/{name}"),
        _ => name.to_owned(),
    }
}
