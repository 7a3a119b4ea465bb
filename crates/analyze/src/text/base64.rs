//! Base64 (RFC 4648 §4) as it is found in the wild: blanks, escapes of line ends, quotes and
//! comment signs between the digits.

/// The bytes of a base64 text; what is no digit is passed over. `None` when a digit follows the
/// padding, or a single digit is left over.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut buffer, mut filled) = (0u32, 0u32);
    let mut padded = false;
    for &byte in text {
        let Some(digit) = digit(byte) else {
            padded |= byte == b'=';
            continue;
        };
        if padded {
            return None;
        }
        buffer = buffer << 6 | digit;
        filled += 6;
        if filled >= 8 {
            filled -= 8;
            out.push(u8::try_from(buffer >> filled & 0xff).ok()?);
        }
        buffer &= 0xff;
    }
    (filled < 6).then_some(out)
}

/// The value of a digit, of either alphabet.
pub(crate) fn digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

/// Writes base64 with padding.
#[cfg(test)]
pub(crate) fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let sum =
            chunk.iter().fold(0u32, |sum, &b| sum << 8 | u32::from(b)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(sum >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_it_encodes() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", &[0, 255, 128, 1]] {
            assert_eq!(decode(encode(bytes).as_bytes()).as_deref(), Some(bytes));
        }
        assert_eq!(decode(b" YW\n Jj ").as_deref(), Some(&b"abc"[..]));
        assert_eq!(decode(b"YQ==YQ=="), None);
        assert_eq!(decode(b"A"), None);
    }
}
