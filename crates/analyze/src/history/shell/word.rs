//! One word of shell text: quotes taken away, scripts inside it found.

use crate::limits::MAX_SHELL_WORD_BYTES;

use crate::history::created_by::is_name;

/// A word.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// Its text without quotes; substitutions stay as written.
    pub(super) text: String,
    /// Where it ends.
    pub(super) end: usize,
    /// Whether any of it was quoted.
    pub(super) quoted: bool,
    /// Name and value, when it has the shape of an assignment.
    pub(super) assignment: Option<(String, String)>,
    /// The scripts of its substitutions.
    pub(super) inner: Vec<Inner>,
}

/// A script inside a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inner {
    /// Its text.
    pub(super) text: String,
    /// Where it begins in the step's text.
    pub(super) offset: usize,
}

/// Reads the word that begins at `at`. Offsets of scripts inside count from `base`.
pub(super) fn read(text: &str, at: usize, base: usize) -> Word {
    let mut reader = Reader { text, at, base, word: Word::default() };
    while reader.at < text.len() && reader.plain() {}
    let Reader { at, mut word, .. } = reader;
    word.end = at;
    word.assignment = word
        .text
        .split_once('=')
        .map(|(name, value)| (name.trim_end_matches('+'), value))
        .filter(|(name, _)| is_name(name) && text[..at].len() > name.len())
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    word
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    base: usize,
    word: Word,
}

impl Reader<'_> {
    fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// Reads one piece outside quotes; false at the word's end.
    fn plain(&mut self) -> bool {
        match self.rest() {
            [] => return false,
            [b'\\', b'\n', ..] => self.at += 2,
            [b'\\', ..] => {
                self.at += 1;
                self.copy_char();
            }
            [b'\'', ..] => self.single(),
            [b'$', b'\'', ..] => self.ansi(),
            [b'"', ..] => self.double(),
            [b'$', b'"', ..] => self.at += 1,
            [b'$', b'(', ..] => self.substitution(2),
            [b'`', ..] => self.backticks(),
            [b'<' | b'>', b'(', ..] => self.substitution(2),
            [b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')', ..] => {
                return false;
            }
            _ => self.copy_char(),
        }
        true
    }

    fn copy_char(&mut self) {
        let Some(c) = self.text[self.at..].chars().next() else { return };
        self.at += c.len_utf8();
        if self.word.text.len() < MAX_SHELL_WORD_BYTES {
            self.word.text.push(c);
        }
    }

    fn push(&mut self, part: &str) {
        let room = MAX_SHELL_WORD_BYTES.saturating_sub(self.word.text.len());
        self.word.text.push_str(crate::history::created_by::cut(part, room));
    }

    fn single(&mut self) {
        self.word.quoted = true;
        let from = self.at + 1;
        let length = self.text[from..].find('\'');
        let end = length.map_or(self.text.len(), |length| from + length);
        let text = self.text;
        self.push(&text[from..end]);
        self.at = (end + 1).min(text.len());
    }

    /// `$'…'`: with the escapes of C.
    fn ansi(&mut self) {
        self.word.quoted = true;
        self.at += 2;
        while let Some(byte) = self.rest().first() {
            match byte {
                b'\'' => {
                    self.at += 1;
                    return;
                }
                b'\\' => {
                    let (c, bytes) = escape(&self.rest()[1..]);
                    self.at = (self.at + 1 + bytes).min(self.text.len());
                    if bytes == 0 {
                        self.copy_char();
                    } else if let Some(c) = c {
                        self.push(c.encode_utf8(&mut [0; 4]));
                    }
                }
                _ => self.copy_char(),
            }
        }
    }

    fn double(&mut self) {
        self.word.quoted = true;
        self.at += 1;
        loop {
            match self.rest() {
                [] => return,
                [b'"', ..] => {
                    self.at += 1;
                    return;
                }
                [b'\\', b'\n', ..] => self.at += 2,
                [b'\\', b'"' | b'\\' | b'$' | b'`', ..] => {
                    self.at += 1;
                    self.copy_char();
                }
                [b'$', b'(', ..] => self.substitution(2),
                [b'`', ..] => self.backticks(),
                _ => self.copy_char(),
            }
        }
    }

    /// `$(…)`, `<(…)`, `>(…)`: kept as written, and its script noted.
    fn substitution(&mut self, opening: usize) {
        let from = self.at + opening;
        let end = closing(self.text.as_bytes(), from);
        self.note(from, end);
        let (text, to) = (self.text, (end + 1).min(self.text.len()));
        self.push(&text[self.at..to]);
        self.at = to;
    }

    fn backticks(&mut self) {
        let from = self.at + 1;
        let mut end = from;
        let bytes = self.text.as_bytes();
        while end < bytes.len() && bytes[end] != b'`' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(bytes.len());
        self.note(from, end);
        let (text, to) = (self.text, (end + 1).min(self.text.len()));
        self.push(text.get(self.at..to).unwrap_or_default());
        self.at = to;
    }

    fn note(&mut self, from: usize, end: usize) {
        let Some(script) = self.text.get(from..end) else { return };
        // `$((…))` calculates.
        if !script.starts_with('(') && !script.trim().is_empty() {
            let offset = self.base + from;
            self.word.inner.push(Inner { text: script.to_owned(), offset });
        }
    }
}

/// Where the parenthesis that was opened before `from` is closed; the end when it never is.
fn closing(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut depth, mut quote) = (from, 1_usize, 0_u8);
    while let Some(byte) = bytes.get(at) {
        match (quote, byte) {
            (b'\'', b'\'') | (b'"', b'"') => quote = 0,
            (b'\'', _) => {}
            (_, b'\\') => at += 1,
            (0, b'\'' | b'"') => quote = *byte,
            (_, b'(') => depth += 1,
            (_, b')') => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The character of an escape after its backslash, and how many bytes it takes; 0 for a character
/// that stands for itself.
fn escape(bytes: &[u8]) -> (Option<char>, usize) {
    let digits = |from: usize, most: usize, radix: u32| {
        let found = bytes.iter().skip(from).take(most);
        let count = found.take_while(|b| (**b as char).is_digit(radix)).count();
        let text = bytes.get(from..from + count).and_then(|text| std::str::from_utf8(text).ok());
        let value = text.and_then(|text| u32::from_str_radix(text, radix).ok());
        (value.and_then(char::from_u32), from + count)
    };
    match bytes.first() {
        Some(b'n') => (Some('\n'), 1),
        Some(b't') => (Some('\t'), 1),
        Some(b'r') => (Some('\r'), 1),
        Some(b'x') => digits(1, 2, 16),
        Some(b'0'..=b'7') => digits(0, 3, 8),
        _ => (None, 0),
    }
}

/// The text of a here-document up to its ending line, and where the text after it begins.
pub(super) fn here_document(text: &str, ending: &str, strip_tabs: bool) -> (String, usize) {
    let mut body = String::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let bare = line.trim_end_matches(['\n', '\r']);
        let bare = if strip_tabs { bare.trim_start_matches('\t') } else { bare };
        if bare == ending {
            return (body, at);
        }
        if body.len() + bare.len() < MAX_SHELL_WORD_BYTES {
            body.push_str(bare);
            body.push('\n');
        }
    }
    (body, at)
}
