//! rpm's order. Source: rpm-version(7) (`rpmvercmp` and the comparison of epoch, version, release).

use std::cmp::Ordering;

use super::number::{Number, ZERO};

/// `[epoch:]version[-release]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rpm<'a> {
    epoch: Number<'a>,
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

impl<'a> Rpm<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let (epoch, rest) = split_epoch(text);
        let (version, release) = match rest.rsplit_once('-') {
            Some((version, release)) => (version, Some(release.as_bytes())),
            None => (rest, None),
        };
        Rpm { epoch, version: version.as_bytes(), release }
    }

    pub(super) fn compare(&self, other: &Rpm<'_>) -> Ordering {
        let by_release = || match (self.release, other.release) {
            (Some(a), Some(b)) => compare_part(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_part(self.version, other.version))
            .then_with(by_release)
    }
}

/// An epoch is digits before a colon; any other colon is part of the version.
pub(super) fn split_epoch(text: &str) -> (Number<'_>, &str) {
    match text.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => {
            (Number::new(epoch), rest)
        }
        _ => (ZERO, text),
    }
}

/// Compares segments of letters and of digits; `~` sorts before the end, `^` after the end but
/// before anything else. All other characters only divide.
fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        (a, b) = (skip_dividers(a), skip_dividers(b));
        match (a.first(), b.first()) {
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => {
                (a, b) = (rest(a), rest(b));
                continue;
            }
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            (Some(b'^'), other) => return order_of_caret(other),
            (other, Some(b'^')) => return order_of_caret(other).reverse(),
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() != y.is_ascii_digit() => {
                return x.is_ascii_digit().cmp(&y.is_ascii_digit());
            }
            (Some(_), Some(_)) => {}
        }
        let (x, y);
        (x, a) = take_segment(a);
        (y, b) = take_segment(b);
        match compare_segments(x, y) {
            Ordering::Equal => {}
            decided => return decided,
        }
    }
}

fn order_of_caret(other: Option<&u8>) -> Ordering {
    if other.is_none() { Ordering::Greater } else { Ordering::Less }
}

fn rest(bytes: &[u8]) -> &[u8] {
    bytes.get(1..).unwrap_or_default()
}

fn skip_dividers(bytes: &[u8]) -> &[u8] {
    let divides = |b: &&u8| !b.is_ascii_alphanumeric() && !matches!(b, b'~' | b'^');
    bytes.get(bytes.iter().take_while(divides).count()..).unwrap_or_default()
}

/// The segment at the front, of digits or of letters, and what follows it.
pub(super) fn take_segment(bytes: &[u8]) -> (&[u8], &[u8]) {
    let digits = bytes.first().is_some_and(u8::is_ascii_digit);
    let same = |b: &&u8| if digits { b.is_ascii_digit() } else { b.is_ascii_alphabetic() };
    let end = bytes.iter().take_while(same).count();
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

/// Compares two segments of the same kind: digits by value, letters by their bytes.
pub(super) fn compare_segments(a: &[u8], b: &[u8]) -> Ordering {
    if !a.first().is_some_and(u8::is_ascii_digit) {
        return a.cmp(b);
    }
    let (a, b) = (significant(a), significant(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn significant(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}
