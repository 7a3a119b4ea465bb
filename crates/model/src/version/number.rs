//! `Number`: a run of digits compared by value, whatever its length; and folded text.

use std::cmp::Ordering;

/// The value of a run of ASCII digits, without leading zeros. No length is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Number<'a>(&'a str);

/// Nought.
pub(super) const ZERO: Number<'static> = Number("");

impl<'a> Number<'a> {
    /// The value of `digits`, which are ASCII digits; none are nought.
    pub(super) fn new(digits: &'a str) -> Self {
        Number(digits.trim_start_matches('0'))
    }

    /// Whether it is nought.
    pub(super) fn is_zero(self) -> bool {
        self.0.is_empty()
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Text compared without regard to ASCII case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folded<'a>(pub(super) &'a str);

impl Ord for Folded<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let fold = |b: u8| b.to_ascii_lowercase();
        self.0.bytes().map(fold).cmp(other.0.bytes().map(fold))
    }
}

impl PartialOrd for Folded<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Folded<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Folded<'_> {}

/// The digits that `text` begins with, and the rest.
pub(super) fn split_digits(text: &str) -> (&str, &str) {
    split_while(text, |b| b.is_ascii_digit())
}

/// The bytes that `text` begins with for which `keep` holds, and the rest. `keep` holds either for
/// every byte above 127 or for none, so the cut is between characters.
pub(super) fn split_while(text: &str, keep: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|b| !keep(b)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}
