//! What stands at the top of a policy beside its rules: the mode, what to do without a report, the
//! lists and macros that conditions may name.

use std::fmt;

use model::Decision;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use crate::PolicyError;
use crate::filter::{Definitions, parse};
use crate::limits::POLICY_MAX_ENTRIES;
use crate::policy::{OnMissing, SCAN_DEADLINE_MS};
use crate::rule::Mode;
use crate::yaml::Source;

/// The longest that a gate may wait for a scan, in seconds.
const DEADLINE_MAX_S: u64 = 600;

/// A list of words for conditions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawList {
    list: String,
    items: Vec<String>,
}

/// A condition by a name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMacro {
    #[serde(rename = "macro")]
    name: String,
    condition: Spanned<String>,
}

/// `deny`, `warn`, or a mapping with `scan_now`.
pub(super) enum RawOnMissing {
    Word(String),
    ScanNow(RawScanNow),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScan {
    scan_now: RawScanNow,
}

/// How a scan at the gate is bounded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScanNow {
    deadline: Option<Spanned<String>>,
    otherwise: Option<Spanned<String>>,
}

impl<'de> Deserialize<'de> for RawOnMissing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = RawOnMissing;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`deny`, `warn` or `scan_now` with keys and values")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(RawOnMissing::Word(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let raw = RawScan::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawOnMissing::ScanNow(raw.scan_now))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Reads a mode.
pub(super) fn mode(source: &Source<'_>, word: &Spanned<String>) -> Result<Mode, PolicyError> {
    match word.value.as_str() {
        "observe" => Ok(Mode::Observe),
        "warn" => Ok(Mode::Warn),
        "block" => Ok(Mode::Block),
        other => {
            let message = format!("`{other}` is not a mode: expected `observe`, `warn` or `block`");
            Err(source.mistake(word, message))
        }
    }
}

/// Reads a decision of a rule.
pub(super) fn decision(
    source: &Source<'_>,
    word: &Spanned<String>,
) -> Result<Decision, PolicyError> {
    match word.value.as_str() {
        "warn" => Ok(Decision::Warn),
        "deny" => Ok(Decision::Deny),
        other => {
            let message = format!("`{other}` is not a decision: expected `warn` or `deny`");
            Err(source.mistake(word, message))
        }
    }
}

/// Reads what becomes of a container without a report.
pub(super) fn on_missing(
    source: &Source<'_>,
    raw: &Spanned<RawOnMissing>,
) -> Result<OnMissing, PolicyError> {
    match &raw.value {
        RawOnMissing::Word(word) => match word.as_str() {
            "deny" => Ok(OnMissing::Deny),
            "warn" => Ok(OnMissing::Warn),
            "scan_now" => Ok(OnMissing::default()),
            other => {
                let message =
                    format!("`{other}` is not known: expected `deny`, `warn` or `scan_now`");
                Err(source.mistake(raw, message))
            }
        },
        RawOnMissing::ScanNow(scan) => {
            let deadline = scan.deadline.as_ref().map(|text| deadline_ms(source, text));
            let otherwise = scan.otherwise.as_ref().map(|word| decision(source, word));
            Ok(OnMissing::ScanNow {
                deadline_ms: deadline.transpose()?.unwrap_or(SCAN_DEADLINE_MS),
                otherwise: otherwise.transpose()?.unwrap_or(Decision::Deny),
            })
        }
    }
}

/// `500ms`, `30s`, `2m`.
fn deadline_ms(source: &Source<'_>, text: &Spanned<String>) -> Result<u64, PolicyError> {
    let word = text.value.trim();
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match word.get(digits.len()..).unwrap_or_default() {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let parsed = digits.parse::<u64>().ok();
    let span = factor.and_then(|factor: u64| parsed?.checked_mul(factor));
    span.filter(|ms| (1..=DEADLINE_MAX_S * 1_000).contains(ms)).ok_or_else(|| {
        let message = format!("`{word}` is no deadline: expected such as `30s`, at most 10m");
        source.mistake(text, message)
    })
}

/// The lists and macros of a policy. Later ones may name earlier ones.
pub(super) fn definitions(
    source: &Source<'_>,
    lists: Vec<RawList>,
    macros: Vec<RawMacro>,
) -> Result<Definitions, PolicyError> {
    if lists.len().max(macros.len()) > POLICY_MAX_ENTRIES {
        let message = format!("it has more than {POLICY_MAX_ENTRIES} lists or macros");
        return Err(PolicyError::whole(source.file, message));
    }
    let mut definitions = Definitions::new();
    for RawList { list, items } in lists {
        definitions.list(list, items);
    }
    for RawMacro { name, condition } in macros {
        // Read once for the place of a mistake in this file.
        let written = source.written(&condition);
        parse(written.text()).map_err(|(span, message)| written.mistake(&span, message))?;
        definitions.define(source.file, name, &condition.value)?;
    }
    Ok(definitions)
}
