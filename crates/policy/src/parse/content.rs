//! The conditions on what lies in an image or template: malicious code, secrets, suspicious build
//! steps, weaknesses.

use model::{Band, Confidence, Severity};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::PolicyError;
use crate::rule::{
    MalwareCondition, MisconfigurationCondition, PrivateKeyCondition, SecretCondition,
};
use crate::yaml::Source;

use super::forms::TrueOr;
use super::rule::severity;
use super::{each, word};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMalware {
    band: Option<Spanned<String>>,
    bands: Option<Spanned<Vec<Spanned<String>>>>,
    methods: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    only_visible: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSecret {
    categories: Option<Spanned<Vec<Spanned<String>>>>,
    confidence: Option<Spanned<String>>,
    #[serde(default)]
    only_visible: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHistory {
    severity: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPrivateKey {
    #[serde(default)]
    certificates: bool,
    #[serde(default)]
    only_clear: bool,
    confidence: Option<Spanned<String>>,
    #[serde(default)]
    only_visible: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFlaw {
    severity: Option<Spanned<String>>,
    rules: Option<Spanned<Vec<Spanned<String>>>>,
}

/// Malicious files; at least suspicious ones when no band is given.
pub(super) fn malware(
    source: &Source<'_>,
    raw: RawMalware,
) -> Result<MalwareCondition, PolicyError> {
    if let (Some(_), Some(bands)) = (&raw.band, &raw.bands) {
        let message = "`band` means it and worse, `bands` exactly these: give one of the two";
        return Err(source.mistake(bands, message));
    }
    let bands = match &raw.bands {
        Some(list) => each(source, list, band)?,
        None => Vec::new(),
    };
    let band = raw.band.map_or(Ok(Band::Suspicious), |text| band(source, &text))?;
    let methods = match raw.methods {
        Some(list) => each(source, &list, |source, text| word(source, text, "method"))?,
        None => Vec::new(),
    };
    Ok(MalwareCondition { band, bands, methods, only_visible: raw.only_visible })
}

fn band(source: &Source<'_>, text: &Spanned<String>) -> Result<Band, PolicyError> {
    if text.value == "clean" {
        let message = "clean files are no reason: expected `suspicious` or `malicious`";
        return Err(source.mistake(text, message));
    }
    word(source, text, "band")
}

/// Private keys; certificates only where asked for.
pub(super) fn private_key(
    source: &Source<'_>,
    raw: TrueOr<RawPrivateKey>,
) -> Result<PrivateKeyCondition, PolicyError> {
    let usual = PrivateKeyCondition::default();
    let Some(raw) = raw.0 else { return Ok(usual) };
    let confidence = raw.confidence.map(|text| word(source, &text, "confidence")).transpose()?;
    Ok(PrivateKeyCondition {
        certificates: raw.certificates,
        only_clear: raw.only_clear,
        confidence: confidence.unwrap_or(usual.confidence),
        only_visible: raw.only_visible,
    })
}

/// Weaknesses of templates; all when nothing is given.
pub(super) fn flaw(
    source: &Source<'_>,
    raw: TrueOr<RawFlaw>,
) -> Result<MisconfigurationCondition, PolicyError> {
    let Some(raw) = raw.0 else { return Ok(MisconfigurationCondition::default()) };
    Ok(MisconfigurationCondition {
        severity: raw.severity.map(|text| severity(source, &text)).transpose()?,
        rules: match raw.rules {
            Some(list) => each(source, &list, |_, text| Ok(text.value.clone()))?,
            None => Vec::new(),
        },
    })
}

/// Secrets; placeholders do not count when no confidence is given.
pub(super) fn secret(source: &Source<'_>, raw: RawSecret) -> Result<SecretCondition, PolicyError> {
    let categories = match raw.categories {
        Some(list) => each(source, &list, |source, text| word(source, text, "kind of secret"))?,
        None => Vec::new(),
    };
    let confidence = match raw.confidence {
        Some(text) => word(source, &text, "confidence")?,
        None => Confidence::Likely,
    };
    Ok(SecretCondition { categories, confidence, only_visible: raw.only_visible })
}

/// Suspicious build steps; of every severity when none is given.
pub(super) fn history(source: &Source<'_>, raw: RawHistory) -> Result<Severity, PolicyError> {
    match raw.severity {
        Some(text) => severity(source, &text),
        None => Ok(Severity::Unknown),
    }
}
