//! pacman's order. Source: vercmp(8). Close to rpm's, with three differences: runs of dividers of
//! different length decide, a rest of letters is older than nothing, and a release that only one
//! side has is not compared.

use std::cmp::Ordering;

use super::number::Number;
use super::rpm::{compare_segments, split_epoch, take_segment};

/// `[epoch:]version[-release]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alpm<'a> {
    epoch: Number<'a>,
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

impl<'a> Alpm<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let (epoch, rest) = split_epoch(text);
        let (version, release) = match rest.rsplit_once('-') {
            Some((version, release)) => (version, Some(release.as_bytes())),
            None => (rest, None),
        };
        Alpm { epoch, version: version.as_bytes(), release }
    }

    pub(super) fn compare(&self, other: &Alpm<'_>) -> Ordering {
        let by_release = || match (self.release, other.release) {
            (Some(a), Some(b)) => compare_part(a, b),
            _ => Ordering::Equal,
        };
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_part(self.version, other.version))
            .then_with(by_release)
    }
}

fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    while !a.is_empty() && !b.is_empty() {
        let (skipped_a, skipped_b);
        (skipped_a, a) = skip_dividers(a);
        (skipped_b, b) = skip_dividers(b);
        let (Some(x), Some(y)) = (a.first(), b.first()) else { break };
        if skipped_a != skipped_b {
            return skipped_a.cmp(&skipped_b);
        }
        if x.is_ascii_digit() != y.is_ascii_digit() {
            return x.is_ascii_digit().cmp(&y.is_ascii_digit());
        }
        let (segment_a, segment_b);
        (segment_a, a) = take_segment(a);
        (segment_b, b) = take_segment(b);
        match compare_segments(segment_a, segment_b) {
            Ordering::Equal => {}
            decided => return decided,
        }
    }
    compare_rest(a, b)
}

/// What is left once one side has ended: letters are a pre-release, all else is newer.
fn compare_rest(a: &[u8], b: &[u8]) -> Ordering {
    let letters = |bytes: &[u8]| bytes.first().is_some_and(u8::is_ascii_alphabetic);
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) if !letters(b) => Ordering::Less,
        _ if letters(a) => Ordering::Less,
        _ => Ordering::Greater,
    }
}

/// How many bytes at the front only divide, and what follows them.
fn skip_dividers(bytes: &[u8]) -> (usize, &[u8]) {
    let count = bytes.iter().take_while(|b| !b.is_ascii_alphanumeric()).count();
    (count, bytes.get(count..).unwrap_or_default())
}
