//! `ShellText`: what a RUN gives to its shell, as commands with their lines in the file.

use std::collections::BTreeMap;

use super::instruction::Instruction;
use super::lines::Text;
use crate::history::shell::{self, Pipeline, Script};
use crate::limits::MAX_RUN_BYTES;
use crate::template::variables::Variables;

/// Directories whose programs are called by their name alone.
const BIN: [&str; 6] =
    ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];

/// A shell text, read.
#[derive(Debug, Default)]
pub(super) struct ShellText {
    /// The text.
    pub(super) text: Text,
    /// Its pipelines as written: wrappers and variables stay.
    pub(super) written: Vec<Pipeline>,
    /// Every command that it runs: variables put in, `sudo` and the like taken away, scripts inside
    /// read too.
    pub(super) run: Vec<Pipeline>,
    /// `NAME=value` that it sets, with the lines.
    pub(super) assignments: Vec<(String, String, (u32, u32))>,
}

/// One command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Command<'a> {
    /// Its name, without the folders of programs.
    pub(super) name: &'a str,
    /// Its words after the name.
    pub(super) arguments: &'a [String],
    /// First and last line in the file.
    pub(super) lines: (u32, u32),
}

/// A command's words, sorted.
#[derive(Debug, Default)]
pub(super) struct Words<'a> {
    /// Words that begin with `-`, values behind `=` included.
    pub(super) flags: Vec<&'a str>,
    /// The others; not the values of flags.
    pub(super) operands: Vec<&'a str>,
}

impl ShellText {
    /// Reads a RUN. `None` when it is not for a POSIX shell.
    pub(super) fn read(run: &Instruction, variables: &Variables, shell: &[String]) -> Option<Self> {
        let known: BTreeMap<String, String> = variables
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
            .collect();
        if let Some(words) = run.json() {
            let range = 0..run.arguments.text.len();
            let script = Script::of_words(words, range);
            return Some(Self::of(run.arguments.clone(), Vec::new(), script));
        }
        if !shell.iter().any(|word| is_posix(word)) {
            return None;
        }
        let text = script_of(run)?;
        let script = Script::read(&text.text, 0, &known);
        let written = shell::pipelines(&text.text, 0);
        Some(Self::of(text, written, script))
    }

    fn of(text: Text, written: Vec<Pipeline>, script: Script) -> Self {
        let lines = |range: &std::ops::Range<usize>| {
            let last = range.end.saturating_sub(1).max(range.start);
            (text.line_at(range.start), text.line_at(last))
        };
        let assignments = script.assignments.iter();
        let assignments =
            assignments.map(|(name, value, range)| (name.clone(), value.clone(), lines(range)));
        let assignments = assignments.collect();
        ShellText { assignments, written, run: script.pipelines, text }
    }

    /// Every command that it runs.
    pub(super) fn commands(&self) -> impl Iterator<Item = Command<'_>> {
        self.run.iter().flatten().filter_map(|command| self.command(command))
    }

    /// Every command as written.
    pub(super) fn written_commands(&self) -> impl Iterator<Item = Command<'_>> {
        self.written.iter().flatten().filter_map(|command| self.command(command))
    }

    /// A command of a pipeline; `None` when it is only an assignment or redirection.
    pub(super) fn command<'a>(&self, command: &'a shell::Command) -> Option<Command<'a>> {
        let (name, arguments) = command.words.split_first()?;
        let short = BIN.iter().find_map(|bin| name.strip_prefix(bin));
        let name = short.filter(|short| !short.contains('/')).unwrap_or(name);
        let last = command.range.end.saturating_sub(1).max(command.range.start);
        let lines = (self.text.line_at(command.range.start), self.text.line_at(last));
        Some(Command { name, arguments, lines })
    }

    /// Whether a command of this name, whose words contain these, is run.
    pub(super) fn runs(&self, name: &str, words: &[&str]) -> bool {
        self.commands().any(|command| command.name == name && command.has_all(words))
    }
}

impl<'a> Command<'a> {
    /// Sorts its words. `valued` are the flags whose value is the next word.
    pub(super) fn words(&self, valued: &[&str]) -> Words<'a> {
        let mut words = Words::default();
        let mut rest = self.arguments.iter();
        let mut only_operands = false;
        while let Some(word) = rest.next() {
            if only_operands || !word.starts_with('-') || word == "-" {
                words.operands.push(word);
            } else if word == "--" {
                only_operands = true;
            } else {
                words.flags.push(word);
                if valued.contains(&word.as_str()) {
                    rest.next();
                }
            }
        }
        words
    }

    /// Whether one of its words is this.
    pub(super) fn has(&self, word: &str) -> bool {
        self.arguments.iter().any(|argument| argument == word)
    }

    /// Whether all of these are among its words.
    pub(super) fn has_all(&self, words: &[&str]) -> bool {
        words.iter().all(|word| self.has(word))
    }

    /// Whether a short flag (`y`, also in `-qy`) or a long one (`--yes`) is among its words.
    pub(super) fn has_flag(&self, short: char, long: &[&str]) -> bool {
        self.arguments.iter().take_while(|word| *word != "--").any(|word| {
            let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
            let letters = letters.and_then(|rest| rest.split('=').next());
            letters.is_some_and(|rest| rest.contains(short))
                || word.split('=').next().is_some_and(|flag| long.contains(&flag))
        })
    }

    /// Its name and words in one line, cut.
    pub(super) fn shown(&self) -> String {
        const SHOWN_CHARS: usize = 80;
        let mut text = self.name.to_owned();
        for word in self.arguments {
            text.push(' ');
            text.push_str(word);
            if text.len() > SHOWN_CHARS {
                break;
            }
        }
        let text = text.replace(['\n', '\r', '\t'], " ");
        match text.char_indices().nth(SHOWN_CHARS) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    }
}

impl Words<'_> {
    /// The first operand: what a tool with subcommands is to do.
    pub(super) fn verb(&self) -> &str {
        self.operands.first().copied().unwrap_or_default()
    }

    /// The operands after the verb that name something: no variables alone.
    pub(super) fn named(&self) -> Vec<&str> {
        let named = self.operands.iter().skip(1).flat_map(|word| word.split_ascii_whitespace());
        named.filter(|word| !word.starts_with('$') && !word.starts_with('`')).collect()
    }
}

fn is_posix(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    matches!(name, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh" | "busybox")
}

/// The text that the shell gets: a here-document alone is the script itself.
fn script_of(run: &Instruction) -> Option<Text> {
    let own = &run.arguments.text;
    let rest: Vec<&str> = own.split_whitespace().filter(|word| !word.starts_with("<<")).collect();
    let mut text = Text::default();
    if rest.is_empty() && !run.heredocs.is_empty() {
        for heredoc in &run.heredocs {
            let program = heredoc.body.text.strip_prefix("#!").map(|rest| {
                rest.lines().next().unwrap_or_default().split_whitespace().collect::<Vec<_>>()
            });
            if program.is_some_and(|words| !words.iter().any(|word| is_posix(word))) {
                return None;
            }
            append(&mut text, &heredoc.body);
        }
    } else {
        append(&mut text, &run.arguments);
        for heredoc in &run.heredocs {
            text.push("\n", run.last_line);
            append(&mut text, &heredoc.body);
            text.push(&heredoc.name, run.last_line);
        }
    }
    if text.text.len() > MAX_RUN_BYTES {
        let end = (0..=MAX_RUN_BYTES).rev().find(|at| text.text.is_char_boundary(*at));
        text.text.truncate(end.unwrap_or(0));
    }
    Some(text)
}

fn append(text: &mut Text, more: &Text) {
    let base = text.text.len();
    text.lines.extend(more.lines.iter().map(|(start, line)| (base + start, *line)));
    text.text.push_str(&more.text);
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    fn commands(text: &str) -> Vec<String> {
        let mut found = lines::read(text);
        let run = Instruction::read(found.lines.remove(0), found.escape);
        let known = Variables::from([("V".to_owned(), Some("1".to_owned()))]);
        let shell = ShellText::read(&run, &known, &["/bin/sh".to_owned()]).unwrap();
        shell.commands().map(|c| format!("{} @{}-{}", c.shown(), c.lines.0, c.lines.1)).collect()
    }

    #[test]
    fn commands_have_their_lines() {
        assert_eq!(
            commands("RUN a $V \\\n # no\n && /usr/bin/b 'c d' \\\n  e"),
            ["a 1 @1-1", "b c d e @3-4"]
        );
        assert_eq!(
            commands("RUN <<E\nset -e\ncd /x; make\nE"),
            ["set -e @2-2", "cd /x @3-3", "make @3-3"]
        );
        assert_eq!(commands("RUN [\"apt\", \"x y\"]"), ["apt x y @1-1"]);
        assert_eq!(commands("RUN cat <<E >/x && b\nrm -rf /\nE"), ["cat @1-1", "b @1-1"]);
    }
}
