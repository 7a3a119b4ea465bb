//! Levels and versions of the standards, as the labels of a namespace write them.

use std::fmt;

/// A level of the standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Lets everything through.
    Privileged,
    /// Keeps out what is known to lead to the node.
    Baseline,
    /// Demands what hardens a pod.
    Restricted,
}

impl Level {
    /// The level of a label's value. What is no level is `Restricted`, as the admission plugin has
    /// it.
    pub fn of_label(value: &str) -> Self {
        match value {
            "privileged" => Level::Privileged,
            "baseline" => Level::Baseline,
            _ => Level::Restricted,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

/// A version of the standards: the minor version of Kubernetes that it comes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u32);

impl Version {
    /// The newest version that is known here.
    pub const LATEST: Version = Version(37);

    /// Version `1.minor`; of versions that are not known yet the newest known.
    pub fn minor(minor: u32) -> Self {
        Version(minor).min(Self::LATEST)
    }

    /// The version of a label's value: `v1.29`, or `latest`. What is no version is the newest, as
    /// the admission plugin has it.
    pub fn of_label(value: &str) -> Self {
        let digits = value.strip_prefix("v1.").unwrap_or_default();
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = digits == "0" || !digits.starts_with('0');
        match digits.parse() {
            Ok(minor) if is_number && is_plain => Self::minor(minor),
            _ => Self::LATEST,
        }
    }

    /// Whether it is `1.minor` or newer.
    pub(super) fn since(self, minor: u32) -> bool {
        self.0 >= minor
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1.{}", self.0)
    }
}
