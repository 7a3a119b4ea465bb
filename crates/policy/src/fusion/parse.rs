//! Reading weights from YAML.

use std::collections::BTreeMap;

use model::Method;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Fusion, Weight};
use crate::PolicyError;
use crate::yaml::{Source, either};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFusion {
    bias: Spanned<f32>,
    floor: Spanned<f32>,
    methods: BTreeMap<String, RawWeight>,
    bands: RawBands,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWeight {
    weight: Spanned<f32>,
    decisive: Option<Spanned<f32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBands {
    suspicious: Spanned<f32>,
    malicious: Spanned<f32>,
}

/// Reads a file of weights.
pub(super) fn fusion(file: &str, text: &str) -> Result<Fusion, PolicyError> {
    let source = Source { file, text };
    let raw: RawFusion = source.read()?;
    raw.check(&source)
}

impl RawFusion {
    /// The weights, when every number is one that can be meant.
    pub(crate) fn check(self, source: &Source<'_>) -> Result<Fusion, PolicyError> {
        if !self.bias.value.is_finite() {
            return Err(source.mistake(&self.bias, "expected a number"));
        }
        probability(source, &self.floor)?;
        let mut methods = Vec::with_capacity(self.methods.len());
        for (name, raw) in self.methods {
            let weight = &raw.weight;
            if !(0.0..=100.0).contains(&weight.value) {
                let message = format!("{} is no weight: expected 0 to 100", weight.value);
                return Err(source.mistake(weight, message));
            }
            let Some(method) = Method::ALL.into_iter().find(|method| method.as_str() == name)
            else {
                let known = Method::ALL.map(Method::as_str);
                let message = format!("`{name}` is no method: expected {}", either(&known));
                return Err(source.mistake(weight, message));
            };
            let decisive = raw.decisive.map(|level| probability(source, &level)).transpose()?;
            methods.push((method, Weight { weight: weight.value, decisive }));
        }
        let suspicious = probability(source, &self.bands.suspicious)?;
        let malicious = probability(source, &self.bands.malicious)?;
        if suspicious > malicious {
            let message = "`suspicious` begins above `malicious`";
            return Err(source.mistake(&self.bands.suspicious, message));
        }
        let (bias, floor) = (self.bias.value, self.floor.value);
        Ok(Fusion { bias, floor, methods, suspicious, malicious })
    }
}

fn probability(source: &Source<'_>, number: &Spanned<f32>) -> Result<f32, PolicyError> {
    if number.value > 0.0 && number.value <= 1.0 {
        return Ok(number.value);
    }
    let message = format!("{} is no probability: expected more than 0, up to 1", number.value);
    Err(source.mistake(number, message))
}
