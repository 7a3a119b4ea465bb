//! Suspicious history: the build steps of an image against the rules of `rules/history/`.
//!
//! Every step of the configuration is parsed, its shell text divided into commands, and each
//! command, pipeline, variable and written file held against the rules. It judges nothing: the
//! severity is the rule's own word. It reads no layer: the caller tells which files are there
//! ([`Suspicion::confirm`]) and where secrets stand in the text.

mod checks;
mod created_by;
mod encoded;
mod excerpt;
mod facts;
mod paths;
mod rule;
pub(crate) mod shell;
mod step;
mod subject;
#[cfg(test)]
mod tests;

use std::ops::Range;

use model::{ImageFacts, LayerIndex, Severity, SuspiciousStep};
use regex::bytes::Regex;

use crate::limits::MAX_CONFIRMING_PATHS;
use rule::{Rule, Rules};
pub use step::{Instruction, Step, steps};
use subject::{Scope, Subject, Surroundings};

/// The rules that come with the program.
const BUILT_IN: [&str; 8] = [
    include_str!("../../../../rules/history/download.yaml"),
    include_str!("../../../../rules/history/obfuscation.yaml"),
    include_str!("../../../../rules/history/verification.yaml"),
    include_str!("../../../../rules/history/remote-control.yaml"),
    include_str!("../../../../rules/history/mining.yaml"),
    include_str!("../../../../rules/history/access.yaml"),
    include_str!("../../../../rules/history/defence.yaml"),
    include_str!("../../../../rules/history/configuration.yaml"),
];
/// Raised when the reading of steps changes, so that the same rules find something else.
const READER_VERSION: u32 = 1;

/// Rules of the history that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryRuleError {
    /// The text is no list of rules.
    #[error("the history rules cannot be read: {0}")]
    Unreadable(String),
    /// A rule contradicts itself.
    #[error("history rule `{rule}`: {detail}")]
    Broken {
        /// Its id.
        rule: String,
        /// What is wrong.
        detail: String,
    },
    /// Two rules have one id.
    #[error("history rule `{0}` is there twice: give each its own id")]
    Twice(String),
    /// More rules than this room takes.
    #[error("{0} history rules are too many")]
    TooMany(usize),
}

/// Finds suspicious build steps.
#[derive(Debug)]
pub struct HistoryScanner {
    rules: Rules,
    version: String,
}

/// A step that a rule speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    /// How bad, in the rule's word.
    pub severity: Severity,
    /// The step. `confirmed_by` is empty until [`Suspicion::confirm`].
    pub step: SuspiciousStep,
    /// Files that would confirm it, without leading `/`.
    pub paths: Vec<String>,
    /// Whether the step deletes them: then a lower layer holds them.
    pub removes: bool,
}

impl Suspicion {
    /// Keeps, as `confirmed_by`, the files that are there. `is_in_layer` tells whether a layer
    /// holds a path; of a deleted file every layer up to the step's is asked.
    pub fn confirm(&mut self, is_in_layer: &dyn Fn(LayerIndex, &str) -> bool) {
        let own = self.step.layer;
        let lowest = if self.removes { 0 } else { own.0 };
        let there =
            |path: &&String| (lowest..=own.0).any(|layer| is_in_layer(LayerIndex(layer), path));
        self.step.confirmed_by = self.paths.iter().filter(there).cloned().collect();
    }
}

impl HistoryScanner {
    /// A scanner with the rules that come with the program.
    pub fn built_in() -> Result<Self, HistoryRuleError> {
        Self::read(&BUILT_IN)
    }

    /// A scanner with the built-in rules and more (`rules/history/*.yaml` describes the form).
    pub fn with_rules(text: &str) -> Result<Self, HistoryRuleError> {
        let mut texts = BUILT_IN.to_vec();
        texts.push(text);
        let scanner = Self::read(&texts)?;
        scanner.rules.check()?;
        Ok(scanner)
    }

    fn read(texts: &[&str]) -> Result<Self, HistoryRuleError> {
        let rules = Rules::read(texts)?;
        let hash = model::FindingId::of(texts);
        Ok(HistoryScanner { rules, version: format!("{READER_VERSION}-{hash}") })
    }

    /// Changes whenever the same history may give another result.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many rules there are.
    pub fn rule_count(&self) -> usize {
        self.rules.all.len()
    }

    /// The suspicious steps of an image, in the order of its history; in each the worst first.
    pub fn scan(&self, image: &ImageFacts) -> Vec<Suspicion> {
        self.scan_masked(image, &|_| Vec::new())
    }

    /// The same with secrets masked: `secrets` tells where they stand in the text of a step.
    pub fn scan_masked(
        &self,
        image: &ImageFacts,
        secrets: &dyn Fn(&str) -> Vec<Range<usize>>,
    ) -> Vec<Suspicion> {
        let steps = steps(image);
        let mut surroundings = Surroundings::new();
        let mut suspicions = Vec::new();
        for step in &steps {
            let mut hits: Vec<Hit<'_>> = Vec::new();
            for (scope, subject) in surroundings.subjects(step) {
                self.hit(step, (scope, &subject), &mut hits);
            }
            if hits.is_empty() {
                continue;
            }
            drop_covered(&mut hits);
            let text = excerpt::readable(&step.text, &secrets(&step.text));
            suspicions.extend(hits.into_iter().map(|hit| hit.suspicion(step, &text)));
        }
        suspicions.extend(self.checks(image, &steps));
        suspicions.sort_by(|a, b| {
            (a.step.step, b.severity, &a.step.rule).cmp(&(b.step.step, a.severity, &b.step.rule))
        });
        suspicions
    }

    fn hit<'r>(
        &'r self,
        step: &Step,
        (scope, subject): (Scope, &Subject),
        hits: &mut Vec<Hit<'r>>,
    ) {
        for (rule, regex) in self.rules.matching(scope, &subject.text) {
            if !rule.is_for(step.instruction) || rule.excused(&subject.text, step.command_text()) {
                continue;
            }
            let (range, paths) = place(step, subject, regex, scope);
            let removes = scope == Scope::File && subject.text.starts_with("removes ");
            match hits.iter_mut().find(|hit| hit.rule.text.id == rule.text.id) {
                Some(hit) => hit.add(paths),
                None => {
                    let mut hit = Hit { rule, range, paths: Vec::new(), removes };
                    hit.add(paths);
                    hits.push(hit);
                }
            }
        }
    }

    fn checks(&self, image: &ImageFacts, steps: &[Step]) -> Vec<Suspicion> {
        let checked = self.rules.all.iter().filter_map(|rule| {
            let number = rule.text.check?.broken(image)?;
            let hit = Hit { rule, range: 0..0, paths: Vec::new(), removes: false };
            let step = steps.iter().find(|step| step.number == number);
            let text = step.map_or(String::new(), |step| excerpt::readable(&step.text, &[]));
            let mut suspicion = match step {
                Some(step) => hit.suspicion(step, &text),
                None => hit.of_image(number),
            };
            suspicion.step.span = None;
            Some(suspicion)
        });
        checked.collect()
    }
}

/// A rule that holds for a step.
struct Hit<'r> {
    rule: &'r Rule,
    range: Range<usize>,
    paths: Vec<String>,
    removes: bool,
}

impl Hit<'_> {
    fn add(&mut self, paths: Vec<String>) {
        for path in paths {
            if self.paths.len() < MAX_CONFIRMING_PATHS && !self.paths.contains(&path) {
                self.paths.push(path);
            }
        }
    }

    fn suspicion(self, step: &Step, text: &str) -> Suspicion {
        let (text, span) = excerpt::window(text, &self.range);
        let mut suspicion = self.of_image(step.number);
        suspicion.step.layer = step.layer;
        suspicion.step.text = text;
        suspicion.step.span = span;
        suspicion
    }

    fn of_image(self, number: u32) -> Suspicion {
        let rule = &self.rule.text;
        Suspicion {
            severity: rule.severity,
            step: SuspiciousStep {
                layer: LayerIndex(0),
                step: number,
                rule: rule.id.clone(),
                title: rule.title.clone(),
                attack: rule.attack.clone(),
                text: String::new(),
                span: None,
                confirmed_by: Vec::new(),
                advice: rule.advice.clone(),
            },
            paths: self.paths,
            removes: self.removes,
        }
    }
}

/// Drops the rules that a stronger one of the same step covers.
fn drop_covered(hits: &mut Vec<Hit<'_>>) {
    let covered: Vec<String> =
        hits.iter().flat_map(|hit| hit.rule.text.covers.iter().cloned()).collect();
    hits.retain(|hit| !covered.contains(&hit.rule.text.id));
}

/// Where in the step's text a line says it, and the files that the line names.
fn place(
    step: &Step,
    subject: &Subject,
    regex: &Regex,
    scope: Scope,
) -> (Range<usize>, Vec<String>) {
    let found = regex.captures(subject.text.as_bytes());
    let named = found.as_ref().and_then(|found| found.name("path"));
    let named = named.and_then(|path| std::str::from_utf8(path.as_bytes()).ok());
    let named = named.map(|path| paths::resolve(&subject.directory, path));
    let paths = subject.paths.iter().cloned().chain(named);
    let paths = paths.filter_map(|path| paths::in_layer(&path).map(str::to_owned)).collect();
    let matched = found.as_ref().and_then(|found| found.get(0));
    let whole = subject.range.clone();
    let Some(matched) = matched else { return (whole, paths) };
    if scope == Scope::Text {
        let start = whole.start + matched.start();
        return (start..start + matched.len(), paths);
    }
    // Where the line's words stand in the text as they are, the span is as narrow as the match.
    let own = step.text.get(whole.clone()).unwrap_or_default();
    let words = std::str::from_utf8(matched.as_bytes()).unwrap_or_default().trim();
    match own.find(words).filter(|_| words.len() > 2) {
        Some(at) => (whole.start + at..whole.start + at + words.len(), paths),
        None => (whole, paths),
    }
}
