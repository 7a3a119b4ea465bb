//! SPDX 2.2 and 2.3 JSON in (https://spdx.github.io/spdx-spec/v2.3).

use serde::Deserialize;

use super::SbomError;
use super::collect::Collector;
use super::spdx_package::{self, Parts};

/// A document, as far as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Document {
    pub(super) packages: Vec<SpdxPackage>,
    pub(super) files: Vec<SpdxFile>,
    pub(super) relationships: Vec<Relationship>,
}

/// A package of the document.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SpdxPackage {
    #[serde(rename = "SPDXID")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version_info: Option<String>,
    pub(super) supplier: Option<String>,
    pub(super) source_info: Option<String>,
    pub(super) license_declared: Option<String>,
    pub(super) primary_package_purpose: Option<String>,
    pub(super) external_refs: Vec<ExternalRef>,
    pub(super) annotations: Vec<Annotation>,
    pub(super) attribution_texts: Vec<String>,
    pub(super) has_files: Vec<String>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ExternalRef {
    pub(super) reference_type: String,
    pub(super) reference_locator: String,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Annotation {
    pub(super) comment: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SpdxFile {
    #[serde(rename = "SPDXID")]
    pub(super) id: String,
    pub(super) file_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Relationship {
    pub(super) spdx_element_id: String,
    pub(super) related_spdx_element: String,
    pub(super) relationship_type: String,
    pub(super) comment: Option<String>,
}

/// Whether a version is read: SPDX-2.2 and SPDX-2.3.
pub(super) fn check_version(version: &str) -> Result<(), SbomError> {
    if matches!(version.trim(), "SPDX-2.2" | "SPDX-2.3" | "SPDX-2.2.1" | "SPDX-2.2.2") {
        return Ok(());
    }
    let version: String = version.chars().take(20).collect();
    Err(SbomError::Unsupported {
        what: format!("`{version}` is not read; write SPDX-2.2 or SPDX-2.3"),
    })
}

/// Takes all packages of a document.
pub(super) fn collect(document: Document, collector: &mut Collector) {
    let parts = Parts::of(&document);
    for package in &document.packages {
        spdx_package::take(package, &parts, collector);
    }
}
