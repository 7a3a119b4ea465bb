//! Shell text to pipelines of commands.

use std::ops::Range;

use super::word::{self, Inner, Word};
use crate::limits::MAX_SHELL_COMMANDS;

/// Words that may stand before a command and are none.
const RESERVED: [&str; 14] = [
    "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "esac", "!", "{", "}",
    "time",
];

/// A command with its redirections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Command {
    /// `NAME=value` before the command's name.
    pub(crate) assignments: Vec<(String, String)>,
    /// Its name and arguments, quotes taken away.
    pub(crate) words: Vec<String>,
    /// Where it reads from and writes to.
    pub(crate) redirects: Vec<(RedirectKind, String)>,
    /// Its place in the step's text.
    pub(crate) range: Range<usize>,
    /// Scripts inside its words.
    pub(super) inner: Vec<Inner>,
}

/// What a redirection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RedirectKind {
    /// `<`.
    Read,
    /// `>`, `>|`, `&>`, `<>`.
    Write,
    /// `>>`, `&>>`.
    Append,
    /// `<<<`: the word is the text.
    HereString,
    /// `<<`: the word is the document.
    HereDocument,
}

/// Commands joined by `|`.
pub(crate) type Pipeline = Vec<Command>;

/// Divides a text into pipelines. Ranges count from `base`.
pub(crate) fn pipelines(text: &str, base: usize) -> Vec<Pipeline> {
    let mut lexer = Lexer {
        text,
        base,
        at: 0,
        pipelines: Vec::new(),
        pipeline: Vec::new(),
        command: Command::default(),
        start: None,
        documents: Vec::new(),
        commands: 0,
    };
    while lexer.at < text.len() && lexer.commands < MAX_SHELL_COMMANDS {
        lexer.step();
    }
    lexer.end_pipeline();
    lexer.pipelines
}

struct Lexer<'t> {
    text: &'t str,
    base: usize,
    at: usize,
    pipelines: Vec<Pipeline>,
    pipeline: Pipeline,
    command: Command,
    /// Where the command being read begins.
    start: Option<usize>,
    /// Here-documents whose text is still to come: the ending word, whether tabs go, and the
    /// redirection of the command they belong to.
    documents: Vec<(String, bool)>,
    commands: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn step(&mut self) {
        match self.rest() {
            [b'\\', b'\r', b'\n', ..] => self.at += 3,
            [b'\\', b'\n', ..] => self.at += 2,
            [b' ' | b'\t' | b'\r', ..] => self.at += 1,
            [b'\n', ..] => self.end_line(),
            [b'#', ..] => {
                let line = self.rest().iter().position(|b| *b == b'\n');
                self.at = line.map_or(self.text.len(), |length| self.at + length);
            }
            [b'&', b'>', ..] => self.redirect(1),
            [b'|', b'|', ..] | [b'&', b'&', ..] | [b';', b';', ..] => self.separate(2),
            [b'|', b'&', ..] => self.pipe(2),
            [b'|', ..] => self.pipe(1),
            [b'<' | b'>', b'(', ..] => self.word(),
            [b'<' | b'>', ..] => self.redirect(0),
            [b';' | b'&' | b'(' | b')', ..] => self.separate(1),
            _ => self.word(),
        }
    }

    fn separate(&mut self, bytes: usize) {
        self.end_pipeline();
        self.at += bytes;
    }

    fn pipe(&mut self, bytes: usize) {
        self.end_command();
        self.at += bytes;
    }

    /// A line end ends the command, and the texts of its here-documents follow.
    fn end_line(&mut self) {
        self.at += 1;
        for (ending, strip_tabs) in std::mem::take(&mut self.documents) {
            let (body, after) = word::here_document(&self.text[self.at..], &ending, strip_tabs);
            self.at += after;
            let redirects = &mut self.command.redirects;
            let waiting = redirects
                .iter_mut()
                .chain(self.pipeline.iter_mut().flat_map(|command| &mut command.redirects))
                .find(|(kind, text)| *kind == RedirectKind::HereDocument && text.is_empty());
            if let Some((_, text)) = waiting {
                *text = body;
            }
        }
        self.end_pipeline();
    }

    fn word(&mut self) {
        let word = word::read(self.text, self.at, self.base);
        // A word has a byte at least, so that reading ends.
        let end = word.end.max(self.at + 1);
        let from = self.at;
        self.at = end;
        let follows = self.rest().first();
        let is_descriptor = !word.text.is_empty()
            && word.text.bytes().all(|b| b.is_ascii_digit())
            && matches!(follows, Some(b'<' | b'>'));
        if is_descriptor {
            return;
        }
        self.command.inner.extend(word.inner);
        if self.command.words.is_empty() {
            if RESERVED.contains(&word.text.as_str()) && !word.quoted {
                return;
            }
            if let Some(pair) = word.assignment {
                self.start.get_or_insert(from);
                self.command.range.end = end;
                self.command.assignments.push(pair);
                return;
            }
        }
        self.start.get_or_insert(from);
        self.command.range.end = end;
        self.command.words.push(word.text);
    }

    fn redirect(&mut self, skip: usize) {
        let from = self.at;
        let (kind, bytes) = match &self.rest()[skip..] {
            [b'<', b'<', b'<', ..] => (Some(RedirectKind::HereString), 3),
            [b'<', b'<', b'-', ..] => (Some(RedirectKind::HereDocument), 3),
            [b'<', b'<', ..] => (Some(RedirectKind::HereDocument), 2),
            [b'>', b'>', ..] => (Some(RedirectKind::Append), 2),
            [b'>' | b'<', b'&', ..] => (None, 2),
            [b'>', b'|', ..] | [b'<', b'>', ..] => (Some(RedirectKind::Write), 2),
            [b'<', ..] => (Some(RedirectKind::Read), 1),
            _ => (Some(RedirectKind::Write), 1),
        };
        let strip_tabs = self.rest()[skip..].starts_with(b"<<-");
        self.at += skip + bytes;
        while matches!(self.rest().first(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let Word { text, end, inner, .. } = word::read(self.text, self.at, self.base);
        self.at = end;
        self.start.get_or_insert(from);
        self.command.range.end = end;
        self.command.inner.extend(inner);
        match kind {
            Some(RedirectKind::HereDocument) => {
                self.documents.push((text, strip_tabs));
                self.command.redirects.push((RedirectKind::HereDocument, String::new()));
            }
            // `>&2` and `>&-` are descriptors; `>& file` writes.
            None if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {}
            None => self.command.redirects.push((RedirectKind::Write, text)),
            Some(kind) => self.command.redirects.push((kind, text)),
        }
    }

    fn end_command(&mut self) {
        let mut command = std::mem::take(&mut self.command);
        let start = self.start.take();
        if command == Command::default() {
            return;
        }
        let start = start.unwrap_or(self.at);
        command.range = self.base + start..self.base + command.range.end.max(start);
        self.commands += 1;
        self.pipeline.push(command);
    }

    fn end_pipeline(&mut self) {
        self.end_command();
        if !self.pipeline.is_empty() {
            self.pipelines.push(std::mem::take(&mut self.pipeline));
        }
    }
}
