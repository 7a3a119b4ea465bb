//! CVSS 2.0. Source: "A Complete Guide to the Common Vulnerability Scoring System Version 2.0",
//! §3.2.

use model::Severity;

use super::metrics::{Metric, Values, metric, read, weight};
use super::{CvssVersion, Score};

const IMPACTS: &[&str] = &["N", "P", "C"];
const REQUIREMENTS: &[&str] = &["L", "M", "H", "ND"];
/// The metrics are base metrics up to here,
const BASE: usize = 6;
/// temporal ones up to here, and environmental ones from here.
const TEMPORAL: usize = 9;

static METRICS: [Metric; 14] = [
    metric("AV", &["L", "A", "N"]),
    metric("AC", &["H", "M", "L"]),
    metric("Au", &["M", "S", "N"]),
    metric("C", IMPACTS),
    metric("I", IMPACTS),
    metric("A", IMPACTS),
    metric("E", &["U", "POC", "F", "H", "ND"]),
    metric("RL", &["OF", "TF", "W", "U", "ND"]),
    metric("RC", &["UC", "UR", "C", "ND"]),
    metric("CDP", &["N", "L", "LM", "MH", "H", "ND"]),
    metric("TD", &["N", "L", "M", "H", "ND"]),
    metric("CR", REQUIREMENTS),
    metric("IR", REQUIREMENTS),
    metric("AR", REQUIREMENTS),
];

/// Scores the metrics of a vector.
pub(super) fn score(text: &str) -> Result<Score, String> {
    let values = read(text, &METRICS, BASE)?;
    let has =
        |from: usize, to: usize| values.iter().skip(from).take(to - from).any(Option::is_some);
    let base = base(&values, impact(&values, [1.0; 3])).max(0.0);
    let temporal = has(BASE, TEMPORAL).then(|| to_tenth(base * temporal_factor(&values)).max(0.0));
    let environmental = has(TEMPORAL, METRICS.len()).then(|| environmental(&values));
    Ok(Score {
        version: CvssVersion::V2,
        base,
        temporal,
        environmental,
        overall: environmental.or(temporal).unwrap_or(base),
        severity: Severity::from_cvss(base).min(Severity::High),
    })
}

/// What the flaw does, each of confidentiality, integrity and availability weighed by how much it
/// is required.
fn impact(values: &Values<14>, [cr, ir, ar]: [f64; 3]) -> f64 {
    let [_, _, _, c, i, a, ..] = *values;
    let left = |value, required| 1.0 - weight(&[0.0, 0.275, 0.660], value, 0.0) * required;
    10.41 * (1.0 - left(c, cr) * left(i, ir) * left(a, ar))
}

/// May be below nought for an adjusted impact; the environmental equation takes it as it is.
fn base(values: &Values<14>, impact: f64) -> f64 {
    let [av, ac, au, ..] = *values;
    let exploitability = 20.0
        * weight(&[0.395, 0.646, 1.0], av, 0.0)
        * weight(&[0.35, 0.61, 0.71], ac, 0.0)
        * weight(&[0.45, 0.56, 0.704], au, 0.0);
    let factor = if impact == 0.0 { 0.0 } else { 1.176 };
    to_tenth((0.6 * impact + 0.4 * exploitability - 1.5) * factor)
}

fn temporal_factor(values: &Values<14>) -> f64 {
    let [_, _, _, _, _, _, e, rl, rc, ..] = *values;
    weight(&[0.85, 0.9, 0.95, 1.0, 1.0], e, 1.0)
        * weight(&[0.87, 0.9, 0.95, 1.0, 1.0], rl, 1.0)
        * weight(&[0.9, 0.95, 1.0, 1.0], rc, 1.0)
}

fn environmental(values: &Values<14>) -> f64 {
    let [.., cdp, td, cr, ir, ar] = *values;
    let required = |value| weight(&[0.5, 1.0, 1.51, 1.0], value, 1.0);
    let impact = impact(values, [required(cr), required(ir), required(ar)]).min(10.0);
    let temporal = to_tenth(base(values, impact) * temporal_factor(values));
    let damage = weight(&[0.0, 0.1, 0.3, 0.4, 0.5, 0.0], cdp, 0.0);
    let spread = weight(&[0.0, 0.25, 0.75, 1.0, 1.0], td, 1.0);
    to_tenth((temporal + (10.0 - temporal) * damage) * spread).max(0.0)
}

/// Rounds to one decimal, half up. The guide means exact decimals; the addend makes up for what
/// binary fractions lack.
fn to_tenth(score: f64) -> f64 {
    const LACK: f64 = 1e-6;
    ((score + LACK) * 10.0).round() / 10.0
}
