//! `explain`: everything that is known of one finding, as text for a terminal.
//!
//! A finding is named by its id, a beginning of it that no other has, or by its vulnerability's
//! name. What an exception or VEX took out of judgement is found too, and what a filter hides.

mod malware;
mod misconfiguration;
mod secret;
mod step;
mod trust;
mod vulnerability;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use model::{Decision, Finding, FindingId, FindingKind, IgnoredBy, LayerIndex, Report};

use super::table::{BAD, BOLD, CAUTION, DIM, Line, PLAIN, Page, decision_style, severity_style};
use super::view::View;
use super::{Filter, Options, ReportError, table, text, wording};

/// Columns of a fact's name.
const FACT_COLUMNS: usize = 13;
/// Findings that a message names when an id is not enough.
const NAMED: usize = 4;

/// One finding with its report, and what took it out of judgement.
#[derive(Clone, Copy)]
struct Found<'a> {
    report: &'a Report,
    finding: &'a Finding,
    ignored: Option<&'a IgnoredBy>,
}

/// Writes everything known of one finding: by its id or a unique beginning of it, or all findings
/// of a vulnerability by its name. Several images may have it: it is written for each.
///
/// Fails with [`ReportError::NoFinding`] or [`ReportError::Ambiguous`] before anything is written.
pub fn explain(
    reports: &[Report],
    id_prefix: &str,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let found = find(reports, id_prefix)?;
    let mut page = Page { out, width: options.width, color: options.color, ascii: options.ascii };
    for (index, found) in found.iter().enumerate() {
        if index > 0 {
            page.blank()?;
        }
        write_one(&mut page, found)?;
    }
    Ok(page.out.flush()?)
}

fn find<'a>(reports: &'a [Report], asked: &str) -> Result<Vec<Found<'a>>, ReportError> {
    let asked = asked.trim().to_ascii_lowercase();
    let all: Vec<Found<'a>> = reports.iter().flat_map(candidates).collect();
    let begins = |found: &&Found<'a>| !asked.is_empty() && found.finding.id.0.starts_with(&asked);
    let mut found: Vec<Found<'a>> = all.iter().filter(begins).copied().collect();
    let ids: BTreeMap<&FindingId, &Finding> =
        found.iter().map(|found| (&found.finding.id, found.finding)).collect();
    if ids.len() > 1 {
        return Err(ambiguous(&asked, &ids));
    }
    if found.is_empty() {
        found = all.iter().filter(|found| is_named(found.finding, &asked)).copied().collect();
    }
    let mut seen = BTreeSet::new();
    found.retain(|found| seen.insert((std::ptr::from_ref(found.report), &found.finding.id)));
    match found.is_empty() {
        true => Err(ReportError::NoFinding { id: text::clean(&asked).into_owned() }),
        false => Ok(found),
    }
}

fn candidates(report: &Report) -> impl Iterator<Item = Found<'_>> {
    let kept = report.findings.iter().map(move |finding| Found { report, finding, ignored: None });
    let ignored = report.ignored.iter();
    let ignored = ignored.map(move |ignored| Found {
        report,
        finding: &ignored.finding,
        ignored: Some(&ignored.by),
    });
    kept.chain(ignored)
}

/// Whether a vulnerability has this name.
fn is_named(finding: &Finding, asked: &str) -> bool {
    finding.vulnerability().is_some_and(|v| {
        let mut names = std::iter::once(&v.id).chain(&v.aliases);
        names.any(|name| name.0.eq_ignore_ascii_case(asked))
    })
}

fn ambiguous(asked: &str, ids: &BTreeMap<&FindingId, &Finding>) -> ReportError {
    let first: Vec<String> = ids
        .iter()
        .take(NAMED)
        .map(|(id, finding)| format!("{id} ({})", text::clean(&wording::place(finding))))
        .collect();
    let more = ids.len().saturating_sub(first.len());
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    ReportError::Ambiguous {
        id: text::clean(asked).into_owned(),
        first: format!("{}{tail}", first.join(", ")),
    }
}

fn write_one(page: &mut Page<'_>, found: &Found<'_>) -> io::Result<()> {
    let Found { report, finding, .. } = *found;
    let view = View::new(report, &Filter::default());
    let title = Line::new(0)
        .add(severity_style(finding.severity), finding.kind.as_str().to_uppercase())
        .add(PLAIN, "  ")
        .foreign(BOLD, wording::name(finding));
    page.wrap(&title)?;
    page.wrap(&fact("finding").add(PLAIN, finding.id.to_string()))?;
    page.wrap(&fact("image").add(PLAIN, view.name()))?;
    let severity =
        fact("severity").add(severity_style(finding.severity), finding.severity.as_str());
    page.wrap(&severity)?;
    match &finding.kind {
        FindingKind::Vulnerability(v) => vulnerability::write_facts(page, v)?,
        FindingKind::Malware(malware) => malware::write_facts(page, malware)?,
        FindingKind::Secret(secret) => secret::write_facts(page, (report, finding), secret)?,
        FindingKind::History(step) => step::write_facts(page, step)?,
        FindingKind::Trust(distrust) => trust::write_facts(page, distrust)?,
        FindingKind::Misconfiguration(flaw) => misconfiguration::write_facts(page, flaw)?,
    }
    if finding.kind.has_layer() && !report.image.layers.is_empty() {
        write_layer(page, &view, finding)?;
    }
    write_judgement(page, found)?;
    match &finding.kind {
        FindingKind::Vulnerability(v) => vulnerability::write_sources(page, v),
        FindingKind::Malware(malware) => malware::write_methods(page, malware),
        FindingKind::History(step) => step::write_text(page, step),
        FindingKind::Trust(_) => trust::write_signatures(page, report),
        FindingKind::Secret(_) | FindingKind::Misconfiguration(_) => Ok(()),
    }
}

/// A fact's name; what is added is the fact.
fn fact(name: &str) -> Line {
    Line::new(2).cell(DIM, name, FACT_COLUMNS).hanging(FACT_COLUMNS)
}

/// A fact of foreign words; nothing when there are none.
fn write_fact(page: &mut Page<'_>, name: &str, value: &str) -> io::Result<()> {
    if value.is_empty() {
        return Ok(());
    }
    page.wrap(&fact(name).whole(PLAIN, value))
}

fn write_layer(page: &mut Page<'_>, view: &View<'_>, finding: &Finding) -> io::Result<()> {
    let line = table::layer_name(fact("lies in"), view, finding.layer());
    let line = if finding.base { line.add(DIM, " (base image)") } else { line };
    page.wrap(&line)?;
    let deleted: Option<LayerIndex> = match &finding.kind {
        FindingKind::Malware(malware) => malware.deleted_by,
        FindingKind::Secret(secret) => secret.deleted_by,
        _ => None,
    };
    let Some(deleted) = deleted else { return Ok(()) };
    let line = table::layer_name(fact("deleted in"), view, deleted);
    page.wrap(&line.add(CAUTION, ": in no container, but still in the image"))
}

/// What the policy says for its sake, what takes it out of judgement, and what to do.
fn write_judgement(page: &mut Page<'_>, found: &Found<'_>) -> io::Result<()> {
    let id = &found.finding.id;
    for reason in found.report.verdict.reasons.iter().filter(|r| r.findings.contains(id)) {
        let word = match reason.decision {
            Decision::Allow => "allowed",
            Decision::Warn => "warned of",
            Decision::Deny => "denied",
        };
        let line = fact("judged")
            .add(decision_style(reason.decision), word)
            .add(PLAIN, " by the rule ")
            .foreign(PLAIN, &reason.rule)
            .add(DIM, ": ")
            .foreign(DIM, &reason.message);
        page.wrap(&line)?;
    }
    match found.ignored {
        Some(IgnoredBy::Exception(exception)) => {
            let until = exception.expires.as_deref().unwrap_or("without end");
            let by = format!("{}, {until}: {}", exception.owner, exception.reason);
            page.wrap(&fact("ignored").add(CAUTION, "by an exception of ").whole(PLAIN, &by))?;
        }
        Some(IgnoredBy::Vex { document, status, justification }) => {
            let by = format!("{document}: {} {justification}", status.replace('_', " "));
            page.wrap(&fact("ignored").add(CAUTION, "by VEX ").whole(PLAIN, &by))?;
        }
        None => {}
    }
    let style = if found.finding.severity >= model::Severity::High { BAD } else { PLAIN };
    match wording::remedy(found.finding) {
        remedy if remedy.is_empty() => Ok(()),
        remedy => page.wrap(&fact("what to do").whole(style, &remedy)),
    }
}
