//! From an observation to results: every recommendation asked of every subject it speaks of.
//!
//! A condition that asks for a fact nobody has seen decides nothing: the result is an error where
//! the eyes say why, and a human's where they do not.

use std::collections::HashMap;

use model::{BaselineResult, Observation, Outcome, Subject};

use crate::limits::EVIDENCE_MAX_CHARS;

use super::subject::SubjectFacts;
use super::{Baseline, Recommendation};

pub(super) fn judge(baseline: &Baseline, observation: &Observation) -> Vec<BaselineResult> {
    let mut kinds: HashMap<&str, Vec<&Subject>> = HashMap::new();
    for subject in &observation.subjects {
        kinds.entry(&subject.kind).or_default().push(subject);
    }
    let mut results = Vec::new();
    for rule in &baseline.rules {
        let subjects = kinds.get(rule.subject.as_str()).map_or(&[][..], Vec::as_slice);
        let unseen = observation.unseen.get(&rule.subject).map(String::as_str);
        // A kind of which there are none is absent for a reason of its own.
        let absent = observation.absent.get(&rule.subject).filter(|_| subjects.is_empty());
        let absent = absent.map_or(rule.absent.as_str(), String::as_str);
        rule.judge_all(subjects, (unseen, absent), &mut results);
    }
    results
}

impl Recommendation {
    fn judge_all(
        &self,
        subjects: &[&Subject],
        (unseen, absent): (Option<&str>, &str),
        out: &mut Vec<BaselineResult>,
    ) {
        let before = out.len();
        for subject in subjects {
            let facts = SubjectFacts::new(subject);
            match &self.selects {
                Some(selects) if !selects.holds(&facts) => {}
                _ => out.push(self.judge_one(subject, &SubjectFacts::new(subject))),
            }
        }
        match unseen {
            Some(why) => out.push(self.result("", Outcome::Error, why)),
            None if out.len() == before => {
                out.push(self.result("", Outcome::NotApplicable, absent));
            }
            None => {}
        }
    }

    fn judge_one(&self, subject: &Subject, facts: &SubjectFacts<'_>) -> BaselineResult {
        let evidence = || self.evidence.as_ref().map(|line| line.render(facts)).unwrap_or_default();
        let result = |outcome, text: &str| self.result(&subject.name, outcome, text);
        let gap = || facts.take_gap().map(|(field, why)| self.gap(&subject.name, &field, why));
        if let Some(applies) = &self.applies {
            let holds = applies.holds(facts);
            if let Some(gap) = gap() {
                return gap;
            }
            if !holds {
                let said = if self.absent.is_empty() { evidence() } else { self.absent.clone() };
                return result(Outcome::NotApplicable, &said);
            }
        }
        let human = self.human.as_ref().is_some_and(|human| human.holds(facts));
        if let Some(gap) = gap() {
            return gap;
        }
        let Some(pass) = self.pass.as_ref().filter(|_| !human) else {
            // Evidence with holes, such as numbers of a scan that was never made, helps nobody.
            let seen = Some(evidence()).filter(|_| facts.take_gap().is_none());
            return result(Outcome::NeedsHuman, &join(&seen.unwrap_or_default(), &self.look_at));
        };
        let holds = pass.holds(facts);
        if let Some(gap) = gap() {
            return gap;
        }
        result(if holds { Outcome::Pass } else { Outcome::Fail }, &evidence())
    }

    /// The result where a fact is missing.
    fn gap(&self, object: &str, field: &str, why: Option<&str>) -> BaselineResult {
        match why {
            Some(why) => self.result(object, Outcome::Error, &format!("{field}: {why}")),
            None => {
                let seen = format!("{field} was not seen");
                self.result(object, Outcome::NeedsHuman, &join(&seen, &self.look_at))
            }
        }
    }

    fn result(&self, object: &str, outcome: Outcome, evidence: &str) -> BaselineResult {
        let repair = matches!(outcome, Outcome::Fail | Outcome::NeedsHuman);
        BaselineResult {
            id: self.id.clone(),
            aliases: self.aliases.clone(),
            section: self.section.clone(),
            title: self.title.clone(),
            level: self.level,
            severity: self.severity,
            outcome,
            object: tidy(object),
            evidence: tidy(evidence),
            remediation: if repair { self.remediation.clone() } else { String::new() },
            excepted: String::new(),
        }
    }
}

/// What was seen, then what to look at.
fn join(seen: &str, look_at: &str) -> String {
    match (seen.is_empty(), look_at.is_empty()) {
        (true, _) => look_at.to_owned(),
        (_, true) => seen.to_owned(),
        _ => format!("{}. Look at: {look_at}", seen.trim_end_matches('.')),
    }
}

/// One line without control characters, shortened: names of containers and the like are foreign.
fn tidy(text: &str) -> String {
    let mut line: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(EVIDENCE_MAX_CHARS)
        .collect();
    if line.len() < text.trim().len() {
        line.push('…');
    }
    line
}
