//! From a package of SPDX, in JSON or tag-value, to a component.

use std::collections::{HashMap, HashSet};

use super::collect::Collector;
use super::component::Component;
use super::spdx::{Document, Relationship, SpdxPackage};
use crate::property::{CONTENT_SET, Properties};
use crate::report::ANNOTATION_MARK;

/// What relationships tell of packages.
pub(super) struct Parts<'a> {
    /// Names of files by their id.
    files: HashMap<&'a str, &'a str>,
    /// From a package to the first file or lock file it is found in.
    found_in: HashMap<&'a str, &'a str>,
    /// From a package to the operating system package that owns its files.
    owners: HashMap<&'a str, &'a str>,
    /// What the document is about: not installed software itself.
    described: HashSet<&'a str>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(document: &'a Document) -> Self {
        let names: HashMap<&str, &SpdxPackage> =
            document.packages.iter().map(|package| (package.id.as_str(), package)).collect();
        let mut parts = Parts {
            files: document.files.iter().map(|f| (f.id.as_str(), f.file_name.as_str())).collect(),
            found_in: HashMap::new(),
            owners: HashMap::new(),
            described: HashSet::new(),
        };
        for relationship in &document.relationships {
            parts.relate(relationship, &names);
        }
        parts
    }

    fn relate(&mut self, relationship: &'a Relationship, names: &HashMap<&str, &'a SpdxPackage>) {
        let from = relationship.spdx_element_id.as_str();
        let to = relationship.related_spdx_element.as_str();
        let comment = relationship.comment.as_deref().unwrap_or_default();
        match relationship.relationship_type.as_str() {
            "DESCRIBES" => {
                self.described.insert(to);
            }
            "CONTAINS" => {
                // A package that contains a file lies in it; one in a lock file, in that.
                if let Some(file) = self.files.get(to) {
                    self.found_in.entry(from).or_insert(file);
                } else if let Some(path) = names.get(from).and_then(|holder| lock_file(holder)) {
                    self.found_in.entry(to).or_insert(path);
                }
            }
            "OTHER" if comment.starts_with("evident-by") => {
                if let Some(file) = self.files.get(to) {
                    self.found_in.entry(from).or_insert(file);
                }
            }
            "OTHER" if comment.starts_with("ownership-by-file-overlap") => {
                let owner = names.get(from).filter(|owner| is_os_package(owner));
                if let Some(owner) = owner {
                    self.owners.entry(to).or_insert(owner.name.as_str());
                }
            }
            _ => {}
        }
    }
}

/// trivy: a package with purpose `APPLICATION` stands for a lock file or binary, its path is the
/// source information.
fn lock_file(package: &SpdxPackage) -> Option<&str> {
    let purpose = package.primary_package_purpose.as_deref();
    (purpose == Some("APPLICATION") && purl(package).is_none())
        .then_some(package.source_info.as_deref())
        .flatten()
}

fn is_os_package(package: &SpdxPackage) -> bool {
    let kind = purl(package).and_then(|purl| purl.parse::<model::Purl>().ok()?.kind());
    kind.is_some_and(model::PackageKind::is_os)
}

fn purl(package: &SpdxPackage) -> Option<&str> {
    let mut references = package.external_refs.iter();
    let reference = references.find(|reference| reference.reference_type == "purl")?;
    Some(reference.reference_locator.as_str())
}

/// Takes one package of the document.
pub(super) fn take(package: &SpdxPackage, parts: &Parts<'_>, collector: &mut Collector) {
    let properties = properties(package);
    properties.all(CONTENT_SET).for_each(|name| collector.content_set(name));
    let purpose = package.primary_package_purpose.as_deref().unwrap_or_default();
    let os = purpose == "OPERATING-SYSTEM" || purpose == "OPERATING_SYSTEM";
    if parts.described.contains(package.id.as_str()) && !os {
        return;
    }
    let source_info = package.source_info.as_deref().unwrap_or_default();
    collector.take(Component {
        kind: match purpose {
            _ if os => "operating-system".into(),
            "" | "LIBRARY" | "FRAMEWORK" | "INSTALL" => "library".into(),
            other => other.to_ascii_lowercase(),
        },
        name: package.name.clone(),
        version: stated(package.version_info.as_deref()).unwrap_or_default().to_owned(),
        purl: purl(package).map(str::to_owned),
        supplier: supplier(package.supplier.as_deref()),
        licenses: stated(package.license_declared.as_deref())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        path: path(package, parts, source_info),
        owned_by: parts.owners.get(package.id.as_str()).map(|owner| (*owner).to_owned()),
        properties,
        ..Component::default()
    });
}

/// `NOASSERTION` and `NONE` say nothing.
fn stated(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !matches!(*text, "" | "NOASSERTION" | "NONE"))
}

fn supplier(text: Option<&str>) -> String {
    let text = stated(text).unwrap_or_default();
    let name = text.strip_prefix("Organization:").or_else(|| text.strip_prefix("Person:"));
    name.unwrap_or(text).trim().to_owned()
}

fn path(package: &SpdxPackage, parts: &Parts<'_>, source_info: &str) -> String {
    // syft: `acquired package info from DPKG DB: /var/lib/dpkg/status, …`
    let acquired = source_info
        .strip_prefix("acquired package info from ")
        .and_then(|rest| rest.split_once(": "))
        .map(|(_, paths)| paths.split(", ").next().unwrap_or_default());
    let own = package.has_files.first().and_then(|id| parts.files.get(id.as_str()).copied());
    let found = parts.found_in.get(package.id.as_str()).copied();
    let path = acquired.or(own).or(found).unwrap_or_default();
    path.trim_start_matches("./").trim_start_matches('/').to_owned()
}

/// Our annotation, or what trivy writes into annotations, attribution texts and source
/// information, under the names it has in CycloneDX.
fn properties(package: &SpdxPackage) -> Properties {
    let mut properties = Properties::default();
    let comments = package.annotations.iter().map(|annotation| annotation.comment.as_str());
    for text in comments.chain(package.attribution_texts.iter().map(String::as_str)) {
        if let Some(json) = text.strip_prefix(ANNOTATION_MARK) {
            properties.0.extend(Properties::from_json(json).unwrap_or_default().0);
        } else if let Some((name, value)) = text.split_once(": ")
            && name.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            properties.add(format!("aquasecurity:trivy:{name}"), value);
        }
    }
    let source = package.source_info.as_deref().unwrap_or_default();
    if let Some((name, version)) =
        source.strip_prefix("built package from: ").and_then(|source| source.split_once(' '))
    {
        properties.add("aquasecurity:trivy:SrcName", name);
        properties.add("aquasecurity:trivy:SrcVersion", version);
    }
    properties
}
