//! What may be shown of a secret: a masked line and a keyed hash.

use std::ops::Range;

/// What the hash of a secret is keyed with. Public: it keeps hashes of passwords from being looked
/// up in tables made for others.
const FINGERPRINT_CONTEXT: &str = "lazaret.dev 2026-11 fingerprint of a secret v1";
/// Hex digits of a fingerprint.
const FINGERPRINT_DIGITS: usize = 16;
/// What stands for what is hidden.
const MASK: &str = "********";
/// Most bytes of a token's public prefix that are shown.
pub(crate) const MAX_SHOWN_BYTES: usize = 4;
/// Bytes of the line that are shown on either side of a secret.
const AROUND_BYTES: usize = 60;

/// The name of a secret, the same wherever it is found.
pub(crate) fn fingerprint(secret: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key(FINGERPRINT_CONTEXT);
    hasher.update(secret);
    let hex = hasher.finalize().to_hex();
    hex.get(..FINGERPRINT_DIGITS).unwrap_or_default().to_owned()
}

/// A stretch to hide, and how many of its first bytes may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) span: Range<usize>,
    pub(crate) shown: usize,
}

/// The part of the line around `span`, with every hidden stretch masked. `hidden` is in order.
pub(crate) fn excerpt(text: &[u8], span: &Range<usize>, hidden: &[Hidden]) -> String {
    let floor = span.start.saturating_sub(AROUND_BYTES);
    let before = text.get(floor..span.start).unwrap_or_default();
    let start = before.iter().rposition(|&b| b == b'\n').map_or(floor, |at| floor + at + 1);
    let ceiling = text.len().min(span.end.saturating_add(AROUND_BYTES));
    let after = text.get(span.end..ceiling).unwrap_or_default();
    let end = after.iter().position(|&b| b == b'\n').map_or(ceiling, |at| span.end + at);
    printable(&masked(text, start..end, hidden))
}

/// `text[window]` with every hidden stretch masked. `hidden` is in order of its beginnings.
pub(crate) fn masked(text: &[u8], window: Range<usize>, hidden: &[Hidden]) -> Vec<u8> {
    let mut shown = Vec::new();
    let mut at = window.start;
    for stretch in hidden {
        let (start, end) = (stretch.span.start.max(at), stretch.span.end.min(window.end));
        if start >= end {
            continue;
        }
        shown.extend_from_slice(text.get(at..start).unwrap_or_default());
        if start == stretch.span.start {
            let prefix = start + stretch.shown.min(MAX_SHOWN_BYTES).min(end - start);
            shown.extend_from_slice(text.get(start..prefix).unwrap_or_default());
        }
        shown.extend_from_slice(MASK.as_bytes());
        at = end;
    }
    shown.extend_from_slice(text.get(at..window.end).unwrap_or_default());
    shown
}

/// One line without control characters; what is no UTF-8 is replaced.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_every_secret_of_the_line() {
        let text = b"first\nid=AKIAQQQQ key=sssss end\nlast";
        let hidden = [Hidden { span: 9..17, shown: 4 }, Hidden { span: 22..27, shown: 0 }];
        assert_eq!(excerpt(text, &(9..17), &hidden), "id=AKIA******** key=******** end");
        assert_eq!(excerpt(text, &(22..27), &hidden), "id=AKIA******** key=******** end");
    }

    #[test]
    fn a_window_that_cuts_a_secret_shows_nothing_of_it() {
        let hidden = [Hidden { span: 2..8, shown: 4 }];
        assert_eq!(masked(b"abSECRETyz", 4..10, &hidden), b"********yz");
        assert_eq!(masked(b"abSECRETyz", 0..5, &hidden), b"abSEC********");
    }

    #[test]
    fn fingerprints_are_stable() {
        assert_eq!(fingerprint(b"x"), fingerprint(b"x"));
        assert_ne!(fingerprint(b"x"), fingerprint(b"y"));
        assert_eq!(fingerprint(b"").len(), FINGERPRINT_DIGITS);
    }
}
