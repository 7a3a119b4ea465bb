//! The text of a Dockerfile to logical lines: directives, comments, continuations, here-documents.
//!
//! Follows the Dockerfile reference (docs.docker.com/reference/dockerfile) and BuildKit's reading of
//! it: comment and empty lines inside a continued instruction fall away, `\` may be exchanged by
//! `# escape=`, here-documents belong to RUN, COPY and ADD. Nothing is refused: what BuildKit would
//! not take is read as far as it can be.

use std::collections::HashMap;

use crate::limits::MAX_INSTRUCTIONS;

/// A text with the line of the file at which each of its parts begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    /// The text, parts joined.
    pub(super) text: String,
    /// Where a part begins in it, and its line in the file, in order.
    pub(super) lines: Vec<(usize, u32)>,
}

impl Text {
    /// Adds a part that stands in this line.
    pub(super) fn push(&mut self, part: &str, line: u32) {
        self.lines.push((self.text.len(), line));
        self.text.push_str(part);
    }

    /// The line of the file in which a byte stands.
    pub(super) fn line_at(&self, offset: usize) -> u32 {
        let after = self.lines.partition_point(|(start, _)| *start <= offset);
        let at = after.checked_sub(1).and_then(|at| self.lines.get(at));
        at.or_else(|| self.lines.first()).map_or(1, |(_, line)| *line)
    }

    /// The text from a byte on.
    pub(super) fn from(&self, offset: usize) -> Text {
        let text = self.text.get(offset..).unwrap_or_default().to_owned();
        let mut lines = vec![(0, self.line_at(offset))];
        let later = self.lines.iter().filter(|(start, _)| *start > offset);
        lines.extend(later.map(|(start, line)| (start - offset, *line)));
        Text { text, lines }
    }
}

/// A here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heredoc {
    /// Its word.
    pub(super) name: String,
    /// Whether the word is quoted: no variables are put in.
    pub(super) quoted: bool,
    /// `<<-`: leading tabs go.
    pub(super) strip_tabs: bool,
    /// Its lines, each with its line end.
    pub(super) body: Text,
}

/// A logical line: an instruction with all its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The text without continuations.
    pub(super) text: Text,
    /// Its here-documents.
    pub(super) heredocs: Vec<Heredoc>,
    /// First line in the file.
    pub(super) first_line: u32,
    /// Last line, here-documents included.
    pub(super) last_line: u32,
}

/// A Dockerfile, divided.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    /// The escape character.
    pub(super) escape: char,
    /// The frontend that `# syntax=` names, and its line.
    pub(super) syntax: Option<(String, u32)>,
    /// The instructions.
    pub(super) lines: Vec<Line>,
    /// Whether there were more than are read.
    pub(super) cut: bool,
}

/// Divides a text.
pub(super) fn read(text: &str) -> Lines {
    let mut reader = Reader {
        rows: text.lines().collect(),
        at: 0,
        last_rows: None,
        found: Lines { escape: '\\', ..Lines::default() },
    };
    reader.directives();
    while reader.at < reader.rows.len() {
        if reader.found.lines.len() >= MAX_INSTRUCTIONS {
            reader.found.cut = true;
            break;
        }
        reader.line();
    }
    reader.found
}

struct Reader<'t> {
    rows: Vec<&'t str>,
    at: usize,
    /// The last row of each text, tabs before it taken away: where a here-document may end.
    last_rows: Option<HashMap<&'t str, usize>>,
    found: Lines,
}

impl<'t> Reader<'t> {
    /// `# key=value` lines before anything else.
    fn directives(&mut self) {
        let mut seen: Vec<String> = Vec::new();
        while let Some(row) = self.rows.get(self.at) {
            let Some(body) = row.trim().strip_prefix('#') else { return };
            if self.at == 0 && body.starts_with('!') {
                self.at += 1;
                continue;
            }
            let Some((key, value)) = body.split_once('=') else { return };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            if seen.contains(&key) {
                return;
            }
            match key.as_str() {
                "escape" if value == "`" => self.found.escape = '`',
                "escape" => {}
                "syntax" => self.found.syntax = Some((value.to_owned(), number_of(self.at))),
                "check" => {}
                _ => return,
            }
            seen.push(key);
            self.at += 1;
        }
    }

    fn line(&mut self) {
        let first = self.at;
        let row = self.rows.get(first).copied().unwrap_or_default();
        self.at += 1;
        if is_blank_or_comment(row) {
            return;
        }
        let mut text = Text::default();
        let mut last = first;
        let (part, mut more) = self.continued(row.trim_start());
        text.push(part, number_of(first));
        while more && self.at < self.rows.len() {
            let row = self.rows.get(self.at).copied().unwrap_or_default();
            self.at += 1;
            if is_blank_or_comment(row) {
                continue;
            }
            last = self.at - 1;
            let (part, continues) = self.continued(row);
            text.push(part, number_of(last));
            more = continues;
        }
        let heredocs = self.heredocs(&text.text);
        if !heredocs.is_empty() {
            last = self.at.saturating_sub(1);
        }
        let (first_line, last_line) = (number_of(first), number_of(last));
        self.found.lines.push(Line { text, heredocs, first_line, last_line });
    }

    /// A row without the escape at its end, and whether it had one. Two escapes are none.
    fn continued(&self, row: &'t str) -> (&'t str, bool) {
        let trimmed = row.trim_end_matches([' ', '\t', '\r']);
        match trimmed.strip_suffix(self.found.escape) {
            Some(part) if !part.ends_with(self.found.escape) => (part, true),
            _ => (row, false),
        }
    }

    fn may_end(&mut self, name: &str) -> bool {
        let rows = &self.rows;
        let last = self.last_rows.get_or_insert_with(|| {
            let bare = |row: &&'t str| row.trim_start_matches('\t').trim_end_matches('\r');
            rows.iter().enumerate().map(|(at, row)| (bare(row), at)).collect()
        });
        last.get(name).is_some_and(|at| *at >= self.at)
    }

    /// The here-documents that an instruction announces. One that never ends is none.
    fn heredocs(&mut self, text: &str) -> Vec<Heredoc> {
        let announced = announced(text);
        let start = self.at;
        if !announced.iter().all(|(name, ..)| self.may_end(name)) {
            return Vec::new();
        }
        let mut found = Vec::with_capacity(announced.len());
        for (name, quoted, strip_tabs) in announced {
            let mut body = Text::default();
            let mut closed = false;
            while let Some(row) = self.rows.get(self.at) {
                let number = number_of(self.at);
                self.at += 1;
                let row = if strip_tabs { row.trim_start_matches('\t') } else { row };
                if row.trim_end_matches('\r') == name {
                    closed = true;
                    break;
                }
                body.push(row, number);
                body.text.push('\n');
            }
            if !closed {
                self.at = start;
                return Vec::new();
            }
            found.push(Heredoc { name, quoted, strip_tabs, body });
        }
        found
    }
}

/// The here-documents that a line of RUN, COPY or ADD announces: word, whether it is quoted,
/// whether tabs go.
fn announced(text: &str) -> Vec<(String, bool, bool)> {
    let mut found = Vec::new();
    let body = text.strip_prefix_ignoring_case("ONBUILD").unwrap_or(text).trim_start();
    let takes = ["RUN", "COPY", "ADD"].iter().any(|word| {
        let rest = body.strip_prefix_ignoring_case(word);
        rest.is_some_and(|rest| rest.starts_with([' ', '\t']))
    });
    if !takes || !text.contains("<<") {
        return found;
    }
    let bytes = text.as_bytes();
    let (mut at, mut quote) = (0, 0_u8);
    while let Some(byte) = bytes.get(at) {
        match (quote, byte) {
            (0, b'\\') => at += 1,
            (0, b'\'' | b'"') => quote = *byte,
            (quoted, byte) if quoted == *byte => quote = 0,
            (0, b'<') if bytes.get(at + 1) == Some(&b'<') => {
                let run = bytes.iter().skip(at).take_while(|b| **b == b'<').count();
                if run == 2
                    && let Some((document, length)) =
                        word_of(text.get(at + 2..).unwrap_or_default())
                {
                    found.push(document);
                    at += length;
                }
                at += run;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// `-"EOF"` to its word, and how many bytes it takes.
fn word_of(text: &str) -> Option<((String, bool, bool), usize)> {
    let strip_tabs = text.starts_with('-');
    let rest = text.strip_prefix('-').unwrap_or(text);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let word = quote.map_or(rest, |quote| rest.trim_start_matches(quote));
    let end = word.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.'));
    let (name, after) = word.split_at(end.unwrap_or(word.len()));
    let closed = quote.is_none_or(|quote| after.starts_with(quote));
    let length = text.len() - after.len() + usize::from(quote.is_some());
    // `1<<2` calculates.
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (is_name && closed).then(|| ((name.to_owned(), quote.is_some(), strip_tabs), length))
}

fn is_blank_or_comment(row: &str) -> bool {
    let row = row.trim();
    row.is_empty() || row.starts_with('#')
}

fn number_of(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1)
}

/// `str::strip_prefix` for ASCII letters of either size.
pub(super) trait StripPrefix {
    /// The rest after a prefix.
    fn strip_prefix_ignoring_case(&self, prefix: &str) -> Option<&str>;
}

impl StripPrefix for str {
    fn strip_prefix_ignoring_case(&self, prefix: &str) -> Option<&str> {
        let start = self.get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then(|| &self[prefix.len()..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(&str, u32, u32)]) {
        let found = read(text);
        let found: Vec<(&str, u32, u32)> = found
            .lines
            .iter()
            .map(|line| (line.text.text.as_str(), line.first_line, line.last_line))
            .collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn instructions_are_joined() {
        check(
            "FROM a\n\n# c\nRUN b \\\n  # c\n\n  && d\nCMD e",
            &[("FROM a", 1, 1), ("RUN b   && d", 4, 7), ("CMD e", 8, 8)],
        );
        check("FROM a\r\nRUN b \\\r\n c\r\n", &[("FROM a", 1, 1), ("RUN b  c", 2, 3)]);
        check(
            "# escape=`\nRUN dir c:\\\nRUN b `  \n c",
            &[("RUN dir c:\\", 2, 2), ("RUN b  c", 3, 4)],
        );
        check("RUN a \\\\\nRUN b", &[("RUN a \\\\", 1, 1), ("RUN b", 2, 2)]);
        check("  RUN a \\", &[("RUN a ", 1, 1)]);
    }

    #[test]
    fn directives_stand_before_everything() {
        let found = read("# Syntax = docker/dockerfile:1\n# escape=`\nFROM a\n");
        assert_eq!((found.escape, found.syntax), ('`', Some(("docker/dockerfile:1".into(), 1))));
        let found = read("# a comment\n# escape=`\nFROM a\n");
        assert_eq!(found.escape, '\\');
        let found = read("#!/usr/bin/env docker\n# syntax=x\nFROM a\n");
        assert_eq!(found.syntax, Some(("x".to_owned(), 2)));
    }

    #[test]
    fn heredocs_belong_to_their_instruction() {
        let text = "RUN <<EOF\na\n# no comment\nEOF\nCOPY <<-'A B' <<\"X\" /d\nFROM a\n";
        let found = read(text);
        assert_eq!(found.lines[0].heredocs[0].body.text, "a\n# no comment\n");
        assert_eq!(found.lines[0].heredocs[0].body.line_at(3), 3);
        assert_eq!((found.lines[0].first_line, found.lines[0].last_line), (1, 4));
        let text = "COPY <<-'A' <<\"X\" /d\n\tx\n\tA\ny\nX\nFROM a\n";
        let lines = read(text).lines;
        let bodies: Vec<_> = lines[0].heredocs.iter().map(|h| h.body.text.as_str()).collect();
        assert_eq!(bodies, ["x\n", "y\n"]);
        assert!(lines[0].heredocs[0].quoted && lines[0].heredocs[0].strip_tabs);
        assert_eq!(lines[1].text.text, "FROM a");
        for none in ["RUN cat <<EOF\nb", "ENV a=<<EOF\nEOF", "RUN a <<< b\nb", "RUN echo '<<E'\nE"]
        {
            assert!(read(none).lines.iter().all(|line| line.heredocs.is_empty()), "{none}");
        }
    }
}
