//! CVSS: a vector to its scores. Versions 2.0, 3.0, 3.1 and 4.0.
//!
//! The `cvss` crate reads and computes; this file takes the spellings that feeds have, refuses
//! vectors that lack base metrics, and tells base, temporal and environmental scores apart.
//! Sources: the specifications of FIRST; for ratings of version 2, NVD's.

use std::fmt;
use std::str::FromStr;

use ::cvss::{Cvss, v2, v3, v4};
use model::Severity;

/// Longest vector that is read, in bytes. A full version 4 vector is under 200.
const VECTOR_MAX_BYTES: usize = 512;
/// Characters of a refused vector that the error shows.
const SHOWN_CHARS: usize = 120;
/// Metrics of version 4 that make up the base score, and the prefix.
const V4_BASE: [&str; 12] =
    ["CVSS", "AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"];
/// Metrics of version 4 that say nothing of the score.
const V4_SUPPLEMENTAL: [&str; 6] = ["S", "AU", "R", "V", "RE", "U"];

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
    let text =
        ["CVSS:2.0/", "CVSS2#"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    match Cvss::from_str(text).map_err(|error| error.to_string())? {
        Cvss::CvssV20(vector) => Ok(score_v2(&vector)),
        Cvss::CvssV30(vector) => score_v3(&vector, CvssVersion::V3),
        Cvss::CvssV31(vector) => score_v3(&vector, CvssVersion::V31),
        Cvss::CvssV40(vector) => score_v4(&vector, text),
        other => Err(format!("its version is not known ({other})")),
    }
}

fn score_v2(vector: &v2::Vector) -> Score {
    let base = vector.score().value();
    let has_temporal = vector.e.is_some() || vector.rl.is_some() || vector.rc.is_some();
    let has_environmental = vector.cdp.is_some()
        || vector.td.is_some()
        || vector.cr.is_some()
        || vector.ir.is_some()
        || vector.ar.is_some();
    let temporal = has_temporal.then(|| vector.temporal_score().value());
    let environmental = has_environmental.then(|| vector.environmental_score().value());
    Score {
        version: CvssVersion::V2,
        base,
        temporal,
        environmental,
        overall: environmental.or(temporal).unwrap_or(base),
        severity: Severity::from_cvss(base).min(Severity::High),
    }
}

fn score_v3(vector: &v3::Vector, version: CvssVersion) -> Result<Score, String> {
    let is_whole = vector.av.is_some()
        && vector.ac.is_some()
        && vector.pr.is_some()
        && vector.ui.is_some()
        && vector.s.is_some()
        && vector.c.is_some()
        && vector.i.is_some()
        && vector.a.is_some();
    if !is_whole {
        return Err("a base metric is missing: expected AV, AC, PR, UI, S, C, I and A".to_owned());
    }
    let base = vector.base_score().value();
    let has_temporal = vector.e.is_some() || vector.rl.is_some() || vector.rc.is_some();
    let temporal = vector.temporal_score().value();
    let environmental = vector.environmental_score().value();
    let overall = match (has_v3_environmental(vector), has_temporal) {
        (true, _) => environmental,
        (false, true) => temporal,
        (false, false) => base,
    };
    Ok(Score {
        version,
        base,
        temporal: Some(temporal),
        environmental: Some(environmental),
        overall,
        severity: Severity::from_cvss(base),
    })
}

fn has_v3_environmental(vector: &v3::Vector) -> bool {
    let modified = vector.mav.is_some()
        || vector.mac.is_some()
        || vector.mpr.is_some()
        || vector.mui.is_some()
        || vector.ms.is_some()
        || vector.mc.is_some()
        || vector.mi.is_some()
        || vector.ma.is_some();
    modified || vector.cr.is_some() || vector.ir.is_some() || vector.ar.is_some()
}

fn score_v4(vector: &v4::Vector, text: &str) -> Result<Score, String> {
    let overall = vector.score().value();
    let key = |metric: &str| metric.split(':').next().unwrap_or_default().to_ascii_uppercase();
    let scores_beyond_base = text
        .split('/')
        .map(key)
        .any(|key| !V4_BASE.contains(&key.as_str()) && !V4_SUPPLEMENTAL.contains(&key.as_str()));
    let base = if scores_beyond_base {
        let base: Vec<&str> =
            text.split('/').filter(|m| V4_BASE.contains(&key(m).as_str())).collect();
        let base = v4::Vector::from_str(&base.join("/")).map_err(|error| error.to_string())?;
        base.score().value()
    } else {
        overall
    };
    Ok(Score {
        version: CvssVersion::V4,
        base,
        temporal: None,
        environmental: None,
        overall,
        severity: Severity::from_cvss(base),
    })
}

#[cfg(test)]
mod tests;
