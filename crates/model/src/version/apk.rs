//! apk's order. Source: apk-package(5), "package version", and the comparison of apk-tools 3.
//!
//! A version is `number{.number}{letter}{_suffix{number}}{~hash}{-r#}`. Two versions are compared
//! token by token; where the kinds of token differ, the kind decides. What does not fit the
//! grammar sorts before the end of the version, after a pre-release, and equal among itself.

use std::cmp::Ordering;

use super::number::{Number, split_digits, split_while};

/// The text; tokens are read as they are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Apk<'a>(&'a str);

/// A token, the kinds in the order in which they follow a common beginning.
#[derive(Debug, Clone, Copy)]
enum Token<'a> {
    PreSuffix(u8),
    Invalid,
    End,
    Revision(Number<'a>),
    Hash(&'a str),
    SuffixNumber(Number<'a>),
    PostSuffix(u8),
    Letter(u8),
    /// A number after a dot: one with a leading nought is compared as text.
    Part(&'a str),
    First(Number<'a>),
}

static PRE_SUFFIXES: [&str; 4] = ["alpha", "beta", "pre", "rc"];
static POST_SUFFIXES: [&str; 5] = ["cvs", "svn", "git", "hg", "p"];

impl<'a> Apk<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        Apk(text)
    }

    pub(super) fn compare(&self, other: &Apk<'_>) -> Ordering {
        let (mut x, mut a) = first_token(self.0);
        let (mut y, mut b) = first_token(other.0);
        loop {
            match x.compare(y) {
                Ordering::Equal if matches!(x, Token::End | Token::Invalid) => {
                    return Ordering::Equal;
                }
                Ordering::Equal => {}
                decided => return decided,
            }
            (x, a) = next_token(x, a);
            (y, b) = next_token(y, b);
        }
    }
}

impl Token<'_> {
    fn rank(self) -> u8 {
        match self {
            Token::PreSuffix(_) => 0,
            Token::Invalid => 1,
            Token::End => 2,
            Token::Revision(_) => 3,
            Token::Hash(_) => 4,
            Token::SuffixNumber(_) => 5,
            Token::PostSuffix(_) => 6,
            Token::Letter(_) => 7,
            Token::Part(_) => 8,
            Token::First(_) => 9,
        }
    }

    fn compare(self, other: Token<'_>) -> Ordering {
        match (self, other) {
            (Token::Revision(a), Token::Revision(b))
            | (Token::SuffixNumber(a), Token::SuffixNumber(b))
            | (Token::First(a), Token::First(b)) => a.cmp(&b),
            (Token::PreSuffix(a), Token::PreSuffix(b))
            | (Token::PostSuffix(a), Token::PostSuffix(b))
            | (Token::Letter(a), Token::Letter(b)) => a.cmp(&b),
            (Token::Hash(a), Token::Hash(b)) => a.cmp(b),
            (Token::Part(a), Token::Part(b)) if a.starts_with('0') || b.starts_with('0') => {
                a.cmp(b)
            }
            (Token::Part(a), Token::Part(b)) => Number::new(a).cmp(&Number::new(b)),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

fn first_token(text: &str) -> (Token<'_>, &str) {
    let (digits, rest) = split_digits(text);
    (Token::First(Number::new(digits)), rest)
}

/// The token after one of the kind of `before`.
fn next_token<'a>(before: Token<'_>, text: &'a str) -> (Token<'a>, &'a str) {
    let invalid = (Token::Invalid, text);
    let Some(first) = text.bytes().next() else { return (Token::End, text) };
    if let Some(revision) = last_revision(text) {
        let again = matches!(before, Token::Revision(_));
        return if again { invalid } else { (Token::Revision(Number::new(revision)), "") };
    }
    let rest = text.get(1..).unwrap_or_default();
    let in_numbers = matches!(before, Token::First(_) | Token::Part(_));
    match first {
        b'.' if in_numbers => {
            let (digits, rest) = split_digits(rest);
            (Token::Part(digits), rest)
        }
        b'a'..=b'z' if in_numbers => (Token::Letter(first), rest),
        b'_' if before.rank() >= 5 || matches!(before, Token::PreSuffix(_)) => {
            let (word, rest) = split_while(rest, |b| b.is_ascii_lowercase());
            suffix(word).map_or(invalid, |token| (token, rest))
        }
        // Not in the grammar any more, but packages have it (`5.9.2p1`) and apk-tools 2 reads it.
        b'0'..=b'9' if matches!(before, Token::Letter(_)) => {
            let (digits, rest) = split_digits(text);
            (Token::Part(digits), rest)
        }
        b'0'..=b'9' if matches!(before, Token::PreSuffix(_) | Token::PostSuffix(_)) => {
            let (digits, rest) = split_digits(text);
            (Token::SuffixNumber(Number::new(digits)), rest)
        }
        b'~' if before.rank() >= 5 || matches!(before, Token::PreSuffix(_)) => {
            let (hash, rest) = split_while(rest, |b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            if hash.is_empty() { invalid } else { (Token::Hash(hash), rest) }
        }
        _ => invalid,
    }
}

/// The number of a revision that ends the text: `-r3`, and the misspelt `.r3` and `r3`.
fn last_revision(text: &str) -> Option<&str> {
    let all_digits = |s: &&str| s.bytes().all(|b| b.is_ascii_digit());
    if let Some(digits) = text.strip_prefix("-r") {
        return Some(digits).filter(all_digits);
    }
    let digits = text.strip_prefix('.').unwrap_or(text).strip_prefix('r')?;
    Some(digits).filter(all_digits).filter(|digits| !digits.is_empty())
}

fn suffix(word: &str) -> Option<Token<'static>> {
    let place = |table: &[&str]| {
        table.iter().position(|known| *known == word).and_then(|place| u8::try_from(place).ok())
    };
    place(&PRE_SUFFIXES)
        .map(Token::PreSuffix)
        .or_else(|| place(&POST_SUFFIXES).map(Token::PostSuffix))
}
