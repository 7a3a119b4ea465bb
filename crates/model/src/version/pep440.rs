//! Python's order. Sources: PEP 440 (Version specifiers, appendix B for the grammar); for what is
//! not PEP 440, the legacy order of setuptools' `parse_version`, all of it below PEP 440.

use super::number::{Folded, Number, ZERO, split_digits, split_while};

/// A Python version. The derived order is the one PEP 440 demands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pep440<'a> {
    Legacy(Vec<String>),
    Standard(Standard<'a>),
}

/// Fields in the order in which they decide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Standard<'a> {
    epoch: Number<'a>,
    /// Without trailing noughts.
    release: Vec<Number<'a>>,
    pre: Pre<'a>,
    post: Option<Number<'a>>,
    dev: Dev<'a>,
    local: Option<Vec<Local<'a>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pre<'a> {
    /// A development release of the release itself: before its pre-releases.
    BeforeAll,
    /// 0 alpha, 1 beta, 2 candidate.
    Is(u8, Number<'a>),
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dev<'a> {
    Is(Number<'a>),
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Local<'a> {
    Word(Folded<'a>),
    Number(Number<'a>),
}

/// Spellings, the longer before the shorter that it begins with.
static PRE_WORDS: &[(&str, u8)] = &[
    ("alpha", 0),
    ("a", 0),
    ("beta", 1),
    ("b", 1),
    ("preview", 2),
    ("pre", 2),
    ("rc", 2),
    ("c", 2),
];
static POST_WORDS: &[(&str, u8)] = &[("post", 0), ("rev", 0), ("r", 0)];
static DEV_WORDS: &[(&str, u8)] = &[("dev", 0)];

impl<'a> Pep440<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        match standard(text) {
            Some(version) => Pep440::Standard(version),
            None => Pep440::Legacy(legacy(text)),
        }
    }
}

fn standard(text: &str) -> Option<Standard<'_>> {
    let mut rest = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let mut epoch = ZERO;
    if let Some((digits, after)) = rest.split_once('!') {
        epoch = number(digits)?;
        rest = after;
    }
    let release;
    (release, rest) = read_release(rest)?;
    let pre = read_word(rest, PRE_WORDS).map(|(word, number, after)| {
        rest = after;
        Pre::Is(word, number)
    });
    let post = read_post(rest).map(|(number, after)| {
        rest = after;
        number
    });
    let dev = read_word(rest, DEV_WORDS).map(|(_, number, after)| {
        rest = after;
        Dev::Is(number)
    });
    let local = match rest.strip_prefix('+') {
        Some(local) => Some(read_local(local)?),
        None if rest.is_empty() => None,
        None => return None,
    };
    let lone_dev = dev.is_some() && post.is_none();
    let pre = pre.unwrap_or(if lone_dev { Pre::BeforeAll } else { Pre::None });
    Some(Standard { epoch, release, pre, post, dev: dev.unwrap_or(Dev::None), local })
}

fn number(digits: &str) -> Option<Number<'_>> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| Number::new(digits))
}

fn read_release(text: &str) -> Option<(Vec<Number<'_>>, &str)> {
    let mut release = Vec::with_capacity(4);
    let (digits, mut rest) = split_digits(text);
    release.push(number(digits)?);
    while let Some((digits, after)) = rest.strip_prefix('.').map(split_digits) {
        let Some(number) = number(digits) else { break };
        release.push(number);
        rest = after;
    }
    while release.last().is_some_and(|number| number.is_zero()) {
        release.pop();
    }
    Some((release, rest))
}

fn skip_divider(text: &str) -> &str {
    text.strip_prefix(['.', '-', '_']).unwrap_or(text)
}

/// `[.-_] word [.-_] [digits]`: the word's value, the number (nought if missing) and the rest.
fn read_word<'a>(text: &'a str, words: &[(&str, u8)]) -> Option<(u8, Number<'a>, &'a str)> {
    let text = skip_divider(text);
    let begins =
        |word: &str| text.get(..word.len()).is_some_and(|front| front.eq_ignore_ascii_case(word));
    let (word, value) = words.iter().find(|(word, _)| begins(word))?;
    let rest = skip_divider(text.get(word.len()..)?);
    let (digits, rest) = split_digits(rest);
    Some((*value, Number::new(digits), rest))
}

/// A post-release: a word, or a hyphen and a number.
fn read_post(text: &str) -> Option<(Number<'_>, &str)> {
    if let Some((digits, rest)) = text.strip_prefix('-').map(split_digits)
        && let Some(number) = number(digits)
    {
        return Some((number, rest));
    }
    read_word(text, POST_WORDS).map(|(_, number, rest)| (number, rest))
}

fn read_local(text: &str) -> Option<Vec<Local<'_>>> {
    text.split(['.', '-', '_'])
        .map(|part| match number(part) {
            Some(number) => Some(Local::Number(number)),
            None if !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Some(Local::Word(Folded(part)))
            }
            None => None,
        })
        .collect()
}

/// The legacy key: numbers padded to eight digits, words marked with `*` so that they sort before
/// numbers, pre-release words before `*final`.
fn legacy(text: &str) -> Vec<String> {
    let text = text.to_ascii_lowercase();
    let mut key: Vec<String> = Vec::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.bytes().next() {
        let part;
        (part, rest) = match first {
            b'0'..=b'9' => split_digits(rest),
            b'a'..=b'z' => split_while(rest, |b| b.is_ascii_lowercase()),
            b'.' | b'-' => rest.split_at_checked(1).unwrap_or((rest, "")),
            _ => split_while(rest, |b| {
                !b.is_ascii_digit() && !b.is_ascii_lowercase() && !matches!(b, b'.' | b'-')
            }),
        };
        match part {
            "." => {}
            "pre" | "preview" | "rc" => push_legacy(&mut key, "*c".to_owned()),
            "-" => push_legacy(&mut key, "*final-".to_owned()),
            "dev" => push_legacy(&mut key, "*@".to_owned()),
            digits if first.is_ascii_digit() => push_legacy(&mut key, format!("{digits:0>8}")),
            word => push_legacy(&mut key, format!("*{word}")),
        }
    }
    push_legacy(&mut key, "*final".to_owned());
    key
}

fn push_legacy(key: &mut Vec<String>, part: String) {
    if part.starts_with('*') {
        if part.as_str() < "*final" {
            while key.last().is_some_and(|last| last == "*final-") {
                key.pop();
            }
        }
        while key.last().is_some_and(|last| last == "00000000") {
            key.pop();
        }
    }
    key.push(part);
}
