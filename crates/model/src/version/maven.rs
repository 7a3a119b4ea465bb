//! Maven's order. Source: Maven 3's `ComparableVersion`, which "Version Order Specification" of
//! the Maven POM reference describes.
//!
//! It is no total order: it holds `1.1.0-01` before `1.1.0.Beta1`, that before `1.1.0`, and that
//! before `1.1.0-01`. This file decides as Maven does.

use std::cmp::Ordering;

use super::number::{Folded, Number, split_while};

/// Items of a version. A hyphen, and a change between digits and letters, opens a list inside the
/// list before it; since that is always the last item of its list, one flat run says it all.
#[derive(Debug, Clone)]
pub(super) struct Maven<'a>(Vec<Item<'a>>);

/// In the order in which they follow a common beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item<'a> {
    /// A qualifier: its place among the known ones, and itself where it is not known.
    Qualifier(u8, Folded<'a>),
    /// A list begins.
    Open,
    Number(Number<'a>),
}

/// Place of the empty qualifier, which is the release itself.
const RELEASE: u8 = 5;
/// Place of every qualifier that is not known.
const OTHER: u8 = 7;

static QUALIFIERS: &[(&str, u8)] = &[
    ("alpha", 0),
    ("beta", 1),
    ("milestone", 2),
    ("rc", 3),
    ("cr", 3),
    ("snapshot", 4),
    ("final", RELEASE),
    ("ga", RELEASE),
    ("release", RELEASE),
    ("sp", 6),
];

impl<'a> Maven<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let mut items = Vec::with_capacity(8);
        let mut rest = text;
        loop {
            let digits = rest.starts_with(|c: char| c.is_ascii_digit());
            let (word, after) =
                split_while(rest, |b| !matches!(b, b'.' | b'-') && b.is_ascii_digit() == digits);
            let before_digit = after.starts_with(|c: char| c.is_ascii_digit());
            // Nothing between two dividers is nought.
            items.push(if word.is_empty() || digits {
                Item::Number(Number::new(word))
            } else {
                qualifier(word, before_digit)
            });
            rest = match after.bytes().next() {
                None => break,
                Some(b'.') => after.get(1..).unwrap_or_default(),
                Some(divider) => {
                    items.push(Item::Open);
                    after.get(usize::from(divider == b'-')..).unwrap_or_default()
                }
            };
        }
        trim(&mut items);
        Maven(items)
    }

    pub(super) fn compare(&self, other: &Maven<'_>) -> Ordering {
        let (a, b) = (&self.0, &other.0);
        for index in 0..a.len().max(b.len()) {
            let decided = match (a.get(index), b.get(index)) {
                (Some(x), Some(y)) => x.cmp(y),
                (Some(x), None) => x.against_end(),
                (None, Some(y)) => y.against_end().reverse(),
                (None, None) => Ordering::Equal,
            };
            if decided != Ordering::Equal {
                return decided;
            }
        }
        Ordering::Equal
    }
}

impl Item<'_> {
    fn against_end(self) -> Ordering {
        match self {
            Item::Qualifier(place, _) => place.cmp(&RELEASE),
            Item::Number(number) if !number.is_zero() => Ordering::Greater,
            Item::Number(_) | Item::Open => Ordering::Equal,
        }
    }
}

/// `a`, `b` and `m` are short for `alpha`, `beta` and `milestone` directly before a digit.
fn qualifier(word: &str, before_digit: bool) -> Item<'_> {
    let known = QUALIFIERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    let place = match (known, word) {
        (Some((_, place)), _) => Some(*place),
        (None, "a" | "A") if before_digit => Some(0),
        (None, "b" | "B") if before_digit => Some(1),
        (None, "m" | "M") if before_digit => Some(2),
        _ => None,
    };
    match place {
        Some(place) => Item::Qualifier(place, Folded("")),
        None => Item::Qualifier(OTHER, Folded(word)),
    }
}

/// Takes away what is null at the end of each list: nought, the release, the empty list.
fn trim(items: &mut Vec<Item<'_>>) {
    let mut at_end = true;
    for index in (0..items.len()).rev() {
        let last = index + 1 == items.len();
        match items.get(index) {
            Some(Item::Open) => {
                at_end = true;
                if last {
                    items.remove(index);
                }
            }
            Some(item) if at_end && item.against_end() == Ordering::Equal => {
                items.remove(index);
            }
            _ => at_end = false,
        }
    }
}
