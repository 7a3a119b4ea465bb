//! The order of software outside every package manager: openssl `1.1.1w`, nginx `1.25.3`,
//! python `3.13.0rc1`, java `17.0.9+9`, bitnami `6.2.0-3`.
//!
//! No specification; what these projects share. Numbers by value; pre-release words (`rc`, `beta`,
//! `a` or `b` before a number …) before the end; other letters after the end; numbers after those.

use std::cmp::Ordering;

use super::number::{Folded, Number, split_while};

/// Words that come before the release, least first; those of one line are the same.
static PRE_RELEASE_WORDS: &[&[&str]] = &[
    &["dev", "snapshot", "nightly"],
    &["alpha"],
    &["beta"],
    &["m", "milestone"],
    &["pre", "preview", "prerelease", "ea"],
    &["c", "cr", "rc"],
];
/// Words that say nothing but that it is a release.
static RELEASE_WORDS: &[&str] = &["final", "ga", "release"];

/// A version as a run of numbers and words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Generic<'a>(&'a str);

/// In the order in which they follow a common beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Pre(usize),
    End,
    Word(Folded<'a>),
    Number(Number<'a>),
}

impl<'a> Generic<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, &'static str> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            Ok(Generic(text))
        } else {
            Err("it does not begin with a number")
        }
    }

    pub(super) fn compare(&self, other: &Generic<'_>) -> Ordering {
        let (mut a, mut b) = (self.0, other.0);
        loop {
            let (x, y);
            (x, a) = next_part(a);
            (y, b) = next_part(b);
            match x.cmp(&y) {
                Ordering::Equal if x == Part::End => return Ordering::Equal,
                Ordering::Equal => {}
                decided => return decided,
            }
        }
    }
}

fn next_part(mut text: &str) -> (Part<'_>, &str) {
    loop {
        let before = text.len();
        (_, text) = split_while(text, |b| b.is_ascii() && !b.is_ascii_alphanumeric() && b != b'~');
        let glued = text.len() == before;
        match text.bytes().next() {
            None => return (Part::End, text),
            // A tilde goes before everything, as package managers use it.
            Some(b'~') => return (Part::Pre(0), split_while(text, |b| b == b'~').1),
            Some(b'0'..=b'9') => {
                let (digits, rest) = split_while(text, |b| b.is_ascii_digit());
                return (Part::Number(Number::new(digits)), rest);
            }
            Some(_) => {
                let (word, rest) = split_while(text, |b| b.is_ascii_alphabetic() || !b.is_ascii());
                if !RELEASE_WORDS.iter().any(|release| release.eq_ignore_ascii_case(word)) {
                    return (word_part(word, glued, rest), rest);
                }
                text = rest;
            }
        }
    }
}

/// A single letter is a pre-release only between two numbers and glued to both (`3.13.0b2`);
/// Java's `-b08` is a build.
fn word_part<'a>(word: &'a str, glued: bool, rest: &str) -> Part<'a> {
    let before_number = glued && rest.starts_with(|c: char| c.is_ascii_digit());
    let word_is = |other: &&str| other.eq_ignore_ascii_case(word);
    match word {
        "a" | "A" if before_number => return Part::Pre(2),
        "b" | "B" if before_number => return Part::Pre(3),
        "m" | "M" | "c" | "C" if !before_number => return Part::Word(Folded(word)),
        _ => {}
    }
    match PRE_RELEASE_WORDS.iter().position(|same| same.iter().any(word_is)) {
        Some(place) => Part::Pre(place + 1),
        None => Part::Word(Folded(word)),
    }
}
