//! JSON: `model::Report` as it is, keys in the order of the definition.

use std::io::Write;

use model::{
    Coverage, Finding, Ignored, ImageFacts, Inventory, Report, ScanSource, Skip, ToolVersions,
    TrustResult, Verdict,
};
use serde::Serialize;

use super::view::View;
use super::{Format, ReportError, write_json};

/// A report with the findings that the filter leaves. Reads back as `model::Report`.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    schema: &'a str,
    source: &'a ScanSource,
    image: &'a ImageFacts,
    inventory: &'a Inventory,
    coverage: &'a [Coverage],
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<&'a TrustResult>,
    findings: &'a [&'a Finding],
    #[serde(skip_serializing_if = "Option::is_none")]
    filtered: Option<Filtered<'a>>,
    ignored: &'a [Ignored],
    stale_exceptions: &'a [String],
    verdict: &'a Verdict,
    skipped: &'a [Skip],
    tool: &'a ToolVersions,
}

/// What the filter took away; absent when it took nothing.
#[derive(Serialize)]
struct Filtered<'a> {
    filter: &'a str,
    hidden_findings: usize,
}

impl<'a> Shown<'a> {
    pub(super) fn of(view: &'a View<'a>) -> Self {
        // Whole, so that a new field of a report cannot be forgotten here.
        let Report {
            schema,
            source,
            image,
            inventory,
            coverage,
            trust,
            findings: _,
            ignored,
            stale_exceptions,
            verdict,
            skipped,
            tool,
        } = view.report;
        let filtered = (view.hidden > 0)
            .then_some(Filtered { filter: &view.filter, hidden_findings: view.hidden });
        Shown {
            schema,
            source,
            image,
            inventory,
            coverage,
            trust: trust.as_ref(),
            findings: &view.findings,
            filtered,
            ignored,
            stale_exceptions,
            verdict,
            skipped,
            tool,
        }
    }
}

/// One object for one report, an array for any other number.
pub(super) fn write(views: &[View<'_>], out: &mut dyn Write) -> Result<(), ReportError> {
    let shown: Vec<Shown<'_>> = views.iter().map(Shown::of).collect();
    match shown.as_slice() {
        [one] => write_json(Format::Json, one, out),
        all => write_json(Format::Json, &all, out),
    }
}
