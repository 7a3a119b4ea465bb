//! SPDX 2.2 and 2.3 tag-value in: lines of `Tag: value`, long values between `<text>` tags.

use model::SkipReason;

use super::SbomError;
use super::collect::Collector;
use super::spdx::{self, Annotation, Document, ExternalRef, Relationship, SpdxFile, SpdxPackage};

const OPEN: &str = "<text>";
const CLOSE: &str = "</text>";
/// Lines looked at to tell the format.
const PROBED_LINES: usize = 50;

/// Whether the text begins like a tag-value document.
pub(super) fn is_tag_value(text: &str) -> bool {
    text.lines().take(PROBED_LINES).any(|line| line.starts_with("SPDXVersion:"))
}

/// What the tags that follow belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Document,
    Package,
    File,
    /// A snippet or a licence text.
    Other,
}

pub(super) fn read(text: &str, collector: &mut Collector) -> Result<(), SbomError> {
    let mut reader = Reader {
        document: Document::default(),
        section: Section::Document,
        annotations: Vec::new(),
        version: String::new(),
    };
    let mut rest = text;
    let mut number = 0;
    while let Some((line, after)) = next_line(rest) {
        rest = after;
        number += 1;
        let Some((tag, value)) = line.split_once(':').filter(|_| !line.starts_with('#')) else {
            if !line.trim().is_empty() && !line.starts_with('#') {
                let detail = format!("line {number}: expected `Tag: value`");
                collector.skip(line, SkipReason::Malformed, detail);
            }
            continue;
        };
        let mut value = value.trim();
        let long;
        if let Some(start) = value.strip_prefix(OPEN) {
            let (inner, lines, after) =
                long_value(start, rest).ok_or_else(|| SbomError::Syntax {
                    format: "SPDX tag-value",
                    detail: format!("line {number}: `{OPEN}` is never closed"),
                })?;
            (long, rest) = (inner, after);
            number += lines;
            value = long.as_str();
        }
        reader.tag(tag.trim(), value);
    }
    spdx::check_version(&reader.version)?;
    spdx::collect(reader.finish(), collector);
    Ok(())
}

fn next_line(text: &str) -> Option<(&str, &str)> {
    if text.is_empty() {
        return None;
    }
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    Some((line.trim_end_matches('\r'), rest))
}

/// A value up to `</text>`, which may lie lines below: the value, how many lines below, the rest.
fn long_value<'a>(start: &str, rest: &'a str) -> Option<(String, usize, &'a str)> {
    if let Some((inner, _)) = start.split_once(CLOSE) {
        return Some((inner.to_owned(), 0, rest));
    }
    let (inner, after) = rest.split_once(CLOSE)?;
    let (_, after) = after.split_once('\n').unwrap_or(("", ""));
    Some((format!("{start}\n{inner}"), inner.matches('\n').count() + 1, after))
}

struct Reader {
    document: Document,
    section: Section,
    /// Annotations by the element they are about, when that is told after them.
    annotations: Vec<(String, Annotation)>,
    version: String,
}

impl Reader {
    fn tag(&mut self, tag: &str, value: &str) {
        match tag {
            "SPDXVersion" => self.version = value.to_owned(),
            "PackageName" => {
                self.section = Section::Package;
                let package = SpdxPackage { name: value.to_owned(), ..SpdxPackage::default() };
                self.document.packages.push(package);
            }
            "FileName" => {
                self.section = Section::File;
                let file = SpdxFile { file_name: value.to_owned(), ..SpdxFile::default() };
                self.document.files.push(file);
            }
            "SnippetSPDXID" | "LicenseID" => self.section = Section::Other,
            "Relationship" => self.relationship(value),
            "RelationshipComment" => {
                if let Some(last) = self.document.relationships.last_mut() {
                    last.comment = Some(value.to_owned());
                }
            }
            "Annotator" => {
                let subject = self.current_id();
                self.annotations.push((subject, Annotation::default()));
            }
            "SPDXREF" => {
                if let Some((subject, _)) = self.annotations.last_mut() {
                    *subject = value.to_owned();
                }
            }
            "AnnotationComment" => {
                if let Some((_, annotation)) = self.annotations.last_mut() {
                    annotation.comment = value.to_owned();
                }
            }
            _ => self.section_tag(tag, value),
        }
    }

    fn section_tag(&mut self, tag: &str, value: &str) {
        match self.section {
            Section::Package => {
                if let Some(package) = self.document.packages.last_mut() {
                    package_tag(package, tag, value);
                }
            }
            Section::File if tag == "SPDXID" => {
                if let Some(file) = self.document.files.last_mut() {
                    file.id = value.to_owned();
                }
            }
            _ => {}
        }
    }

    fn current_id(&self) -> String {
        match self.section {
            Section::Package => self.document.packages.last().map(|package| package.id.clone()),
            Section::File => self.document.files.last().map(|file| file.id.clone()),
            Section::Document | Section::Other => None,
        }
        .unwrap_or_default()
    }

    /// `FROM TYPE TO`.
    fn relationship(&mut self, value: &str) {
        let mut words = value.split_whitespace();
        let (Some(from), Some(kind), Some(to)) = (words.next(), words.next(), words.next()) else {
            return;
        };
        self.document.relationships.push(Relationship {
            spdx_element_id: from.to_owned(),
            relationship_type: kind.to_owned(),
            related_spdx_element: to.to_owned(),
            comment: None,
        });
    }

    fn finish(mut self) -> Document {
        let places: std::collections::HashMap<String, usize> = self
            .document
            .packages
            .iter()
            .enumerate()
            .map(|(place, package)| (package.id.clone(), place))
            .collect();
        for (subject, annotation) in self.annotations {
            let place = places.get(&subject).copied();
            if let Some(package) = place.and_then(|place| self.document.packages.get_mut(place)) {
                package.annotations.push(annotation);
            }
        }
        self.document
    }
}

fn package_tag(package: &mut SpdxPackage, tag: &str, value: &str) {
    let text = || Some(value.to_owned());
    match tag {
        "SPDXID" => package.id = value.to_owned(),
        "PackageVersion" => package.version_info = text(),
        "PackageSupplier" => package.supplier = text(),
        "PackageSourceInfo" => package.source_info = text(),
        "PackageLicenseDeclared" => package.license_declared = text(),
        "PrimaryPackagePurpose" => package.primary_package_purpose = text(),
        "PackageAttributionText" => package.attribution_texts.push(value.to_owned()),
        "ExternalRef" => {
            let mut words = value.split_whitespace();
            if let (Some(_), Some(kind), Some(locator)) = (words.next(), words.next(), words.next())
            {
                package.external_refs.push(ExternalRef {
                    reference_type: kind.to_owned(),
                    reference_locator: locator.to_owned(),
                });
            }
        }
        _ => {}
    }
}
