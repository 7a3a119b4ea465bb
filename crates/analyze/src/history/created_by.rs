//! The words of a `created_by` line: which instruction, its build arguments, its own text.
//!
//! A reader of four builders' habits, not of a standard; what it does not know stays `Other`.

use std::ops::Range;

use super::step::Instruction;
use crate::limits::{MAX_BUILD_ARGUMENTS, MAX_STEP_TEXT_BYTES};

/// What BuildKit puts behind each of its steps.
const BUILDKIT_MARK: &str = "# buildkit";
/// What the classic builder puts before instructions that run nothing.
const NOP_MARK: &str = "#(nop)";
/// Bytes from the start in which that mark is looked for: after a shell and its option.
const NOP_WITHIN_BYTES: usize = 64;
/// Shells whose `-c` begins the text of a `RUN`.
pub(super) const SHELLS: [&str; 7] = ["sh", "bash", "ash", "dash", "ksh", "zsh", "mksh"];

/// A line, parsed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// The line, cut at the limit.
    pub(super) text: String,
    pub(super) instruction: Instruction,
    pub(super) on_build: bool,
    pub(super) arguments: Vec<(String, String)>,
    /// The instruction's own text, as a range of `text`.
    pub(super) command: Range<usize>,
}

/// Parses one line.
pub(super) fn parse(created_by: &str) -> Parsed {
    let text = cut(created_by, MAX_STEP_TEXT_BYTES);
    let mut rest = text.trim();
    rest = rest.strip_suffix(BUILDKIT_MARK).unwrap_or(rest).trim_end();
    let nop = rest.find(NOP_MARK).filter(|at| *at <= NOP_WITHIN_BYTES);
    if let Some(at) = nop {
        rest = rest[at + NOP_MARK.len()..].trim_start();
    }
    let (instruction, on_build, own) = instruction(rest);
    rest = own;
    let mut arguments = Vec::new();
    let mut instruction = instruction;
    if matches!(instruction, Instruction::Run | Instruction::Other) && nop.is_none() {
        rest = skip_flags(rest);
        (arguments, rest) = build_arguments(rest);
        if let Some(script) = shell_script(rest) {
            rest = script;
            instruction = Instruction::Run;
        }
        if !arguments.is_empty() {
            instruction = Instruction::Run;
        }
    }
    let start = offset(text, rest);
    let command = start..start + rest.len();
    Parsed { text: text.to_owned(), instruction, on_build, arguments, command }
}

/// The longest start of a text within so many bytes that ends between characters.
pub(super) fn cut(text: &str, most_bytes: usize) -> &str {
    let mut end = most_bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Where a part lies in its whole. The part is a slice of it.
fn offset(whole: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len())
}

/// The instruction that a line begins with, whether it is put off with `ONBUILD`, and the rest.
fn instruction(line: &str) -> (Instruction, bool, &str) {
    let mut on_build = false;
    let mut rest = line;
    loop {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.eq_ignore_ascii_case("ONBUILD") && !on_build {
            on_build = true;
            rest = after.trim_start();
            continue;
        }
        return match Instruction::of(word) {
            Some(instruction) => (instruction, on_build, after.trim_start()),
            None => (Instruction::Other, on_build, rest),
        };
    }
}

/// Without `--mount=…`, `--network=…` and other flags of `RUN`.
fn skip_flags(mut text: &str) -> &str {
    while text.starts_with("--") {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        text = text[end..].trim_start();
    }
    text
}

/// The build arguments of `|2 A=b C=d …` and what follows them. Values stand there unquoted: a
/// word without `=` belongs to the value before it.
fn build_arguments(text: &str) -> (Vec<(String, String)>, &str) {
    let Some(counted) = text.strip_prefix('|') else { return (Vec::new(), text) };
    let end = counted.find(|c: char| !c.is_ascii_digit()).unwrap_or(counted.len());
    let Ok(count) = counted[..end].parse::<usize>() else { return (Vec::new(), text) };
    let mut rest = counted[end..].trim_start();
    let mut arguments: Vec<(String, String)> = Vec::new();
    while !rest.is_empty() {
        if arguments.len() >= count && shell_script(rest).is_some() {
            break;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let named = word.split_once('=').filter(|(name, _)| is_name(name));
        let open = arguments.len() < count.min(MAX_BUILD_ARGUMENTS);
        if let (Some((name, value)), true) = (named, open) {
            arguments.push((name.to_owned(), value.to_owned()));
        } else if let Some((_, value)) = arguments.last_mut()
            && (open || shell_within(rest).is_some())
        {
            value.push(' ');
            value.push_str(word);
        } else {
            // The command of an exec form follows, without a shell before it.
            break;
        }
        rest = after.trim_start();
    }
    (arguments, rest)
}

/// Whether a shell and its `-c` come later in a text.
fn shell_within(text: &str) -> Option<&str> {
    text.match_indices('/').find_map(|(at, _)| shell_script(&text[at..]))
}

/// A name that the shell takes for a variable's.
pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The script after `/bin/sh -c`, `/bin/bash -o pipefail -c`, `sh -ec`; `None` when none is there.
fn shell_script(text: &str) -> Option<&str> {
    let (first, mut rest) = text.split_once(char::is_whitespace)?;
    let name = first.rsplit('/').next().unwrap_or(first);
    if !SHELLS.contains(&name) {
        return None;
    }
    for _ in 0..8 {
        rest = rest.trim_start();
        let (option, after) = rest.split_once(char::is_whitespace)?;
        let letters = option.strip_prefix(['-', '+'])?;
        rest = after;
        if letters.starts_with('-') {
            continue;
        }
        if letters.ends_with('c') {
            return Some(rest.trim_start());
        }
        // `-o pipefail`, `-euo pipefail`: the option's name is the next word.
        if letters.ends_with('o') {
            rest = rest.trim_start().split_once(char::is_whitespace)?.1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use Instruction::{Cmd, Env, Other, Run};

    fn check(line: &str, instruction: Instruction, arguments: &[(&str, &str)], command: &str) {
        let parsed = parse(line);
        assert_eq!(parsed.instruction, instruction, "{line}");
        let found: Vec<(&str, &str)> =
            parsed.arguments.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, arguments, "{line}");
        assert_eq!(&parsed.text[parsed.command.clone()], command, "{line}");
    }

    #[test]
    fn reads_every_builder() {
        check("/bin/sh -c #(nop)  CMD [\"nginx\" \"-g\"]", Cmd, &[], "[\"nginx\" \"-g\"]");
        check("/bin/sh -c apt-get update", Run, &[], "apt-get update");
        check("RUN /bin/sh -c npm ci # buildkit", Run, &[], "npm ci");
        check("RUN npm ci", Run, &[], "npm ci");
        check("run npm ci", Run, &[], "npm ci");
        check("ENV A=b c # buildkit", Env, &[], "A=b c");
        check("RUN /bin/bash -o pipefail -c a | b # buildkit", Run, &[], "a | b");
        check("RUN /bin/ash -euxo pipefail -c a", Run, &[], "a");
        check("/bin/sh -ec a b", Run, &[], "a b");
        check("RUN --mount=type=cache,target=/x --network=none a", Run, &[], "a");
        check("bash", Other, &[], "bash");
        check("sh -c curl x | sh", Run, &[], "curl x | sh");
        check("bazel build //:image", Other, &[], "bazel build //:image");
        check("# debian.sh --arch 'amd64' out/", Other, &[], "# debian.sh --arch 'amd64' out/");
        check("", Other, &[], "");
        check("RUN /bin/sh -c a\nb # buildkit", Run, &[], "a\nb");
    }

    #[test]
    fn reads_build_arguments() {
        check("|2 A=b C=d /bin/sh -c make", Run, &[("A", "b"), ("C", "d")], "make");
        check("RUN |1 A=b /bin/sh -c make # buildkit", Run, &[("A", "b")], "make");
        check(
            "|1 MOTTO=one two  three /bin/sh -c x=1 y",
            Run,
            &[("MOTTO", "one two three")],
            "x=1 y",
        );
        check("|1 A=b make all", Run, &[("A", "b")], "make all");
        check("|0 /bin/sh -c make", Run, &[], "make");
        check("|99999999999999999999 A=b make", Other, &[], "|99999999999999999999 A=b make");
        check("|3 A=", Run, &[("A", "")], "");
    }

    #[test]
    fn reads_what_is_put_off() {
        let parsed = parse("/bin/sh -c #(nop)  ONBUILD RUN curl x | sh");
        assert!(parsed.on_build);
        assert_eq!((parsed.instruction, &parsed.text[parsed.command]), (Run, "curl x | sh"));
    }

    #[test]
    fn long_and_strange_lines_are_cut() {
        let long = "é".repeat(MAX_STEP_TEXT_BYTES);
        assert!(parse(&long).text.len() <= MAX_STEP_TEXT_BYTES);
        for line in
            ["|", "|1", "RUN", "ONBUILD", "ONBUILD ONBUILD RUN x", "/bin/sh", "/bin/sh -", "#(nop)"]
        {
            let _ = parse(line);
        }
    }
}
