//! A diff as text for a terminal, or as JSON.

use std::io::{self, Write};

use model::Finding;

use super::table::{
    BAD, BOLD, CAUTION, DIM, GOOD, Line, PLAIN, Page, decision_style, severity_style,
};
use super::text::count;
use super::{Format, Options, ReportError, table, tally::Tally, wording, write_json};
use crate::diff::{Change, Diff, PackageChange};

/// Lines of one kind before the rest is summed up.
const LISTED: usize = 20;

/// Writes a diff as `Format::Table` or `Format::Json`; every other format is refused.
pub fn write_diff(
    format: Format,
    diff: &Diff,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    match format {
        Format::Table => write_table(diff, options, out)?,
        Format::Json => write_json(format, diff, out)?,
        format => {
            let detail = "a diff is written as table or json".to_owned();
            return Err(ReportError::Encode { format, detail });
        }
    }
    Ok(out.flush()?)
}

fn write_table(diff: &Diff, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, width: options.width, color: options.color, ascii: options.ascii };
    let names = Line::new(0)
        .foreign(BOLD, &diff.before.name)
        .add(PLAIN, " → ")
        .foreign(BOLD, &diff.after.name);
    page.wrap(&names)?;
    if diff.is_empty() {
        return page
            .wrap(&Line::new(0).add(GOOD, "No difference in packages, findings or verdict."));
    }
    write_findings(&mut page, ("NEW FINDINGS", &diff.new_findings), options.all)?;
    write_findings(&mut page, ("FIXED FINDINGS", &diff.fixed_findings), options.all)?;
    write_packages(&mut page, &diff.packages, options.all)?;
    write_end(&mut page, diff)
}

fn write_findings(
    page: &mut Page<'_>,
    (title, findings): (&str, &[Finding]),
    all: bool,
) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    page.heading(title, &Tally::of(findings).words())?;
    let listed = if all { findings.len() } else { findings.len().min(LISTED) };
    for finding in &findings[..listed] {
        page.cut(&finding_line(finding))?;
    }
    write_rest(page, findings.len() - listed)
}

fn finding_line(finding: &Finding) -> Line {
    let line = Line::new(2).cell(severity_style(finding.severity), finding.severity.as_str(), 12);
    let Some(v) = finding.vulnerability() else {
        return line
            .cell(DIM, finding.kind.as_str(), 10)
            .foreign(BOLD, wording::name(finding))
            .add(PLAIN, "  ")
            .foreign(PLAIN, &wording::place(finding));
    };
    let line = line.cell(BOLD, &v.id.0, 22).foreign(PLAIN, &v.package).add(PLAIN, " ");
    let line = line.foreign(DIM, &v.version);
    let line = match &v.fixed_version {
        Some(version) => line.add(PLAIN, " → ").foreign(GOOD, version),
        None => line.add(DIM, format!("  {}", v.fix_state)),
    };
    if v.kev.is_some() { line.add(BAD, "  KEV") } else { line }
}

fn write_packages(page: &mut Page<'_>, packages: &[PackageChange], all: bool) -> io::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let of = |change: Change| packages.iter().filter(|p| p.change == change).count();
    let words: Vec<String> = [
        (Change::Added, "added"),
        (Change::Removed, "removed"),
        (Change::Upgraded, "upgraded"),
        (Change::Downgraded, "downgraded"),
    ]
    .into_iter()
    .map(|(change, word)| (of(change), word))
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{number} {word}"))
    .collect();
    page.heading("PACKAGES", &words.join(", "))?;
    let listed = if all { packages.len() } else { packages.len().min(LISTED) };
    for package in &packages[..listed] {
        page.cut(&package_line(package))?;
    }
    write_rest(page, packages.len() - listed)
}

fn package_line(package: &PackageChange) -> Line {
    let (style, mark) = match package.change {
        Change::Added => (GOOD, "+ "),
        Change::Removed => (BAD, "- "),
        Change::Upgraded => (PLAIN, "^ "),
        Change::Downgraded => (CAUTION, "v "),
    };
    let line = Line::new(2).add(style, mark).foreign(BOLD, &package.name).add(PLAIN, " ");
    let line = match (&package.before, &package.after) {
        (Some(before), Some(after)) => {
            line.foreign(DIM, before).add(PLAIN, " → ").foreign(PLAIN, after)
        }
        (before, after) => {
            line.foreign(PLAIN, before.as_ref().or(after.as_ref()).map_or("", String::as_str))
        }
    };
    line.add(DIM, format!("  {}", table::kind_name(package.kind)))
}

fn write_rest(page: &mut Page<'_>, more: usize) -> io::Result<()> {
    if more == 0 {
        return Ok(());
    }
    page.wrap(&Line::new(2).add(DIM, format!("+ {more} more; --all lists them")))
}

fn write_end(page: &mut Page<'_>, diff: &Diff) -> io::Result<()> {
    page.blank()?;
    let (before, after) = (&diff.before, &diff.after);
    let words = format!(
        "{} new, {} fixed, {} unchanged; {} before, {} after.",
        diff.new_findings.len(),
        diff.fixed_findings.len(),
        diff.unchanged_findings,
        count(before.findings, "finding", "findings"),
        after.findings,
    );
    page.wrap(&Line::new(0).add(PLAIN, words))?;
    let line = Line::new(0)
        .add(PLAIN, "Verdict: ")
        .add(decision_style(before.decision), table::decided(before.decision));
    let line = if before.decision == after.decision {
        line.add(DIM, ", unchanged")
    } else {
        line.add(PLAIN, " → ").add(decision_style(after.decision), table::decided(after.decision))
    };
    page.wrap(&line)
}
