//! The order of instructions, and instructions that there should be one of.

use super::Sink;
use super::file::{File, Stage};
use super::instruction::Instruction;

/// Instructions that may stand before the first FROM.
const BEFORE_FROM: [&str; 1] = ["ARG"];
/// Instructions that ONBUILD refuses.
const NOT_ON_BUILD: [&str; 3] = ["FROM", "MAINTAINER", "ONBUILD"];

/// Rules about the file as a whole.
pub(super) fn check(file: &File, sink: &mut Sink<'_>) {
    let known = file.head.iter().filter(|at| at.is_known());
    for instruction in known.filter(|at| !BEFORE_FROM.contains(&at.keyword.as_str())) {
        let message = format!("{} stands before the first FROM", instruction.keyword);
        sink.at("dockerfile-from-first", instruction, "", message);
    }
    let all = file.head.iter().chain(file.stages.iter().flat_map(|stage| &stage.steps));
    for instruction in all {
        single(instruction, sink);
    }
    for (at, stage) in file.stages.iter().enumerate() {
        let subject = file.name_of(at);
        several(stage, &subject, sink);
        exec_form(stage, &subject, sink);
        environment(stage, &subject, sink);
        consecutive(stage, &subject, sink);
    }
    last_stage(file, sink);
}

fn single(instruction: &Instruction, sink: &mut Sink<'_>) {
    let keyword = &instruction.keyword;
    if !instruction.is_known() {
        let shown: String = keyword.chars().take(40).collect();
        let message = format!("`{shown}` is no instruction");
        sink.at("dockerfile-instruction-unknown", instruction, "", message);
    }
    if keyword == "MAINTAINER" && !instruction.on_build {
        let message = "MAINTAINER is out of use since 2017".to_owned();
        sink.at("dockerfile-maintainer", instruction, "", message);
    }
    if instruction.on_build && NOT_ON_BUILD.contains(&keyword.as_str()) {
        let message = format!("ONBUILD {keyword} is refused by the builder");
        sink.at("dockerfile-onbuild-forbidden", instruction, "", message);
    }
}

/// Of several CMD, ENTRYPOINT or HEALTHCHECK of a stage only the last holds.
fn several(stage: &Stage, subject: &str, sink: &mut Sink<'_>) {
    let rules = [
        ("CMD", "dockerfile-cmd-several"),
        ("ENTRYPOINT", "dockerfile-entrypoint-several"),
        ("HEALTHCHECK", "dockerfile-healthcheck-several"),
    ];
    for (keyword, rule) in rules {
        let of = |step: &&Instruction| step.keyword == keyword && !step.on_build;
        let found: Vec<&Instruction> = stage.steps.iter().filter(of).collect();
        for later in found.iter().skip(1) {
            let first = found.first().map_or(0, |first| first.first_line);
            let message = format!("line {first} has a {keyword} already; only the last holds");
            sink.at(rule, later, subject, message);
        }
    }
}

fn exec_form(stage: &Stage, subject: &str, sink: &mut Sink<'_>) {
    for step in &stage.steps {
        let text = step.text();
        let command = match step.keyword.as_str() {
            "CMD" | "ENTRYPOINT" => Some(text),
            "HEALTHCHECK" => text.split_once(char::is_whitespace).and_then(|(word, rest)| {
                word.eq_ignore_ascii_case("cmd").then(|| rest.trim_start())
            }),
            _ => None,
        };
        let Some(command) = command.filter(|command| !command.is_empty()) else { continue };
        let is_exec =
            command.starts_with('[') && serde_json::from_str::<Vec<String>>(command).is_ok();
        if !is_exec {
            let message = format!(
                "{} in shell form: a shell is process 1 and takes the signals",
                step.keyword
            );
            sink.at("dockerfile-shell-form", step, subject, message);
        }
    }
}

/// A variable that the same ENV sets is not known to it yet.
fn environment(stage: &Stage, subject: &str, sink: &mut Sink<'_>) {
    let mut known: Vec<String> = Vec::new();
    for step in &stage.steps {
        if !matches!(step.keyword.as_str(), "ENV" | "ARG") {
            continue;
        }
        let pairs = step.pairs();
        let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        if step.keyword == "ENV" {
            let new = names.iter().filter(|name| !known.iter().any(|k| k == *name));
            for name in new.take(MAX_NAMES) {
                let uses = pairs.iter().any(|(other, value)| {
                    other != name && value.as_ref().is_some_and(|value| mentions(value, name))
                });
                if uses {
                    let message = format!("${name} is used in the ENV that sets it");
                    sink.at("dockerfile-env-self", step, subject, message);
                    break;
                }
            }
        }
        known.extend(names.into_iter().map(str::to_owned));
    }
}

/// Most names of one ENV that are compared with each other.
const MAX_NAMES: usize = 200;

fn mentions(value: &str, name: &str) -> bool {
    let braced = value.contains(&format!("${{{name}}}")) || value.contains(&format!("${{{name}:"));
    braced
        || value.match_indices('$').any(|(at, _)| {
            let rest = value.get(at + 1..).unwrap_or_default();
            rest.strip_prefix(name).is_some_and(|after| {
                !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            })
        })
}

/// Two RUN of one command each, one after the other, make two layers where one would do.
fn consecutive(stage: &Stage, subject: &str, sink: &mut Sink<'_>) {
    let simple = |step: &Instruction| {
        step.keyword == "RUN"
            && !step.on_build
            && step.heredocs.is_empty()
            && !step.text().contains(['\n', ';', '|'])
            && !step.text().contains("&&")
    };
    for pair in stage.steps.windows(2) {
        let [first, second] = pair else { continue };
        if simple(first) && simple(second) && first.flags == second.flags {
            let message = format!("the RUN of line {} could hold this one too", first.first_line);
            sink.at("dockerfile-run-consecutive", second, subject, message);
        }
    }
}

/// What the image that is built must have.
fn last_stage(file: &File, sink: &mut Sink<'_>) {
    let Some(last) = file.stages.len().checked_sub(1) else { return };
    let Some(stage) = file.stages.get(last) else { return };
    let descent = file.line_of_descent(last);
    let steps = descent.iter().filter_map(|at| file.stages.get(*at)).flat_map(|s| &s.steps);
    let steps: Vec<&Instruction> = steps.filter(|step| !step.on_build).collect();
    let subject = file.name_of(last);
    if !steps.iter().any(|step| step.keyword == "HEALTHCHECK") {
        let message = "no HEALTHCHECK: a container that hangs is taken for a healthy one";
        sink.at("dockerfile-healthcheck-missing", &stage.from, &subject, message.to_owned());
    }
    let rule = "dockerfile-label-required";
    let has = |key: &str| {
        let labels = steps.iter().filter(|step| step.keyword == "LABEL");
        labels.flat_map(|step| step.pairs()).any(|(known, _)| known == key)
    };
    let missing: Vec<String> =
        sink.catalogue.parameter(rule, "labels").iter().filter(|key| !has(key)).cloned().collect();
    for key in missing {
        sink.at(rule, &stage.from, &subject, format!("the label `{key}` is missing"));
    }
}
