//! CVSS 4.0. Source: its specification document, §8, and FIRST's reference calculator.
//!
//! A vector belongs to a MacroVector, which has a score. From that goes off how far the vector lies
//! below the most severe vector of its MacroVector, in proportion to the next lower ones.

use model::Severity;

use super::macro_vector::score_tenths;
use super::metrics::{Metric, Values, metric, read};
use super::{CvssVersion, Score};

const BASE: usize = 11;
/// The metrics are base metrics up to `BASE`, their modified ones up to here,
const MODIFIED: usize = 22;
/// and those that count up to here; the supplemental ones follow.
const SCORING: usize = 26;
const VULNERABLE: &[&str] = &["H", "L", "N"];
const SUBSEQUENT: &[&str] = &["S", "H", "L", "N"];
const REQUIREMENTS: &[&str] = &["H", "M", "L", "X"];

/// Values stand in the order of their severity, the worst first, so that their places are their
/// distances.
static METRICS: [Metric; 32] = [
    metric("AV", &["N", "A", "L", "P"]),
    metric("AC", &["L", "H"]),
    metric("AT", &["N", "P"]),
    metric("PR", &["N", "L", "H"]),
    metric("UI", &["N", "P", "A"]),
    metric("VC", VULNERABLE),
    metric("VI", VULNERABLE),
    metric("VA", VULNERABLE),
    metric("SC", SUBSEQUENT),
    metric("SI", SUBSEQUENT),
    metric("SA", SUBSEQUENT),
    metric("MAV", &["N", "A", "L", "P", "X"]),
    metric("MAC", &["L", "H", "X"]),
    metric("MAT", &["N", "P", "X"]),
    metric("MPR", &["N", "L", "H", "X"]),
    metric("MUI", &["N", "P", "A", "X"]),
    metric("MVC", &["H", "L", "N", "X"]),
    metric("MVI", &["H", "L", "N", "X"]),
    metric("MVA", &["H", "L", "N", "X"]),
    metric("MSC", &["S", "H", "L", "N", "X"]),
    metric("MSI", &["S", "H", "L", "N", "X"]),
    metric("MSA", &["S", "H", "L", "N", "X"]),
    metric("CR", REQUIREMENTS),
    metric("IR", REQUIREMENTS),
    metric("AR", REQUIREMENTS),
    metric("E", &["A", "P", "U", "X"]),
    metric("S", &["X", "N", "P"]),
    metric("AU", &["X", "N", "Y"]),
    metric("R", &["X", "A", "U", "I"]),
    metric("V", &["X", "D", "C"]),
    metric("RE", &["X", "L", "M", "H"]),
    metric("U", &["X", "Clear", "Green", "Amber", "Red"]),
];

/// A vector ready to be scored: the severity place of each metric, 0 the worst.
#[derive(Clone, Copy)]
struct Severities {
    /// AV, PR, UI.
    eq1: [u8; 3],
    /// AC, AT.
    eq2: [u8; 2],
    /// VC, VI, VA, CR, IR, AR.
    eq3_6: [u8; 6],
    /// SC, SI, SA; 0 is safety.
    eq4: [u8; 3],
    /// E.
    eq5: u8,
}

/// The most severe vectors of each level of EQ1 (AV, PR, UI).
static EQ1_WORST: [&[[u8; 3]]; 3] =
    [&[[0, 0, 0]], &[[1, 0, 0], [0, 1, 0], [0, 0, 1]], &[[3, 0, 0], [1, 1, 1]]];
/// Of EQ2 (AC, AT).
static EQ2_WORST: [&[[u8; 2]]; 2] = [&[[0, 0]], &[[1, 0], [0, 1]]];
/// Of EQ3 and EQ6 (VC, VI, VA, CR, IR, AR), by EQ3 and then EQ6.
static EQ3_6_WORST: [[&[[u8; 6]]; 2]; 3] = [
    [&[[0, 0, 0, 0, 0, 0]], &[[0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]]],
    [
        &[[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]],
        &[
            [1, 0, 1, 0, 1, 0],
            [1, 0, 0, 0, 1, 1],
            [0, 1, 0, 1, 0, 1],
            [0, 1, 1, 1, 0, 0],
            [1, 1, 0, 0, 0, 1],
        ],
    ],
    [&[], &[[1, 1, 1, 0, 0, 0]]],
];
/// Of EQ4 (SC, SI, SA).
static EQ4_WORST: [&[[u8; 3]]; 3] = [&[[1, 0, 0]], &[[1, 1, 1]], &[[2, 2, 2]]];

/// How many steps each level spans.
static EQ1_STEPS: [f64; 3] = [1.0, 4.0, 5.0];
static EQ2_STEPS: [f64; 2] = [1.0, 2.0];
static EQ3_6_STEPS: [[f64; 2]; 3] = [[7.0, 6.0], [8.0, 8.0], [0.0, 10.0]];
static EQ4_STEPS: [f64; 3] = [6.0, 5.0, 4.0];

/// Scores the metrics of a vector.
pub(super) fn score(text: &str) -> Result<Score, String> {
    let values = read(text, &METRICS, BASE)?;
    if values.get(8).is_some_and(|sc| *sc == Some(0)) {
        return Err("`S` is no value of SC: expected H, L, N".to_owned());
    }
    if values.iter().skip(9).take(2).any(|value| *value == Some(0)) {
        return Err("`S` is a value of MSI and MSA only".to_owned());
    }
    let overall = score_of(&severities(&values));
    let beyond_base = values.iter().take(SCORING).skip(BASE).any(Option::is_some);
    let base = if beyond_base {
        let mut base = [None; METRICS.len()];
        base.iter_mut().zip(values).take(BASE).for_each(|(slot, value)| *slot = value);
        score_of(&severities(&base))
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

fn severities(values: &Values<32>) -> Severities {
    // A modified metric counts where it says something; `X` is one place after the last value.
    let core = |index: usize| {
        let says = |place: &u8| {
            METRICS.get(index).is_some_and(|metric| usize::from(*place) < metric.values.len())
        };
        let modified = values.get(BASE + index).copied().flatten().filter(says);
        modified.or(values.get(index).copied().flatten()).unwrap_or(0)
    };
    // Not defined is the worst.
    let worst_if_undefined =
        |index: usize| values.get(index).copied().flatten().filter(|place| *place < 3).unwrap_or(0);
    Severities {
        eq1: [core(0), core(3), core(4)],
        eq2: [core(1), core(2)],
        eq3_6: [
            core(5),
            core(6),
            core(7),
            worst_if_undefined(MODIFIED),
            worst_if_undefined(MODIFIED + 1),
            worst_if_undefined(MODIFIED + 2),
        ],
        eq4: [core(8), core(9), core(10)],
        eq5: worst_if_undefined(MODIFIED + 3),
    }
}

/// The levels of EQ1 to EQ6: the MacroVector.
fn macro_vector(v: &Severities) -> [u8; 6] {
    let [av, pr, ui] = v.eq1;
    let [vc, vi, va, cr, ir, ar] = v.eq3_6;
    let [sc, si, sa] = v.eq4;
    let eq1 = match [av, pr, ui] {
        [0, 0, 0] => 0,
        [0..=2, ..] if av == 0 || pr == 0 || ui == 0 => 1,
        _ => 2,
    };
    let eq2 = u8::from(v.eq2 != [0, 0]);
    let eq3 = match [vc, vi, va] {
        [0, 0, _] => 0,
        [0, ..] | [_, 0, _] | [_, _, 0] => 1,
        _ => 2,
    };
    let eq4 = match [sc, si, sa] {
        [_, 0, _] | [_, _, 0] => 0,
        [1, ..] | [_, 1, _] | [_, _, 1] => 1,
        _ => 2,
    };
    let needed = |(impact, required)| impact == 0 && required == 0;
    let eq6 = u8::from(![(vc, cr), (vi, ir), (va, ar)].into_iter().any(needed));
    [eq1, eq2, eq3, eq4, v.eq5, eq6]
}

fn score_of(v: &Severities) -> f64 {
    let [vc, vi, va, ..] = v.eq3_6;
    if [vc, vi, va] == [2; 3] && v.eq4 == [3; 3] {
        return 0.0;
    }
    let levels = macro_vector(v);
    let Some(score) = score_tenths(levels).map(f64::from) else { return 0.0 };
    let [eq1, eq2, eq3, eq4, _, eq6] = levels.map(usize::from);
    let at = |table: &[f64], level: usize| table.get(level).copied().unwrap_or(1.0);
    let lower = |index: usize| {
        let mut next = levels;
        next.get_mut(index).map(|level| *level += 1)?;
        score_tenths(next).map(f64::from)
    };
    let shares = [
        (lower(0), distance(&v.eq1, worst(&EQ1_WORST, eq1)) / at(&EQ1_STEPS, eq1)),
        (lower(1), distance(&v.eq2, worst(&EQ2_WORST, eq2)) / at(&EQ2_STEPS, eq2)),
        (lower_eq3_6(levels), {
            let worst = EQ3_6_WORST.get(eq3).and_then(|by_eq6| by_eq6.get(eq6)).copied();
            let steps = EQ3_6_STEPS.get(eq3).map_or(1.0, |by_eq6| at(by_eq6, eq6));
            distance(&v.eq3_6, worst.unwrap_or_default()) / steps
        }),
        (lower(3), distance(&v.eq4, worst(&EQ4_WORST, eq4)) / at(&EQ4_STEPS, eq4)),
        // EQ5 has one metric: a level is one step, and the vector lies at its top.
        (lower(4), 0.0),
    ];
    let existing = shares.iter().filter_map(|(lower, share)| Some(((*lower)?, share)));
    let (count, sum) = existing.fold((0.0, 0.0), |(count, sum), (lower, share)| {
        (count + 1.0, sum + (score - lower) * share)
    });
    let mean = if count > 0.0 { sum / count } else { 0.0 };
    to_tenth((score - mean) / 10.0)
}

/// EQ3 and EQ6 go down together: from 00 to the better of 01 and 10.
fn lower_eq3_6([eq1, eq2, eq3, eq4, eq5, eq6]: [u8; 6]) -> Option<f64> {
    let at = |eq3, eq6| score_tenths([eq1, eq2, eq3, eq4, eq5, eq6]).map(f64::from);
    match (eq3, eq6) {
        (0, 0) => at(0, 1).into_iter().chain(at(1, 0)).reduce(f64::max),
        (1, 0) => at(1, 1),
        _ => at(eq3 + 1, eq6),
    }
}

fn worst<const N: usize>(table: &'static [&'static [[u8; N]]], level: usize) -> &'static [[u8; N]] {
    table.get(level).copied().unwrap_or_default()
}

/// Steps from the first of the most severe vectors that is nowhere less severe than this one.
fn distance<const N: usize>(values: &[u8; N], worst: &[[u8; N]]) -> f64 {
    let covers = |worst: &&[u8; N]| worst.iter().zip(values).all(|(worst, value)| worst <= value);
    let worst = worst.iter().find(covers).or(worst.last());
    let steps = worst.map_or(0, |worst| {
        worst.iter().zip(values).map(|(worst, value)| i32::from(*value) - i32::from(*worst)).sum()
    });
    f64::from(steps)
}

/// Rounds to one decimal, half up, as the reference calculator does.
fn to_tenth(score: f64) -> f64 {
    const LACK: f64 = 1e-6;
    ((score.clamp(0.0, 10.0) + LACK) * 10.0).round() / 10.0
}
