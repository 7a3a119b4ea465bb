//! The conditions on what lies in an image: malicious code, secrets, suspicious build steps.

use model::{Band, Confidence, Severity};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::PolicyError;
use crate::policy::{MalwareCondition, SecretCondition};
use crate::yaml::Source;

use super::{each, word};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMalware {
    band: Option<Spanned<String>>,
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

/// Malicious files; at least suspicious ones when no band is given.
pub(super) fn malware(
    source: &Source<'_>,
    raw: RawMalware,
) -> Result<MalwareCondition, PolicyError> {
    let band = match raw.band {
        Some(text) if text.value == "clean" => {
            return Err(source.mistake(
                &text,
                "clean files are no reason: expected `suspicious` or `malicious`",
            ));
        }
        Some(text) => word(source, &text, "band")?,
        None => Band::Suspicious,
    };
    let methods = match raw.methods {
        Some(list) => each(source, &list, |source, text| word(source, text, "method"))?,
        None => Vec::new(),
    };
    Ok(MalwareCondition { band, methods, only_visible: raw.only_visible })
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
        Some(text) => text.value.parse().map_err(|why: String| source.mistake(&text, why)),
        None => Ok(Severity::Unknown),
    }
}
