//! Kubernetes manifests: YAML or JSON, one document or many, lists, the output of `helm template`
//! and kustomize. Objects to flaws, and to the images that they run.
//!
//! Texts become documents ([`documents`]), documents objects ([`object`]), objects a cluster
//! ([`cluster`]) that the rules look at ([`rules`]): at each object alone, then at all together.
//! Nothing is rendered: a Helm template that is not is told as a skip. See
//! `docs/templates-kubernetes.md`.

mod annotations;
mod cluster;
mod documents;
mod fields;
mod object;
mod pod;
pub mod pod_security;
mod report;
mod rules;
#[cfg(test)]
mod tests;
mod unrendered;

use model::SkipReason;

use super::{Catalogue, Found, Template};
use crate::limits::{MAX_MANIFEST_OBJECTS, MAX_SELECTOR_TESTS};
use cluster::Cluster;
use documents::{Document, documents};
use report::Report;

/// Beginning of the comment by which `helm template` names a chart's file.
const HELM_SOURCE: &str = "# Source: ";

/// Looks through manifests that belong together.
pub(super) fn check(templates: &[Template<'_>], catalogue: &Catalogue, found: &mut Found) {
    let read: Vec<(&Template<'_>, Vec<Document>)> =
        templates.iter().map(|template| (template, read(template, found))).collect();
    let mut objects = Vec::new();
    for (template, documents) in &read {
        let sources = helm_sources(template.text);
        for document in documents {
            let origin = origin(&sources, document);
            if !object::collect((template.name, origin), document, &mut objects) {
                let detail = format!("more than {MAX_MANIFEST_OBJECTS} objects");
                found.skip(template.name, SkipReason::TooMany, detail);
                break;
            }
        }
    }
    let cluster = Cluster::new(objects);
    rules::check(&cluster, &mut Report::new(catalogue, found));
    if cluster.is_exhausted() {
        let detail = format!("selectors need more than {MAX_SELECTOR_TESTS} comparisons");
        found.skip("", SkipReason::TooMany, detail);
    }
}

/// The documents of a template; what cannot be read is told as a skip.
fn read(template: &Template<'_>, found: &mut Found) -> Vec<Document> {
    let is_template = unrendered::is_template(template.text);
    let mut good = Vec::new();
    for document in documents(template.text) {
        match document {
            Ok(document) if unrendered::has_placeholder(&document.root) => {
                let line = document.first_line;
                let detail = format!("line {line}: {}", unrendered::ADVICE);
                found.skip(template.name, SkipReason::Malformed, detail);
            }
            Ok(document) => good.push(document),
            Err(refusal) => {
                let (line, detail) = (refusal.line, refusal.detail);
                let detail = match refusal.reason {
                    SkipReason::Malformed if is_template => {
                        format!("line {line}: {}", unrendered::ADVICE)
                    }
                    SkipReason::Malformed if template.text.contains("{{") => {
                        format!("line {line}: {detail} ({})", unrendered::PLACEHOLDERS)
                    }
                    _ if line == 0 => detail,
                    _ => format!("line {line}: {detail}"),
                };
                found.skip(template.name, refusal.reason, detail);
            }
        }
    }
    good
}

/// The lines on which `helm template` names chart files.
fn helm_sources(text: &str) -> Vec<(u32, &str)> {
    if !text.contains(HELM_SOURCE) {
        return Vec::new();
    }
    let numbered = (1..).zip(text.lines());
    numbered
        .filter_map(|(line, text)| Some((line, text.strip_prefix(HELM_SOURCE)?.trim_end())))
        .collect()
}

/// The chart file that is named between the beginning of a document and its content.
fn origin<'t>(sources: &[(u32, &'t str)], document: &Document) -> &'t str {
    let until = document.root.first_line;
    let at = sources.partition_point(|(line, _)| *line <= until);
    let last = at.checked_sub(1).and_then(|at| sources.get(at));
    last.filter(|(line, _)| *line >= document.first_line).map_or("", |(_, source)| source)
}
