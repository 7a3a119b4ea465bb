//! `State`: what is known at each instruction of a stage; and the walk that keeps it.

use std::collections::BTreeSet;

use super::file::File;
use super::instruction::Instruction;
use super::shell_text::ShellText;
use super::{Sink, commands, files, labels, packages, ports, secrets, shell, trust, user};
use crate::template::variables::{Expanded, Variables, expand};

/// The shell of RUN when SHELL says nothing.
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// What is known.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// ENV and ARG with their values.
    pub(super) variables: Variables,
    /// Names that ENV has set: they outlive the stage.
    pub(super) environment: BTreeSet<String>,
    /// Whether WORKDIR is set.
    pub(super) has_workdir: bool,
    /// The shell of RUN.
    pub(super) shell: Vec<String>,
    /// The user, with the instruction that set it.
    pub(super) user: Option<(Expanded, (u32, u32))>,
    /// Archives that were copied, by their base names.
    pub(super) archives: Vec<(String, (u32, u32))>,
    /// Lines of the first wget and curl.
    pub(super) wget: Option<(u32, u32)>,
    pub(super) curl: Option<(u32, u32)>,
    /// User and group numbers that were given.
    pub(super) numbers: BTreeSet<String>,
}

/// An instruction with what is known at it.
pub(super) struct Step<'a> {
    /// The file.
    pub(super) file: &'a File,
    /// The stage, by its place.
    pub(super) stage: usize,
    /// The stage's name in messages.
    pub(super) subject: &'a str,
    /// The instruction.
    pub(super) instruction: &'a Instruction,
    /// The text of a RUN for a POSIX shell.
    pub(super) shell: Option<ShellText>,
}

impl State {
    fn new() -> Self {
        State {
            variables: Variables::new(),
            environment: BTreeSet::new(),
            has_workdir: false,
            shell: DEFAULT_SHELL.map(str::to_owned).to_vec(),
            user: None,
            archives: Vec::new(),
            wget: None,
            curl: None,
            numbers: BTreeSet::new(),
        }
    }

    /// What a stage inherits from the stage that it is built on.
    fn child(&self) -> Self {
        let mut child = self.clone();
        child.variables.retain(|name, _| self.environment.contains(name));
        (child.archives, child.wget, child.curl) = (Vec::new(), None, None);
        child
    }

    /// Puts variables in.
    pub(super) fn expand(&self, text: &str) -> Expanded {
        expand(text, &self.variables)
    }

    /// The value of a variable that ENV or ARG sets.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.variables.get(name).and_then(Option::as_deref)
    }

    /// Takes in what an instruction says.
    fn take(&mut self, instruction: &Instruction, file: &File) {
        if instruction.on_build {
            return;
        }
        match instruction.keyword.as_str() {
            "ARG" => {
                for (name, value) in instruction.pairs() {
                    let given = value.map(|value| self.expand(&value));
                    let given = given.filter(|value| !value.unknown).map(|value| value.text);
                    let global = || file.arguments.get(&name).cloned().flatten();
                    // What ENV has set is stronger.
                    if !self.environment.contains(&name) {
                        let value = given.or_else(global);
                        self.variables.insert(name, value);
                    }
                }
            }
            "ENV" => {
                // All of one ENV see what was known before it.
                let pairs = instruction.pairs().into_iter().map(|(name, value)| {
                    let value = self.expand(&value.unwrap_or_default());
                    (name, Some(value.text).filter(|_| !value.unknown))
                });
                let pairs: Vec<_> = pairs.collect();
                self.environment.extend(pairs.iter().map(|(name, _)| name.clone()));
                self.variables.extend(pairs);
            }
            "WORKDIR" => self.has_workdir = true,
            "SHELL" => self.shell = instruction.json().unwrap_or_default(),
            "USER" => {
                let lines = (instruction.first_line, instruction.last_line);
                self.user = Some((self.expand(instruction.text()), lines));
            }
            _ => {}
        }
    }
}

/// Walks every stage.
pub(super) fn walk(file: &File, sink: &mut Sink<'_>) {
    let mut ends: Vec<State> = Vec::with_capacity(file.stages.len());
    for (at, stage) in file.stages.iter().enumerate() {
        let parent = stage.parent.and_then(|parent| ends.get(parent));
        let mut state = parent.map_or_else(State::new, State::child);
        let subject = file.name_of(at);
        for instruction in &stage.steps {
            let is_run = instruction.keyword == "RUN";
            let shell = is_run
                .then(|| ShellText::read(instruction, &state.variables, &state.shell))
                .flatten();
            let step = Step { file, stage: at, subject: &subject, instruction, shell };
            look(&step, &mut state, sink);
            state.take(instruction, file);
        }
        user::at_end(file, at, &state, sink);
        ends.push(state);
    }
}

/// Every rule about single instructions.
fn look(step: &Step<'_>, state: &mut State, sink: &mut Sink<'_>) {
    secrets::check(step, state, sink);
    trust::check(step, state, sink);
    user::check(step, state, sink);
    match step.instruction.keyword.as_str() {
        "COPY" | "ADD" => files::check(step, state, sink),
        "EXPOSE" => ports::check(step, state, sink),
        "LABEL" => labels::check(step, sink),
        "WORKDIR" | "VOLUME" => commands::folders(step, state, sink),
        "RUN" => {
            packages::check(step, state, sink);
            commands::check(step, state, sink);
            shell::check(step, state, sink);
        }
        _ => {}
    }
}
