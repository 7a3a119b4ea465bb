//! CVSS 3.0 and 3.1. Sources: their specification documents, §8 (3.0), §7 and appendix A (3.1).

use model::Severity;

use super::metrics::{Metric, Values, metric, read, weight};
use super::{CvssVersion, Score};

const IMPACTS: &[&str] = &["N", "L", "H"];
const MODIFIED_IMPACTS: &[&str] = &["N", "L", "H", "X"];
const REQUIREMENTS: &[&str] = &["X", "L", "M", "H"];
/// The metrics are base metrics up to here,
const BASE: usize = 8;
/// temporal ones up to here, and environmental ones from here.
const TEMPORAL: usize = 11;
/// Place of `C` among the values of the scope.
const CHANGED: u8 = 1;

static METRICS: [Metric; 22] = [
    metric("AV", &["N", "A", "L", "P"]),
    metric("AC", &["L", "H"]),
    metric("PR", &["N", "L", "H"]),
    metric("UI", &["N", "R"]),
    metric("S", &["U", "C"]),
    metric("C", IMPACTS),
    metric("I", IMPACTS),
    metric("A", IMPACTS),
    metric("E", &["X", "U", "P", "F", "H"]),
    metric("RL", &["X", "O", "T", "W", "U"]),
    metric("RC", &["X", "U", "R", "C"]),
    metric("CR", REQUIREMENTS),
    metric("IR", REQUIREMENTS),
    metric("AR", REQUIREMENTS),
    metric("MAV", &["N", "A", "L", "P", "X"]),
    metric("MAC", &["L", "H", "X"]),
    metric("MPR", &["N", "L", "H", "X"]),
    metric("MUI", &["N", "R", "X"]),
    metric("MS", &["U", "C", "X"]),
    metric("MC", MODIFIED_IMPACTS),
    metric("MI", MODIFIED_IMPACTS),
    metric("MA", MODIFIED_IMPACTS),
];

/// The eight metrics that make a score, whether base or modified.
type Core = [Option<u8>; BASE];

/// Scores the metrics of a vector of 3.0 or 3.1.
pub(super) fn score(text: &str, version: CvssVersion) -> Result<Score, String> {
    let values = read(text, &METRICS, BASE)?;
    let has =
        |from: usize, to: usize| values.iter().skip(from).take(to - from).any(Option::is_some);
    let base = base(&values, version);
    let temporal = roundup(base * temporal_factor(&values), version);
    let environmental = environmental(&values, version);
    let overall = match (has(TEMPORAL, METRICS.len()), has(BASE, TEMPORAL)) {
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

fn base(values: &Values<22>, version: CvssVersion) -> f64 {
    let [av, ac, pr, ui, s, c, i, a, ..] = *values;
    let core = [av, ac, pr, ui, s, c, i, a];
    let iss = 1.0 - impact_left(&core, [1.0; 3]);
    let impact = if s == Some(CHANGED) {
        7.52 * (iss - 0.029) - 3.25 * (iss - 0.02).powi(15)
    } else {
        6.42 * iss
    };
    combine(impact, &core, version)
}

fn environmental(values: &Values<22>, version: CvssVersion) -> f64 {
    let core = modified(values);
    let [_, _, _, _, _, _, _, _, _, _, _, cr, ir, ar, ..] = *values;
    let required = |value| weight(&[1.0, 0.5, 1.0, 1.5], value, 1.0);
    let miss = (1.0 - impact_left(&core, [required(cr), required(ir), required(ar)])).min(0.915);
    let impact = match (core[4] == Some(CHANGED), version) {
        (false, _) => 6.42 * miss,
        (true, CvssVersion::V3) => 7.52 * (miss - 0.029) - 3.25 * (miss - 0.02).powi(15),
        (true, _) => 7.52 * (miss - 0.029) - 3.25 * (miss * 0.9731 - 0.02).powi(13),
    };
    roundup(combine(impact, &core, version) * temporal_factor(values), version)
}

/// The base metrics, each replaced by its modified one where that says something.
fn modified(values: &Values<22>) -> Core {
    let mut core = [None; BASE];
    let (base, changes) = (values.iter().take(BASE), values.iter().skip(TEMPORAL + 3));
    for (index, ((slot, base), change)) in core.iter_mut().zip(base).zip(changes).enumerate() {
        let says = |value: &u8| {
            METRICS.get(index).is_some_and(|metric| usize::from(*value) < metric.values.len())
        };
        *slot = change.filter(says).or(*base);
    }
    core
}

/// What the flaw leaves of confidentiality, integrity and availability.
fn impact_left(core: &Core, [cr, ir, ar]: [f64; 3]) -> f64 {
    let [.., c, i, a] = *core;
    let left = |value, required| 1.0 - weight(&[0.0, 0.22, 0.56], value, 0.0) * required;
    left(c, cr) * left(i, ir) * left(a, ar)
}

/// Impact and exploitability together, rounded up.
fn combine(impact: f64, core: &Core, version: CvssVersion) -> f64 {
    if impact <= 0.0 {
        return 0.0;
    }
    let [av, ac, pr, ui, s, ..] = *core;
    let changed = s == Some(CHANGED);
    let privileges: &[f64] = if changed { &[0.85, 0.68, 0.5] } else { &[0.85, 0.62, 0.27] };
    let exploitability = 8.22
        * weight(&[0.85, 0.62, 0.55, 0.2], av, 0.0)
        * weight(&[0.77, 0.44], ac, 0.0)
        * weight(privileges, pr, 0.0)
        * weight(&[0.85, 0.62], ui, 0.0);
    let factor = if changed { 1.08 } else { 1.0 };
    roundup((factor * (impact + exploitability)).min(10.0), version)
}

fn temporal_factor(values: &Values<22>) -> f64 {
    let [_, _, _, _, _, _, _, _, e, rl, rc, ..] = *values;
    weight(&[1.0, 0.91, 0.94, 0.97, 1.0], e, 1.0)
        * weight(&[1.0, 0.95, 0.96, 0.97, 1.0], rl, 1.0)
        * weight(&[1.0, 0.92, 0.96, 1.0], rc, 1.0)
}

/// Rounds up to the next tenth. 3.1 defines it on hundred-thousandths (appendix A); 3.0 means exact
/// decimals, from which binary fractions stray by less than the slack.
fn roundup(score: f64, version: CvssVersion) -> f64 {
    const SLACK: f64 = 1e-9;
    if version == CvssVersion::V3 {
        return (score * 10.0 - SLACK).ceil().max(0.0) / 10.0;
    }
    let hundred_thousandths = (score * 100_000.0).round();
    if hundred_thousandths % 10_000.0 == 0.0 {
        hundred_thousandths / 100_000.0
    } else {
        ((hundred_thousandths / 10_000.0).floor() + 1.0) / 10.0
    }
}
