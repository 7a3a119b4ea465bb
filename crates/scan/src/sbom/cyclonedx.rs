//! CycloneDX 1.2 to 1.7 JSON in (ECMA-424 and its predecessors).
//!
//! Reads what an inventory needs: components at every level, and the dependency graph as far as it
//! tells in which file a package was found. Vulnerabilities in the document are not read: they are
//! somebody else's answer.

use std::collections::HashMap;

use serde::Deserialize;

use super::SbomError;
use super::collect::Collector;
use super::component::Component;
use crate::property::{CONTENT_SET, Properties};

/// A document, as far as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Bom {
    pub(super) metadata: Metadata,
    pub(super) components: Vec<Entry>,
    pub(super) dependencies: Vec<Dependency>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) component: Option<Box<Entry>>,
    pub(super) properties: Vec<Property>,
}

/// A component of the document.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    #[serde(rename = "type")]
    pub(super) kind: Text,
    #[serde(rename = "bom-ref")]
    pub(super) bom_ref: Text,
    pub(super) group: Text,
    pub(super) name: Text,
    pub(super) version: Text,
    pub(super) description: Text,
    pub(super) publisher: Text,
    pub(super) supplier: Option<Organization>,
    pub(super) scope: Text,
    pub(super) purl: Text,
    pub(super) cpe: Text,
    pub(super) licenses: Vec<LicenseChoice>,
    pub(super) properties: Vec<Property>,
    pub(super) evidence: Option<Evidence>,
    pub(super) components: Vec<Entry>,
}

/// A text that some tools write as a number or as null.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Loose {
            Text(String),
            Number(serde_json::Number),
            Flag(bool),
            Other(serde::de::IgnoredAny),
        }
        Ok(Text(match Loose::deserialize(deserializer)? {
            Loose::Text(text) => text,
            Loose::Number(number) => number.to_string(),
            Loose::Flag(flag) => flag.to_string(),
            Loose::Other(_) => String::new(),
        }))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Organization {
    pub(super) name: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LicenseChoice {
    pub(super) license: Option<License>,
    pub(super) expression: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct License {
    pub(super) id: Text,
    pub(super) name: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Property {
    pub(super) name: Text,
    pub(super) value: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Evidence {
    pub(super) occurrences: Vec<Occurrence>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Occurrence {
    pub(super) location: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    pub(super) bom_ref: Text,
    #[serde(rename = "dependsOn")]
    pub(super) depends_on: Vec<Text>,
}

/// Whether a specification version is read: 1.2 and all that follow it within 1.
pub(super) fn check_version(version: &str) -> Result<(), SbomError> {
    let minor = version.strip_prefix("1.").and_then(|minor| minor.parse::<u32>().ok());
    match minor {
        Some(minor) if minor >= 2 => Ok(()),
        _ => Err(SbomError::Unsupported {
            what: format!(
                "CycloneDX `{}` is not read; write 1.2 to 1.7",
                version.chars().take(20).collect::<String>()
            ),
        }),
    }
}

/// Takes all components of a document.
pub(super) fn collect(bom: Bom, collector: &mut Collector) {
    for property in bom.metadata.properties.iter().filter(|p| p.name.0 == CONTENT_SET) {
        collector.content_set(&property.value.0);
    }
    let containers = Containers::of(&bom);
    // The root is the thing itself: of it only the operating system and nested parts count.
    let mut queue: Vec<Entry> = bom.components;
    if let Some(root) = bom.metadata.component {
        let os = root.kind.0 == "operating-system";
        let mut root = *root;
        queue.append(&mut root.components);
        if os {
            queue.push(root);
        }
    }
    while let Some(mut entry) = queue.pop() {
        queue.append(&mut entry.components);
        let path = containers.path_of(&entry);
        collector.take(entry.into_component(path));
    }
}

/// Which components are files that hold others: trivy makes a component of each lock file or
/// binary and lets it depend on what was found in it.
struct Containers {
    paths: HashMap<String, String>,
}

impl Containers {
    fn of(bom: &Bom) -> Self {
        let files: HashMap<&str, &str> = bom
            .components
            .iter()
            .filter(|entry| entry.kind.0 == "application" && entry.purl.0.is_empty())
            .filter(|entry| entry.version.0.is_empty() && !entry.bom_ref.0.is_empty())
            .map(|entry| (entry.bom_ref.0.as_str(), entry.name.0.as_str()))
            .collect();
        let mut paths = HashMap::new();
        for dependency in &bom.dependencies {
            let Some(path) = files.get(dependency.bom_ref.0.as_str()) else { continue };
            for child in &dependency.depends_on {
                paths.entry(child.0.clone()).or_insert_with(|| (*path).to_owned());
            }
        }
        Containers { paths }
    }

    fn path_of(&self, entry: &Entry) -> String {
        let occurrence = entry.evidence.as_ref().and_then(|e| e.occurrences.first());
        let seen = occurrence.map(|occurrence| occurrence.location.0.as_str());
        let cdxgen = || entry.properties.iter().find(|p| p.name.0 == "SrcFile");
        let held = self.paths.get(&entry.bom_ref.0).map(String::as_str);
        let path = held.or(seen).or_else(|| cdxgen().map(|p| p.value.0.as_str())).unwrap_or("");
        path.trim_start_matches('/').to_owned()
    }
}

impl Entry {
    fn into_component(self, path: String) -> Component {
        let properties = self.properties.into_iter().map(|p| (p.name.0, p.value.0)).collect();
        let licenses = self.licenses.into_iter().filter_map(LicenseChoice::into_text).collect();
        let supplier = match self.supplier {
            Some(supplier) if !supplier.name.0.is_empty() => supplier.name.0,
            _ => self.publisher.0,
        };
        Component {
            kind: self.kind.0,
            group: self.group.0,
            name: self.name.0,
            version: self.version.0,
            purl: Some(self.purl.0).filter(|purl| !purl.is_empty()),
            cpe: self.cpe.0,
            description: self.description.0,
            supplier,
            licenses,
            dev: self.scope.0 == "excluded",
            path,
            owned_by: None,
            properties: Properties(properties),
        }
    }
}

impl LicenseChoice {
    fn into_text(self) -> Option<String> {
        let license = self.license.unwrap_or_default();
        let texts = [license.id.0, license.name.0, self.expression.0];
        texts.into_iter().find(|text| !text.is_empty())
    }
}
