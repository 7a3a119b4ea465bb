//! Semantic Versioning and its relatives: npm, Cargo, Hex and Swift (as they stand), Go modules
//! and the Go toolchain, NuGet, Dart.
//!
//! Sources: semver.org 2.0.0 §9–11, node-semver (what it reads loosely), golang.org/x/mod/semver
//! and the Go release tags, NuGet's versioning reference, Dart's pub_semver.

use std::cmp::Ordering;

use super::number::{Folded, Number, ZERO, split_digits, split_while};

/// Numbers of a NuGet version; the others have three.
const NUMBERS_MAX: usize = 4;

/// `major[.minor[.patch]][-pre][+build]`. Missing numbers are nought. What follows the numbers
/// without a hyphen is read as a pre-release too, as npm does (`1.2.3beta`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Semver<'a> {
    flavour: Flavour,
    numbers: [Number<'a>; NUMBERS_MAX],
    pre: &'a str,
    build: &'a str,
    /// The pre-release is glued to the numbers (`1.22rc1`): letters and digits part too.
    glued: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    Plain,
    /// The build counts, after everything else.
    Dart,
    /// Case does not count.
    Nuget,
}

impl<'a> Semver<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, &'static str> {
        let text = text.trim_start_matches('=').trim_start();
        read(strip_v(text), 3, Flavour::Plain)
    }

    pub(super) fn dart(text: &'a str) -> Result<Self, &'static str> {
        read(strip_v(text), 3, Flavour::Dart)
    }

    pub(super) fn nuget(text: &'a str) -> Result<Self, &'static str> {
        read(strip_v(text), NUMBERS_MAX, Flavour::Nuget)
    }

    /// A module version (`v1.2.3`, pseudo-versions and `+incompatible` included) or a toolchain
    /// version (`go1.22rc1`, `1.22.3 X:boringcrypto`).
    pub(super) fn go(text: &'a str) -> Result<Self, &'static str> {
        let (text, _) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let text = text.strip_prefix("go").unwrap_or_else(|| strip_v(text));
        read(text, 3, Flavour::Plain)
    }

    pub(super) fn compare(&self, other: &Semver<'_>) -> Ordering {
        self.numbers
            .cmp(&other.numbers)
            .then_with(|| self.compare_pre(other))
            .then_with(|| self.compare_build(other))
    }

    fn compare_pre(&self, other: &Semver<'_>) -> Ordering {
        match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) if self.flavour == Flavour::Nuget => {
                compare_identifiers(self.pre_identifiers(), other.pre_identifiers(), |a, b| {
                    Folded(a).cmp(&Folded(b))
                })
            }
            (false, false) => {
                compare_identifiers(self.pre_identifiers(), other.pre_identifiers(), str::cmp)
            }
        }
    }

    fn pre_identifiers(&self) -> Identifiers<'a> {
        Identifiers { rest: Some(self.pre), glued: self.glued }
    }

    fn compare_build(&self, other: &Semver<'_>) -> Ordering {
        if self.flavour != Flavour::Dart {
            return Ordering::Equal;
        }
        match (self.build.is_empty(), other.build.is_empty()) {
            (false, false) => {
                let identifiers = |build| Identifiers { rest: Some(build), glued: false };
                compare_identifiers(identifiers(self.build), identifiers(other.build), str::cmp)
            }
            (a, b) => b.cmp(&a),
        }
    }
}

fn strip_v(text: &str) -> &str {
    text.strip_prefix(['v', 'V']).unwrap_or(text)
}

fn read(text: &str, count: usize, flavour: Flavour) -> Result<Semver<'_>, &'static str> {
    let mut numbers = [ZERO; NUMBERS_MAX];
    let mut rest = text;
    for (index, number) in numbers.iter_mut().take(count).enumerate() {
        let dotted = if index == 0 { Some(rest) } else { rest.strip_prefix('.') };
        let Some((digits, after)) = dotted.map(split_digits).filter(|(d, _)| !d.is_empty()) else {
            break;
        };
        *number = Number::new(digits);
        rest = after;
    }
    if rest.len() == text.len() {
        return Err("it does not begin with a number");
    }
    let (pre, build) = rest.split_once('+').unwrap_or((rest, ""));
    let glued = pre.starts_with(|c: char| c.is_ascii_alphabetic());
    let pre = pre.strip_prefix('-').unwrap_or(pre);
    Ok(Semver { flavour, numbers, pre, build, glued })
}

/// The identifiers of a pre-release or build.
struct Identifiers<'a> {
    rest: Option<&'a str>,
    glued: bool,
}

impl<'a> Iterator for Identifiers<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let (mut identifier, after) = match rest.split_once('.') {
            Some((identifier, after)) => (identifier, Some(after)),
            None => (rest, None),
        };
        self.rest = after;
        if self.glued {
            let digits = identifier.starts_with(|c: char| c.is_ascii_digit());
            let (front, back) = split_while(identifier, |b| b.is_ascii_digit() == digits);
            if !back.is_empty() {
                identifier = front;
                self.rest = rest.get(front.len()..);
            }
        }
        Some(identifier)
    }
}

/// Numbers by value and below words; the longer list after the shorter that it begins with.
fn compare_identifiers(
    mut a: Identifiers<'_>,
    mut b: Identifiers<'_>,
    words: impl Fn(&str, &str) -> Ordering,
) -> Ordering {
    let numeric = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    loop {
        let decided = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match (numeric(x), numeric(y)) {
                (true, true) => Number::new(x).cmp(&Number::new(y)),
                (false, false) => words(x, y),
                (x_numeric, y_numeric) => y_numeric.cmp(&x_numeric),
            },
        };
        if decided != Ordering::Equal {
            return decided;
        }
    }
}
