//! `Severity`: how bad, on the scale every source is mapped to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How bad a finding is. Ordered: `Unknown` is the least.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No source has rated it.
    #[default]
    Unknown,
    /// Not worth a fix of its own (Debian's `unimportant`, Ubuntu's `negligible`).
    Negligible,
    /// CVSS 0.1–3.9.
    Low,
    /// CVSS 4.0–6.9.
    Medium,
    /// CVSS 7.0–8.9.
    High,
    /// CVSS 9.0–10.0.
    Critical,
}

impl Severity {
    /// Every severity, least first.
    pub const ALL: [Severity; 6] = [
        Severity::Unknown,
        Severity::Negligible,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];

    /// The qualitative rating of a CVSS base score (CVSS v3.1 specification, §5); 0 is negligible.
    pub fn from_cvss(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Severity::Critical,
            s if s >= 7.0 => Severity::High,
            s if s >= 4.0 => Severity::Medium,
            s if s > 0.0 => Severity::Low,
            _ => Severity::Negligible,
        }
    }

    /// Lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Unknown => "unknown",
            Severity::Negligible => "negligible",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = String;

    /// Takes the name in any case, and the words the sources use for it (`important`, `moderate`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.trim().to_ascii_lowercase().as_str() {
            "critical" => Severity::Critical,
            "high" | "important" => Severity::High,
            "medium" | "moderate" => Severity::Medium,
            "low" | "minor" => Severity::Low,
            "negligible" | "unimportant" | "none" => Severity::Negligible,
            "unknown" | "untriaged" | "" => Severity::Unknown,
            _ => {
                return Err(format!(
                    "`{text}` is not a severity: expected unknown, negligible, low, medium, high or critical"
                ));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_parses_and_rates() {
        assert!(Severity::Critical > Severity::High && Severity::Unknown < Severity::Negligible);
        for severity in Severity::ALL {
            assert_eq!(severity.as_str().parse(), Ok(severity));
        }
        assert_eq!("Important".parse(), Ok(Severity::High));
        assert!("awful".parse::<Severity>().is_err());
        let rated = [0.0, 0.1, 3.9, 4.0, 7.0, 9.0, 10.0].map(Severity::from_cvss);
        use Severity::{Critical, High, Low, Medium, Negligible};
        assert_eq!(rated, [Negligible, Low, Low, Medium, High, Critical, Critical]);
    }
}
