//! `Step`: one build step of an image's history, parsed and joined to its layer.
//!
//! Read are the forms that builders write: the classic `/bin/sh -c #(nop) CMD …`, BuildKit's
//! `RUN /bin/sh -c … # buildkit`, `|2 A=b C=d /bin/sh -c …` with build arguments, and the bare
//! instruction of buildah and kaniko. The source of the forms is the OCI image specification
//! (config.md, `history`) and the builders' own practice; no standard fixes them.

use std::ops::Range;

use model::{ImageFacts, LayerIndex};
use serde::Deserialize;

use super::created_by::{Parsed, parse};
use crate::limits::MAX_STEPS;

/// An instruction of a Dockerfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Instruction {
    /// Adds files, archives or addresses.
    Add,
    /// Declares a build argument.
    Arg,
    /// The default command.
    Cmd,
    /// Adds files.
    Copy,
    /// The fixed command.
    Entrypoint,
    /// Sets environment variables.
    Env,
    /// Declares ports.
    Expose,
    /// A command that tells whether the container is well.
    Healthcheck,
    /// Sets labels.
    Label,
    /// Names the author; out of use.
    Maintainer,
    /// Runs a command.
    Run,
    /// Sets the shell of later steps.
    Shell,
    /// The signal that stops the container.
    Stopsignal,
    /// Sets the user.
    User,
    /// Declares mount points.
    Volume,
    /// Sets the directory of later steps.
    Workdir,
    /// No instruction: a comment, or the words of another tool.
    Other,
}

impl Instruction {
    const NAMED: [(&'static str, Instruction); 16] = [
        ("ADD", Instruction::Add),
        ("ARG", Instruction::Arg),
        ("CMD", Instruction::Cmd),
        ("COPY", Instruction::Copy),
        ("ENTRYPOINT", Instruction::Entrypoint),
        ("ENV", Instruction::Env),
        ("EXPOSE", Instruction::Expose),
        ("HEALTHCHECK", Instruction::Healthcheck),
        ("LABEL", Instruction::Label),
        ("MAINTAINER", Instruction::Maintainer),
        ("RUN", Instruction::Run),
        ("SHELL", Instruction::Shell),
        ("STOPSIGNAL", Instruction::Stopsignal),
        ("USER", Instruction::User),
        ("VOLUME", Instruction::Volume),
        ("WORKDIR", Instruction::Workdir),
    ];

    /// The word, in capitals; empty for `Other`.
    pub fn as_str(self) -> &'static str {
        Self::NAMED.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    /// Whether its text is a command.
    pub(super) fn runs(self) -> bool {
        matches!(
            self,
            Instruction::Run
                | Instruction::Cmd
                | Instruction::Entrypoint
                | Instruction::Healthcheck
                | Instruction::Other
        )
    }

    /// The instruction that a word names: all capitals or all small letters.
    pub(super) fn of(word: &str) -> Option<Self> {
        let upper = word.to_ascii_uppercase();
        let plain = word == upper || word == word.to_ascii_lowercase();
        let named = Self::NAMED.iter().find(|(name, _)| plain && *name == upper);
        named.map(|(_, instruction)| *instruction)
    }
}

/// One build step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its place in the history, from 0. What only the configuration says comes after the last.
    pub number: u32,
    /// The layer that it made; for a step without one, the layer below it.
    pub layer: LayerIndex,
    /// Whether it made a layer.
    pub makes_layer: bool,
    /// What it does.
    pub instruction: Instruction,
    /// Whether it runs only in images that are built on this one.
    pub on_build: bool,
    /// Build arguments in force, as name and value.
    pub arguments: Vec<(String, String)>,
    /// The step as the builder wrote it, cut at `MAX_STEP_TEXT_BYTES`.
    pub text: String,
    /// The part of `text` that is the instruction's own: without the builder's and shell's words.
    pub command: Range<usize>,
}

impl Step {
    /// The instruction's own text: of a `RUN`, what the shell was given.
    pub fn command_text(&self) -> &str {
        self.text.get(self.command.clone()).unwrap_or_default()
    }
}

/// The steps of an image, oldest first, each with its layer; then what only the configuration
/// tells.
///
/// Layers and steps belong together in order: each step that is not `empty_layer` made one. Steps
/// beyond the last layer stay at it.
pub fn steps(image: &ImageFacts) -> Vec<Step> {
    let history = &image.config.history;
    let last = u32::try_from(image.layers.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let mut made = 0_u32;
    let mut steps = Vec::with_capacity(history.len().min(MAX_STEPS));
    for (number, step) in (0_u32..).zip(history.iter().take(MAX_STEPS)) {
        let makes_layer = !step.empty_layer;
        let layer = if makes_layer { made } else { made.saturating_sub(1) }.min(last);
        made = made.saturating_add(u32::from(makes_layer));
        steps.push(step_of(&step.created_by, (number, LayerIndex(layer), makes_layer)));
    }
    let number = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    let unsaid = unsaid(image, &steps);
    steps.extend(unsaid.iter().map(|text| step_of(text, (number, LayerIndex(last), false))));
    steps
}

fn step_of(created_by: &str, (number, layer, makes_layer): (u32, LayerIndex, bool)) -> Step {
    let Parsed { text, instruction, on_build, arguments, command } = parse(created_by);
    Step { number, layer, makes_layer, instruction, on_build, arguments, text, command }
}

/// What the configuration says and no step does, as the instructions that would say it.
fn unsaid(image: &ImageFacts, steps: &[Step]) -> Vec<String> {
    let config = &image.config;
    let said = |instruction: Instruction, part: &str| {
        steps.iter().any(|step| step.instruction == instruction && step.text.contains(part))
    };
    let mut unsaid = Vec::new();
    let env = config.env.iter().take(MAX_STEPS);
    // Builders quote values in many ways: a variable is told by its name, its value by the step.
    unsaid.extend(
        env.filter(|line| {
            let name = line.split('=').next().unwrap_or_default();
            !said(Instruction::Env, name)
        })
        .map(|line| format!("ENV {line}")),
    );
    let lists = [
        ("EXPOSE", Instruction::Expose, &config.exposed_ports),
        ("VOLUME", Instruction::Volume, &config.volumes),
    ];
    for (word, instruction, values) in lists {
        let values = values.iter().take(MAX_STEPS);
        let values = values.filter(|value| {
            !said(
                instruction,
                value.split('/').next().filter(|part| !part.is_empty()).unwrap_or(value),
            )
        });
        unsaid.extend(values.map(|value| format!("{word} {value}")));
    }
    for (word, instruction, argv) in [
        ("ENTRYPOINT", Instruction::Entrypoint, &config.entrypoint),
        ("CMD", Instruction::Cmd, &config.cmd),
    ] {
        if argv.last().is_some_and(|argument| !said(instruction, argument)) {
            unsaid.push(format!("{word} {}", serde_json::to_string(argv).unwrap_or_default()));
        }
    }
    unsaid
}
