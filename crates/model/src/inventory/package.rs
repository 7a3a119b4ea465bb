//! `Package`: one installed piece of software.

use serde::{Deserialize, Serialize};

use crate::{LayerIndex, PackageKind, Purl};

/// One installed piece of software, where it lies and what it was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its package manager.
    pub kind: PackageKind,
    /// The name as the package manager writes it: `group:artifact` for Maven, `@scope/name` for
    /// npm, the module path for Go.
    pub name: String,
    /// The whole version as the package manager writes it, `epoch:version-release` included
    /// (an rpm without epoch has none).
    pub version: String,
    /// The package URL. `None` until the layers are merged, since the namespace of an operating
    /// system package is its distribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<Purl>,
    /// What it was built from, when that has another name or version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourcePackage>,
    /// Architecture in the package manager's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// The rpm modularity label, `name:stream:version:context`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Vendor (rpm) or maintainer (deb, apk): who built it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Licences as declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<String>,
    /// Declared for development only (a lock file says so).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dev: bool,
    /// The layer that added it. Assigned when the layers are merged.
    pub layer: LayerIndex,
    /// The file that proves it; parts inside archives follow `!/` (`app.jar!/lib/x.jar`).
    pub path: String,
    /// The analyzer that found it.
    pub found_by: String,
    /// The operating system package whose file this is; such a package yields no finding from
    /// upstream advisories, its distribution's speak for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned_by: Option<String>,
}

/// What a binary package was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Name of the source package (Debian source, apk origin, source rpm).
    pub name: String,
    /// Its version, whole.
    pub version: String,
}

impl Package {
    /// A package with the fields that every analyzer knows; the rest empty.
    pub fn new(kind: PackageKind, name: impl Into<String>, version: impl Into<String>) -> Self {
        Package {
            kind,
            name: name.into(),
            version: version.into(),
            purl: None,
            source: None,
            arch: None,
            module: None,
            vendor: None,
            licenses: Vec::new(),
            dev: false,
            layer: LayerIndex(0),
            path: String::new(),
            found_by: String::new(),
            owned_by: None,
        }
    }
}
