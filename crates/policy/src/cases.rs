//! Cases beside a policy: facts and what the policy must make of them. `lazaret policy test` runs
//! them.
//!
//! Pure: whoever calls reads the files that cases name.

use model::{Decision, Report, Workload};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::limits::POLICY_MAX_ENTRIES;
use crate::policy::Policy;
use crate::simulate::word;
use crate::yaml::Source;
use crate::{PolicyError, WorkloadVerdict, judge, judge_workload, workload};

/// A file of cases.
#[derive(Debug)]
pub struct Cases {
    /// The policy they are about, relative to the file; `None` when the file does not say.
    pub policy: Option<String>,
    cases: Vec<Case>,
}

/// Facts and what must come of them.
#[derive(Debug)]
struct Case {
    name: Spanned<String>,
    today: String,
    subject: Subject,
    expected: Expected,
}

/// What is judged.
#[derive(Debug)]
enum Subject {
    /// An image, by the file of its report.
    Report(Spanned<String>),
    /// A workload, with the files of its containers' reports.
    Workload { workload: Box<Workload>, reports: Vec<Option<String>> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCases {
    policy: Option<String>,
    #[serde(default)]
    today: Option<Spanned<String>>,
    cases: Vec<Spanned<RawCase>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    name: Spanned<String>,
    today: Option<Spanned<String>>,
    report: Option<Spanned<String>>,
    workload: Option<Value>,
    pod: Option<Value>,
    #[serde(default)]
    reports: Vec<Option<String>>,
    expect: Expected,
}

/// What must come of a case. What is not given is not asked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    /// What is done, modes carried out.
    decision: Option<Decision>,
    /// What is decided when every mode is `block`.
    verdict: Option<Decision>,
    /// Rules that must speak.
    rules: Vec<String>,
    /// Rules that must not.
    silent: Vec<String>,
    /// Whether a report is missing.
    missing: Option<bool>,
}

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// What is not as expected, a line each; empty when it passes.
    pub failures: Vec<String>,
}

impl Cases {
    /// Reads a file of cases. `file` is the name that diagnostics give it.
    pub fn parse(file: &str, text: &str) -> Result<Cases, PolicyError> {
        let source = Source { file, text };
        let raw: RawCases = source.read()?;
        if raw.cases.len() > POLICY_MAX_ENTRIES {
            let message = format!("it has more than {POLICY_MAX_ENTRIES} cases");
            return Err(PolicyError::whole(file, message));
        }
        let today = raw.today.map(|day| checked_day(&source, day)).transpose()?;
        let cases = raw.cases.into_iter().map(|raw| case(&source, raw, today.as_deref()));
        Ok(Cases { policy: raw.policy, cases: cases.collect::<Result<_, _>>()? })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Runs the cases. `load` gives the report of a file that a case names; its error is the case's
    /// failure.
    pub fn run(
        &self,
        policy: &Policy,
        load: &dyn Fn(&str) -> Result<Report, String>,
    ) -> Vec<CaseResult> {
        let run = |case: &Case| CaseResult {
            name: case.name.value.clone(),
            failures: match case.judged(policy, load) {
                Ok(said) => case.expected.failures(&said, policy),
                Err(why) => vec![why],
            },
        };
        self.cases.iter().map(run).collect()
    }
}

impl Case {
    fn judged(
        &self,
        policy: &Policy,
        load: &dyn Fn(&str) -> Result<Report, String>,
    ) -> Result<WorkloadVerdict, String> {
        match &self.subject {
            Subject::Report(file) => {
                let report = load(&file.value)?;
                let said = judge(&report, policy, &self.today);
                let strict = policy.clone().in_mode(crate::Mode::Block);
                Ok(WorkloadVerdict {
                    enforced: said.decision,
                    verdict: judge(&report, &strict, &self.today),
                    ..WorkloadVerdict::default()
                })
            }
            Subject::Workload { workload, reports } => {
                let load = |file: &Option<String>| file.as_deref().map(load).transpose();
                let reports: Vec<Option<Report>> =
                    reports.iter().map(load).collect::<Result<_, _>>()?;
                let reports: Vec<Option<&Report>> = reports.iter().map(Option::as_ref).collect();
                Ok(judge_workload(workload, &reports, policy, &self.today))
            }
        }
    }
}

impl Expected {
    fn failures(&self, said: &WorkloadVerdict, policy: &Policy) -> Vec<String> {
        let mut failures = Vec::new();
        let mut compare = |what: &str, expected: Option<Decision>, found: Decision| {
            if let Some(expected) = expected.filter(|expected| *expected != found) {
                let (expected, found) = (word(expected), word(found));
                failures.push(format!("{what}: expected {expected}, found {found}"));
            }
        };
        compare("decision", self.decision, said.enforced);
        compare("verdict", self.verdict, said.verdict.decision);
        let reason = |rule: &String| said.verdict.reasons.iter().find(|r| r.rule == *rule);
        for rule in self.rules.iter().filter(|rule| reason(rule).is_none()) {
            let known = policy.rule(rule).is_some() || rule == crate::judge::ON_MISSING;
            let why = if known { "it is silent" } else { "there is no such rule" };
            failures.push(format!("rule {rule}: expected it to speak, {why}"));
        }
        for (rule, reason) in self.silent.iter().filter_map(|rule| Some((rule, reason(rule)?))) {
            failures.push(format!("rule {rule}: expected silence, it says: {}", reason.message));
        }
        let missing = !said.missing.is_empty();
        if self.missing.is_some_and(|expected| expected != missing) {
            let word = if missing { "missing" } else { "there" };
            failures.push(format!("report: it is {word}"));
        }
        if !failures.is_empty() {
            let spoke = said.verdict.reasons.iter();
            failures
                .extend(spoke.map(|r| format!("  {} {}: {}", word(r.decision), r.rule, r.message)));
        }
        failures
    }
}

fn case(
    source: &Source<'_>,
    raw: Spanned<RawCase>,
    today: Option<&str>,
) -> Result<Case, PolicyError> {
    let at = Spanned::new((), raw.referenced, raw.defined);
    let raw = raw.value;
    let wrong = |message: String| source.mistake(&at, message);
    let today = match (raw.today, today) {
        (Some(day), _) => checked_day(source, day)?,
        (None, Some(day)) => day.to_owned(),
        (None, None) => {
            let message = "`today` is missing: a case says on which day it is judged, YYYY-MM-DD";
            return Err(wrong(message.to_owned()));
        }
    };
    let subject = match (raw.report, raw.workload, raw.pod) {
        (Some(file), None, None) if raw.reports.is_empty() => Subject::Report(file),
        (None, Some(value), None) => {
            let workload: Workload = serde_json::from_value(value)
                .map_err(|error| wrong(format!("`workload` does not read: {error}")))?;
            Subject::Workload { workload: Box::new(workload), reports: raw.reports }
        }
        (None, None, Some(value)) => {
            let workload =
                workload::from_pod(&value).map_err(|error| wrong(format!("`pod`: {error}")))?;
            Subject::Workload { workload: Box::new(workload), reports: raw.reports }
        }
        _ => {
            let message = "a case has one subject: `report`, or `workload` or `pod` with `reports`";
            return Err(wrong(message.to_owned()));
        }
    };
    Ok(Case { name: raw.name, today, subject, expected: raw.expect })
}

fn checked_day(source: &Source<'_>, day: Spanned<String>) -> Result<String, PolicyError> {
    match crate::day::Day::parse(&day.value) {
        Some(_) => Ok(day.value),
        None => {
            let message = format!("`{}` is not a day: expected YYYY-MM-DD", day.value);
            Err(source.mistake(&day, message))
        }
    }
}

#[cfg(test)]
mod tests;
