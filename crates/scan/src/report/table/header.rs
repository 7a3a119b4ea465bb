//! The top of the table: what the image is and what the judge says, in three lines.

use std::io;

use model::{Decision, SourceKind};

use super::{BOLD, DIM, Line, PLAIN, Page, decision_style};
use crate::report::text::count;
use crate::report::view::View;

pub(super) fn write(page: &mut Page<'_>, view: &View<'_>) -> io::Result<()> {
    page.wrap(&Line::new(0).add(BOLD, view.name()))?;
    page.wrap(&Line::new(0).add(DIM, facts(view).join(" · ")))?;
    let verdict = &view.report.verdict;
    let mut line = Line::new(0).add(decision_style(verdict.decision), decided(verdict.decision));
    if let Some(reason) = verdict.reasons.first().filter(|_| verdict.decision != Decision::Allow) {
        line = line.add(PLAIN, "  ").foreign(PLAIN, &reason.message);
        if verdict.reasons.len() > 1 {
            line = line.add(DIM, format!(" (+ {} more)", verdict.reasons.len() - 1));
        }
    }
    page.wrap(&line)
}

/// The decision as said of an image.
pub(in crate::report) fn decided(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "ALLOWED",
        Decision::Warn => "WARNED",
        Decision::Deny => "DENIED",
    }
}

fn facts(view: &View<'_>) -> Vec<String> {
    let report = view.report;
    let mut facts = Vec::new();
    if report.source.kind == SourceKind::Template {
        facts.push(count(report.inventory.templates.len(), "template", "templates"));
        return facts;
    }
    facts.push(view.distro().unwrap_or_else(|| "no distribution recognised".to_owned()));
    facts.extend(
        report
            .image
            .platform
            .as_ref()
            .map(|p| crate::report::text::clean(&p.to_string()).into_owned()),
    );
    facts.push(count(report.inventory.packages.len(), "package", "packages"));
    let layers = &report.image.layers;
    if report.source.kind != SourceKind::Sbom {
        let base = layers.iter().filter(|layer| layer.base).count();
        let mut text = count(layers.len(), "layer", "layers");
        if base > 0 {
            text.push_str(&format!(" ({base} of the base image)"));
        }
        facts.push(text);
    }
    facts.push(report.source.kind.as_str().to_owned());
    facts.push(match &report.tool.database {
        Some(database) => format!("advisories of {}", database.built.strftime("%Y-%m-%d")),
        None => "no advisory database".to_owned(),
    });
    facts
}
