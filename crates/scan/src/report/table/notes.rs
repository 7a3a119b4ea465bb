//! What else the reader must know: how far the advisories reach, what was not looked at, what is
//! left out of judgement, what the filter hides.

use std::collections::BTreeMap;
use std::io;

use model::{CoverageStatus, Ignored, IgnoredBy, Skip, SourceKind};

use super::{BOLD, CAUTION, DIM, GOOD, Line, PLAIN, Page};
use crate::report::coverage;
use crate::report::text::{self, count};
use crate::report::view::View;
use crate::report::wording;

/// Lines of one kind of note before the rest is summed up.
const LISTED: usize = 5;

pub(super) fn write(page: &mut Page<'_>, view: &View<'_>, all: bool) -> io::Result<()> {
    write_silence(page, view)?;
    write_coverage(page, view)?;
    write_skipped(page, view, all)?;
    write_ignored(page, view, all)?;
    write_stale(page, view, all)?;
    if view.hidden > 0 {
        let hidden = count(view.hidden, "finding is", "findings are");
        let text = format!("{hidden} not shown (filter: {})", view.filter);
        page.heading("FILTERED", &text)?;
    }
    Ok(())
}

/// When there is no vulnerability: that, or why it proves nothing. Of templates: no finding.
fn write_silence(page: &mut Page<'_>, view: &View<'_>) -> io::Result<()> {
    let report = view.report;
    if report.source.kind == SourceKind::Template {
        if !report.findings.is_empty() {
            return Ok(());
        }
        page.blank()?;
        let templates = count(report.inventory.templates.len(), "template", "templates");
        let line = Line::new(0).add(GOOD, "✔ No weakness").add(PLAIN, format!(" in {templates}."));
        return page.wrap(&line);
    }
    let any = report.findings.iter().any(|finding| finding.vulnerability().is_some());
    // That none was looked for is told below; beside other findings once is enough.
    if any || report.tool.database.is_none() && !report.findings.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let packages = count(report.inventory.packages.len(), "package", "packages");
    let line = match (coverage::doubt(report), report.ignored.len()) {
        (None, 0) => Line::new(0)
            .add(GOOD, "✔ No known vulnerability")
            .add(PLAIN, format!(" in {packages}.")),
        (None, ignored) => Line::new(0).add(
            BOLD,
            format!(
                "No {} beyond the {} below.",
                if report.findings.is_empty() { "finding" } else { "vulnerability" },
                count(ignored, "ignored one", "ignored ones")
            ),
        ),
        (Some(doubt), _) => Line::new(0)
            .add(CAUTION, silence(report.findings.is_empty()))
            .foreign(PLAIN, &doubt)
            .add(PLAIN, "."),
    };
    page.wrap(&line)
}

fn silence(no_finding: bool) -> &'static str {
    match no_finding {
        true => "▲ No findings, but that does not mean clean: ",
        false => "▲ No known vulnerability, but that does not mean that there is none: ",
    }
}

fn write_coverage(page: &mut Page<'_>, view: &View<'_>) -> io::Result<()> {
    let report = view.report;
    if report.source.kind == SourceKind::Template {
        return Ok(());
    }
    if report.tool.database.is_none() {
        page.heading("COVERAGE", "")?;
        let text = "vulnerabilities were not looked for: no advisory database was used; \
                    `lazaret advisories update` fetches one";
        return page.wrap(&Line::new(2).add(CAUTION, "▲ ").add(PLAIN, text));
    }
    if report.coverage.is_empty() {
        return Ok(());
    }
    page.heading("COVERAGE", "")?;
    for gap in coverage::gaps(report) {
        let line = Line::new(2)
            .add(CAUTION, "▲ ")
            .foreign(BOLD, &gap.ecosystem)
            .add(PLAIN, format!(" ({})", gap.packages))
            .add(CAUTION, format!("  {}  ", text::clean(&coverage::state(&gap.status))))
            .foreign(PLAIN, &gap.note);
        page.wrap(&line)?;
    }
    let covered: Vec<String> = report
        .coverage
        .iter()
        .filter(|coverage| coverage.status == CoverageStatus::Covered)
        .map(|coverage| format!("{} ({})", text::clean(&coverage.ecosystem), coverage.packages))
        .collect();
    if covered.is_empty() {
        return Ok(());
    }
    page.wrap(&Line::new(2).add(GOOD, "✔ ").add(PLAIN, covered.join(", ")))
}

fn write_skipped(page: &mut Page<'_>, view: &View<'_>, all: bool) -> io::Result<()> {
    let skipped = &view.report.skipped;
    if skipped.is_empty() {
        return Ok(());
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for skip in skipped {
        *reasons.entry(coverage::reason(skip.reason)).or_default() += 1;
    }
    let words: Vec<String> =
        reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    page.heading("NOT LOOKED AT", &words.join(", "))?;
    list(page, skipped, all, skip_line)
}

fn skip_line(skip: &Skip) -> Line {
    let mut line = Line::new(2).add(CAUTION, coverage::reason(skip.reason)).add(PLAIN, "  ");
    line = match (&skip.layer, skip.path.as_str()) {
        (_, path) if !path.is_empty() => line.foreign(PLAIN, path),
        (Some(layer), _) => line.add(PLAIN, format!("layer {}", layer.0)),
        (None, _) => line.add(PLAIN, "the image"),
    };
    line.add(DIM, "  ").foreign(DIM, &skip.detail)
}

fn write_ignored(page: &mut Page<'_>, view: &View<'_>, all: bool) -> io::Result<()> {
    let ignored = &view.report.ignored;
    if ignored.is_empty() {
        return Ok(());
    }
    let by_vex = ignored.iter().filter(|i| matches!(i.by, IgnoredBy::Vex { .. })).count();
    let mut words = Vec::new();
    if ignored.len() > by_vex {
        words.push(count(ignored.len() - by_vex, "by exception", "by exceptions"));
    }
    if by_vex > 0 {
        words.push(format!("{by_vex} by VEX"));
    }
    page.heading("IGNORED", &words.join(", "))?;
    list(page, ignored, all, ignored_line)
}

fn ignored_line(ignored: &Ignored) -> Line {
    let finding = &ignored.finding;
    let place = match finding.vulnerability() {
        Some(vulnerability) => vulnerability.package.clone(),
        None => wording::place(finding),
    };
    let line = Line::new(2)
        .foreign(BOLD, wording::name(finding))
        .add(PLAIN, " ")
        .foreign(PLAIN, &place)
        .add(PLAIN, "  ");
    match &ignored.by {
        IgnoredBy::Exception(exception) => {
            let line = line.foreign(PLAIN, &exception.owner);
            let line = match &exception.expires {
                Some(expires) => line.add(DIM, " until ").foreign(DIM, expires),
                None => line.add(CAUTION, " without end"),
            };
            line.add(DIM, ": ").foreign(DIM, &exception.reason)
        }
        IgnoredBy::Vex { document, status, justification } => line
            .foreign(PLAIN, &status.replace('_', " "))
            .add(DIM, " says ")
            .foreign(DIM, document)
            .add(DIM, if justification.is_empty() { "" } else { ": " })
            .foreign(DIM, &justification.replace('_', " ")),
    }
}

fn write_stale(page: &mut Page<'_>, view: &View<'_>, all: bool) -> io::Result<()> {
    let stale = &view.report.stale_exceptions;
    if stale.is_empty() {
        return Ok(());
    }
    page.heading("STALE EXCEPTIONS", "these match nothing or have expired: take them out")?;
    list(page, stale, all, |text| Line::new(2).foreign(CAUTION, text))
}

/// The first few, or all, each on its line.
fn list<T>(
    page: &mut Page<'_>,
    items: &[T],
    all: bool,
    line: impl Fn(&T) -> Line,
) -> io::Result<()> {
    let listed =
        if all || items.len() == LISTED + 1 { items.len() } else { items.len().min(LISTED) };
    for item in &items[..listed] {
        page.wrap(&line(item))?;
    }
    match items.len() - listed {
        0 => Ok(()),
        more => page.wrap(&Line::new(2).add(DIM, format!("+ {more} more; --all lists them"))),
    }
}
