//! CycloneDX 1.6 JSON (ECMA-424): the inventory as components, the findings as vulnerabilities.
//!
//! Findings that an exception or VEX took out are there too, with the analysis that says why.
//! Malicious files, secrets, build steps and unmet trust are no vulnerabilities of a component:
//! each is an annotation of the image, one line.

mod document;
mod vulnerability;

use std::collections::HashMap;
use std::io::Write;

use model::{Distro, Package, PackageKind, Purl, PurlParts, SourceKind};
use uuid::Uuid;

use super::text::clean;
use super::view::View;
use super::{Format, ReportError, wording, write_json};
use crate::property::{self, CONTENT_SET, LICENSE, Properties};
use document::{
    Annotation, Annotator, Bom, Component, Composition, Dependency, License, LicenseChoice,
    Metadata, Organization, Property, Tools,
};

/// The space in which the serial numbers of our documents are made (UUID version 5).
pub(super) const UUID_SPACE: Uuid = Uuid::from_u128(0x6c617a61_7265_4742_8f00_73626f6d0001);
/// Names the image among the components of its document.
const IMAGE_REF: &str = "image";

pub(super) fn write(view: &View<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut bom = bom(view);
    let encode = |error: serde_json::Error| ReportError::Encode {
        format: Format::CycloneDx,
        detail: error.to_string(),
    };
    // Time and serial number are empty still: the same content gets the same number.
    let content = serde_json::to_vec(&bom).map_err(encode)?;
    bom.serial_number = Uuid::new_v5(&UUID_SPACE, &content).urn().to_string();
    bom.metadata.timestamp =
        view.report.source.scanned_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for annotation in &mut bom.annotations {
        annotation.timestamp.clone_from(&bom.metadata.timestamp);
    }
    write_json(Format::CycloneDx, &bom, out)
}

fn bom(view: &View<'_>) -> Bom {
    let inventory = &view.report.inventory;
    let refs = references(&inventory.packages);
    let os = inventory.distro.as_ref().map(operating_system);
    let packages =
        inventory.packages.iter().zip(&refs).map(|(package, id)| component(view, package, id));
    let components: Vec<Component> = os.into_iter().chain(packages).collect();
    let children = components.iter().map(|component| component.bom_ref.clone()).collect();
    Bom {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        metadata: metadata(view),
        components,
        dependencies: vec![Dependency { bom_ref: IMAGE_REF.to_owned(), depends_on: children }],
        compositions: vec![Composition {
            aggregate: if view.report.skipped.is_empty() { "unknown" } else { "incomplete" },
            assemblies: vec![IMAGE_REF],
        }],
        vulnerabilities: vulnerability::vulnerabilities(view, &refs),
        annotations: annotations(view),
    }
}

/// What is no vulnerability, a line each: the kind, the finding, and that it is ignored where it is.
fn annotations(view: &View<'_>) -> Vec<Annotation> {
    let shown = view.findings.iter().map(|finding| (*finding, ""));
    let ignored = view.report.ignored.iter().map(|ignored| (&ignored.finding, " (ignored)"));
    let others = shown.chain(ignored).filter(|(finding, _)| finding.vulnerability().is_none());
    others
        .enumerate()
        .map(|(number, (finding, mark))| {
            let kind = finding.kind.as_str();
            let text = format!("{kind}{mark}: {}", wording::headline(finding));
            Annotation {
                bom_ref: format!("finding-{number}-{}", finding.id),
                subjects: vec![IMAGE_REF],
                annotator: Annotator { component: tool(view) },
                timestamp: String::new(),
                text: clean(&text).into_owned(),
            }
        })
        .collect()
}

fn tool(view: &View<'_>) -> Component {
    Component {
        kind: "application",
        name: "lazaret".into(),
        version: view.report.tool.lazaret.clone(),
        ..Component::default()
    }
}

/// A reference for each package: its package URL, numbered where several packages share it.
fn references(packages: &[Package]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    packages
        .iter()
        .map(|package| {
            let base = match &package.purl {
                Some(purl) => purl.to_string(),
                None => format!("{}/{}@{}", package.kind, package.name, package.version),
            };
            let count = seen.entry(base.clone()).and_modify(|count| *count += 1).or_insert(1);
            if *count == 1 { base } else { format!("{base}#{count}") }
        })
        .collect()
}

fn metadata(view: &View<'_>) -> Metadata {
    let report = view.report;
    let mut properties = Properties::default();
    properties.add("lazaret:source:kind", report.source.kind.as_str());
    if let Some(database) = &report.tool.database {
        properties.add("lazaret:database:digest", database.digest.as_str());
        properties.add("lazaret:database:built", database.built.to_string());
    }
    for content_set in &report.inventory.content_sets {
        properties.add(CONTENT_SET, content_set.as_str());
    }
    Metadata {
        timestamp: String::new(),
        tools: Tools { components: vec![tool(view)] },
        component: image(view),
        properties: rows(properties),
    }
}

fn image(view: &View<'_>) -> Component {
    let source = &view.report.source;
    let mut properties = Properties::default();
    if let Some(id) = &source.image_id {
        properties.add("lazaret:image:id", id.as_str());
    }
    if let Some(platform) = &view.report.image.platform {
        properties.add("lazaret:image:platform", platform.to_string());
    }
    for layer in &view.report.image.layers {
        let name = |field: &str| format!("lazaret:layer:{}:{field}", layer.index.0);
        if let Some(diff_id) = &layer.diff_id {
            properties.add(name("diff_id"), diff_id.as_str());
        }
        if let Some(created_by) = &layer.created_by {
            properties.add(name("created_by"), created_by.as_str());
        }
        if layer.base {
            properties.add(name("base"), "true");
        }
    }
    let digest = source.manifest_digest.as_ref().or(source.image_id.as_ref());
    Component {
        kind: if source.kind == SourceKind::Rootfs { "file" } else { "container" },
        bom_ref: IMAGE_REF.into(),
        name: source.name.clone(),
        version: digest.map(ToString::to_string).unwrap_or_default(),
        purl: image_purl(view),
        properties: rows(properties),
        ..Component::default()
    }
}

/// `pkg:oci/name@sha256:…?repository_url=…`, for an image of a registry (purl type `oci`).
fn image_purl(view: &View<'_>) -> Option<Purl> {
    let source = &view.report.source;
    let reference: model::ImageRef =
        source.name.parse().ok().filter(|_| source.kind == SourceKind::Registry)?;
    let name = reference.repository.rsplit('/').next()?.to_owned();
    let mut parts = PurlParts {
        purl_type: "oci".into(),
        name,
        version: source.manifest_digest.as_ref().map(ToString::to_string),
        ..PurlParts::default()
    };
    let repository = format!("{}/{}", reference.registry, reference.repository);
    parts.qualifiers.insert("repository_url".into(), repository);
    if let Some(tag) = reference.tag {
        parts.qualifiers.insert("tag".into(), tag);
    }
    parts.build().ok()
}

fn operating_system(distro: &Distro) -> Component {
    Component {
        kind: "operating-system",
        bom_ref: "operating-system".into(),
        name: distro.id.clone(),
        version: distro.version.clone(),
        description: distro.pretty_name.clone(),
        cpe: Some(distro.cpe.clone()).filter(|cpe| is_cpe(cpe)),
        properties: rows(property::of_distro(distro)),
        ..Component::default()
    }
}

/// Plain enough to pass the schema's pattern for CPE 2.2 and 2.3.
fn is_cpe(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-~:/*%".contains(c);
    let uri = text.strip_prefix("cpe:/").is_some_and(|rest| rest.starts_with(['a', 'h', 'o']));
    let formatted = text.starts_with("cpe:2.3:") && text.matches(':').count() == 12;
    (uri && text.matches(':').count() <= 7 || formatted) && text.chars().all(plain)
}

fn component(view: &View<'_>, package: &Package, bom_ref: &str) -> Component {
    let (group, name) = group_and_name(package.kind, &package.name);
    Component {
        kind: "library",
        bom_ref: bom_ref.to_owned(),
        supplier: package.vendor.clone().map(|name| Organization { name }),
        group: group.to_owned(),
        name: name.to_owned(),
        version: package.version.clone(),
        scope: package.dev.then_some("excluded"),
        licenses: package.licenses.iter().map(|text| license(text)).collect(),
        purl: package.purl.clone(),
        properties: rows(property::of_package(package, view.layer(package.layer)).without(LICENSE)),
        ..Component::default()
    }
}

/// A package's name as CycloneDX parts it: the Maven group, the npm scope.
fn group_and_name(kind: PackageKind, name: &str) -> (&str, &str) {
    match kind {
        PackageKind::Maven => name.split_once(':').unwrap_or(("", name)),
        PackageKind::Npm if name.starts_with('@') => name.split_once('/').unwrap_or(("", name)),
        _ => ("", name),
    }
}

fn license(text: &str) -> LicenseChoice {
    let known = super::spdx::is_license_id(text);
    LicenseChoice {
        license: if known { License::Id(text.to_owned()) } else { License::Name(text.to_owned()) },
    }
}

fn rows(properties: Properties) -> Vec<Property> {
    properties.0.into_iter().map(|(name, value)| Property { name, value }).collect()
}
