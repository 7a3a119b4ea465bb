//! The image pipeline: image → inventory → findings → verdict → report.
//!
//! The only place that runs an analyzer; knows no single package format. [`Inspector`] turns an
//! image into an inventory (one pass over each layer that the cache does not know);
//! [`Judge`] turns an inventory into a report; `report` writes it.

mod base;
mod cache;
pub mod diff;
mod error;
mod eyes;
mod findings;
mod inspect;
mod judge;
mod layer;
mod look;
mod merge;
mod pool;
mod property;
pub mod report;
mod sbom;
mod template;
mod trust;
mod vex;
pub mod weighing;
mod worker;

pub use cache::LayerCache;
pub use error::ScanError;
pub use eyes::Eyes;
pub use inspect::{Inspection, Inspector};
pub use judge::Judge;
pub use layer::{AnalyzedFile, LayerAnalysis, PathSet};
pub use sbom::{SbomError, read_sbom};
pub use template::{
    StoredReport, TemplateInspection, TemplateInspector, has_template, is_template,
};
pub use trust::TrustCheck;
pub use vex::{Vex, VexError, VexSubject};
