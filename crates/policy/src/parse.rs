//! From the text of a policy to its rules and exceptions.

mod content;
mod exceptions;
mod forms;
mod options;
mod rule;
mod scope;
mod top;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;
use serde_saphyr::Spanned;

use crate::PolicyError;
use crate::exceptions::Excuses;
use crate::fusion::{Fusion, RawFusion};
use crate::limits::POLICY_MAX_ENTRIES;
use crate::policy::Policy;
use crate::rule::Rule;
use crate::trust::{RawTrust, trust};
use crate::yaml::Source;

pub(crate) use exceptions::{RawException, exceptions};

/// The only version of the policy file so far.
const VERSION: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    version: Option<Spanned<u32>>,
    mode: Option<Spanned<String>>,
    scope: Option<Spanned<scope::RawScope>>,
    on_missing: Option<Spanned<top::RawOnMissing>>,
    #[serde(default)]
    lists: Vec<top::RawList>,
    #[serde(default)]
    macros: Vec<top::RawMacro>,
    rules: Vec<Spanned<rule::RawRule>>,
    #[serde(default)]
    exceptions: Vec<Spanned<RawException>>,
    trust: Option<RawTrust>,
    fusion: Option<RawFusion>,
}

/// Reads a policy.
pub(crate) fn policy(file: &str, text: &str) -> Result<Policy, PolicyError> {
    let source = Source { file, text };
    if text.lines().all(|line| line.trim().is_empty() || line.trim().starts_with('#')) {
        return Err(PolicyError::whole(file, "it is empty: a policy needs `rules`"));
    }
    let raw: RawPolicy = source.read()?;
    if let Some(version) = raw.version.filter(|version| version.value != VERSION) {
        let message = format!("version {} is not known: expected {VERSION}", version.value);
        return Err(source.mistake(&version, message));
    }
    if raw.rules.len() > POLICY_MAX_ENTRIES {
        let message = format!("it has more than {POLICY_MAX_ENTRIES} rules");
        return Err(PolicyError::whole(file, message));
    }
    let definitions = top::definitions(&source, raw.lists, raw.macros)?;
    let mut rules: Vec<Rule> = Vec::with_capacity(raw.rules.len());
    for raw in raw.rules {
        let name = &raw.value.name;
        if rules.iter().any(|rule| rule.name == name.value) {
            let message = format!("another rule is already named `{}`", name.value);
            return Err(source.mistake(name, message));
        }
        rules.push(rule::rule(&source, raw, &definitions)?);
    }
    let named: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let exceptions = exceptions::of_rules(&source, raw.exceptions, &named)?;
    let fusion = raw.fusion.map(|raw| raw.check(&source)).transpose()?;
    Ok(Policy {
        mode: raw.mode.map(|word| top::mode(&source, &word)).transpose()?.unwrap_or_default(),
        scope: raw.scope.map(|raw| scope::scope(&source, raw)).transpose()?.unwrap_or_default(),
        on_missing: raw
            .on_missing
            .map(|raw| top::on_missing(&source, &raw))
            .transpose()?
            .unwrap_or_default(),
        excuses: Excuses::new(&exceptions),
        exceptions,
        trust: raw.trust.map(|raw| trust(&source, raw)).transpose()?,
        fusion: fusion.map_or_else(Fusion::built_in, Ok)?,
        text: text.to_owned(),
        added: String::new(),
        rules,
    })
}

fn not_empty<T>(source: &Source<'_>, list: &Spanned<Vec<T>>) -> Result<(), PolicyError> {
    if list.value.is_empty() {
        return Err(source.mistake(list, "the list is empty: the rule could never speak"));
    }
    Ok(())
}

fn each<T>(
    source: &Source<'_>,
    list: &Spanned<Vec<Spanned<String>>>,
    read: impl Fn(&Source<'_>, &Spanned<String>) -> Result<T, PolicyError>,
) -> Result<Vec<T>, PolicyError> {
    not_empty(source, list)?;
    list.value.iter().map(|item| read(source, item)).collect()
}

/// A word of a noun's own list.
fn word<T: for<'de> Deserialize<'de>>(
    source: &Source<'_>,
    text: &Spanned<String>,
    what: &str,
) -> Result<T, PolicyError> {
    let word: StrDeserializer<'_, serde::de::value::Error> =
        text.value.as_str().into_deserializer();
    T::deserialize(word).map_err(|error| {
        let listed = error.to_string();
        let expected = listed.split_once("expected ").map_or("another word", |(_, words)| words);
        source.mistake(text, format!("`{}` is no {what}: expected {expected}", text.value))
    })
}

#[cfg(test)]
mod tests;
