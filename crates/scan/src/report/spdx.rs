//! SPDX 2.3 JSON (ISO/IEC 5962's successor, https://spdx.github.io/spdx-spec/v2.3): the inventory.
//!
//! Findings are not in it: an SBOM is true for as long as the image exists, findings are not.
//! What SPDX has no field for is a JSON object in an annotation of the package.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;

use model::{FindingId, Package};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cyclonedx::UUID_SPACE;
use super::view::View;
use super::{Format, ReportError, write_json};
use crate::property::{self, CONTENT_SET, Properties};

/// What the comment of our annotations begins with.
pub(crate) const ANNOTATION_MARK: &str = "lazaret ";
const NOASSERTION: &str = "NOASSERTION";
const IMAGE_ID: &str = "SPDXRef-Image";
const DISTRO_ID: &str = "SPDXRef-OperatingSystem";
/// Licence ids that packages commonly declare; what is not here becomes a `LicenseRef`.
static LICENSE_IDS: &[&str] = &[
    "0BSD",
    "AFL-2.1",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-1.1",
    "Apache-2.0",
    "Artistic-1.0-Perl",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-4-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "CDDL-1.1",
    "EPL-1.0",
    "EPL-2.0",
    "FSFAP",
    "GPL-1.0-or-later",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-2.0-only",
    "LGPL-2.0-or-later",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MIT-0",
    "MPL-1.1",
    "MPL-2.0",
    "NCSA",
    "OFL-1.1",
    "OpenSSL",
    "PSF-2.0",
    "PostgreSQL",
    "Python-2.0",
    "Ruby",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Vim",
    "W3C",
    "WTFPL",
    "X11",
    "ZPL-2.1",
    "Zlib",
    "bzip2-1.0.6",
    "curl",
];

/// Whether a text is an id of the SPDX licence list that we know.
pub(super) fn is_license_id(text: &str) -> bool {
    LICENSE_IDS.contains(&text)
}

pub(super) fn write(view: &View<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut document = document(view);
    let encode = |error: serde_json::Error| ReportError::Encode {
        format: Format::Spdx,
        detail: error.to_string(),
    };
    // The time is empty still: the same content gets the same name space.
    let content = serde_json::to_vec(&document).map_err(encode)?;
    let uuid = Uuid::new_v5(&UUID_SPACE, &content);
    document.document_namespace = format!("https://spdx.org/spdxdocs/lazaret-{uuid}");
    let created = view.report.source.scanned_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for package in &mut document.packages {
        for annotation in &mut package.annotations {
            annotation.annotation_date.clone_from(&created);
        }
    }
    document.creation_info.created = created;
    write_json(Format::Spdx, &document, out)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<SpdxPackage>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<Value>,
    relationships: Vec<Relationship>,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    name: String,
    #[serde(rename = "SPDXID")]
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version_info: String,
    supplier: String,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    source_info: String,
    license_concluded: &'static str,
    license_declared: String,
    copyright_text: &'static str,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<Value>,
    annotations: Vec<Annotation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    annotation_date: String,
    annotation_type: &'static str,
    annotator: String,
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    related_spdx_element: String,
    relationship_type: &'static str,
}

impl Relationship {
    fn new(from: &str, kind: &'static str, to: &str) -> Self {
        Relationship {
            spdx_element_id: from.to_owned(),
            related_spdx_element: to.to_owned(),
            relationship_type: kind,
        }
    }
}

fn document(view: &View<'_>) -> Document {
    let inventory = &view.report.inventory;
    let tool = format!("Tool: lazaret-{}", view.report.tool.lazaret);
    let mut licenses = Licenses::default();
    let mut packages = vec![image(view, &tool)];
    packages.extend(inventory.distro.as_ref().map(|distro| SpdxPackage {
        version_info: distro.version.clone(),
        annotations: annotations(&property::of_distro(distro), &tool),
        ..package(&distro.id, DISTRO_ID, "OPERATING-SYSTEM")
    }));
    let mut ids = HashSet::new();
    for installed in &inventory.packages {
        packages.push(library(view, installed, &mut licenses, (&tool, &mut ids)));
    }
    let mut relationships = vec![Relationship::new("SPDXRef-DOCUMENT", "DESCRIBES", IMAGE_ID)];
    relationships.extend(
        packages.iter().skip(1).map(|package| Relationship::new(IMAGE_ID, "CONTAINS", &package.id)),
    );
    Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: "SPDXRef-DOCUMENT",
        name: view.report.source.name.clone(),
        document_namespace: String::new(),
        creation_info: CreationInfo { created: String::new(), creators: vec![tool] },
        packages,
        has_extracted_licensing_infos: licenses.extracted(),
        relationships,
    }
}

fn package(name: &str, id: &str, purpose: &'static str) -> SpdxPackage {
    SpdxPackage {
        name: name.to_owned(),
        id: id.to_owned(),
        version_info: String::new(),
        supplier: NOASSERTION.into(),
        download_location: NOASSERTION,
        files_analyzed: false,
        source_info: String::new(),
        license_concluded: NOASSERTION,
        license_declared: NOASSERTION.into(),
        copyright_text: NOASSERTION,
        primary_package_purpose: purpose,
        external_refs: Vec::new(),
        annotations: Vec::new(),
    }
}

fn image(view: &View<'_>, tool: &str) -> SpdxPackage {
    let source = &view.report.source;
    let mut properties = Properties::default();
    properties.add("lazaret:source:kind", source.kind.as_str());
    for content_set in &view.report.inventory.content_sets {
        properties.add(CONTENT_SET, content_set.as_str());
    }
    for layer in &view.report.image.layers {
        if let Some(diff_id) = &layer.diff_id {
            properties.add("lazaret:layer:diff_id", diff_id.as_str());
        }
    }
    let digest = source.manifest_digest.as_ref().or(source.image_id.as_ref());
    SpdxPackage {
        version_info: digest.map(ToString::to_string).unwrap_or_default(),
        annotations: annotations(&properties, tool),
        ..package(&source.name, IMAGE_ID, "CONTAINER")
    }
}

fn library(
    view: &View<'_>,
    installed: &Package,
    licenses: &mut Licenses,
    (tool, ids): (&str, &mut HashSet<String>),
) -> SpdxPackage {
    let properties = property::of_package(installed, view.layer(installed.layer));
    let external_refs = installed.purl.iter().map(|purl| {
        json!({
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": purl,
        })
    });
    let source = installed.source.as_ref();
    SpdxPackage {
        version_info: installed.version.clone(),
        supplier: supplier(installed.vendor.as_deref()),
        source_info: source
            .map(|source| format!("built package from: {} {}", source.name, source.version))
            .unwrap_or_default(),
        license_declared: licenses.expression(&installed.licenses),
        external_refs: external_refs.collect(),
        annotations: annotations(&properties, tool),
        ..package(&installed.name, &unique_id(installed, ids), "LIBRARY")
    }
}

fn annotations(properties: &Properties, tool: &str) -> Vec<Annotation> {
    vec![Annotation {
        annotation_date: String::new(),
        annotation_type: "OTHER",
        annotator: tool.to_owned(),
        comment: format!("{ANNOTATION_MARK}{}", properties.to_json()),
    }]
}

fn supplier(vendor: Option<&str>) -> String {
    match vendor.map(super::text::clean) {
        Some(vendor) if !vendor.trim().is_empty() => format!("Organization: {}", vendor.trim()),
        _ => NOASSERTION.to_owned(),
    }
}

/// The same package has the same id in every document.
fn unique_id(package: &Package, taken: &mut HashSet<String>) -> String {
    let arch = package.arch.as_deref().unwrap_or("");
    let hash = FindingId::of(&[
        package.kind.as_str(),
        &package.name,
        &package.version,
        arch,
        &package.path,
    ]);
    let first = format!("SPDXRef-Package-{}-{hash}", package.kind);
    let mut id = first.clone();
    let mut number = 1;
    while !taken.insert(id.clone()) {
        number += 1;
        id = format!("{first}-{number}");
    }
    id
}

/// Licence texts that are no ids of the licence list, by the reference that stands for them.
#[derive(Default)]
struct Licenses(BTreeMap<String, String>);

impl Licenses {
    /// The licence expression (SPDX annex D) of declared licences: all of them apply.
    fn expression(&mut self, declared: &[String]) -> String {
        let mut terms: Vec<String> = Vec::new();
        for text in declared.iter().filter(|text| !text.trim().is_empty()) {
            let term = if is_license_id(text) { text.clone() } else { self.reference(text) };
            if !terms.contains(&term) {
                terms.push(term);
            }
        }
        if terms.is_empty() { NOASSERTION.to_owned() } else { terms.join(" AND ") }
    }

    fn reference(&mut self, text: &str) -> String {
        let reference = format!("LicenseRef-{}", FindingId::of(&[text]));
        self.0.insert(reference.clone(), text.to_owned());
        reference
    }

    fn extracted(self) -> Vec<Value> {
        self.0
            .into_iter()
            .map(|(id, text)| json!({ "licenseId": id, "extractedText": text, "name": text }))
            .collect()
    }
}
