//! What lies in an image besides packages: malicious files, secrets, suspicious build steps, and
//! whom the image can be trusted for. Who looks at three in the morning sees what is malicious
//! first, then what is not answered for, then the repairs, then the rest.

use std::io;

use model::{Band, Finding, FindingKind, LayerIndex};

use super::{CAUTION, DIM, Line, Page, layer_name};
use super::{malware, secrets, steps, trust, weaknesses};
use crate::report::tally::Tally;
use crate::report::view::View;

/// Digits of a finding's id that a line shows: enough to ask `--explain` for it.
pub(super) const ID_DIGITS: usize = 8;

/// What comes before the repairs.
pub(super) fn write_first(page: &mut Page<'_>, view: &View<'_>, all: bool) -> io::Result<()> {
    if is_malicious(view) {
        write_malware(page, view, all)?;
    }
    trust::write_unmet(page, view)?;
    let weak: Vec<&Finding> =
        view.findings.iter().filter(|f| f.misconfiguration().is_some()).copied().collect();
    if weak.is_empty() {
        return Ok(());
    }
    page.heading("WEAKNESSES", &Tally::of(weak.iter().copied()).words())?;
    weaknesses::write(page, &weak, all)
}

/// What comes after them. `by_layer` leaves out what stands below its layer's heading.
pub(super) fn write_rest(
    page: &mut Page<'_>,
    view: &View<'_>,
    by_layer: bool,
    all: bool,
) -> io::Result<()> {
    if !by_layer {
        if !is_malicious(view) {
            write_malware(page, view, all)?;
        }
        let found = Found::of(view.findings.iter().copied());
        if !found.secrets.is_empty() {
            let remark = "whoever has the image has them: replace them, then build without them";
            page.heading("SECRETS", remark)?;
            secrets::write(page, (view, true), &found.secrets, all)?;
        }
        if !found.steps.is_empty() {
            page.heading(
                "SUSPICIOUS BUILD STEPS",
                &Tally::of(found.steps.iter().copied()).words(),
            )?;
            steps::write(page, (view, true), &found.steps, all)?;
        }
    }
    trust::write_met(page, view)
}

/// What one layer brings, below its heading. Whether there is any.
pub(super) fn write_in_layer(
    page: &mut Page<'_>,
    view: &View<'_>,
    found: &Found<'_>,
    all: bool,
) -> io::Result<()> {
    malware::write(page, (view, false), &found.malware, all)?;
    secrets::write(page, (view, false), &found.secrets, all)?;
    steps::write(page, (view, false), &found.steps, all)
}

fn is_malicious(view: &View<'_>) -> bool {
    let mut files = view.findings.iter().filter_map(|finding| finding.malware());
    files.any(|file| file.band == Band::Malicious)
}

fn write_malware(page: &mut Page<'_>, view: &View<'_>, all: bool) -> io::Result<()> {
    let found = Found::of(view.findings.iter().copied());
    if found.malware.is_empty() {
        return Ok(());
    }
    match is_malicious(view) {
        true => page.heading(
            "MALICIOUS FILES",
            "take them out, find out how they came in, treat what they could reach as known",
        )?,
        false => page.heading("SUSPICIOUS FILES", "somebody should look at them")?,
    }
    malware::write(page, (view, true), &found.malware, all)
}

/// Findings by kind, each the worst first.
pub(super) struct Found<'a> {
    malware: Vec<&'a Finding>,
    secrets: Vec<&'a Finding>,
    steps: Vec<&'a Finding>,
}

impl<'a> Found<'a> {
    pub(super) fn of(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let mut found = Found { malware: Vec::new(), secrets: Vec::new(), steps: Vec::new() };
        for finding in findings {
            match &finding.kind {
                FindingKind::Malware(_) => found.malware.push(finding),
                FindingKind::Secret(_) => found.secrets.push(finding),
                FindingKind::History(_) => found.steps.push(finding),
                FindingKind::Vulnerability(_)
                | FindingKind::Trust(_)
                | FindingKind::Misconfiguration(_) => {}
            }
        }
        let score = |finding: &Finding| finding.malware().map_or(0.0, |malware| malware.score);
        found.malware.sort_by(|a, b| {
            b.severity.cmp(&a.severity).then_with(|| score(b).total_cmp(&score(a)))
        });
        found.secrets.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        found.steps.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        found
    }

    /// What stands below a layer's heading: malicious files do not, they come before everything.
    pub(super) fn in_layer(view: &View<'a>, index: LayerIndex) -> Self {
        let here = view.findings.iter().filter(|finding| finding.layer() == index).copied();
        let mut found = Self::of(here);
        if is_malicious(view) {
            found.malware.clear();
        }
        found
    }

    pub(super) fn is_empty(&self) -> bool {
        self.malware.is_empty() && self.secrets.is_empty() && self.steps.is_empty()
    }
}

/// Adds the layer where it is not in the heading, what marks the finding, and its id.
pub(super) fn write_place(
    page: &mut Page<'_>,
    (view, with_layer): (&View<'_>, bool),
    finding: &Finding,
    line: Line,
) -> io::Result<()> {
    let mut line = line;
    if with_layer && !view.report.image.layers.is_empty() {
        line = layer_name(line, view, finding.layer());
        line = line.add(DIM, if finding.base { " (base image) · " } else { " · " });
    }
    let (owner, deleted) = match &finding.kind {
        FindingKind::Malware(malware) => (&malware.owned_by, malware.deleted_by),
        FindingKind::Secret(secret) => (&secret.owned_by, secret.deleted_by),
        _ => (&None, None),
    };
    if let Some(layer) = deleted {
        line = line.add(CAUTION, format!("deleted in layer {}", layer.0)).add(DIM, " · ");
    }
    if let Some(owner) = owner {
        line = line.add(CAUTION, "of the package ").foreign(CAUTION, owner).add(DIM, " · ");
    }
    let id: String = finding.id.0.chars().take(ID_DIGITS).collect();
    page.wrap(&line.add(DIM, "finding ").foreign(DIM, &id))
}

/// What is left after the first few, in one line.
pub(super) fn write_more(page: &mut Page<'_>, rest: &[&Finding]) -> io::Result<()> {
    if rest.is_empty() {
        return Ok(());
    }
    let words = Tally::of(rest.iter().copied()).words();
    page.blank()?;
    page.wrap(&Line::new(2).add(DIM, format!("+ {} more: {words}; --all lists them", rest.len())))
}
