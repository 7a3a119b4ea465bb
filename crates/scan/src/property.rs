//! What a package has beyond the fields of an SBOM format, as named values.
//!
//! CycloneDX keeps them as properties, SPDX as a JSON object in an annotation. Written and read
//! here only, so that an SBOM of ours gives back the very inventory it was made from: a scan of
//! the SBOM then finds what a scan of the image found.

use std::collections::BTreeMap;

use model::{Distro, Layer, Package, PackageKind, SourcePackage};
use serde_json::Value;

/// What all of our names begin with.
pub(crate) const PREFIX: &str = "lazaret:";
/// A Red Hat repository of the inventory.
pub(crate) const CONTENT_SET: &str = "lazaret:content_set";
/// A licence as declared; CycloneDX has a field for it.
pub(crate) const LICENSE: &str = "lazaret:license";

const KIND: &str = "lazaret:kind";
const PATH: &str = "lazaret:path";
const LAYER_INDEX: &str = "lazaret:layer:index";
const LAYER_DIFF_ID: &str = "lazaret:layer:diff_id";
const SOURCE_NAME: &str = "lazaret:source:name";
const SOURCE_VERSION: &str = "lazaret:source:version";
const ARCH: &str = "lazaret:arch";
const MODULE: &str = "lazaret:module";
const VENDOR: &str = "lazaret:vendor";
const DEV: &str = "lazaret:dev";
const OWNED_BY: &str = "lazaret:owned_by";
const FOUND_BY: &str = "lazaret:found_by";
const DISTRO_CODENAME: &str = "lazaret:distro:codename";
const DISTRO_LIKE: &str = "lazaret:distro:like";
const DISTRO_PRETTY_NAME: &str = "lazaret:distro:pretty_name";
const DISTRO_CPE: &str = "lazaret:distro:cpe";

/// Named values in order; a name may occur more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Properties(pub(crate) Vec<(String, String)>);

impl Properties {
    pub(crate) fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    fn add_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// The first value of a name.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        let mut rows = self.0.iter();
        rows.find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a name, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// All but those of a name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self
    }

    /// Whether they were written by this program.
    pub(crate) fn are_ours(&self) -> bool {
        self.0.iter().any(|(name, _)| name.starts_with(PREFIX))
    }

    /// One JSON object: a name with several values has an array.
    pub(crate) fn to_json(&self) -> Value {
        let mut object = serde_json::Map::new();
        for (name, value) in &self.0 {
            let value = Value::from(value.as_str());
            match object.get_mut(name) {
                None => {
                    object.insert(name.clone(), value);
                }
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
            }
        }
        Value::Object(object)
    }

    /// The inverse of `to_json`; `None` when the text is no such object.
    pub(crate) fn from_json(text: &str) -> Option<Self> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Values {
            One(String),
            Many(Vec<String>),
        }
        let object: BTreeMap<String, Values> = serde_json::from_str(text).ok()?;
        let mut properties = Properties::default();
        for (name, values) in object {
            match values {
                Values::One(value) => properties.add(name, value),
                Values::Many(values) => {
                    values.into_iter().for_each(|value| properties.add(name.clone(), value));
                }
            }
        }
        Some(properties)
    }
}

/// What a package has beyond name, version and package URL.
pub(crate) fn of_package(package: &Package, layer: Option<&Layer>) -> Properties {
    let mut properties = Properties::default();
    if package.purl.is_none() {
        properties.add(KIND, package.kind.as_str());
    }
    properties.add(PATH, package.path.as_str());
    properties.add(FOUND_BY, package.found_by.as_str());
    if let Some(layer) = layer {
        properties.add(LAYER_INDEX, layer.index.0.to_string());
        properties.add_some(LAYER_DIFF_ID, layer.diff_id.as_ref().map(|id| id.as_str()));
    }
    if let Some(source) = &package.source {
        properties.add(SOURCE_NAME, source.name.as_str());
        properties.add(SOURCE_VERSION, source.version.as_str());
    }
    properties.add_some(ARCH, package.arch.as_deref());
    properties.add_some(MODULE, package.module.as_deref());
    properties.add_some(VENDOR, package.vendor.as_deref());
    for license in &package.licenses {
        properties.add(LICENSE, license.as_str());
    }
    properties.add_some(DEV, package.dev.then_some("true"));
    properties.add_some(OWNED_BY, package.owned_by.as_deref());
    properties
}

/// The package of one of our own components; `None` when its kind is not told.
pub(crate) fn to_package(
    properties: &Properties,
    purl: Option<model::Purl>,
    name: &str,
    version: &str,
) -> Option<Package> {
    let told = properties.one(KIND).and_then(PackageKind::from_purl_type);
    let kind = purl.as_ref().and_then(model::Purl::kind).or(told)?;
    let own = |name| properties.one(name).map(str::to_owned);
    let mut package = Package::new(kind, name, version);
    package.purl = purl;
    package.source = own(SOURCE_NAME).map(|name| SourcePackage {
        name,
        version: own(SOURCE_VERSION).unwrap_or_else(|| version.to_owned()),
    });
    package.arch = own(ARCH);
    package.module = own(MODULE);
    package.vendor = own(VENDOR);
    package.licenses = properties.all(LICENSE).map(str::to_owned).collect();
    package.dev = properties.one(DEV) == Some("true");
    package.path = own(PATH).unwrap_or_default();
    package.found_by = own(FOUND_BY).unwrap_or_default();
    package.owned_by = own(OWNED_BY);
    Some(package)
}

/// What a distribution has beyond id and version.
pub(crate) fn of_distro(distro: &Distro) -> Properties {
    let mut properties = Properties::default();
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            properties.add(name, value);
        }
    };
    add(DISTRO_CODENAME, &distro.codename);
    distro.like.iter().for_each(|like| add(DISTRO_LIKE, like));
    add(DISTRO_PRETTY_NAME, &distro.pretty_name);
    add(DISTRO_CPE, &distro.cpe);
    properties
}

/// The distribution of one of our own operating system components.
pub(crate) fn to_distro(properties: &Properties, id: &str, version: &str) -> Distro {
    let own = |name| properties.one(name).unwrap_or_default().to_owned();
    Distro {
        id: id.to_owned(),
        version: version.to_owned(),
        codename: own(DISTRO_CODENAME),
        like: properties.all(DISTRO_LIKE).map(str::to_owned).collect(),
        pretty_name: own(DISTRO_PRETTY_NAME),
        cpe: own(DISTRO_CPE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_every_value() {
        let mut properties = Properties::default();
        for (name, value) in [("b", "1"), ("a", "x\n\"y\""), ("b", "2"), ("b", "")] {
            properties.add(name, value);
        }
        let text = properties.to_json().to_string();
        let back = Properties::from_json(&text).unwrap();
        assert_eq!(back.all("b").collect::<Vec<_>>(), ["1", "2", ""]);
        assert_eq!(back.one("a"), Some("x\n\"y\""));
        assert_eq!(Properties::from_json("[]"), None);
        assert_eq!(Properties::from_json("{\"a\":1}"), None);
    }
}
