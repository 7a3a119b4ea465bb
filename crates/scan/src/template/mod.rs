//! Templates: a file or a tree of Dockerfiles, compose files and manifests to a report.
//!
//! Walks the tree within limits, asks `analyze` what each file is and what is wrong with it, looks
//! for secrets in the same files, and asks the caller for the stored report of each image that is
//! built on or run. How bad a flaw is the rules' catalogue says, what follows from it the policy.

mod findings;
mod limits;
mod walk;

use std::path::{Path, PathBuf};

use analyze::SecretScanner;
use analyze::template::{Found, Template, TemplateKind, TemplateScanner};
use model::{
    FileEntry, FileKind, ImageFacts, Inventory, Look, Report, ScanSource, Secret, Skip, SourceKind,
    Timestamp,
};
use rayon::prelude::*;

use crate::error::ScanError;
use crate::inspect::Inspection;
use crate::judge::Judge;
use walk::{Folder, TemplateFile, walk};

pub use walk::{has_template, is_template};

/// What looks into templates.
pub struct TemplateInspector<'a> {
    /// Their flaws.
    pub scanner: &'a TemplateScanner,
    /// Secrets in them; `None` when they are not looked for.
    pub secrets: Option<&'a SecretScanner>,
}

/// What templates hold; nothing is judged yet.
#[derive(Debug)]
pub struct TemplateInspection {
    source: ScanSource,
    templates: Vec<(String, TemplateKind)>,
    found: Found,
    secrets: Vec<Secret>,
    looked_for: Vec<Look>,
}

/// Gives the newest stored report of an image, by the reference that a template names.
pub type StoredReport<'a> = dyn Fn(&str) -> Option<Report> + 'a;

impl TemplateInspector<'_> {
    /// Looks through a template, or through all below a folder. `name` is what the report calls it;
    /// `now` the time put into it. Errors when the path cannot be read, or nothing there is a
    /// template.
    pub fn inspect(
        &self,
        path: &Path,
        name: &str,
        now: Timestamp,
    ) -> Result<TemplateInspection, ScanError> {
        let mut walked = walk(path)?;
        if walked.files.is_empty() {
            return Err(ScanError::NoTemplate { path: path.to_owned() });
        }
        let templates: Vec<Template<'_>> = walked
            .files
            .iter()
            .map(|file| Template { name: &file.name, kind: file.kind, text: &file.text })
            .collect();
        let mut found = self.scanner.scan(&templates, &Folder::new(&walked.root));
        found.skipped.append(&mut walked.skipped);
        let (secrets, skipped) = self.secrets(&walked.files);
        found.skipped.extend(skipped);
        let mut looked_for = vec![Look::Misconfigurations];
        if self.secrets.is_some() {
            looked_for.push(Look::Secrets);
        }
        Ok(TemplateInspection {
            source: source(name, now),
            templates: walked.files.into_iter().map(|file| (file.name, file.kind)).collect(),
            found,
            secrets,
            looked_for,
        })
    }

    fn secrets(&self, files: &[TemplateFile]) -> (Vec<Secret>, Vec<Skip>) {
        let Some(scanner) = self.secrets else { return (Vec::new(), Vec::new()) };
        let scans: Vec<_> = files
            .par_iter()
            .map(|file| {
                let bytes = file.text.as_bytes();
                let entry = FileEntry {
                    path: file.name.clone(),
                    kind: FileKind::Regular,
                    mode: 0o644,
                    uid: 0,
                    gid: 0,
                    size_bytes: bytes.len() as u64,
                };
                scanner.scan_file(&entry, &bytes)
            })
            .collect();
        let (mut secrets, mut skipped) = (Vec::new(), Vec::new());
        for scan in scans {
            secrets.extend(scan.secrets);
            skipped.extend(scan.skipped);
        }
        analyze::match_keys(&mut secrets);
        (secrets, skipped)
    }
}

impl Judge<'_> {
    /// Judges templates: findings, what comments and exceptions take out, the verdict. `stored`
    /// gives the reports of their images, judged again by this policy.
    pub fn template_report(
        &self,
        inspection: TemplateInspection,
        scanner: &TemplateScanner,
        stored: &StoredReport<'_>,
    ) -> Report {
        let TemplateInspection { source, templates, mut found, secrets, looked_for } = inspection;
        let today = self.now.strftime("%Y-%m-%d").to_string();
        let verdict_of = |image: &str| {
            let report = stored(image)?;
            Some((policy::judge(&report, self.policy, &today), report.source.scanned_at))
        };
        findings::denied_images(&mut found, &templates, &verdict_of);
        let (findings, ignored) = findings::findings(&found, &secrets, scanner.catalogue());
        let inspection = Inspection {
            source,
            image: ImageFacts::default(),
            inventory: Inventory {
                templates: templates.into_iter().map(|(name, _)| name).collect(),
                ..Inventory::default()
            },
            malware: Vec::new(),
            secrets: Vec::new(),
            steps: Vec::new(),
            trust: None,
            looked_for,
            malware_versions: Vec::new(),
            skipped: found.skipped,
        };
        let mut report = self.judged(inspection.into_unjudged(self.tool_version), findings);
        report.ignored.extend(ignored);
        report
    }
}

fn source(name: &str, now: Timestamp) -> ScanSource {
    ScanSource {
        kind: SourceKind::Template,
        name: name.to_owned(),
        image_id: None,
        manifest_digest: None,
        layer_digests: Vec::new(),
        scanned_at: now,
    }
}

/// The folder that paths of a report are meant from.
fn root_of(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

#[cfg(test)]
mod tests;
