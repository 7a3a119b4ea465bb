//! `Ecosystem`: the name space in which a package name and a version have a meaning.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name space of a package: a release of a distribution, or a language's registry.
///
/// Distributions are `<os-release ID>:<release>`, the release cut to what advisories speak of:
/// `debian:12`, `ubuntu:22.04`, `alpine:3.19` (also `alpine:edge`), `rhel:8`, `almalinux:9`,
/// `rocky:9`, `sles:15.4`, `opensuse-leap:15.5`, `opensuse-tumbleweed`, `amzn:2023`,
/// `azurelinux:3.0`, `mariner:1.0`, `arch`. Languages are the purl type: `npm`, `pypi`, `golang`,
/// `maven`, `cargo`, `gem`, `composer`, `nuget`, `hex`, `pub`, `swift`, `bitnami`, `generic`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ecosystem(pub String);

impl Ecosystem {
    /// The part before the colon: the distribution's id or the language.
    pub fn family(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(family, _)| family)
    }

    /// The part after the colon, if any.
    pub fn release(&self) -> Option<&str> {
        self.0.split_once(':').map(|(_, release)| release)
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
