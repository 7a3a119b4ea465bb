//! What no version repairs yet, summed up by package: there is nothing to do but to know it.

use std::collections::BTreeMap;
use std::io;

use model::Severity;

use super::repairs::{Columns, tally_spans};
use super::{BAD, BOLD, DIM, Line, PLAIN, Page};
use crate::report::fix_plan::Repair;
use crate::report::tally::Tally;
use crate::report::text::{self, count};

/// Packages listed before the rest is summed up.
const LISTED: usize = 12;
/// Widest package column.
const MAX_NAME_COLUMNS: usize = 40;
/// Column of the worst vulnerability's name.
const ID_COLUMNS: usize = 22;

pub(super) fn write(page: &mut Page<'_>, packages: &[Repair<'_>], all: bool) -> io::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let total: usize = packages.iter().map(|package| package.count).sum();
    let remark = format!(
        "{} in {}",
        count(total, "finding", "findings"),
        count(packages.len(), "package", "packages")
    );
    page.heading("NO FIX YET", &remark)?;
    let packages: Vec<&Repair<'_>> = packages.iter().collect();
    if all { write_all(page, &packages) } else { write_summary(page, &packages) }
}

/// The same below a layer's heading.
pub(super) fn write_in_layer(
    page: &mut Page<'_>,
    packages: &[&Repair<'_>],
    all: bool,
) -> io::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.wrap(&Line::new(2).add(BOLD, "no fix yet"))?;
    if all { write_all(page, packages) } else { write_summary(page, packages) }
}

fn write_all(page: &mut Page<'_>, packages: &[&Repair<'_>]) -> io::Result<()> {
    for package in packages {
        page.blank()?;
        page.wrap(&name(package).add(DIM, format!("  {}", states(package))))?;
        let columns = Columns::of(&package.findings, page.columns());
        for finding in &package.findings {
            page.cut(&columns.row(4, finding))?;
        }
    }
    Ok(())
}

fn write_summary(page: &mut Page<'_>, packages: &[&Repair<'_>]) -> io::Result<()> {
    let (grave, slight): (Vec<&Repair<'_>>, Vec<&Repair<'_>>) =
        packages.iter().copied().partition(|package| is_grave(package));
    let listed = grave.len().min(LISTED);
    let wide =
        grave[..listed].iter().map(|package| text::width(&label(package))).max().unwrap_or(0);
    let wide = wide.min(MAX_NAME_COLUMNS).min(page.columns() / 2) + 2;
    for package in &grave[..listed] {
        page.cut(&row(package, wide))?;
    }
    let rest: Vec<&Repair<'_>> = grave[listed..].iter().chain(&slight).copied().collect();
    if rest.is_empty() {
        return Ok(());
    }
    let tally = Tally::of(rest.iter().flat_map(|package| package.findings.iter().copied()));
    let more = if listed == 0 { "" } else { "+ " };
    let noun = count(rest.len(), "package", "packages");
    let text = format!("{more}{noun} with {}; --all lists them", tally.words());
    page.wrap(&Line::new(2).add(DIM, text))
}

/// Worth a line of its own: medium or worse, or known to be exploited.
fn is_grave(package: &Repair<'_>) -> bool {
    package.findings.iter().any(|finding| {
        finding.severity >= Severity::Medium
            || finding.vulnerability().is_some_and(|v| v.kev.is_some())
    })
}

/// `zlib1g 1.2.13  CVE-2023-45853  1 critical  will not fix`: the worst, how many, what is said.
fn row(package: &Repair<'_>, wide: usize) -> Line {
    let mut line = Line::new(2).cell(BOLD, &label(package), wide);
    let worst = package.findings.first().and_then(|finding| finding.vulnerability());
    if let Some(worst) = worst {
        line = line.cell(PLAIN, &worst.id.0, ID_COLUMNS);
        line = line.add(BAD, if worst.kev.is_some() { "KEV  " } else { "" });
    }
    tally_spans(line, &package.tally()).add(DIM, format!("  {}", states(package)))
}

fn name(package: &Repair<'_>) -> Line {
    Line::new(2).foreign(BOLD, &label(package))
}

/// The package as it is installed; the source package's name where several are.
fn label(package: &Repair<'_>) -> String {
    let version = package.from.first().copied().unwrap_or_default();
    let name = match package.packages.as_slice() {
        [one] => one,
        _ => package.name,
    };
    text::clean(&format!("{name} {version}")).into_owned()
}

/// What the vendors say, most frequent first: `3 will not fix, 1 affected`.
fn states(package: &Repair<'_>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &package.findings {
        let state = finding.vulnerability().map_or("unknown", |v| v.fix_state.as_str());
        *counts.entry(state).or_default() += 1;
    }
    if let (1, Some((state, _))) = (counts.len(), counts.first_key_value()) {
        return (*state).to_owned();
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(state, count)| (std::cmp::Reverse(*count), *state));
    let words: Vec<String> =
        counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    words.join(", ")
}
