//! `Instruction`: a logical line read: its word, its flags, its arguments.

use super::lines::{Heredoc, Line, Text};
use crate::limits::MAX_FLAGS;

/// The words that the Dockerfile reference knows.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];
/// Instructions that take flags.
const FLAGGED: [&str; 5] = ["ADD", "COPY", "FROM", "HEALTHCHECK", "RUN"];

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Its word in capitals; of `ONBUILD RUN …`, `RUN`.
    pub(super) keyword: String,
    /// Whether it is put off to the builds on this image.
    pub(super) on_build: bool,
    /// `--name=value`, in order; a flag without a value has an empty one.
    pub(super) flags: Vec<(String, String)>,
    /// What follows word and flags.
    pub(super) arguments: Text,
    /// Its here-documents.
    pub(super) heredocs: Vec<Heredoc>,
    /// First line in the file.
    pub(super) first_line: u32,
    /// Last line in the file.
    pub(super) last_line: u32,
    /// The file's escape character.
    pub(super) escape: char,
}

impl Instruction {
    /// Reads a logical line.
    pub(super) fn read(line: Line, escape: char) -> Self {
        let (keyword, mut text) = keyword(&line.text);
        let (mut keyword, mut on_build) = (keyword, false);
        if keyword == "ONBUILD" {
            let (inner, rest) = self::keyword(&text);
            (keyword, text, on_build) = (inner, rest, true);
        }
        let mut flags = Vec::new();
        if FLAGGED.contains(&keyword.as_str()) {
            text = take_flags(&text, &mut flags);
        }
        let Line { heredocs, first_line, last_line, .. } = line;
        Instruction {
            keyword,
            on_build,
            flags,
            arguments: text,
            heredocs,
            first_line,
            last_line,
            escape,
        }
    }

    /// Whether the Dockerfile reference knows its word.
    pub(super) fn is_known(&self) -> bool {
        KEYWORDS.contains(&self.keyword.as_str())
    }

    /// The text of its arguments.
    pub(super) fn text(&self) -> &str {
        self.arguments.text.trim()
    }

    /// The values of a flag, in order.
    pub(super) fn flags<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.flags.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a flag.
    pub(super) fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The words of the JSON form; `None` when it is not written so.
    pub(super) fn json(&self) -> Option<Vec<String>> {
        let text = self.text();
        if !text.starts_with('[') {
            return None;
        }
        serde_json::from_str(text).ok()
    }

    /// Its arguments as words: of the JSON form its strings, else what blanks divide, quotes taken
    /// away.
    pub(super) fn words(&self) -> Vec<String> {
        self.json().unwrap_or_else(|| words(self.text(), self.escape))
    }

    /// `NAME=value` pairs; the old form `NAME the rest` is one. Of a word without `=` the value is
    /// `None`.
    pub(super) fn pairs(&self) -> Vec<(String, Option<String>)> {
        let words = words(self.text(), self.escape);
        let Some(first) = words.first() else { return Vec::new() };
        if !first.contains('=') && self.keyword != "ARG" {
            let rest = self.text().get(raw_end(self.text())..).unwrap_or_default().trim();
            return vec![(first.clone(), Some(rest.to_owned()))];
        }
        let pair = |word: &String| match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word.clone(), None),
        };
        words.iter().map(pair).collect()
    }
}

/// Where the first word ends.
fn raw_end(text: &str) -> usize {
    text.find(char::is_whitespace).unwrap_or(text.len())
}

fn keyword(text: &Text) -> (String, Text) {
    let start = text.text.len() - text.text.trim_start().len();
    let body = &text.text[start..];
    let end = raw_end(body);
    let rest = body.get(end..).unwrap_or_default();
    let blank = rest.len() - rest.trim_start().len();
    (body[..end].to_ascii_uppercase(), text.from(start + end + blank))
}

/// Takes `--name` and `--name=value` from the beginning.
fn take_flags(text: &Text, flags: &mut Vec<(String, String)>) -> Text {
    let mut rest = text.clone();
    while flags.len() < MAX_FLAGS {
        let body = rest.text.trim_start();
        let Some(flag) = body.strip_prefix("--") else { break };
        let blank = rest.text.len() - body.len();
        let end = word_end(flag);
        let (word, _) = flag.split_at(end);
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let value: String = value.chars().filter(|c| !matches!(c, '"' | '\'')).collect();
        if !name.is_empty() {
            flags.push((name.to_ascii_lowercase(), value));
        }
        let is_end = name.is_empty();
        let after = flag.get(end..).unwrap_or_default();
        let skip = after.len() - after.trim_start().len();
        rest = rest.from(blank + 2 + end + skip);
        if is_end {
            break;
        }
    }
    rest
}

/// Where a word ends whose quotes may hold blanks.
fn word_end(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, c) if c.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

/// The words of a text, quotes and escapes taken away; variables stay as written.
pub(super) fn words(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut open = false;
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => {
                if open {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
                continue;
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(close), c) if close == c => quote = None,
            (Some('\''), c) => word.push(c),
            (_, c) if c == escape => match chars.next() {
                // An escaped variable stays one that is not put in.
                Some('$') => word.push_str("\\$"),
                Some(next) => word.push(next),
                None => word.push(c),
            },
            (_, c) => word.push(c),
        }
        open = true;
    }
    if open {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    fn one(text: &str) -> Instruction {
        let mut found = lines::read(text);
        Instruction::read(found.lines.remove(0), found.escape)
    }

    #[test]
    fn words_flags_and_arguments_are_told_apart() {
        let copy = one("copy --from=a --chown=\"1:1\" \\\n --link b c");
        assert_eq!(copy.keyword, "COPY");
        assert_eq!((copy.flag("from"), copy.flag("chown")), (Some("a"), Some("1:1")));
        assert_eq!((copy.flag("link"), copy.words()), (Some(""), vec!["b".into(), "c".into()]));
        let run = one("ONBUILD RUN --mount=type=secret,id=x --network=none echo --a");
        assert!(run.on_build);
        assert_eq!((run.flag("network"), run.text()), (Some("none"), "echo --a"));
        assert_eq!(one("CMD [\"a\", \"b c\"]").json(), Some(vec!["a".into(), "b c".into()]));
        assert_eq!(one("CMD [ a ]").json(), None);
        assert_eq!(one("CMD [1]").json(), None);
        assert!(!one("RUNE x").is_known());
    }

    #[test]
    fn pairs_are_read_in_both_forms() {
        let pairs = |text: &str| {
            let pairs = one(text).pairs().into_iter();
            pairs
                .map(|(n, v)| format!("{n}={}", v.unwrap_or_else(|| "-".into())))
                .collect::<Vec<_>>()
        };
        assert_eq!(pairs("ENV a=b c=\"d e\" f=g\\ h"), ["a=b", "c=d e", "f=g h"]);
        assert_eq!(pairs("ENV a b  c"), ["a=b  c"]);
        assert_eq!(pairs("ARG a b=c"), ["a=-", "b=c"]);
        assert_eq!(pairs("LABEL \"x y\"=z"), ["x y=z"]);
        assert_eq!(pairs("ENV"), Vec::<String>::new());
        assert_eq!(pairs("ENV a="), ["a="]);
    }
}
