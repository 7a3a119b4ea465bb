//! The part of a step's text that a finding shows: printable, without secrets, bounded.

use std::ops::Range;

use model::Span;

use crate::limits::MAX_STEP_EXCERPT_BYTES;

/// Stands where the text was cut.
const CUT: &str = "…";

/// The text with every secret masked and every character visible. As long as before, byte for
/// byte, so that places in it stay true.
pub(super) fn readable(text: &str, secrets: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let secret = secrets.iter().any(|range| range.start < at + c.len_utf8() && at < range.end);
        match c {
            _ if secret => out.extend(std::iter::repeat_n('*', c.len_utf8())),
            '\n' | '\r' | '\t' => out.push(' '),
            c if is_hidden(c) => out.extend(std::iter::repeat_n('?', c.len_utf8())),
            c => out.push(c),
        }
    }
    out
}

/// Control characters and those that hide or turn text.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A window of a text round a range, and the range in it.
pub(super) fn window(text: &str, range: &Range<usize>) -> (String, Option<Span>) {
    let range =
        range.start.min(text.len())..range.end.min(text.len()).max(range.start.min(text.len()));
    let (from, to) = if text.len() <= MAX_STEP_EXCERPT_BYTES {
        (0, text.len())
    } else {
        let length = range.len().min(MAX_STEP_EXCERPT_BYTES);
        let before = (MAX_STEP_EXCERPT_BYTES - length) / 3;
        let from = range.start.saturating_sub(before);
        (from, (from + MAX_STEP_EXCERPT_BYTES).min(text.len()))
    };
    let (from, to) = (text.ceil_char_boundary(from), text.floor_char_boundary(to));
    let lead = if from > 0 { CUT } else { "" };
    let tail = if to < text.len() { CUT } else { "" };
    let excerpt = format!("{lead}{}{tail}", &text[from..to]);
    let start = text.floor_char_boundary(range.start.clamp(from, to)) - from + lead.len();
    let end = text.ceil_char_boundary(range.end.clamp(from, to)).min(to) - from + lead.len();
    let span = (start < end).then(|| Span { offset: start as u64, length: (end - start) as u64 });
    (excerpt, span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_without_moving() {
        let text = "a\x1b[2J\tü\u{202e}secret\n";
        let at = text.find("secret").unwrap();
        let readable = readable(text, std::slice::from_ref(&(at..at + 6)));
        assert_eq!(readable, "a?[2J ü???****** ");
        assert_eq!(readable.len(), text.len());
    }

    #[test]
    fn the_span_is_inside_the_window() {
        let text = format!("{}NEEDLE{}", "é".repeat(3_000), "x".repeat(3_000));
        for range in [6_000..6_006, 0..4, 5_999..6_007, 9_000..9_006, 20_000..20_001, 0..text.len()]
        {
            let (excerpt, span) = window(&text, &range);
            assert!(excerpt.len() <= MAX_STEP_EXCERPT_BYTES + 2 * CUT.len());
            if let Some(Span { offset, length }) = span {
                let (from, to) = (offset as usize, (offset + length) as usize);
                assert!(excerpt.get(from..to).is_some(), "{range:?}");
            }
        }
        let (excerpt, span) = window(&text, &(6_000..6_006));
        let span = span.unwrap();
        assert_eq!(&excerpt[span.offset as usize..][..span.length as usize], "NEEDLE");
        assert_eq!(window("short", &(1..3)), ("short".into(), Some(Span { offset: 1, length: 2 })));
    }
}
