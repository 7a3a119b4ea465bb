//! Learning weights: logistic regression with weights that stay at or above zero.

use model::{Method, MethodScore};

use super::{Fusion, Weight, sigmoid};

/// Steps of the descent; the problem has a handful of unknowns.
const STEPS: usize = 4_000;
/// How far one step goes.
const RATE: f32 = 0.5;
/// How much large weights cost.
const RIDGE: f32 = 1e-3;

/// How many files are taken to be malicious: one of a hundred that a method speaks against. The
/// samples say nothing of it; they were collected.
const PRIOR: f32 = 0.01;

/// One file that somebody has labelled.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// Whether it is malicious.
    pub malicious: bool,
    /// What the methods say of it.
    pub scores: Vec<MethodScore>,
}

impl Fusion {
    /// The same levels and bands with weights learnt from labelled files. Both labels count alike,
    /// however many files each has; the bias is then moved to the usual share of malicious files.
    /// The same files in the same order give the same weights.
    #[must_use]
    pub fn fit(&self, files: &[Labelled]) -> Fusion {
        let methods: Vec<Method> = self.methods.iter().map(|(method, _)| *method).collect();
        let rows: Vec<(bool, Vec<f32>)> =
            files.iter().map(|file| (file.malicious, self.row(&methods, file))).collect();
        let positives = rows.iter().filter(|(malicious, _)| *malicious).count();
        let negatives = rows.len() - positives;
        if positives == 0 || negatives == 0 {
            return self.clone();
        }
        let share = |malicious: bool| {
            let count = if malicious { positives } else { negatives };
            0.5 / count as f32
        };
        let mut weights = vec![0.1_f32; methods.len()];
        let mut bias = 0.0_f32;
        for _ in 0..STEPS {
            let mut slope = vec![0.0_f32; methods.len()];
            let mut bias_slope = 0.0_f32;
            for (malicious, row) in &rows {
                let sum: f32 = row.iter().zip(&weights).map(|(x, w)| x * w).sum();
                let error = sigmoid(bias + sum) - f32::from(u8::from(*malicious));
                let error = error * share(*malicious);
                bias_slope += error;
                for (slope, x) in slope.iter_mut().zip(row) {
                    *slope += error * x;
                }
            }
            bias -= RATE * bias_slope;
            for (weight, slope) in weights.iter_mut().zip(&slope) {
                *weight = (*weight - RATE * (slope + RIDGE * *weight)).max(0.0);
            }
        }
        let levels = self.methods.iter().zip(&weights);
        let methods = levels
            .map(|((method, old), &weight)| (*method, Weight { weight, decisive: old.decisive }))
            .collect();
        let bias = bias + (PRIOR / (1.0 - PRIOR)).ln();
        Fusion { bias, methods, ..self.clone() }
    }

    fn row(&self, methods: &[Method], file: &Labelled) -> Vec<f32> {
        let said = |method: &Method| {
            let scores = file.scores.iter().filter(|said| said.method == *method);
            scores.map(|said| self.evidence(said.score)).sum()
        };
        methods.iter().map(said).collect()
    }
}
