//! `Analysis`: what was read from one file.

use serde::{Deserialize, Serialize};

use model::{Accounts, Distro, Package, SkipReason};

/// A path as 16 bytes of its BLAKE3 hash: enough to tell whether two paths are the same without
/// keeping millions of them.
pub type PathHash = [u8; 16];

/// What was read from one file. The layer and, unless the analyzer set another (inside an
/// archive), the path and `found_by` of each package are filled in by `scan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// Packages that the file proves.
    pub packages: Vec<Package>,
    /// True when the file is a database of all packages of its manager (`dpkg/status`, an rpm
    /// database, apk's `installed`): it replaces what the same file said in a lower layer.
    pub is_database: bool,
    /// The distribution, if the file tells it, with a rank: the higher wins.
    pub distro: Option<(u8, Distro)>,
    /// Files that operating system packages own, by package.
    pub owned: Vec<OwnedPaths>,
    /// The users (`etc/passwd`) or the groups (`etc/group`) of the image, as the file tells them.
    pub accounts: Option<Accounts>,
    /// Red Hat content sets.
    pub content_sets: Vec<String>,
    /// Parts of the file that could not be read: inner path (or empty), reason, detail.
    pub skipped: Vec<(String, SkipReason, String)>,
}

/// The files of one operating system package, without leading `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedPaths {
    /// The package's name.
    pub package: String,
    /// Its files.
    pub paths: Vec<String>,
}

impl Analysis {
    /// Whether nothing was found and nothing skipped.
    pub fn is_empty(&self) -> bool {
        *self == Analysis::default()
    }
}

/// The file is not what its name promises.
#[derive(Debug, thiserror::Error)]
pub enum AnalyzeError {
    /// The bytes break the format's rules.
    #[error("{0}")]
    Malformed(String),
    /// A limit of this room was reached.
    #[error("{0}")]
    TooLarge(String),
    /// A form of the format that is not read.
    #[error("{0}")]
    Unsupported(String),
    /// The bytes could not be had.
    #[error("{0}")]
    Read(#[from] std::io::Error),
}

impl AnalyzeError {
    /// The reason under which `scan` reports the skipped file.
    pub fn reason(&self) -> SkipReason {
        match self {
            AnalyzeError::Malformed(_) => SkipReason::Malformed,
            AnalyzeError::TooLarge(_) => SkipReason::TooLarge,
            AnalyzeError::Unsupported(_) => SkipReason::Unsupported,
            AnalyzeError::Read(_) => SkipReason::Unreadable,
        }
    }
}
