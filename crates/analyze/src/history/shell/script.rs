//! `Script`: every command that a shell text runs, those of scripts inside it too.

use std::collections::BTreeMap;
use std::ops::Range;

use super::lexer::{self, Command, Pipeline, RedirectKind};
use super::word::Inner;
use crate::history::created_by::{SHELLS, cut};
use crate::history::encoded;
use crate::limits::{MAX_SHELL_COMMANDS, MAX_SHELL_DEPTH, MAX_SHELL_WORD_BYTES};

/// Commands that only run another one. Their own options go with them.
const WRAPPERS: [&str; 14] = [
    "sudo",
    "doas",
    "env",
    "exec",
    "nohup",
    "command",
    "builtin",
    "nice",
    "ionice",
    "setsid",
    "stdbuf",
    "eatmydata",
    "busybox",
    "timeout",
];
/// Options of those that take a word.
const WRAPPER_VALUES: [&str; 7] = ["-u", "-g", "-n", "-c", "-k", "-s", "-C"];
/// Directories whose programs are called by their name alone.
const BIN: [&str; 6] =
    ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];

/// Every command of a text, in the order in which they run.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Pipelines, those inside others before them.
    pub(crate) pipelines: Vec<Pipeline>,
    /// `NAME=value` that the text sets, with their places.
    pub(crate) assignments: Vec<(String, String, Range<usize>)>,
    commands: usize,
}

impl Script {
    /// Reads a text that begins at `offset` of the step's, with the variables known before it.
    pub(crate) fn read(text: &str, offset: usize, variables: &BTreeMap<String, String>) -> Self {
        let mut script = Script::default();
        let mut variables = variables.clone();
        script.collect((text, Place::At(offset)), 0, &mut variables);
        script
    }

    /// Reads a command that comes as separate words (the exec form).
    pub(crate) fn of_words(words: Vec<String>, range: Range<usize>) -> Self {
        let mut script = Script::default();
        let command = Command { words, range, ..Command::default() };
        script.add(vec![command], 0, &mut BTreeMap::new());
        script
    }

    /// Lets every command lie in a range: for a text that was made of it.
    pub(crate) fn within(mut self, range: &Range<usize>) -> Self {
        for command in self.pipelines.iter_mut().flatten() {
            command.range = range.clone();
        }
        for (_, _, place) in &mut self.assignments {
            *place = range.clone();
        }
        self
    }

    fn collect(
        &mut self,
        (text, place): (&str, Place),
        depth: usize,
        variables: &mut BTreeMap<String, String>,
    ) {
        for mut pipeline in lexer::pipelines(text, place.offset()) {
            if let Place::Within(range) = &place {
                for command in &mut pipeline {
                    command.range = range.clone();
                }
            }
            self.add(pipeline, depth, variables);
        }
    }

    fn add(
        &mut self,
        mut pipeline: Pipeline,
        depth: usize,
        variables: &mut BTreeMap<String, String>,
    ) {
        self.commands += pipeline.len();
        if self.commands > MAX_SHELL_COMMANDS {
            return;
        }
        for command in &mut pipeline {
            self.prepare(command, variables);
        }
        let fed = if depth < MAX_SHELL_DEPTH {
            self.substitutions(&pipeline, depth, variables)
        } else {
            Vec::new()
        };
        let given = given_scripts(&pipeline);
        pipeline.retain(|command| !command.words.is_empty() || !command.redirects.is_empty());
        if !pipeline.is_empty() {
            self.pipelines.push(pipeline);
        }
        self.pipelines.extend(fed);
        if depth < MAX_SHELL_DEPTH {
            for (text, range) in given {
                self.collect((&text, Place::Within(range)), depth + 1, variables);
            }
        }
    }

    /// Puts variables in, takes wrappers away, notes assignments.
    fn prepare(&mut self, command: &mut Command, variables: &mut BTreeMap<String, String>) {
        for (name, value) in &mut command.assignments {
            *value = expand(value, variables);
            self.assignments.push((name.clone(), value.clone(), command.range.clone()));
        }
        if command.words.is_empty() {
            variables.extend(command.assignments.iter().cloned());
        }
        let words = std::mem::take(&mut command.words);
        command.words = words.iter().flat_map(|word| split_ifs(&expand(word, variables))).collect();
        for (_, word) in &mut command.redirects {
            *word = expand(word, variables);
        }
        unwrap(command);
        if command.words.first().is_some_and(|name| name == "export" || name == "declare") {
            for word in &command.words[1..] {
                if let Some((name, value)) = word.split_once('=') {
                    variables.insert(name.to_owned(), value.to_owned());
                    let (name, value) = (name.to_owned(), value.to_owned());
                    self.assignments.push((name, value, command.range.clone()));
                }
            }
        }
        if let Some(name) = command.words.first_mut()
            && let Some(short) = BIN.iter().find_map(|bin| name.strip_prefix(bin))
            && !short.contains('/')
        {
            *name = short.to_owned();
        }
    }

    /// Reads the scripts inside words. Where their output is run (`sh -c "$(…)"`, `. <(…)`), a
    /// pipeline into that shell is given back.
    fn substitutions(
        &mut self,
        pipeline: &Pipeline,
        depth: usize,
        variables: &mut BTreeMap<String, String>,
    ) -> Vec<Pipeline> {
        let mut fed = Vec::new();
        for command in pipeline {
            for Inner { text, offset } in &command.inner {
                let before = self.pipelines.len();
                self.collect((text, Place::At(*offset)), depth + 1, variables);
                if !runs_its_words(command) {
                    continue;
                }
                if let Some(last) = self.pipelines.get(before..).and_then(|new| new.last()) {
                    let mut whole = last.clone();
                    whole.push(Command { inner: Vec::new(), ..command.clone() });
                    fed.push(whole);
                }
            }
        }
        fed
    }
}

/// Where the commands of a script lie in the step's text.
enum Place {
    /// The script is a part of the text and begins there.
    At(usize),
    /// The script was made of a part of the text.
    Within(Range<usize>),
}

impl Place {
    fn offset(&self) -> usize {
        match self {
            Place::At(offset) => *offset,
            Place::Within(_) => 0,
        }
    }
}

/// Whether a command runs what its words or its input say.
pub(crate) fn is_interpreter(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    SHELLS.contains(&name)
        || matches!(bare, "python" | "perl" | "ruby" | "node" | "php" | "eval" | "source")
        || name == "."
}

fn runs_its_words(command: &Command) -> bool {
    command.words.first().is_some_and(|name| is_interpreter(name) || name.starts_with("$("))
}

/// The scripts that commands are given as text: `sh -c '…'`, `eval …`, `su -c`, a here-document
/// into a shell, a base64 text that is decoded.
fn given_scripts(pipeline: &Pipeline) -> Vec<(String, Range<usize>)> {
    let mut scripts = Vec::new();
    for command in pipeline {
        let Some(name) = command.words.first() else { continue };
        let name = name.rsplit('/').next().unwrap_or(name);
        let shell = SHELLS.contains(&name);
        let dash_c = command.words.iter().position(|word| is_dash_c(word));
        if shell || matches!(name, "su" | "runuser" | "gosu" | "script") {
            scripts.extend(dash_c.and_then(|at| command.words.get(at + 1)).cloned());
        }
        if name == "eval" {
            scripts.push(command.words[1..].join(" "));
        }
        if shell {
            let documents = command.redirects.iter();
            let documents = documents.filter(|(kind, _)| {
                matches!(kind, RedirectKind::HereDocument | RedirectKind::HereString)
            });
            scripts.extend(documents.map(|(_, text)| text.clone()));
        }
    }
    let range = pipeline.first().map(|command| command.range.clone()).unwrap_or_default();
    let end = pipeline.last().map_or(range.end, |command| command.range.end);
    let mut scripts: Vec<(String, Range<usize>)> =
        scripts.into_iter().map(|text| (text, range.start..end)).collect();
    let decodes = pipeline.iter().any(decodes_base64);
    let echoed = pipeline.iter().filter(|_| decodes).flat_map(|command| &command.words);
    scripts.extend(
        echoed.filter_map(|word| encoded::base64_text(word)).map(|text| (text, range.start..end)),
    );
    scripts
}

fn decodes_base64(command: &Command) -> bool {
    let words = &command.words;
    words.first().is_some_and(|name| name == "base64" || name == "openssl")
        && words.iter().any(|word| matches!(word.as_str(), "-d" | "-D" | "--decode" | "-di"))
}

/// `-c`, `-ec`, `-lc`.
fn is_dash_c(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|letters| {
        letters.ends_with('c')
            && letters.len() <= 6
            && letters.bytes().all(|b| b.is_ascii_lowercase())
    })
}

/// Takes `sudo`, `env A=b`, `timeout 5` and the like from before a command.
fn unwrap(command: &mut Command) {
    loop {
        let Some(name) = command.words.first() else { return };
        let name = name.rsplit('/').next().unwrap_or(name);
        if !WRAPPERS.contains(&name) || command.words.len() < 2 {
            return;
        }
        let timed = name == "timeout";
        let mut skip = 1;
        while let Some(word) = command.words.get(skip) {
            if WRAPPER_VALUES.contains(&word.as_str()) {
                skip += 2;
            } else if word.starts_with('-') {
                skip += 1;
            } else if let Some((name, value)) = word.split_once('=') {
                command.assignments.push((name.to_owned(), value.to_owned()));
                skip += 1;
            } else {
                break;
            }
        }
        skip += usize::from(timed);
        if skip >= command.words.len() {
            return;
        }
        command.words.drain(..skip);
    }
}

/// Puts in the values of known variables: `$NAME`, `${NAME}`. Others stay as they are.
pub(crate) fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
    if !text.contains('$') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = &rest[1..];
        let (name, after) = match name.strip_prefix('{') {
            Some(braced) => match braced.split_once('}') {
                Some((name, after)) => (name, after),
                None => ("", name),
            },
            None => {
                let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                name.split_at(end.unwrap_or(name.len()))
            }
        };
        match variables.get(name) {
            Some(value) if out.len() + value.len() < MAX_SHELL_WORD_BYTES => {
                out.push_str(value);
                rest = after;
            }
            _ => {
                out.push('$');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    cut(&out, MAX_SHELL_WORD_BYTES).to_owned()
}

/// A word in which `$IFS` stands for a blank is several.
fn split_ifs(word: &str) -> Vec<String> {
    if !word.contains("$IFS") && !word.contains("${IFS") {
        return vec![word.to_owned()];
    }
    let spaced = word.replace("${IFS}", " ").replace("$IFS$9", " ").replace("$IFS", " ");
    spaced.split_ascii_whitespace().map(str::to_owned).collect()
}
