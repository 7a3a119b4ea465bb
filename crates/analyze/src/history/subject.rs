//! `Subject`: the lines of a step that rules are held against.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;

use super::created_by::is_name;
use super::facts;
use super::paths::resolve;
use super::shell::{Command, RedirectKind, Script, words};
use super::step::{Instruction, Step};
use crate::limits::{MAX_STEP_FACTS, MAX_SUBJECT_BYTES};

/// Which lines a rule is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scope {
    /// The instruction's whole text.
    Text,
    /// Each command with its arguments and redirections, quotes taken away.
    Command,
    /// Commands joined by `|`; also those whose output a shell is given otherwise.
    Pipeline,
    /// `NAME=value`: of `ENV`, `ARG`, build arguments and the shell.
    Environment,
    /// What is done to files; see `facts`.
    File,
}

impl Scope {
    pub(super) const ALL: [Scope; 5] =
        [Scope::Text, Scope::Command, Scope::Pipeline, Scope::Environment, Scope::File];
}

/// A line, where it stands in the step's text, and the files it is about.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) text: String,
    pub(super) range: Range<usize>,
    pub(super) paths: Vec<String>,
    /// The directory it happens in.
    pub(super) directory: String,
}

/// What earlier steps leave to later ones.
#[derive(Debug)]
pub(super) struct Surroundings {
    directory: String,
    variables: BTreeMap<String, String>,
}

impl Surroundings {
    pub(super) fn new() -> Self {
        Surroundings { directory: "/".to_owned(), variables: BTreeMap::new() }
    }

    /// The lines of a step; what it leaves to later steps is noted.
    pub(super) fn subjects(&mut self, step: &Step) -> Vec<(Scope, Subject)> {
        let mut lines = Lines { step, directory: self.directory.clone(), found: Vec::new() };
        lines.add(Scope::Text, step.command_text().to_owned(), step.command.clone());
        let mut variables = self.variables.clone();
        for (name, value) in &step.arguments {
            let range = lines.locate(name);
            lines.add(Scope::Environment, format!("{name}={value}"), range);
            variables.insert(name.clone(), value.clone());
        }
        match step.instruction {
            Instruction::Env | Instruction::Arg => {
                for (name, value) in pairs(step.command_text()) {
                    let range = lines.locate(&name);
                    lines.add(Scope::Environment, format!("{name}={value}"), range);
                    if self.variables.len() < MAX_STEP_FACTS {
                        self.variables.insert(name, value);
                    }
                }
            }
            Instruction::Workdir => self.directory = resolve(&self.directory, step.command_text()),
            Instruction::Add | Instruction::Copy => {
                let words = words(step.command_text());
                let facts = facts::of_copy(&words, &step.command, &self.directory);
                lines.found.extend(facts.into_iter().map(|fact| (Scope::File, fact)));
            }
            instruction if instruction.runs() => lines.script(&script(step, &variables)),
            _ => {}
        }
        lines.found
    }
}

/// The commands of a step: a shell's text, or the words of the exec form.
fn script(step: &Step, variables: &BTreeMap<String, String>) -> Script {
    let text = step.command_text();
    let list = text.find('[').filter(|at| {
        let before = text[..*at].trim_end();
        before.is_empty() || step.instruction == Instruction::Healthcheck
    });
    let listed = list.map(|at| quoted(&text[at..])).filter(|words| !words.is_empty());
    match listed {
        Some(words) if words[0] == "CMD-SHELL" => {
            Script::read(words.get(1).map_or("", String::as_str), step.command.start, variables)
                .within(&step.command)
        }
        Some(words) if words[0] == "CMD" => {
            Script::of_words(words[1..].to_vec(), step.command.clone())
        }
        Some(words) => Script::of_words(words, step.command.clone()),
        None if text.starts_with('#') => Script::default(),
        None => Script::read(text, step.command.start, variables),
    }
}

/// The quoted words of a list: `["a", "b"]`, or the classic builder's `["a" "b"]`.
fn quoted(list: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut chars = list.chars();
    while let Some(c) = chars.next() {
        match c {
            ']' => break,
            '"' => {}
            _ => continue,
        }
        let mut word = String::new();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => word.extend(chars.next().map(|c| if c == 'n' { '\n' } else { c })),
                c => word.push(c),
            }
        }
        words.push(word);
        if words.len() >= MAX_STEP_FACTS {
            break;
        }
    }
    words
}

/// Names and values of `ENV A=b C=d`, `ENV A b` or `ARG A=b`. A word without a name belongs to
/// the value before it: builders write values without their quotes.
fn pairs(text: &str) -> Vec<(String, String)> {
    let named = |word: &str| {
        let (name, value) = word.split_once('=')?;
        is_name(name).then(|| (name.to_owned(), value.to_owned()))
    };
    let mut pairs: Vec<(String, String)> = Vec::new();
    for word in text.split_whitespace().take(MAX_STEP_FACTS) {
        match (named(word), pairs.last_mut()) {
            (Some(pair), _) => pairs.push(pair),
            (None, Some((_, value))) => {
                value.push(' ');
                value.push_str(word);
            }
            (None, None) => pairs.push((word.to_owned(), String::new())),
        }
    }
    for (_, value) in &mut pairs {
        let bare = value.trim().trim_matches(['"', '\'']).to_owned();
        *value = bare;
    }
    pairs.retain(|(name, _)| is_name(name));
    pairs
}

struct Lines<'s> {
    step: &'s Step,
    directory: String,
    found: Vec<(Scope, Subject)>,
}

impl Lines<'_> {
    fn add(&mut self, scope: Scope, text: String, range: Range<usize>) {
        let directory = self.directory.clone();
        self.found.push((scope, Subject { text, range, paths: Vec::new(), directory }));
    }

    /// Where a variable is named in the step's text.
    fn locate(&self, name: &str) -> Range<usize> {
        match self.step.text.find(&format!("{name}=")) {
            Some(at) => at..at + name.len() + 1,
            None => self.step.command.clone(),
        }
    }

    fn script(&mut self, script: &Script) {
        for (name, value, range) in script.assignments.iter().take(MAX_STEP_FACTS) {
            self.add(Scope::Environment, format!("{name}={value}"), range.clone());
        }
        for pipeline in &script.pipelines {
            for command in pipeline {
                self.add(Scope::Command, render(command), command.range.clone());
            }
            if let [first, .., last] = pipeline.as_slice() {
                let lines: Vec<String> = pipeline.iter().map(render).collect();
                let range =
                    first.range.start.min(last.range.start)..first.range.end.max(last.range.end);
                let text = super::created_by::cut(&lines.join(" | "), MAX_SUBJECT_BYTES).to_owned();
                self.add(Scope::Pipeline, text, range);
            }
        }
        let facts = facts::of_script(script, &self.directory);
        self.found.extend(facts.into_iter().map(|fact| (Scope::File, fact)));
    }
}

/// A command on one line: words joined by blanks, then its redirections.
fn render(command: &Command) -> String {
    let mut text = command.words.join(" ");
    for (kind, word) in &command.redirects {
        let sign = match kind {
            RedirectKind::Read => "<",
            RedirectKind::Write => ">",
            RedirectKind::Append => ">>",
            RedirectKind::HereString => "<<<",
            RedirectKind::HereDocument => "<<",
        };
        text.push_str(&format!(" {sign} {word}"));
    }
    super::created_by::cut(&text, MAX_SUBJECT_BYTES).to_owned()
}
