//! The layer view: the image as the stack it is, with what each layer brings in.

use model::{Finding, Layer, LayerIndex};
use serde::Serialize;

use super::content::{OtherRow, other_row};
use super::context::{FindingRow, Pill, finding_row, pills};
use crate::report::table;
use crate::report::tally::Tally;
use crate::report::text::{self, clean};
use crate::report::view::View;

#[derive(Serialize)]
pub(super) struct LayerRow {
    index: u32,
    base: bool,
    /// The first layer of the base image from above: the seam is drawn over it.
    seam: bool,
    instruction: String,
    diff_id: String,
    size: String,
    /// Share of the largest layer, in percent.
    share: f64,
    pills: Vec<Pill>,
    packages: Vec<PackageRow>,
    findings: Vec<FindingRow>,
    others: Vec<OtherRow>,
}

#[derive(Serialize)]
struct PackageRow {
    name: String,
    version: String,
    kind: &'static str,
    path: String,
    owned_by: String,
}

/// The layers, the highest first, as they lie on each other.
pub(super) fn rows(view: &View<'_>) -> Vec<LayerRow> {
    let layers = &view.report.image.layers;
    let largest = layers.iter().map(|layer| layer.size_bytes).max().unwrap_or(0).max(1);
    let mut rows: Vec<LayerRow> =
        layers.iter().rev().map(|layer| row(view, layer, largest)).collect();
    if let Some(first) = rows.iter_mut().find(|row| row.base) {
        first.seam = true;
    }
    rows
}

fn row(view: &View<'_>, layer: &Layer, largest: u64) -> LayerRow {
    let here = |index: LayerIndex| index == layer.index;
    // What is about the whole image lies in no layer.
    let in_layer = |finding: &&Finding| here(finding.layer()) && finding.kind.has_layer();
    let findings: Vec<_> = view.findings.iter().copied().filter(in_layer).collect();
    let packages = view.report.inventory.packages.iter().filter(|package| here(package.layer));
    LayerRow {
        index: layer.index.0,
        base: layer.base,
        seam: false,
        instruction: match &layer.created_by {
            Some(created_by) => clean(&text::instruction(created_by)).into_owned(),
            None => "no build step is recorded".to_owned(),
        },
        diff_id: layer.diff_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        size: text::bytes(layer.size_bytes),
        share: layer.size_bytes as f64 * 100.0 / largest as f64,
        pills: pills(&Tally::of(findings.iter().copied())),
        packages: packages
            .map(|package| PackageRow {
                name: clean(&package.name).into_owned(),
                version: clean(&package.version).into_owned(),
                kind: table::kind_name(package.kind),
                path: clean(&package.path).into_owned(),
                owned_by: clean(package.owned_by.as_deref().unwrap_or_default()).into_owned(),
            })
            .collect(),
        others: findings.iter().copied().filter_map(other_row).collect(),
        findings: findings.into_iter().filter_map(finding_row).collect(),
    }
}
