//! The catalogue: the rules of templates as data. The form of `rules/template/*.yaml` is described
//! in `docs/templates.md`.

mod page;

use std::collections::BTreeMap;

use model::Severity;
use serde::Deserialize;

use super::TemplateKind;
use crate::limits::{MAX_TEMPLATE_RULES, MAX_TEMPLATE_SETTINGS_BYTES};

const BUILT_IN: [(TemplateKind, &str); 3] = [
    (TemplateKind::Dockerfile, include_str!("../../../../rules/template/dockerfile.yaml")),
    (TemplateKind::Compose, include_str!("../../../../rules/template/compose.yaml")),
    (TemplateKind::Kubernetes, include_str!("../../../../rules/template/kubernetes.yaml")),
];

/// The rules, or a user's settings of them, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateRuleError {
    /// The text is not YAML, or not of the shape of a rule file.
    #[error("template rules: {0}")]
    Malformed(String),
    /// Two rules have one id.
    #[error("template rule `{0}` is there twice: give each its own id")]
    Twice(String),
    /// A setting names no rule.
    #[error("no template rule is called `{0}`: docs/rules/template/ lists all")]
    Unknown(String),
}

/// What a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Makes what is built or run easier to attack.
    Security,
    /// Fails, or does not do what it says.
    Correctness,
    /// Larger, slower or less repeatable than it could be.
    Build,
    /// Fails to keep running, or to be kept running.
    Operation,
    /// A matter of taste.
    Style,
    /// A house's own demand; off until it is set.
    Policy,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateRule {
    /// Its stable name, begun with its kind: `dockerfile-user-root`.
    pub id: String,
    /// What is wrong, in one sentence.
    pub title: String,
    /// How bad.
    #[serde(deserialize_with = "severity")]
    pub severity: Severity,
    /// What it is for.
    pub tier: Tier,
    /// Why it matters: for the docs.
    pub why: String,
    /// How to repair it.
    pub fix: String,
    /// The names that other tools have for it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The controls of standards that it answers: `PSS baseline`, `CIS 5.2.2`.
    #[serde(default)]
    pub controls: Vec<String>,
    /// A page that says more; may be empty.
    #[serde(default)]
    pub reference: String,
    /// Whether it speaks when nobody says otherwise.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What a house may set: lists of words by name.
    #[serde(default)]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Templates in which it speaks; tested.
    pub examples: Vec<Example>,
    /// Templates in which it does not, although they look like it; tested.
    pub near_misses: Vec<Example>,
}

/// A template, or one with files beside it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Example {
    /// The text of the template.
    One(String),
    /// Files by name; those that are templates are looked at.
    Files(BTreeMap<String, String>),
}

/// All rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    rules: Vec<(TemplateKind, TemplateRule)>,
    by_id: BTreeMap<String, usize>,
}

/// A user's settings, by the ids of rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    rules: BTreeMap<String, Setting>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "maybe_severity")]
    severity: Option<Severity>,
    #[serde(default)]
    parameters: BTreeMap<String, Vec<String>>,
}

impl Catalogue {
    /// The rules that come with the program.
    pub fn built_in() -> Result<Self, TemplateRuleError> {
        let mut catalogue = Catalogue { rules: Vec::new(), by_id: BTreeMap::new() };
        for (kind, text) in BUILT_IN {
            catalogue.read(kind, text)?;
        }
        Ok(catalogue)
    }

    fn read(&mut self, kind: TemplateKind, text: &str) -> Result<(), TemplateRuleError> {
        let rules: Vec<TemplateRule> = serde_saphyr::from_str(text).map_err(malformed)?;
        for rule in rules.into_iter().take(MAX_TEMPLATE_RULES) {
            if self.by_id.insert(rule.id.clone(), self.rules.len()).is_some() {
                return Err(TemplateRuleError::Twice(rule.id));
            }
            self.rules.push((kind, rule));
        }
        Ok(())
    }

    /// Changes rules by a user's settings: `rules:` with, by id, `enabled`, `severity` and
    /// `parameters`.
    pub fn set(&mut self, text: &str) -> Result<(), TemplateRuleError> {
        if text.len() > MAX_TEMPLATE_SETTINGS_BYTES {
            let detail = format!("settings of more than {MAX_TEMPLATE_SETTINGS_BYTES} bytes");
            return Err(TemplateRuleError::Malformed(detail));
        }
        let settings: Settings = serde_saphyr::from_str(text).map_err(malformed)?;
        for (id, setting) in settings.rules {
            let at = self.by_id.get(&id).copied();
            let rule = at.and_then(|at| self.rules.get_mut(at)).map(|(_, rule)| rule);
            let Some(rule) = rule else { return Err(TemplateRuleError::Unknown(id)) };
            // Who gives a rule its parameters wants it to speak.
            let set = !setting.parameters.is_empty();
            rule.enabled = setting.enabled.unwrap_or(rule.enabled || set);
            rule.severity = setting.severity.unwrap_or(rule.severity);
            rule.parameters.extend(setting.parameters);
        }
        Ok(())
    }

    /// The rule of this id.
    pub fn rule(&self, id: &str) -> Option<&TemplateRule> {
        self.by_id.get(id).and_then(|at| self.rules.get(*at)).map(|(_, rule)| rule)
    }

    /// Whether the rule is there and speaks.
    pub fn is_enabled(&self, id: &str) -> bool {
        self.rule(id).is_some_and(|rule| rule.enabled)
    }

    /// A parameter of a rule; empty when not set.
    pub fn parameter(&self, id: &str, name: &str) -> &[String] {
        self.rule(id).and_then(|rule| rule.parameters.get(name)).map_or(&[], Vec::as_slice)
    }

    /// The rules of a kind, in the order of their file.
    pub fn of(&self, kind: TemplateKind) -> impl Iterator<Item = &TemplateRule> {
        self.rules.iter().filter(move |(of, _)| *of == kind).map(|(_, rule)| rule)
    }

    /// How many rules there are.
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// Whether `written`, in an ignore comment, means the rule: its id, one of its aliases, or a
    /// beginning of either before `*`. `AVD-DS-0002`, `DS-0002` and `DS002` are one name.
    pub fn means(&self, id: &str, written: &str) -> bool {
        let Some(rule) = self.rule(id) else { return false };
        let written = plain_name(written);
        let names = std::iter::once(&rule.id).chain(&rule.aliases);
        match written.strip_suffix('*') {
            Some(start) => names.map(|name| plain_name(name)).any(|name| name.starts_with(start)),
            None => names.map(|name| plain_name(name)).any(|name| name == written),
        }
    }
}

/// A name as it is compared: capitals, no vendor's prefix, numbers of letters-and-number ids
/// without leading zeros.
fn plain_name(name: &str) -> String {
    let upper = name.trim().to_ascii_uppercase();
    let bare = upper.strip_prefix("AVD-").unwrap_or(&upper);
    let letters = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = bare.get(letters.len()..).unwrap_or_default().trim_start_matches('0');
    match letters.trim_end_matches('-') {
        short @ ("DS" | "KSV" | "KCV") => format!("{short}{digits}"),
        _ => bare.to_owned(),
    }
}

fn yes() -> bool {
    true
}

fn malformed(error: serde_saphyr::Error) -> TemplateRuleError {
    TemplateRuleError::Malformed(error.without_snippet().to_string().replace('\n', " "))
}

fn severity<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn maybe_severity<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Severity>, D::Error> {
    severity(deserializer).map(Some)
}

#[cfg(test)]
mod tests;
