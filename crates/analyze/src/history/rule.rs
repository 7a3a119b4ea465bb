//! Rules of the history as data: `rules/history/*.yaml`, described in `docs/history.md`.

use std::sync::OnceLock;

use model::Severity;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::HistoryRuleError;
use super::checks::Check;
use super::step::Instruction;
use super::subject::Scope;
use crate::limits::{MAX_HISTORY_RULES, MAX_REGEX_BYTES};

/// A rule as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleText {
    pub(super) id: String,
    pub(super) title: String,
    #[serde(deserialize_with = "severity")]
    pub(super) severity: Severity,
    #[serde(default)]
    pub(super) attack: Vec<String>,
    #[serde(default, rename = "in")]
    pub(super) instructions: Vec<Instruction>,
    #[serde(default)]
    pub(super) scope: Option<Scope>,
    #[serde(default, rename = "match")]
    pub(super) patterns: Vec<String>,
    #[serde(default)]
    pub(super) unless: Vec<String>,
    #[serde(default)]
    pub(super) unless_step: Vec<String>,
    #[serde(default)]
    pub(super) check: Option<Check>,
    /// Weaker rules that say nothing more of a step where this one holds.
    #[serde(default)]
    pub(super) covers: Vec<String>,
    pub(super) advice: String,
    /// Steps, or lists of steps, where the rule holds; tested.
    #[serde(default)]
    #[cfg_attr(not(test), allow(dead_code))] // for the tests
    pub(super) examples: Vec<Example>,
    /// Steps where it does not, although they look like it; tested.
    #[serde(default)]
    #[cfg_attr(not(test), allow(dead_code))] // for the tests
    pub(super) near_misses: Vec<Example>,
}

/// One step, or several of one image.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
#[cfg_attr(not(test), allow(dead_code))] // for the tests
pub(super) enum Example {
    One(String),
    Several(Vec<String>),
}

/// A rule, ready.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) text: RuleText,
    patterns: Vec<Pattern>,
    unless: Vec<Pattern>,
    unless_step: Vec<Pattern>,
}

/// A pattern, compiled when the first line asks for it: hardly any rule has more to say of an
/// image than that its prefilter is silent.
#[derive(Debug)]
struct Pattern {
    text: String,
    made: OnceLock<Result<Regex, String>>,
}

impl Pattern {
    fn new(text: &str) -> Self {
        Pattern { text: text.to_owned(), made: OnceLock::new() }
    }

    /// The regular expression, or why there is none.
    fn made(&self) -> Result<&Regex, &str> {
        let make = || {
            let mut builder = RegexBuilder::new(&self.text);
            builder.unicode(false).size_limit(MAX_REGEX_BYTES).build()
        };
        let made = self.made.get_or_init(|| make().map_err(|error| one_line(&error.to_string())));
        made.as_ref().map_err(String::as_str)
    }

    fn is_match(&self, line: &str) -> bool {
        self.made().is_ok_and(|regex| regex.is_match(line.as_bytes()))
    }
}

impl Rule {
    fn new(text: RuleText) -> Result<Self, HistoryRuleError> {
        let broken = |detail: &str| HistoryRuleError::Broken {
            rule: text.id.clone(),
            detail: detail.to_owned(),
        };
        if text.check.is_some() != text.patterns.is_empty() {
            return Err(broken("it needs either `match` or `check`"));
        }
        if text.check.is_none() && text.scope.is_none() {
            return Err(broken("it needs a `scope`: text, command, pipeline, environment or file"));
        }
        let patterns = |texts: &[String]| texts.iter().map(|text| Pattern::new(text)).collect();
        Ok(Rule {
            patterns: patterns(&text.patterns),
            unless: patterns(&text.unless),
            unless_step: patterns(&text.unless_step),
            text,
        })
    }

    /// Compiles every pattern; an error names the first that cannot be.
    fn check(&self) -> Result<(), HistoryRuleError> {
        let all = self.patterns.iter().chain(&self.unless).chain(&self.unless_step);
        all.map(Pattern::made).try_for_each(|made| match made {
            Ok(_) => Ok(()),
            Err(detail) => Err(HistoryRuleError::Broken {
                rule: self.text.id.clone(),
                detail: detail.to_owned(),
            }),
        })
    }

    pub(super) fn is_for(&self, instruction: Instruction) -> bool {
        self.text.instructions.is_empty() || self.text.instructions.contains(&instruction)
    }

    /// Whether a line, or the whole step, speaks against it.
    pub(super) fn excused(&self, line: &str, step: &str) -> bool {
        self.unless.iter().any(|pattern| pattern.is_match(line))
            || self.unless_step.iter().any(|pattern| pattern.is_match(step))
    }
}

/// Rules with one prefilter for each scope.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) all: Vec<Rule>,
    /// One for each scope, made when the first line of such a scope comes.
    sets: [OnceLock<Option<Prefilter>>; Scope::ALL.len()],
}

/// All patterns of one scope at once; for each, its rule and its place there.
#[derive(Debug)]
struct Prefilter {
    set: RegexSet,
    owners: Vec<(usize, usize)>,
}

impl Rules {
    /// Reads rules from texts. Patterns are not compiled yet: see [`Rules::check`].
    pub(super) fn read(texts: &[&str]) -> Result<Self, HistoryRuleError> {
        let mut all: Vec<Rule> = Vec::new();
        for text in texts {
            let rules: Vec<RuleText> = serde_saphyr::from_str(text)
                .map_err(|error| HistoryRuleError::Unreadable(one_line(&error.to_string())))?;
            for rule in rules {
                if all.iter().any(|known| known.text.id == rule.id) {
                    return Err(HistoryRuleError::Twice(rule.id));
                }
                all.push(Rule::new(rule)?);
            }
        }
        if all.len() > MAX_HISTORY_RULES {
            return Err(HistoryRuleError::TooMany(all.len()));
        }
        Ok(Rules { all, sets: Default::default() })
    }

    /// Compiles everything. The rules that come with the program are checked by a test, others
    /// when they are read.
    pub(super) fn check(&self) -> Result<(), HistoryRuleError> {
        self.all.iter().try_for_each(Rule::check)?;
        Scope::ALL.iter().try_for_each(|scope| prefilter(&self.all, *scope).map(drop))
    }

    /// The rules, each with the pattern, that a line of a scope matches. In the order of the rules.
    pub(super) fn matching(&self, scope: Scope, line: &str) -> Vec<(&Rule, &Regex)> {
        let place = Scope::ALL.iter().position(|known| *known == scope);
        let set = place.and_then(|place| self.sets.get(place));
        let made = set.map(|set| set.get_or_init(|| prefilter(&self.all, scope).ok()));
        let Some(Some(filter)) = made else { return Vec::new() };
        let owners = filter.set.matches(line.as_bytes()).into_iter();
        owners
            .filter_map(|at| {
                let (rule, pattern) = filter.owners.get(at)?;
                let rule = self.all.get(*rule)?;
                Some((rule, rule.patterns.get(*pattern)?.made().ok()?))
            })
            .collect()
    }
}

fn prefilter(rules: &[Rule], scope: Scope) -> Result<Prefilter, HistoryRuleError> {
    let mut patterns = Vec::new();
    let mut owners = Vec::new();
    for (place, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.text.scope == Some(scope))
    {
        for (number, pattern) in rule.text.patterns.iter().enumerate() {
            patterns.push(pattern);
            owners.push((place, number));
        }
    }
    let set = RegexSetBuilder::new(patterns)
        .unicode(false)
        .size_limit(MAX_REGEX_BYTES * 16)
        .build()
        .map_err(|error| HistoryRuleError::Unreadable(one_line(&error.to_string())))?;
    Ok(Prefilter { set, owners })
}

fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

fn severity<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
