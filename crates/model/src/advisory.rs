//! `Advisory`: a published statement about vulnerable packages, in one shape for every source.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Ecosystem, FixState, Severity, Timestamp};

/// The published name of an advisory or vulnerability: `CVE-…`, `GHSA-…`, `DSA-…`, `RHSA-…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AdvisoryId(pub String);

impl AdvisoryId {
    /// Whether it is a CVE number.
    pub fn is_cve(&self) -> bool {
        self.0.starts_with("CVE-")
    }
}

impl fmt::Display for AdvisoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A published statement: these versions of these packages have this vulnerability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisory {
    /// The name the source gives it.
    pub id: AdvisoryId,
    /// The source, as `advisories status` lists it: `debian`, `ghsa`, `redhat-cve` …
    pub source: String,
    /// Other names of the same vulnerability.
    pub aliases: Vec<AdvisoryId>,
    /// The vulnerabilities that this notice repairs, when it is a notice about several
    /// (an RHSA, DSA or SUSE-SU lists CVEs). Empty when the advisory is itself the vulnerability.
    pub covers: Vec<AdvisoryId>,
    /// What is claimed.
    pub kind: AdvisoryKind,
    /// One line, in the source's words; may be empty.
    pub summary: String,
    /// The source's own rating.
    pub severity: Severity,
    /// CVSS vectors, whole, any version (v2 without prefix).
    pub cvss: Vec<String>,
    /// When first published.
    pub published: Option<Timestamp>,
    /// When last changed.
    pub modified: Option<Timestamp>,
    /// Taken back by its source; kept so that an incremental import can take it away.
    pub withdrawn: bool,
    /// The packages it speaks of.
    pub affected: Vec<Affected>,
}

/// What an advisory claims.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvisoryKind {
    /// A weakness in honest software.
    #[default]
    Vulnerability,
    /// The package itself is malicious (OSV `MAL-`).
    Malicious,
    /// Unmaintained, unsound or otherwise worth a notice.
    Informational,
}

/// One package that an advisory speaks of.
///
/// A version is affected when it lies in one of `ranges` or is one of `versions`; the fix state
/// `NotAffected` turns the statement round: the package is said not to be vulnerable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    /// Where the name has its meaning.
    pub ecosystem: Ecosystem,
    /// The package's name, normalised as its ecosystem compares names.
    pub package: String,
    /// Whether `package` names a source or a binary package.
    pub name_of: NameOf,
    /// Half-open spans of versions. Any of them makes a version affected.
    pub ranges: Vec<VersionRange>,
    /// Versions named one by one.
    pub versions: Vec<String>,
    /// What the vendor says of the repair, for a version that lies in the ranges.
    pub fix_state: FixState,
    /// The rating for this package, when it differs from the advisory's.
    pub severity: Option<Severity>,
    /// The rpm module stream, `name:stream`; `None` speaks of packages outside modules.
    pub module: Option<String>,
    /// Architectures it is limited to; empty for all.
    pub arches: Vec<String>,
    /// Product names (CPE URI) it is limited to; empty for all of the ecosystem.
    pub cpes: Vec<String>,
}

/// What an affected name names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameOf {
    /// The package that is installed.
    #[default]
    Binary,
    /// The source package that the installed one was built from.
    Source,
}

/// A span of versions: from `introduced` (inclusive; `None` from the beginning) to `end`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRange {
    /// First affected version; `None` when every earlier one is affected too.
    pub introduced: Option<String>,
    /// Where it ends.
    pub end: RangeEnd,
}

/// Where a span of affected versions ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeEnd {
    /// The first version that is repaired.
    Fixed(String),
    /// The last version that is affected; no repair is named.
    LastAffected(String),
    /// Affected without end.
    Open,
}
