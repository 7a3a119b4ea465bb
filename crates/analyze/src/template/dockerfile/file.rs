//! `File`: a Dockerfile read: what stands before the first stage, and the stages.

use super::instruction::Instruction;
use super::lines::{self, StripPrefix};
use crate::template::variables::{Variables, expand};

/// Build arguments that BuildKit knows without a declaration before FROM; no value is known.
const GLOBAL_ARGUMENTS: [&str; 8] = [
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
];

/// A Dockerfile.
#[derive(Debug)]
pub(super) struct File {
    /// The frontend that `# syntax=` names, and its line.
    pub(super) syntax: Option<(String, u32)>,
    /// Instructions before the first FROM.
    pub(super) head: Vec<Instruction>,
    /// The stages, in order.
    pub(super) stages: Vec<Stage>,
    /// ARGs of the head, with their defaults.
    pub(super) arguments: Variables,
    /// Whether there was more than is read.
    pub(super) cut: bool,
}

/// A stage.
#[derive(Debug)]
pub(super) struct Stage {
    /// Its FROM.
    pub(super) from: Instruction,
    /// Its base, variables put in.
    pub(super) base: String,
    /// Whether a variable of the base has no known value.
    pub(super) base_unknown: bool,
    /// The earlier stage that is its base.
    pub(super) parent: Option<usize>,
    /// Its name after AS, as written.
    pub(super) alias: Option<String>,
    /// Its instructions.
    pub(super) steps: Vec<Instruction>,
}

impl File {
    /// Reads a text. Never fails.
    pub(super) fn read(text: &str) -> Self {
        let found = lines::read(text);
        let mut file = File {
            syntax: found.syntax,
            head: Vec::new(),
            stages: Vec::new(),
            arguments: Variables::new(),
            cut: found.cut,
        };
        for name in GLOBAL_ARGUMENTS {
            file.arguments.insert(name.to_owned(), None);
        }
        for line in found.lines {
            let instruction = Instruction::read(line, found.escape);
            if instruction.keyword == "FROM" && !instruction.on_build {
                file.open(instruction);
            } else if let Some(stage) = file.stages.last_mut() {
                stage.steps.push(instruction);
            } else {
                file.declare(&instruction);
                file.head.push(instruction);
            }
        }
        file
    }

    fn declare(&mut self, instruction: &Instruction) {
        if instruction.keyword != "ARG" {
            return;
        }
        for (name, value) in instruction.pairs() {
            let value = value.map(|value| expand(&value, &self.arguments));
            let value = value.filter(|value| !value.unknown).map(|value| value.text);
            self.arguments.insert(name, value);
        }
    }

    fn open(&mut self, from: Instruction) {
        let words = from.words();
        let base = words.first().cloned().unwrap_or_default();
        let alias = match words.get(1..3) {
            Some([word, alias]) if word.eq_ignore_ascii_case("as") => Some(alias.clone()),
            _ => None,
        };
        let expanded = expand(&base, &self.arguments);
        let parent = self.stage_named(&expanded.text);
        self.stages.push(Stage {
            from,
            base: expanded.text,
            base_unknown: expanded.unknown,
            parent,
            alias,
            steps: Vec::new(),
        });
    }

    /// The stage of this name, upper and lower case alike; of equal names the last.
    pub(super) fn stage_named(&self, name: &str) -> Option<usize> {
        let is_it = |stage: &Stage| {
            let alias = stage.alias.as_deref();
            alias.is_some_and(|alias| alias.strip_prefix_ignoring_case(name) == Some(""))
        };
        self.stages.iter().rposition(is_it)
    }

    /// The stage and those it is built on, itself first.
    pub(super) fn line_of_descent(&self, stage: usize) -> Vec<usize> {
        let mut line = vec![stage];
        while let Some(parent) =
            line.last().and_then(|at| self.stages.get(*at)).and_then(|stage| stage.parent)
        {
            // A parent stands before its child: this ends.
            line.push(parent);
        }
        line
    }

    /// The name by which a message calls a stage.
    pub(super) fn name_of(&self, stage: usize) -> String {
        match self.stages.get(stage).and_then(|stage| stage.alias.as_deref()) {
            Some(alias) => format!("stage {alias}"),
            None if self.stages.len() > 1 => format!("stage {stage}"),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_know_their_bases() {
        let file = File::read(
            "ARG V=1\nARG R\nARG I=x:${V}\nFROM --platform=$BUILDPLATFORM $I AS Build\nRUN a\n\
             FROM build\nFROM ${R:-r}/y as z\nFROM $R/y\nFROM x AS\n",
        );
        let bases: Vec<_> = file.stages.iter().map(|stage| stage.base.as_str()).collect();
        assert_eq!(bases, ["x:1", "build", "r/y", "$R/y", "x"]);
        assert_eq!(file.stages[1].parent, Some(0));
        assert!(file.stages[3].base_unknown && !file.stages[2].base_unknown);
        assert_eq!(file.line_of_descent(1), [1, 0]);
        assert_eq!((file.name_of(0), file.name_of(1)), ("stage Build".into(), "stage 1".into()));
        assert_eq!(file.stages[0].from.flag("platform"), Some("$BUILDPLATFORM"));
    }
}
