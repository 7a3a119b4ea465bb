//! The table by layer: what each layer of the image brings in, its own layers first.

use std::io;

use model::{Finding, LayerIndex, Report};

use super::content::{self, Found};
use super::repairs;
use super::unfixed;
use super::{DIM, Line, Page};
use crate::report::fix_plan::{Plan, Repair};
use crate::report::tally::Tally;
use crate::report::text;
use crate::report::view::View;

pub(super) fn write(
    page: &mut Page<'_>,
    view: &View<'_>,
    plan: &Plan<'_>,
    all: bool,
) -> io::Result<()> {
    repairs::write_removals(page, view, &plan.remove, all)?;
    for index in order(view.report) {
        let upgrades = in_layer(&plan.upgrade, index);
        let unfixed = in_layer(&plan.unfixed, index);
        let found = Found::in_layer(view, index);
        if upgrades.is_empty() && unfixed.is_empty() && found.is_empty() {
            continue;
        }
        write_heading(page, view, index)?;
        content::write_in_layer(page, view, &found, all)?;
        for repair in upgrades {
            repairs::write_one(page, (view, false), repair, all)?;
        }
        unfixed::write_in_layer(page, &unfixed, all)?;
    }
    Ok(())
}

/// Own layers from the top down, then the base image's from the top down.
fn order(report: &Report) -> Vec<LayerIndex> {
    let layers = &report.image.layers;
    let own = layers.iter().rev().filter(|layer| !layer.base);
    let base = layers.iter().rev().filter(|layer| layer.base);
    let order: Vec<LayerIndex> = own.chain(base).map(|layer| layer.index).collect();
    // A bill of materials has no layers: all of it is one.
    if order.is_empty() { vec![LayerIndex(0)] } else { order }
}

fn in_layer<'r, 'a>(repairs: &'r [Repair<'a>], index: LayerIndex) -> Vec<&'r Repair<'a>> {
    repairs.iter().filter(|repair| repair.places.iter().any(|(layer, _)| *layer == index)).collect()
}

fn write_heading(page: &mut Page<'_>, view: &View<'_>, index: LayerIndex) -> io::Result<()> {
    let in_layer = |finding: &&&Finding| finding.layer() == index && finding.kind.has_layer();
    let words = Tally::of(view.findings.iter().filter(in_layer).copied()).words();
    let Some(layer) = view.layer(index) else { return page.heading("BILL OF MATERIALS", &words) };
    let base = if layer.base { ", base image" } else { "" };
    page.heading(&format!("LAYER {}{base}", index.0), &words)?;
    match &layer.created_by {
        Some(created_by) => page.wrap(&Line::new(0).foreign(DIM, &text::instruction(created_by))),
        None => Ok(()),
    }
}
