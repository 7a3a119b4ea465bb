//! Counts by severity: base image against own layers; image against image.

use std::io;

use model::Severity;

use super::header::decided;
use super::{BOLD, DIM, Line, PLAIN, Page, decision_style, severity_style};
use crate::report::tally::Tally;
use crate::report::text::{self, thousands};
use crate::report::view::View;

/// Widest column for image names.
const MAX_NAME_COLUMNS: usize = 44;
/// Columns of an initial, and of the total.
const INITIAL_COLUMNS: usize = 5;
const TOTAL_COLUMNS: usize = 7;
const FIXABLE_COLUMNS: usize = 10;

pub(super) fn write(page: &mut Page<'_>, view: &View<'_>) -> io::Result<()> {
    if view.findings.is_empty() {
        return Ok(());
    }
    page.heading("COUNTS", "")?;
    let names = if page.columns() < 60 {
        ["own", "base", "all"]
    } else {
        ["own layers", "base image", "all"]
    };
    let wide = names[1].len() + 2;
    let columns = Columns::of(page, wide + 2);
    columns.head(page, wide)?;
    let tally = |base: bool| Tally::of(view.findings.iter().copied().filter(|f| f.base == base));
    if view.has_base() {
        columns.row(page, Line::new(2).cell(PLAIN, names[0], wide), &tally(false))?;
        columns.row(page, Line::new(2).cell(PLAIN, names[1], wide), &tally(true))?;
    }
    let all = Tally::of(view.findings.iter().copied());
    columns.row(page, Line::new(2).cell(BOLD, names[2], wide), &all)
}

/// One line an image, where several were scanned.
pub(super) fn write_summary(page: &mut Page<'_>, views: &[View<'_>]) -> io::Result<()> {
    page.heading("SUMMARY", &format!("{} images", views.len()))?;
    let names: Vec<usize> = views.iter().map(|view| text::width(&view.name())).collect();
    let most = MAX_NAME_COLUMNS.min(page.columns() / 2);
    let wide = names.into_iter().max().unwrap_or(0).min(most) + 2;
    let columns = Columns::of(page, wide + 11);
    columns.head(page, wide + 9)?;
    for view in views {
        let decision = view.report.verdict.decision;
        let name = view.name();
        let (name, _) = text::prefix(&name, most);
        let line = Line::new(2)
            .cell(decision_style(decision), decided(decision), 9)
            .cell(BOLD, name, wide);
        columns.row(page, line, &Tally::of(view.findings.iter().copied()))?;
    }
    Ok(())
}

/// Which columns fit, and how wide each is.
struct Columns {
    severities: Vec<(Severity, &'static str, usize)>,
    fixable: bool,
}

impl Columns {
    /// With names where they fit beside `taken` columns, else with initials.
    fn of(page: &Page<'_>, taken: usize) -> Self {
        let room = page.columns().saturating_sub(taken + TOTAL_COLUMNS);
        let worst_first = || Severity::ALL.into_iter().rev();
        let named: usize = worst_first().map(|severity| severity.as_str().len() + 2).sum();
        let names = named + FIXABLE_COLUMNS <= room;
        let used = if names { named } else { Severity::ALL.len() * INITIAL_COLUMNS };
        let severities = worst_first().map(|severity| {
            let name = severity.as_str();
            match names {
                true => (severity, name, name.len() + 2),
                false => (severity, &name[..1], INITIAL_COLUMNS),
            }
        });
        Columns { severities: severities.collect(), fixable: used + FIXABLE_COLUMNS <= room }
    }

    fn head(&self, page: &mut Page<'_>, wide: usize) -> io::Result<()> {
        let mut line = Line::new(2).add(PLAIN, " ".repeat(wide));
        for (_, name, columns) in &self.severities {
            line = line.add(DIM, format!("{name:>columns$}"));
        }
        line = line.add(DIM, format!("{:>TOTAL_COLUMNS$}", "total"));
        if self.fixable {
            line = line.add(DIM, format!("{:>FIXABLE_COLUMNS$}", "fixable"));
        }
        page.cut(&line)
    }

    fn row(&self, page: &mut Page<'_>, mut line: Line, tally: &Tally) -> io::Result<()> {
        for (severity, _, columns) in &self.severities {
            let count = tally.count(*severity);
            let style = if count == 0 { DIM } else { severity_style(*severity) };
            line = line.add(style, format!("{:>columns$}", thousands(count)));
        }
        line = line.add(BOLD, format!("{:>TOTAL_COLUMNS$}", thousands(tally.total())));
        if self.fixable {
            line = line.add(PLAIN, format!("{:>FIXABLE_COLUMNS$}", thousands(tally.fixable)));
        }
        page.cut(&line)
    }
}
