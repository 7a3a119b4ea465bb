//! One number to sort by: how likely a vulnerability is used, and how bad that would be.
//!
//! From 0 to 100, to one decimal:
//! - malicious package: 95;
//! - known to be exploited (KEV): 80, plus up to 10 for EPSS, 5 for impact, 5 for ransomware;
//! - else: 45 × √EPSS + 25 × impact + 9 × severity, at most 79.
//!
//! Impact is the CVSS score, or where there is none the severity, from 0 to 1. The root spreads out
//! the many small probabilities: of all CVEs half have less than 0.002.

use model::{AdvisoryKind, Epss, KnownExploited, Severity};

const MALICIOUS: f64 = 95.0;
const EXPLOITED: f64 = 80.0;
const EXPLOITED_EPSS: f64 = 10.0;
const EXPLOITED_IMPACT: f64 = 5.0;
const RANSOMWARE: f64 = 5.0;
const EPSS: f64 = 45.0;
const IMPACT: f64 = 25.0;
const SEVERITY: f64 = 9.0;
const SCORE_MAX: f64 = 10.0;

/// What a risk is made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Factors<'a> {
    pub(super) kind: AdvisoryKind,
    pub(super) severity: Severity,
    /// CVSS base score, 0.0 to 10.0.
    pub(super) score: Option<f64>,
    pub(super) epss: Option<Epss>,
    pub(super) kev: Option<&'a KnownExploited>,
}

/// The risk, 0 to 100.
pub(super) fn risk(factors: Factors<'_>) -> f32 {
    let severity = share_of(factors.severity);
    let impact = factors.score.map_or(severity, |score| (score / SCORE_MAX).clamp(0.0, 1.0));
    let epss = factors.epss.map_or(0.0, |epss| f64::from(epss.score).clamp(0.0, 1.0));
    let risk = match (factors.kind, factors.kev) {
        (AdvisoryKind::Malicious, _) => MALICIOUS,
        (_, Some(kev)) => {
            let ransomware = if kev.ransomware { RANSOMWARE } else { 0.0 };
            EXPLOITED + EXPLOITED_EPSS * epss + EXPLOITED_IMPACT * impact + ransomware
        }
        (_, None) => EPSS * epss.sqrt() + IMPACT * impact + SEVERITY * severity,
    };
    ((risk * 10.0).round() / 10.0) as f32
}

/// The place of a severity on the scale, 0 to 1.
fn share_of(severity: Severity) -> f64 {
    match severity {
        Severity::Unknown | Severity::Negligible => 0.0,
        Severity::Low => 0.25,
        Severity::Medium => 0.5,
        Severity::High => 0.75,
        Severity::Critical => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_exploitation_stands_above_all_that_is_not() {
        let kev = |ransomware| KnownExploited {
            added: "2024-01-01".into(),
            due: String::new(),
            ransomware,
        };
        let (plain, ransom) = (kev(false), kev(true));
        let epss = |score| Some(Epss { score, percentile: None });
        let factors = Factors::default();
        let worst =
            Factors { severity: Severity::Critical, score: Some(10.0), epss: epss(1.0), ..factors };
        let least_exploited = Factors { kev: Some(&plain), ..factors };
        let ascending = [
            risk(factors),
            risk(Factors { severity: Severity::Low, ..factors }),
            risk(Factors { severity: Severity::High, score: Some(7.5), ..factors }),
            risk(Factors {
                severity: Severity::High,
                score: Some(7.5),
                epss: epss(0.1),
                ..factors
            }),
            risk(Factors { severity: Severity::Low, score: Some(3.0), epss: epss(0.9), ..factors }),
            risk(worst),
            risk(least_exploited),
            risk(Factors { kev: Some(&plain), ..worst }),
            risk(Factors { kev: Some(&ransom), ..worst }),
        ];
        assert!(ascending.windows(2).all(|pair| pair[0] < pair[1]), "{ascending:?}");
        assert_eq!((ascending[0], ascending[5], ascending[8]), (0.0, 79.0, 100.0));
    }
}
