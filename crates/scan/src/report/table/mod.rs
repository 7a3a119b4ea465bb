//! The table: the report for a person at a terminal, who wants to know what to do.
//!
//! What the image is; what is malicious in it and who does not answer for it; what to upgrade and
//! what that repairs; what nobody can repair yet; its secrets and suspicious build steps; what was
//! not looked at; the counts; last, where the eye rests, the verdict and the way out of it.

mod content;
mod header;
mod layers;
mod line;
mod malware;
mod notes;
mod repairs;
mod secrets;
mod steps;
mod tallies;
mod trust;
mod unfixed;
mod verdict;
mod weaknesses;

use std::io::{self, Write};

use model::SourceKind;

use super::fix_plan::{Plan, plan};
use super::view::View;
use super::{GroupBy, Options};

pub(in crate::report) use header::decided;
pub(in crate::report) use repairs::{kind_name, layer_name};

pub(in crate::report) use line::{BAD, BOLD, CAUTION, DIM, GOOD, Line, PLAIN, Page};
pub(in crate::report) use line::{band_style, decision_style, severity_style};

/// Writes every report, and a summary where there are several.
pub(super) fn write(views: &[View<'_>], options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, width: options.width, color: options.color, ascii: options.ascii };
    for (index, view) in views.iter().enumerate() {
        if index > 0 {
            page.blank()?;
            let rule = "─".repeat(page.columns().min(100));
            page.cut(&Line::new(0).add(DIM, rule))?;
            page.blank()?;
        }
        write_one(&mut page, view, options)?;
    }
    if views.len() > 1 {
        tallies::write_summary(&mut page, views)?;
    }
    Ok(())
}

fn write_one(page: &mut Page<'_>, view: &View<'_>, options: &Options) -> io::Result<()> {
    header::write(page, view)?;
    // Templates have no layers.
    let is_template = view.report.source.kind == SourceKind::Template;
    let group = if is_template { GroupBy::Risk } else { options.group };
    let by_layer = group == GroupBy::Layer;
    content::write_first(page, view, options.all)?;
    match group {
        GroupBy::Risk => write_by_risk(page, view, &plan(view, false), options.all)?,
        GroupBy::Layer => layers::write(page, view, &plan(view, true), options.all)?,
    }
    content::write_rest(page, view, by_layer, options.all)?;
    notes::write(page, view, options.all)?;
    tallies::write(page, view)?;
    verdict::write(page, view, &plan(view, false))
}

fn write_by_risk(
    page: &mut Page<'_>,
    view: &View<'_>,
    plan: &Plan<'_>,
    all: bool,
) -> io::Result<()> {
    repairs::write_removals(page, view, &plan.remove, all)?;
    repairs::write_upgrades(page, view, &plan.upgrade, all)?;
    unfixed::write(page, &plan.unfixed, all)
}
