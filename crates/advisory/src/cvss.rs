//! CVSS: a vector to its scores. Versions 2.0, 3.0, 3.1 and 4.0.
//!
//! This file takes the spellings that feeds have; a file a version reads and computes, without
//! allocating. Sources: the specifications of FIRST; for ratings of version 2, NVD's.

mod macro_vector;
mod metrics;
mod v2;
mod v3;
mod v4;

use std::fmt;

use model::Severity;

/// Longest vector that is read, in bytes. A full version 4 vector is under 200.
const VECTOR_MAX_BYTES: usize = 512;
/// Characters of a refused vector that the error shows.
const SHOWN_CHARS: usize = 120;
/// Version of CVSS, the older the less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CvssVersion {
    /// 2.0.
    V2,
    /// 3.0.
    V3,
    /// 3.1.
    V31,
    /// 4.0.
    V4,
}

/// The scores of a vector, each 0.0 to 10.0 in tenths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Which CVSS.
    pub version: CvssVersion,
    /// From the base metrics alone.
    pub base: f64,
    /// With the temporal metrics. `None` in version 4, and in version 2 for a vector without any.
    pub temporal: Option<f64>,
    /// With the environmental metrics, same as `temporal`. For version 3.1 it may differ from the
    /// base even where the vector has none of them: its equation is another.
    pub environmental: Option<f64>,
    /// From all metrics that the vector has; version 4 has no other score beyond the base.
    pub overall: f64,
    /// The rating of the base score. Version 2 ends at high.
    pub severity: Severity,
}

/// The text is not a CVSS vector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{vector}` is not a CVSS vector: {why}")]
pub struct InvalidCvss {
    /// The text as given, shortened.
    pub vector: String,
    /// What is wrong with it.
    pub why: String,
}

/// Scores a vector. Version 2 may stand in parentheses or behind `CVSS:2.0/` or `CVSS2#`.
pub fn score(vector: &str) -> Result<Score, InvalidCvss> {
    read(vector.trim())
        .map_err(|why| InvalidCvss { vector: vector.chars().take(SHOWN_CHARS).collect(), why })
}

impl fmt::Display for CvssVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            CvssVersion::V2 => "2.0",
            CvssVersion::V3 => "3.0",
            CvssVersion::V31 => "3.1",
            CvssVersion::V4 => "4.0",
        })
    }
}

fn read(text: &str) -> Result<Score, String> {
    if text.len() > VECTOR_MAX_BYTES {
        return Err(format!("it is longer than {VECTOR_MAX_BYTES} bytes"));
    }
    let text = text.trim_start_matches('(').trim_end_matches([')', '/']);
    let (version, metrics) = match text.split_once('/') {
        Some(("CVSS:2.0", metrics)) => (CvssVersion::V2, metrics),
        Some(("CVSS:3.0", metrics)) => (CvssVersion::V3, metrics),
        Some(("CVSS:3.1", metrics)) => (CvssVersion::V31, metrics),
        Some(("CVSS:4.0", metrics)) => (CvssVersion::V4, metrics),
        Some((prefix, _)) if prefix.starts_with("CVSS:") => {
            return Err(format!("`{prefix}` is no version that is known: expected 2.0 to 4.0"));
        }
        _ => (CvssVersion::V2, text.strip_prefix("CVSS2#").unwrap_or(text)),
    };
    match version {
        CvssVersion::V2 => v2::score(metrics),
        CvssVersion::V3 | CvssVersion::V31 => v3::score(metrics, version),
        CvssVersion::V4 => v4::score(metrics),
    }
}

#[cfg(test)]
mod tests;
