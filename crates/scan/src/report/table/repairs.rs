//! The heart of the table: each upgrade, and the vulnerabilities that it repairs.

use std::io;

use model::{AdvisoryKind, Finding, LayerIndex, PackageKind, Severity, Vulnerability};

use super::{BAD, BOLD, CAUTION, DIM, GOOD, Line, PLAIN, Page, severity_style};
use crate::report::fix_plan::Repair;
use crate::report::tally::Tally;
use crate::report::text::{self, count};
use crate::report::view::View;

/// Vulnerabilities listed under one repair before the rest is summed up.
const LISTED: usize = 5;
/// Packages or places named under one repair before the rest is summed up.
const NAMED: usize = 6;
/// Below so many columns the summaries are left out.
const SUMMARY_FROM_COLUMNS: usize = 76;
/// Longest id that still lines the columns up.
const MAX_ID_COLUMNS: usize = 22;

pub(super) fn write_removals(
    page: &mut Page<'_>,
    view: &View<'_>,
    repairs: &[Repair<'_>],
    all: bool,
) -> io::Result<()> {
    if repairs.is_empty() {
        return Ok(());
    }
    let remark = "these packages are malicious: take them out and treat what they saw as known";
    page.heading("REMOVE FIRST", remark)?;
    for repair in repairs {
        write_one(page, (view, true), repair, all)?;
    }
    Ok(())
}

pub(super) fn write_upgrades(
    page: &mut Page<'_>,
    view: &View<'_>,
    repairs: &[Repair<'_>],
    all: bool,
) -> io::Result<()> {
    if repairs.is_empty() {
        return Ok(());
    }
    let repaired: usize = repairs.iter().map(|repair| repair.count).sum();
    let remark = format!(
        "{} {} of {}",
        count(repairs.len(), "upgrade repairs", "upgrades repair"),
        text::thousands(repaired),
        count(view.vulnerabilities().count(), "vulnerability", "vulnerabilities"),
    );
    page.heading("UPGRADE", &remark)?;
    let (grave, slight): (Vec<&Repair<'_>>, Vec<&Repair<'_>>) =
        repairs.iter().partition(|repair| all || is_grave(repair));
    for repair in &grave {
        write_one(page, (view, true), repair, all)?;
    }
    if slight.is_empty() {
        return Ok(());
    }
    page.blank()?;
    if !grave.is_empty() {
        page.wrap(&Line::new(2).add(DIM, "and, of medium severity and less:"))?;
    }
    write_rows(page, &slight)
}

/// Worth more than a line: high or critical, or known to be exploited.
fn is_grave(repair: &Repair<'_>) -> bool {
    repair.findings.iter().any(|finding| {
        finding.severity >= Severity::High
            || finding.vulnerability().is_some_and(|v| v.kev.is_some())
    })
}

/// One line a repair: what to do and how much it takes away.
fn write_rows(page: &mut Page<'_>, repairs: &[&Repair<'_>]) -> io::Result<()> {
    let most = page.columns() / 2;
    let heads: Vec<String> = repairs.iter().map(|repair| short_head(repair)).collect();
    let wide = heads.iter().map(|head| text::width(head)).max().unwrap_or(0).min(most) + 2;
    for (repair, head) in repairs.iter().zip(&heads) {
        let base = if repair.base { "  base image" } else { "" };
        // The version to upgrade to is never cut: a head too long for its column gets its own line.
        if text::width(head) >= wide {
            let line = Line::new(2).add(PLAIN, head).add(PLAIN, "  ");
            page.wrap(&tally_spans(line, &repair.tally()).add(DIM, base))?;
            continue;
        }
        let line = tally_spans(Line::new(2).cell(PLAIN, head, wide), &repair.tally());
        page.cut(&line.add(DIM, base))?;
    }
    Ok(())
}

fn short_head(repair: &Repair<'_>) -> String {
    let from = listing(&repair.from, 1, "version");
    let head = format!("{} {from} → {}", repair.name, repair.to.unwrap_or_default());
    text::clean(&head).into_owned()
}

/// `1 high, 3 medium`, each in its colour.
pub(super) fn tally_spans(mut line: Line, tally: &Tally) -> Line {
    for (index, (severity, number)) in tally.worst_first().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        line = line.add(PLAIN, comma).add(severity_style(severity), format!("{number} {severity}"));
    }
    line
}

/// One repair: what to do, where, and what it takes away. `with_layer` says the layer too.
pub(super) fn write_one(
    page: &mut Page<'_>,
    (view, with_layer): (&View<'_>, bool),
    repair: &Repair<'_>,
    all: bool,
) -> io::Result<()> {
    page.blank()?;
    page.wrap(&head(repair))?;
    page.wrap(&place(view, repair, with_layer))?;
    let listed = if all { repair.findings.len() } else { repair.findings.len().min(LISTED) };
    // One more line says as little as the finding itself would.
    let listed = if repair.findings.len() == listed + 1 { listed + 1 } else { listed };
    let columns = Columns::of(&repair.findings[..listed], page.columns());
    for finding in &repair.findings[..listed] {
        page.cut(&columns.row(4, finding))?;
    }
    let rest = &repair.findings[listed..];
    if !rest.is_empty() {
        let tally = Tally::of(rest.iter().copied());
        page.wrap(&Line::new(4).add(DIM, format!("+ {} more: {}", rest.len(), tally.words())))?;
    }
    Ok(())
}

/// `openssl  3.0.11-1 → 3.0.14-1   for libssl3, openssl`.
fn head(repair: &Repair<'_>) -> Line {
    let mut line = Line::new(2).foreign(BOLD, repair.name).add(PLAIN, "  ");
    line = line.foreign(DIM, &listing(&repair.from, 2, "version"));
    if let Some(to) = repair.to {
        line = line.add(PLAIN, " → ").foreign(GOOD, to);
    }
    if repair.packages != [repair.name] {
        line = line.add(DIM, " for ").foreign(PLAIN, &listing(&repair.packages, NAMED, "package"));
    }
    line
}

/// Where it lies: the base image, or the layer's instruction, and the file.
fn place(view: &View<'_>, repair: &Repair<'_>, with_layer: bool) -> Line {
    let mut line = Line::new(4).add(DIM, kind_name(repair.kind));
    if with_layer && repair.base {
        line = line.add(DIM, " · base image");
    } else if with_layer && !view.report.image.layers.is_empty() {
        line = line.add(DIM, " · ");
        let mut layers: Vec<LayerIndex> = repair.places.iter().map(|(layer, _)| *layer).collect();
        layers.dedup();
        line = match layers.as_slice() {
            [one] => layer_name(line, view, *one),
            several => line.add(DIM, format!("{} layers", several.len())),
        };
    }
    if !repair.kind.is_os() {
        let paths: Vec<&str> = repair.places.iter().map(|(_, path)| *path).collect();
        line = line.add(DIM, " · ").foreign(DIM, &listing(&paths, 2, "place"));
    }
    line
}

/// `layer 7: RUN npm ci`.
pub(in crate::report) fn layer_name(line: Line, view: &View<'_>, index: LayerIndex) -> Line {
    let line = line.add(DIM, format!("layer {}", index.0));
    match view.layer(index).and_then(|layer| layer.created_by.as_ref()) {
        Some(created_by) => {
            let instruction = text::clean(&text::instruction(created_by)).into_owned();
            let (short, _) = text::prefix(&instruction, 48);
            let mark = if short.len() < instruction.len() { "…" } else { "" };
            line.add(DIM, format!(": {short}{mark}"))
        }
        None => line,
    }
}

/// The first few, and how many more there are.
fn listing(items: &[&str], most: usize, noun: &str) -> String {
    let named: Vec<String> =
        items.iter().take(most).map(|item| text::clean(item).into_owned()).collect();
    let more = items.len().saturating_sub(most);
    let tail = match more {
        0 => String::new(),
        1 => format!(" + 1 more {noun}"),
        more => format!(" + {more} more {noun}s"),
    };
    format!("{}{tail}", named.join(", "))
}

/// A package manager in the words of its users.
pub(in crate::report) fn kind_name(kind: PackageKind) -> &'static str {
    match kind {
        PackageKind::Golang => "go",
        PackageKind::Alpm => "pacman",
        PackageKind::Generic => "binary",
        other => other.as_str(),
    }
}

/// Which columns the rows of one repair need, so that they line up and none is empty.
pub(super) struct Columns {
    id: usize,
    severity: usize,
    score: bool,
    exploited: bool,
    epss: bool,
    summary: bool,
}

impl Columns {
    pub(super) fn of(findings: &[&Finding], page_columns: usize) -> Self {
        let all = || findings.iter().filter_map(|finding| finding.vulnerability());
        let id = all().map(|v| text::width(&text::clean(&v.id.0))).max().unwrap_or(0);
        Columns {
            id: id.min(MAX_ID_COLUMNS) + 2,
            severity: findings.iter().map(|f| f.severity.as_str().len()).max().unwrap_or(0) + 2,
            score: all().any(|v| !v.cvss.is_empty()),
            exploited: all().any(|v| v.kev.is_some()),
            epss: all().any(|v| v.epss.is_some()),
            summary: page_columns >= SUMMARY_FROM_COLUMNS,
        }
    }

    pub(super) fn row(&self, indent: usize, finding: &Finding) -> Line {
        let line = Line::new(indent).cell(
            severity_style(finding.severity),
            finding.severity.as_str(),
            self.severity,
        );
        let Some(vulnerability) = finding.vulnerability() else { return line };
        let mut line = line.cell(BOLD, &vulnerability.id.0, self.id);
        if self.score {
            let score = vulnerability.cvss.first().map(|cvss| format!("{:.1}", cvss.score));
            line = line.cell(PLAIN, score.as_deref().unwrap_or(""), 6);
        }
        if self.exploited {
            line = line.cell(BAD, exploited(vulnerability), 5);
        }
        if self.epss {
            let epss = vulnerability.epss.map(|epss| format!("EPSS {}", text::percent(epss.score)));
            line = line.cell(CAUTION, epss.as_deref().unwrap_or(""), 12);
        }
        if self.summary { line.foreign(DIM, &remark(vulnerability)) } else { line }
    }
}

fn exploited(vulnerability: &Vulnerability) -> &'static str {
    if vulnerability.kev.is_some() { "KEV" } else { "" }
}

/// What the row ends with: what the advisory is when it is no weakness, then its summary.
fn remark(vulnerability: &Vulnerability) -> String {
    let ransomware = vulnerability.kev.as_ref().is_some_and(|kev| kev.ransomware);
    let mark = match vulnerability.kind {
        AdvisoryKind::Malicious => "malicious package: ",
        AdvisoryKind::Informational => "notice: ",
        AdvisoryKind::Vulnerability if ransomware => "used by ransomware: ",
        AdvisoryKind::Vulnerability => "",
    };
    format!("{mark}{}", vulnerability.summary)
}
