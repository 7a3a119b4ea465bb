//! .NET: NuGet packages of built programs (`*.deps.json`), of restored projects and of lock files.
//!
//! Names keep their case, as NuGet shows them; they are compared without it.

mod central;
mod config;
mod deps;
mod lock;
mod xml;

use crate::Analyzer;

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[
    &deps::DEPS,
    &deps::ASSETS,
    &lock::PACKAGES_LOCK,
    &config::PACKAGES_CONFIG,
    &central::CENTRAL_PROPS,
];

/// The version that a NuGet version range admits, when it admits one only: `1.0.0` (which is a
/// minimum, and what a restore takes when it exists) and `[1.0.0]`.
fn exact_version(range: &str) -> Option<&str> {
    let range = range.trim();
    let version = match range.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.trim(),
        None => range,
    };
    let is_exact = version.starts_with(|c: char| c.is_ascii_digit())
        && !version.contains(['*', ',', '(', ')', '[', ']', '$']);
    is_exact.then_some(version)
}

#[cfg(test)]
mod tests {
    #[test]
    fn ranges_that_admit_one_version() {
        for (range, expect) in [
            ("1.0.0", Some("1.0.0")),
            (" [1.0.0-beta.1] ", Some("1.0.0-beta.1")),
            ("[1.0,2.0)", None),
            ("(1.0]", None),
            ("1.*", None),
            ("*", None),
            ("$(Version)", None),
            ("[", None),
            ("", None),
        ] {
            assert_eq!(super::exact_version(range), expect, "{range}");
        }
    }
}
