//! Which of two versions is later, for what a report shows. Matching has its own exact orders;
//! this one only chooses which of several fixed versions to name and tells up from down.

use std::cmp::Ordering;

/// Compares versions by their parts: numbers by value, words by letter, `~` before anything
/// (Debian policy, 5.6.12; the other package managers agree on what this leaves out of sight).
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    let (left_epoch, left) = epoch(left);
    let (right_epoch, right) = epoch(right);
    number_order(left_epoch, right_epoch).then_with(|| {
        let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
        while !left.is_empty() || !right.is_empty() {
            let order =
                next_word(&mut left, &mut right).then_with(|| next_number(&mut left, &mut right));
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    })
}

/// The leading `number:` and the rest. A Go or npm `v` says nothing.
fn epoch(version: &str) -> (&[u8], &str) {
    let version = version.trim();
    match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => {
            (epoch.as_bytes(), rest)
        }
        _ => (b"0", version.strip_prefix(['v', 'V']).unwrap_or(version)),
    }
}

fn next_word(left: &mut &[u8], right: &mut &[u8]) -> Ordering {
    let words = (take(left, |b| !b.is_ascii_digit()), take(right, |b| !b.is_ascii_digit()));
    let longest = words.0.len().max(words.1.len());
    (0..longest)
        .map(|at| weight(words.0.get(at)).cmp(&weight(words.1.get(at))))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn next_number(left: &mut &[u8], right: &mut &[u8]) -> Ordering {
    number_order(take(left, u8::is_ascii_digit), take(right, u8::is_ascii_digit))
}

fn number_order(left: &[u8], right: &[u8]) -> Ordering {
    let trim = |digits: &[u8]| digits.iter().position(|b| *b != b'0').unwrap_or(digits.len());
    let (left, right) = (&left[trim(left)..], &right[trim(right)..]);
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn take<'a>(text: &mut &'a [u8], wanted: impl Fn(&u8) -> bool) -> &'a [u8] {
    let end = text.iter().position(|b| !wanted(b)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    *text = rest;
    word
}

fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(b) if b.is_ascii_alphabetic() => i32::from(*b),
        Some(b) => i32::from(*b) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_later_from_earlier() {
        let rising =
            ["0.9", "1.0~rc1", "1.0", "1.0.1", "1.2", "1.10", "1.10-r2", "1.10-r10", "2", "1:0.1"];
        for (at, left) in rising.iter().enumerate() {
            for (other, right) in rising.iter().enumerate() {
                assert_eq!(compare(left, right), at.cmp(&other), "{left} {right}");
            }
        }
        assert_eq!(compare("v1.2.3", "1.2.3"), Ordering::Equal);
        assert_eq!(compare("0:1", "1"), Ordering::Equal);
    }
}
