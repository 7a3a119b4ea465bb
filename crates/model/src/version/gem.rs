//! RubyGems' order. Source: `Gem::Version` (segments, canonical segments, `<=>`).

use std::cmp::Ordering;

use super::number::{Number, ZERO, split_while};

/// Segments of a version, trailing noughts of the numbers and of the rest taken away.
#[derive(Debug, Clone)]
pub(super) struct Gem<'a>(Vec<Segment<'a>>);

/// Words are before numbers: a word makes a pre-release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    Word(&'a str),
    Number(Number<'a>),
}

const NOUGHT: Segment<'static> = Segment::Number(ZERO);

impl<'a> Gem<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, &'static str> {
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("it does not begin with a number");
        }
        let mut segments = Vec::with_capacity(6);
        let mut in_words = false;
        let mut rest = text;
        while let Some(first) = rest.bytes().next() {
            let segment;
            (segment, rest) = match first {
                b'0'..=b'9' => {
                    let (digits, rest) = split_while(rest, |b| b.is_ascii_digit());
                    (Some(Segment::Number(Number::new(digits))), rest)
                }
                b'a'..=b'z' | b'A'..=b'Z' => {
                    let (word, rest) = split_while(rest, |b| b.is_ascii_alphabetic());
                    (Some(Segment::Word(word)), rest)
                }
                b'-' => (Some(Segment::Word("pre")), rest.get(1..).unwrap_or_default()),
                _ => (None, split_while(rest, |b| !b.is_ascii_alphanumeric() && b != b'-').1),
            };
            let Some(segment) = segment else { continue };
            if !in_words && matches!(segment, Segment::Word(_)) {
                in_words = true;
                trim_noughts(&mut segments);
            }
            segments.push(segment);
        }
        trim_noughts(&mut segments);
        Ok(Gem(segments))
    }

    pub(super) fn compare(&self, other: &Gem<'_>) -> Ordering {
        let (a, b) = (&self.0, &other.0);
        for index in 0..a.len().max(b.len()) {
            let a = a.get(index).unwrap_or(&NOUGHT);
            let b = b.get(index).unwrap_or(&NOUGHT);
            match a.cmp(b) {
                Ordering::Equal => {}
                decided => return decided,
            }
        }
        Ordering::Equal
    }
}

fn trim_noughts(segments: &mut Vec<Segment<'_>>) {
    while segments.last() == Some(&NOUGHT) {
        segments.pop();
    }
}
