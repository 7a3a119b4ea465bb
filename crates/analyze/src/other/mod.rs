//! Smaller ecosystems, one file each: Elixir and Erlang, Dart, Swift, Conan, Bitnami.

mod bitnami;
mod conan;
mod mix;
mod pubspec;
mod swift;

use crate::Analyzer;

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[
    &mix::MIX_LOCK,
    &pubspec::PUBSPEC_LOCK,
    &swift::PACKAGE_RESOLVED,
    &conan::CONAN_LOCK,
    &bitnami::BITNAMI,
];
