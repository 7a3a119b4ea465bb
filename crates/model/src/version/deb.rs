//! Debian's order. Source: deb-version(7) and Debian Policy §5.6.12.

use std::cmp::Ordering;

use super::number::{Number, ZERO};

/// `[epoch:]upstream[-revision]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deb<'a> {
    epoch: Number<'a>,
    upstream: &'a [u8],
    revision: &'a [u8],
}

impl<'a> Deb<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, &'static str> {
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) => {
                if epoch.is_empty() || !epoch.bytes().all(|b| b.is_ascii_digit()) {
                    return Err("the epoch is not a number");
                }
                (Number::new(epoch), rest)
            }
            None => (ZERO, text),
        };
        // Without a revision, `0` is meant, and that is the same as nothing.
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Ok(Deb { epoch, upstream: upstream.as_bytes(), revision: revision.as_bytes() })
    }

    pub(super) fn compare(&self, other: &Deb<'_>) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_part(self.upstream, other.upstream))
            .then_with(|| compare_part(self.revision, other.revision))
    }
}

/// Compares by turns a run of other characters and a run of digits.
fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        loop {
            let (x, y) = (weight(a.first()), weight(b.first()));
            if x != y {
                return x.cmp(&y);
            }
            if x == 0 {
                break;
            }
            (a, b) = (rest(a), rest(b));
        }
        let (x, y);
        (x, a) = take_number(a);
        (y, b) = take_number(b);
        match x.len().cmp(&y.len()).then_with(|| x.cmp(y)) {
            Ordering::Equal => {}
            decided => return decided,
        }
    }
    Ordering::Equal
}

fn rest(bytes: &[u8]) -> &[u8] {
    bytes.get(1..).unwrap_or_default()
}

/// `~` before the end, the end (and digits) before letters, letters before all else.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        None | Some(b'0'..=b'9') => 0,
        Some(b'~') => -1,
        Some(b) if b.is_ascii_alphabetic() => i32::from(*b),
        Some(b) => i32::from(*b) + 256,
    }
}

fn take_number(bytes: &[u8]) -> (&[u8], &[u8]) {
    let zeros = bytes.iter().take_while(|b| **b == b'0').count();
    let bytes = bytes.get(zeros..).unwrap_or_default();
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    bytes.split_at_checked(digits).unwrap_or((bytes, &[]))
}
