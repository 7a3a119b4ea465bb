//! `Fusion`: from the scores of several methods to one score and a band. Pure arithmetic.
//!
//! Logistic over the evidence of each method, with weights that are never negative: more evidence
//! never makes a file better. Each method may have a decisive level that convicts alone.

mod fit;
mod parse;

use model::{Band, Method, MethodScore};

use crate::PolicyError;

pub use fit::Labelled;
pub(crate) use parse::RawFusion;

/// The weights that hold when a policy does not say otherwise.
const BUILT_IN: &str = include_str!("../../../rules/malware/fusion.yaml");
/// Scores are kept this far from 0 and 1, where the logit has no value.
const EDGE: f32 = 1e-4;

/// Weights, decisive levels and bands.
#[derive(Debug, Clone, PartialEq)]
pub struct Fusion {
    /// What is added to the weighed evidence: how unlikely malicious code is.
    pub bias: f32,
    /// The score of a method below which it is no evidence.
    pub floor: f32,
    /// Each method's weight and decisive level.
    pub methods: Vec<(Method, Weight)>,
    /// From this score on a file is suspicious.
    pub suspicious: f32,
    /// From this score on a file is malicious.
    pub malicious: f32,
}

/// How much a method's word counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weight {
    /// Never negative.
    pub weight: f32,
    /// The score that convicts alone; `None` for never.
    pub decisive: Option<f32>,
}

impl Fusion {
    /// The weights that hold when a policy does not say otherwise.
    pub fn built_in() -> Result<Fusion, PolicyError> {
        Fusion::parse("built-in weights", BUILT_IN)
    }

    /// Reads weights (`rules/malware/fusion.yaml` has the form). `file` is the name that
    /// diagnostics give them.
    pub fn parse(file: &str, text: &str) -> Result<Fusion, PolicyError> {
        parse::fusion(file, text)
    }

    /// Weighs what the methods say of one file; marks the decisive scores. A method without a
    /// weight does not count.
    pub fn fuse(&self, scores: &mut [MethodScore]) -> (f32, Band) {
        let mut sum = self.bias;
        let mut convicted: Option<f32> = None;
        for said in scores {
            let weight = self.weight(said.method);
            said.decisive = weight.decisive.is_some_and(|level| said.score >= level);
            sum += weight.weight * self.evidence(said.score);
            if said.decisive {
                convicted = Some(convicted.unwrap_or(self.malicious).max(said.score));
            }
        }
        let score = sigmoid(sum).max(convicted.unwrap_or(0.0)).min(1.0);
        (score, self.band(score))
    }

    /// The band of a score.
    pub fn band(&self, score: f32) -> Band {
        if score >= self.malicious {
            Band::Malicious
        } else if score >= self.suspicious {
            Band::Suspicious
        } else {
            Band::Clean
        }
    }

    /// The weights as YAML that [`Fusion::parse`] reads again.
    pub fn to_yaml(&self) -> String {
        let methods = self.methods.iter().map(|(method, weight)| {
            let decisive = weight.decisive.map(|level| format!(", decisive: {level:?}"));
            let decisive = decisive.unwrap_or_default();
            format!("  {}: {{weight: {:?}{decisive}}}\n", method.as_str(), weight.weight)
        });
        let (bias, floor) = (self.bias, self.floor);
        let (suspicious, malicious) = (self.suspicious, self.malicious);
        format!(
            "bias: {bias:?}\nfloor: {floor:?}\nmethods:\n{}bands:\n  suspicious: {suspicious:?}\n  malicious: {malicious:?}\n",
            methods.collect::<String>()
        )
    }

    fn weight(&self, method: Method) -> Weight {
        let found = self.methods.iter().find(|(known, _)| *known == method);
        found.map_or(Weight { weight: 0.0, decisive: None }, |(_, weight)| *weight)
    }

    /// How far a score is above the floor, in units of the logit; 0 below it.
    fn evidence(&self, score: f32) -> f32 {
        (logit(score) - logit(self.floor)).max(0.0)
    }
}

fn logit(score: f32) -> f32 {
    let score = if score.is_nan() { EDGE } else { score.clamp(EDGE, 1.0 - EDGE) };
    (score / (1.0 - score)).ln()
}

fn sigmoid(sum: f32) -> f32 {
    1.0 / (1.0 + (-sum).exp())
}

#[cfg(test)]
mod tests;
