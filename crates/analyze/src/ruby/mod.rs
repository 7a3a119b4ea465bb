//! Ruby: installed gems and Bundler's lock files.

mod bundler;
mod installed;

use crate::Analyzer;

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[&installed::INSTALLED, &bundler::BUNDLER_LOCK];
