//! Who the container runs as.

use super::Sink;
use super::file::File;
use super::state::{State, Step};

/// Words in the name of a base image that say that it has its own user.
const UNPRIVILEGED: [&str; 4] = ["nonroot", "rootless", "unprivileged", "non-root"];

/// Rules about USER.
pub(super) fn check(step: &Step<'_>, state: &State, sink: &mut Sink<'_>) {
    let instruction = step.instruction;
    if instruction.keyword != "USER" {
        return;
    }
    let user = state.expand(instruction.text());
    let name = name_of(&user.text);
    if !user.unknown && !name.is_empty() && !is_number(name) {
        let message = format!("the user is `{name}`: Kubernetes' runAsNonRoot takes numbers only");
        sink.at("dockerfile-user-name", instruction, step.subject, message);
    }
}

/// Rules about the user that a stage ends with. Only the last stage is run, and what is built on
/// it; of the others a USER root that is set last is told too.
pub(super) fn at_end(file: &File, stage: usize, state: &State, sink: &mut Sink<'_>) {
    let subject = file.name_of(stage);
    let is_last = stage + 1 == file.stages.len();
    match &state.user {
        Some((user, lines)) => {
            let name = name_of(&user.text);
            let own = file.stages.get(stage).is_some_and(|s| s.from.first_line <= lines.0);
            if (name == "root" || is_zero(name)) && (own || is_last) {
                let message = format!("the last user is {}", user.text.trim());
                let message = if is_last { message } else { format!("{message}, in a stage") };
                sink.lines("dockerfile-user-root", *lines, &subject, message);
            }
        }
        None if is_last => missing(file, stage, &subject, sink),
        None => {}
    }
}

fn missing(file: &File, stage: usize, subject: &str, sink: &mut Sink<'_>) {
    let line = file.line_of_descent(stage);
    let Some(root) = line.last().and_then(|at| file.stages.get(*at)) else { return };
    let base = root.base.to_ascii_lowercase();
    if UNPRIVILEGED.iter().any(|word| base.contains(word)) {
        return;
    }
    let Some(own) = file.stages.get(stage) else { return };
    let base = if root.base_unknown { "the base image" } else { root.base.as_str() };
    let message = format!("no USER is set: it runs as root, unless {base} says otherwise");
    sink.at("dockerfile-user-missing", &own.from, subject, message);
}

fn name_of(user: &str) -> &str {
    user.trim().split(':').next().unwrap_or_default()
}

fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit())
}

fn is_zero(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b == b'0')
}
