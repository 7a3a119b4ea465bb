//! Operating system packages and the distribution.
//!
//! One folder or file a package manager; each reads that manager's own database of what is
//! installed and which files it put there. What is in no database is not seen here: binaries
//! and language packages have their own folders. [`ledger::Ledger`] keeps the limits for all.

mod apk;
mod bytes;
mod content_sets;
mod dpkg;
mod ledger;
mod pacman;
mod release;
mod rpm;

use crate::Analyzer;

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[
    &dpkg::Dpkg,
    &dpkg::ChiselManifest,
    &apk::Apk,
    &rpm::RpmDatabase,
    &rpm::RpmManifest,
    &pacman::Pacman,
    &content_sets::ContentSets,
    &release::Release,
];
