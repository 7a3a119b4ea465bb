//! Holding what was seen against a check's tests. Values are read where they can be: a flag's last
//! value, the elements of a list, the bits of a mode.

use std::collections::BTreeMap;

use model::Outcome;
use serde_json::Value;

use super::{Check, Compare, Operator, Test};

/// Longest regular expression of a check, compiled, in bytes.
const REGEX_BYTES: usize = 256 * 1024;
/// Longest value that evidence shows.
const SHOWN_CHARS: usize = 120;

/// What an audit has found.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// There is nothing that the audit speaks of; why.
    Absent(String),
    /// It could not be looked at; why.
    Unknown(String),
    /// A process's flags, each with its values in their order, without dashes.
    Flags(BTreeMap<String, Vec<String>>),
    /// Lines, such as `permissions=600`, each for an object of its own.
    Rows(Vec<String>),
    /// A configuration file.
    Document(Value),
}

/// The answers to a check's audits; `None` where it has none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// To `audit`.
    pub audit: Option<Answer>,
    /// To `audit_config`.
    pub config: Option<Answer>,
    /// To `audit_env`: names and values.
    pub env: BTreeMap<String, String>,
}

impl Check {
    /// The outcome, and what was seen. What failed without counting is left to people.
    pub fn judge(&self, answers: &Answers) -> (Outcome, String) {
        if self.skipped {
            return (Outcome::NotApplicable, "the file leaves it out".to_owned());
        }
        if self.manual || self.tests.is_empty() {
            return (Outcome::NeedsHuman, self.text.clone());
        }
        for answer in [&answers.audit, &answers.config].into_iter().flatten() {
            match answer {
                Answer::Unknown(why) => return (Outcome::Error, why.clone()),
                // A missing file beside flags says nothing: flags alone decide then.
                Answer::Absent(why) if answers.audit.as_ref().is_none_or(|own| own == answer) => {
                    return (Outcome::NotApplicable, why.clone());
                }
                _ => {}
            }
        }
        let rows: Vec<Option<&str>> = match &answers.audit {
            Some(Answer::Rows(rows)) => rows.iter().map(|row| Some(row.as_str())).collect(),
            _ => vec![None],
        };
        let mut seen = Vec::new();
        let mut all = !rows.is_empty();
        for row in rows {
            let holds = self.holds(answers, row, &mut seen);
            if !holds {
                seen.drain(..seen.len().saturating_sub(self.tests.len()));
            }
            all &= holds;
            if !holds {
                break;
            }
        }
        // That nothing is set where there is no file is not as good as a file that is right.
        if let (true, Some(Answer::Absent(why))) = (all && !self.sets(answers), &answers.config) {
            return (Outcome::NotApplicable, why.clone());
        }
        seen.dedup();
        seen.truncate(8);
        let outcome = match (all, self.scored) {
            (true, _) => Outcome::Pass,
            (false, true) => Outcome::Fail,
            (false, false) => Outcome::NeedsHuman,
        };
        (outcome, seen.join(", "))
    }

    /// Whether anything that the tests ask for is set; lines always say something.
    fn sets(&self, answers: &Answers) -> bool {
        matches!(answers.audit, Some(Answer::Rows(_)))
            || self.tests.iter().any(|test| test.value(answers, None).is_some())
    }

    fn holds(&self, answers: &Answers, row: Option<&str>, seen: &mut Vec<String>) -> bool {
        let mut results = Vec::with_capacity(self.tests.len());
        for test in &self.tests {
            let value = test.value(answers, row);
            let shown: String = match &value {
                Some(value) => format!("{}: {value}", test.name()),
                None => format!("{} is not set", test.name()),
            };
            seen.push(shown.chars().take(SHOWN_CHARS).collect());
            results.push(test.holds(value.as_deref()));
        }
        if self.any { results.contains(&true) } else { !results.contains(&false) }
    }
}

impl Test {
    fn name(&self) -> &str {
        [&self.flag, &self.path, &self.env]
            .into_iter()
            .find(|name| !name.is_empty())
            .map_or("", |n| n)
    }

    fn holds(&self, value: Option<&str>) -> bool {
        match (self.set, value, &self.compare) {
            (false, value, _) => value.is_none(),
            (true, None, _) => false,
            (true, Some(_), None) => true,
            (true, Some(value), Some(compare)) => compare.holds(value),
        }
    }

    /// The value: in the audit's output, else in the file, else in the environment.
    fn value(&self, answers: &Answers, row: Option<&str>) -> Option<String> {
        let in_audit = match (&answers.audit, row) {
            (Some(Answer::Flags(flags)), _) => self.in_flags(flags),
            (Some(Answer::Document(file)), _) => self.in_file(file),
            (_, Some(row)) => in_row(row, &self.flag),
            _ => None,
        };
        let in_config = || match &answers.config {
            Some(Answer::Document(file)) => self.in_file(file),
            Some(Answer::Rows(rows)) => rows.iter().find_map(|row| in_row(row, &self.flag)),
            _ => None,
        };
        in_audit.or_else(in_config).or_else(|| answers.env.get(&self.env).cloned())
    }

    fn in_flags(&self, flags: &BTreeMap<String, Vec<String>>) -> Option<String> {
        let name = self.flag.trim_start_matches('-');
        if let Some(values) = flags.get(name) {
            let is_list = self.compare.as_ref().is_some_and(|compare| {
                matches!(
                    compare.operator,
                    Operator::Has | Operator::NotHave | Operator::ValidElements
                )
            });
            return if is_list { Some(values.join(",")) } else { values.last().cloned() };
        }
        // A feature gate by its bare name.
        let gates = flags.get("feature-gates").filter(|_| !self.flag.starts_with('-'))?;
        let entries = gates.iter().flat_map(|gates| gates.split(','));
        let mut pairs = entries.filter_map(|entry| entry.split_once('='));
        pairs.rfind(|(gate, _)| *gate == name).map(|(_, value)| value.to_owned())
    }

    fn in_file(&self, file: &Value) -> Option<String> {
        if self.path.is_empty() {
            return None;
        }
        let (path, is_list) = match self.path.split_once("range ") {
            Some((_, rest)) => (rest.split(['[', '}']).next().unwrap_or_default(), true),
            None => (self.path.trim().trim_start_matches('{').trim_end_matches('}'), false),
        };
        let mut value = file;
        for key in path.trim().split('.').filter(|key| !key.is_empty()) {
            value = match key.split_once('[') {
                None => value.get(key)?,
                Some((key, index)) => {
                    let index: usize = index.trim_end_matches(']').parse().ok()?;
                    value.get(key)?.get(index)?
                }
            };
        }
        match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Array(items) => {
                let joined: Vec<String> = items.iter().map(plain).collect();
                (is_list || !items.is_empty()).then(|| joined.join(","))
            }
            other => Some(plain(other)),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A word in a line, and what stands behind it: `permissions=600`, `is_compliant: true`. A word
/// alone is its own value.
fn in_row(row: &str, flag: &str) -> Option<String> {
    if flag.is_empty() {
        return None;
    }
    for (start, _) in row.match_indices(flag) {
        let before = row.get(..start).and_then(|text| text.chars().next_back());
        let after = row.get(start + flag.len()..).unwrap_or_default();
        let begins = before.is_none_or(|c| c.is_whitespace() || "*,;".contains(c));
        let ends = after.chars().next().is_none_or(|c| c.is_whitespace() || "=:,;".contains(c));
        if !(begins && ends) {
            continue;
        }
        let value = after.strip_prefix(['=', ':']).map(str::trim_start);
        let value = value.map(|text| text.split([' ', ',', '\t']).next().unwrap_or_default());
        return Some(value.unwrap_or(flag).to_owned());
    }
    None
}

impl Compare {
    fn holds(&self, found: &str) -> bool {
        let wanted = self.value.as_str();
        let numbers =
            || Some((found.trim().parse::<i64>().ok()?, wanted.trim().parse::<i64>().ok()?));
        let elements = |text: &str| -> Vec<String> {
            text.split(',')
                .map(|part| part.trim().to_owned())
                .filter(|part| !part.is_empty())
                .collect()
        };
        match self.operator {
            Operator::Eq => is_same(found, wanted),
            Operator::NotEq => !is_same(found, wanted),
            Operator::Gt => numbers().is_some_and(|(found, wanted)| found > wanted),
            Operator::Gte => numbers().is_some_and(|(found, wanted)| found >= wanted),
            Operator::Lt => numbers().is_some_and(|(found, wanted)| found < wanted),
            Operator::Lte => numbers().is_some_and(|(found, wanted)| found <= wanted),
            Operator::Has => has(found, wanted),
            Operator::NotHave => !has(found, wanted),
            Operator::Regex => {
                let pattern = regex::RegexBuilder::new(wanted).size_limit(REGEX_BYTES).build();
                pattern.is_ok_and(|pattern| pattern.is_match(found))
            }
            Operator::Bitmask => {
                let bits = |text: &str| u32::from_str_radix(text.trim(), 8).ok();
                bits(found).zip(bits(wanted)).is_some_and(|(found, most)| found & !most == 0)
            }
            Operator::ValidElements => {
                let valid = elements(wanted);
                let found = elements(found);
                !found.is_empty() && found.iter().all(|one| valid.contains(one))
            }
        }
    }
}

/// Truth is written in several ways.
fn is_same(found: &str, wanted: &str) -> bool {
    let truth = |text: &str| match text.to_ascii_lowercase().as_str() {
        "true" | "t" => Some(true),
        "false" | "f" => Some(false),
        _ => None,
    };
    match (truth(found), truth(wanted)) {
        (Some(found), Some(wanted)) => found == wanted,
        _ => found == wanted,
    }
}

/// Whether a list has an element, or a text that is no list has a part.
fn has(found: &str, wanted: &str) -> bool {
    if found.contains(',') && !wanted.contains(',') {
        return found.split(',').any(|one| one.trim() == wanted);
    }
    found.contains(wanted)
}
