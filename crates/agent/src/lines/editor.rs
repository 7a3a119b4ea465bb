//! What keys do to a line, as the line editors of bash, zsh, busybox and others do it by default
//! (readline(3), its emacs keys). No terminal: nothing is drawn, nothing is answered.

/// Characters of a line that are kept.
const MAX_LINE_CHARS: usize = 4096;
/// Bytes of an escape sequence; a longer one is none.
const MAX_SEQUENCE_BYTES: usize = 32;
/// Lines that can be taken up again.
const MAX_HISTORY: usize = 32;
const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;

/// A line that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entered {
    pub(super) text: String,
    pub(super) exact: bool,
    pub(super) cut: bool,
}

/// The line that is being typed, and what a later key may need.
#[derive(Default)]
pub(super) struct Editor {
    text: Vec<char>,
    cursor: usize,
    killed: Vec<char>,
    history: Vec<Vec<char>>,
    /// How far up in the history; 0 for the new line.
    up: usize,
    waiting: Waiting,
    pasting: bool,
    inexact: bool,
    cut: bool,
}

/// What the next byte belongs to.
#[derive(Default)]
enum Waiting {
    #[default]
    Nothing,
    /// A character of several bytes.
    Character(Vec<u8>),
    /// A key of several bytes.
    Sequence(Vec<u8>),
    /// The next key is a character, whatever it is.
    Quoted,
}

impl Editor {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && matches!(self.waiting, Waiting::Nothing)
    }

    /// Begins anew; the history stays.
    pub(super) fn abandon(&mut self) {
        self.text.clear();
        (self.cursor, self.up) = (0, 0);
        self.waiting = Waiting::Nothing;
        (self.pasting, self.inexact, self.cut) = (false, false, false);
    }

    /// Something of the line was not seen.
    pub(super) fn cut(&mut self) {
        self.cut = true;
    }

    /// Ends the line.
    pub(super) fn enter(&mut self) -> Entered {
        let text: String = self.text.iter().collect();
        let entered = Entered { text, exact: !self.inexact, cut: self.cut };
        if !self.text.is_empty() {
            if self.history.len() == MAX_HISTORY {
                self.history.remove(0);
            }
            self.history.push(std::mem::take(&mut self.text));
        }
        self.abandon();
        entered
    }

    /// A byte of a line that the kernel has edited already.
    pub(super) fn byte(&mut self, byte: u8) -> Option<Entered> {
        if byte == b'\n' {
            return Some(self.enter());
        }
        self.cursor = self.text.len();
        match std::mem::take(&mut self.waiting) {
            Waiting::Character(held) => self.continue_character(held, byte),
            _ => self.begin_character(byte),
        }
        None
    }

    /// A byte of a key.
    pub(super) fn key(&mut self, byte: u8) -> Option<Entered> {
        match std::mem::take(&mut self.waiting) {
            Waiting::Sequence(held) => {
                self.continue_sequence(held, byte);
                None
            }
            Waiting::Character(held) if byte & 0xc0 == 0x80 => {
                self.continue_character(held, byte);
                None
            }
            Waiting::Quoted => {
                self.begin_character(byte);
                None
            }
            // A character that was cut off is lost.
            Waiting::Character(_) | Waiting::Nothing => self.fresh_key(byte),
        }
    }

    fn fresh_key(&mut self, byte: u8) -> Option<Entered> {
        match byte {
            b'\r' | b'\n' if !self.pasting => return Some(self.enter()),
            b'\r' | b'\n' => self.insert('\n'),
            b'\t' if self.pasting => self.insert('\t'),
            ESCAPE => self.waiting = Waiting::Sequence(Vec::new()),
            0..0x20 | DELETE => return self.control(byte),
            _ => self.begin_character(byte),
        }
        None
    }

    /// Control keys, named as on the keyboard.
    fn control(&mut self, byte: u8) -> Option<Entered> {
        match if byte == DELETE { b'H' } else { byte | 0x40 } {
            b'H' => self.kill(self.cursor.saturating_sub(1)..self.cursor, false),
            b'D' => self.kill(self.cursor..self.cursor + 1, false),
            b'A' => self.cursor = 0,
            b'E' => self.cursor = self.text.len(),
            b'B' => self.cursor = self.cursor.saturating_sub(1),
            b'F' => self.cursor = (self.cursor + 1).min(self.text.len()),
            b'K' => self.kill(self.cursor..self.text.len(), true),
            b'U' => self.kill(0..self.cursor, true),
            b'W' => self.kill(self.blank_before()..self.cursor, true),
            b'Y' => self.killed.clone().into_iter().for_each(|one| self.insert(one)),
            b'T' => self.transpose(),
            b'V' => self.waiting = Waiting::Quoted,
            b'C' => self.abandon(),
            b'P' => self.recall(self.up + 1),
            b'N' => self.recall(self.up.saturating_sub(1)),
            b'L' | b'G' | b'@' => {}
            b'O' => return Some(self.enter()),
            // Completion, search, undo: what the shell makes of them is not typed.
            _ => self.inexact = true,
        }
        None
    }

    fn continue_sequence(&mut self, mut held: Vec<u8>, byte: u8) {
        held.push(byte);
        let is_whole = match held.first() {
            Some(b'[') => held.len() > 1 && (0x40..0x7f).contains(&byte),
            Some(b'O') => held.len() > 1,
            _ => true,
        };
        if is_whole {
            self.sequence(&held);
        } else if held.len() < MAX_SEQUENCE_BYTES {
            self.waiting = Waiting::Sequence(held);
        }
    }

    fn sequence(&mut self, bytes: &[u8]) {
        let by_words = bytes.ends_with(b";5C")
            || bytes.ends_with(b";5D")
            || bytes.ends_with(b";3C")
            || bytes.ends_with(b";3D");
        match bytes {
            b"[200~" => self.pasting = true,
            b"[201~" => self.pasting = false,
            b"[A" | b"OA" => self.recall(self.up + 1),
            b"[B" | b"OB" => self.recall(self.up.saturating_sub(1)),
            b"b" => self.cursor = self.word_before(),
            b"f" => self.cursor = self.word_behind(),
            b"d" => self.kill(self.cursor..self.word_behind(), true),
            [DELETE | 0x08] => self.kill(self.word_before()..self.cursor, true),
            [b'[', .., b'C'] if by_words => self.cursor = self.word_behind(),
            [b'[', .., b'D'] if by_words => self.cursor = self.word_before(),
            [b'[' | b'O', .., b'C'] => self.cursor = (self.cursor + 1).min(self.text.len()),
            [b'[' | b'O', .., b'D'] => self.cursor = self.cursor.saturating_sub(1),
            [b'[' | b'O', .., b'H'] | b"[1~" | b"[7~" => self.cursor = 0,
            [b'[' | b'O', .., b'F'] | b"[4~" | b"[8~" => self.cursor = self.text.len(),
            b"[3~" => self.kill(self.cursor..self.cursor + 1, false),
            // The terminal's answers and keys without a meaning.
            [b'[' | b'O', ..] => {}
            _ => self.inexact = true,
        }
    }

    fn begin_character(&mut self, byte: u8) {
        match byte {
            0xc2..=0xf4 => self.waiting = Waiting::Character(vec![byte]),
            0x80.. => self.insert(char::REPLACEMENT_CHARACTER),
            _ => self.insert(char::from(byte)),
        }
    }

    fn continue_character(&mut self, mut held: Vec<u8>, byte: u8) {
        if byte & 0xc0 != 0x80 {
            self.insert(char::REPLACEMENT_CHARACTER);
            return self.begin_character(byte);
        }
        held.push(byte);
        let needed = match held.first() {
            Some(0xf0..) => 4,
            Some(0xe0..) => 3,
            _ => 2,
        };
        if held.len() < needed {
            self.waiting = Waiting::Character(held);
            return;
        }
        String::from_utf8_lossy(&held).chars().for_each(|one| self.insert(one));
    }

    fn insert(&mut self, one: char) {
        if self.text.len() >= MAX_LINE_CHARS {
            self.cut = true;
            return;
        }
        self.text.insert(self.cursor.min(self.text.len()), one);
        self.cursor += 1;
    }

    /// Takes characters out; those of more than a key's worth can be put in again.
    fn kill(&mut self, range: std::ops::Range<usize>, keep: bool) {
        let range = range.start.min(self.text.len())..range.end.min(self.text.len());
        self.cursor = range.start;
        let gone: Vec<char> = self.text.drain(range).collect();
        if keep && !gone.is_empty() {
            self.killed = gone;
        }
    }

    fn transpose(&mut self) {
        let behind = if self.cursor == self.text.len() { self.cursor } else { self.cursor + 1 };
        if behind >= 2 && self.cursor > 0 {
            self.text.swap(behind - 2, behind - 1);
            self.cursor = behind;
        }
    }

    /// A line of before. The shell may have others, of a file: what comes is likely, not sure.
    fn recall(&mut self, up: usize) {
        self.inexact = true;
        let line = self.history.len().checked_sub(up).and_then(|at| self.history.get(at));
        self.text = line.cloned().unwrap_or_default();
        self.cursor = self.text.len();
        self.up = up.min(MAX_HISTORY + 1);
    }

    /// Where the word of ^W begins: blanks alone part words.
    fn blank_before(&self) -> usize {
        self.before(|one| one.is_whitespace())
    }

    /// Where the word before begins: whatever is no letter or digit parts words.
    fn word_before(&self) -> usize {
        self.before(|one| !one.is_alphanumeric())
    }

    fn before(&self, parts: impl Fn(char) -> bool) -> usize {
        let before = self.text.get(..self.cursor).unwrap_or_default();
        let word_end = before.iter().rposition(|one| !parts(*one)).map_or(0, |at| at + 1);
        let word = before.get(..word_end).unwrap_or_default();
        word.iter().rposition(|one| parts(*one)).map_or(0, |at| at + 1)
    }

    fn word_behind(&self) -> usize {
        let behind = self.text.iter().enumerate().skip(self.cursor);
        let mut in_word = behind.skip_while(|(_, one)| !one.is_alphanumeric());
        in_word.find(|(_, one)| !one.is_alphanumeric()).map_or(self.text.len(), |(at, _)| at)
    }
}
