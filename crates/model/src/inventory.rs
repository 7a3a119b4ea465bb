//! `Inventory`: everything installed in an image. Exported, it is an SBOM.

mod accounts;
mod package;
mod package_kind;
mod purl;

use serde::{Deserialize, Serialize};

use crate::Distro;

pub use accounts::{Accounts, Group, User};
pub use package::{Package, SourcePackage};
pub use package_kind::PackageKind;
pub use purl::{InvalidPurl, Purl, PurlParts};

/// Everything installed in an image, the layers merged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inventory {
    /// The distribution, if one was recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distro: Option<Distro>,
    /// Red Hat repositories (content sets) the image was built from; they choose its products.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub content_sets: Vec<String>,
    /// Sorted by kind, name, version, path.
    pub packages: Vec<Package>,
    /// Templates that were looked at, by their path, sorted; empty for images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<String>,
}

impl Inventory {
    /// Puts the packages into their order and drops exact duplicates.
    pub fn sort(&mut self) {
        self.packages.sort_by(|a, b| {
            (a.kind, &a.name, &a.version, &a.arch, &a.path)
                .cmp(&(b.kind, &b.name, &b.version, &b.arch, &b.path))
        });
        self.packages.dedup();
    }
}
