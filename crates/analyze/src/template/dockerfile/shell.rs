//! Shell text of RUN: pipes whose failure goes unseen, and a few mistakes that a build pays for.
//! No replacement for a shell linter: what matters for images, with the linter's own ids as aliases.

use super::Sink;
use super::instruction::Instruction;
use super::shell_text::ShellText;
use super::state::{State, Step};

/// Rules about shell text.
pub(super) fn check(step: &Step<'_>, state: &State, sink: &mut Sink<'_>) {
    let Some(shell) = &step.shell else { return };
    pipes(step, state, (step.instruction, shell), sink);
    bashisms(step, state, shell, sink);
    mistakes(step, shell, sink);
}

fn pipes(
    step: &Step<'_>,
    state: &State,
    (run, shell): (&Instruction, &ShellText),
    sink: &mut Sink<'_>,
) {
    if run.json().is_some() {
        return;
    }
    let by_shell = state.shell.iter().any(|word| word == "pipefail");
    let by_set = shell.text.text.contains("pipefail");
    if by_shell || by_set {
        return;
    }
    let piped = shell.written.iter().find(|pipeline| pipeline.len() > 1);
    let Some((first, last)) = piped.and_then(|piped| piped.first().zip(piped.last())) else {
        return;
    };
    let (Some(first), Some(last)) = (shell.command(first), shell.command(last)) else { return };
    let message =
        format!("{} | … {}: if {} fails, the build goes on", first.name, last.name, first.name);
    sink.lines("dockerfile-pipefail", (first.lines.0, last.lines.1), step.subject, message);
}

/// What only bash knows, in a text for `sh`.
fn bashisms(step: &Step<'_>, state: &State, shell: &ShellText, sink: &mut Sink<'_>) {
    let is_plain = state
        .shell
        .first()
        .is_some_and(|word| matches!(word.rsplit('/').next(), Some("sh" | "dash" | "ash")));
    let text = &shell.text.text;
    if !is_plain || text.starts_with("#!") && !text.starts_with("#!/bin/sh") {
        return;
    }
    for command in shell.written_commands() {
        let words = command.arguments;
        let what = match command.name {
            "[[" => "`[[ … ]]`",
            "source" => "`source`",
            "pushd" | "popd" | "shopt" | "declare" | "mapfile" | "readarray" | "let" => {
                command.name
            }
            "[" if words.iter().any(|word| word == "==") => "`==` in `[ … ]`",
            "set" if words.iter().any(|word| word == "pipefail") => "`set -o pipefail`",
            "function" => "`function`",
            _ => continue,
        };
        let message = format!("{what} is not known to every /bin/sh, and no SHELL says bash");
        sink.lines("dockerfile-shell-bashism", command.lines, step.subject, message);
    }
}

fn mistakes(step: &Step<'_>, shell: &ShellText, sink: &mut Sink<'_>) {
    for command in shell.written_commands() {
        if command.name == "rm" && command.has_flag('r', &["--recursive"]) {
            let risky = command.arguments.iter().find(|word| is_unguarded(word));
            if let Some(word) = risky {
                let message = format!("rm {word}: an empty variable removes the folder above");
                sink.lines("dockerfile-shell-rm-variable", command.lines, step.subject, message);
            }
        }
    }
    let text = &shell.text.text;
    let ticks = text.bytes().filter(|b| *b == b'`').count();
    if ticks > 1
        && let Some(at) = text.find('`')
        && !text.contains("\\`")
    {
        let line = shell.text.line_at(at);
        let message = "`…` nests badly and hides its failures: `$(…)` does not".to_owned();
        sink.lines("dockerfile-shell-backticks", (line, line), step.subject, message);
    }
}

/// `$VAR/…` or `/$VAR` with nothing after it, without `:?`.
fn is_unguarded(word: &str) -> bool {
    let Some(rest) = word.strip_prefix('$').or_else(|| word.strip_prefix("/$")) else {
        return false;
    };
    let (name, after) = match rest.strip_prefix('{') {
        Some(braced) => match braced.split_once('}') {
            Some(parts) => parts,
            None => return false,
        },
        None => rest.split_at(
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len()),
        ),
    };
    let guarded = name.contains(":?") || name.contains(":-") || name.is_empty();
    !guarded && matches!(after, "/" | "/*" | "/." | "/.*")
}

#[cfg(test)]
mod tests {
    use super::is_unguarded;

    #[test]
    fn variables_that_may_be_empty_are_told() {
        for word in ["$A/*", "${A}/", "/$A/*"] {
            assert!(is_unguarded(word), "{word}");
        }
        for word in ["$A", "/x/$A/*", "${A:?}/*", "$A/b", "/var/lib/*"] {
            assert!(!is_unguarded(word), "{word}");
        }
    }
}
