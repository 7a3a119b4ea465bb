//! Composer's order. Source: composer/semver's comparator, which is PHP's `version_compare`
//! (php.net manual) after a leading `v` is dropped.

use std::cmp::Ordering;

use super::number::{Number, split_while};

/// A version as a run of numbers and words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Composer<'a>(&'a str);

#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    Number(Number<'a>),
    Word(Rank),
    End,
}

/// What a word, a number or the end is worth against a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Unknown,
    Dev,
    Alpha,
    Beta,
    Candidate,
    /// Any number, `#`, and the end.
    Number,
    Patch,
}

impl<'a> Composer<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        Composer(text.strip_prefix(['v', 'V']).unwrap_or(text))
    }

    pub(super) fn compare(&self, other: &Composer<'_>) -> Ordering {
        let (mut a, mut b) = (self.0, other.0);
        loop {
            let (x, y);
            (x, a) = next_part(a);
            (y, b) = next_part(b);
            let decided = match (x, y) {
                (Part::End, Part::End) => return Ordering::Equal,
                (Part::Number(x), Part::Number(y)) => x.cmp(&y),
                (Part::Number(_), Part::End) => Ordering::Greater,
                (Part::End, Part::Number(_)) => Ordering::Less,
                (x, y) => x.rank().cmp(&y.rank()),
            };
            if decided != Ordering::Equal {
                return decided;
            }
        }
    }
}

impl Part<'_> {
    fn rank(self) -> Rank {
        match self {
            Part::Word(rank) => rank,
            Part::Number(_) | Part::End => Rank::Number,
        }
    }
}

/// The number or word at the front and what follows it. Dividers and a change between digits and
/// other characters both part.
fn next_part(text: &str) -> (Part<'_>, &str) {
    let divides = |b: u8| b.is_ascii() && !b.is_ascii_alphanumeric() && b != b'#';
    let (_, text) = split_while(text, divides);
    match text.bytes().next() {
        None => (Part::End, text),
        Some(b'0'..=b'9') => {
            let (digits, rest) = split_while(text, |b| b.is_ascii_digit());
            (Part::Number(Number::new(digits)), rest)
        }
        Some(_) => {
            let (word, rest) = split_while(text, |b| !b.is_ascii_digit() && !divides(b));
            (Part::Word(rank_of(word)), rest)
        }
    }
}

/// A word counts by how it begins.
fn rank_of(word: &str) -> Rank {
    let begins =
        |with: &str| word.get(..with.len()).is_some_and(|front| front.eq_ignore_ascii_case(with));
    match word.as_bytes().first().map(u8::to_ascii_lowercase) {
        Some(b'd') if begins("dev") => Rank::Dev,
        Some(b'a') => Rank::Alpha,
        Some(b'b') => Rank::Beta,
        Some(b'r') if begins("rc") => Rank::Candidate,
        Some(b'#') => Rank::Number,
        Some(b'p') => Rank::Patch,
        _ => Rank::Unknown,
    }
}
