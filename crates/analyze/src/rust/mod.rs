//! Rust: the crates that a binary says it was built from (`cargo auditable`), and `Cargo.lock`.

mod auditable;
mod cargo_lock;

use crate::Analyzer;

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[&auditable::RustBinary, &cargo_lock::CargoLock];
