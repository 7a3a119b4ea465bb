//! Bytes to fields: what the package databases have in common below their formats.

use std::borrow::Cow;

use model::Content;

use crate::AnalyzeError;
use crate::limits::{MAX_FIELD_BYTES, MAX_TEXT_BYTES};

/// The whole of a text file, at most [`MAX_TEXT_BYTES`].
pub(super) fn whole(content: &dyn Content) -> Result<Cow<'_, [u8]>, AnalyzeError> {
    let size_bytes = content.size_bytes();
    if size_bytes > MAX_TEXT_BYTES {
        return Err(AnalyzeError::TooLarge(format!(
            "{size_bytes} bytes of text; at most {MAX_TEXT_BYTES} are read"
        )));
    }
    if let Some(bytes) = content.bytes() {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut bytes = vec![0; usize::try_from(size_bytes).unwrap_or(0)];
    let length = content.read_at(0, &mut bytes)?;
    bytes.truncate(length);
    Ok(Cow::Owned(bytes))
}

/// The lines, without their ends (`\n` or `\r\n`).
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let line = match memchr::memchr(b'\n', bytes) {
            Some(end) => {
                rest = Some(&bytes[end + 1..]);
                &bytes[..end]
            }
            None => {
                rest = None;
                bytes
            }
        };
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// Splits at the first `separator`.
pub(super) fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(separator, bytes)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// A free text field: trimmed, control characters dropped, cut at [`MAX_FIELD_BYTES`]; bytes
/// that are not UTF-8 become U+FFFD. `None` when nothing is left.
pub(super) fn field(bytes: &[u8]) -> Option<String> {
    let bytes = &bytes[..bytes.len().min(MAX_FIELD_BYTES)];
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    let text = if text.contains(char::is_control) {
        text.replace(char::is_control, "")
    } else {
        text.to_owned()
    };
    (!text.is_empty()).then_some(text)
}

/// A name, version or architecture: one printable word. `None` for anything else; such a record
/// is broken, and cutting it would make another package of it.
pub(super) fn word(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let printable = |c: char| !c.is_control() && !c.is_whitespace();
    let fits = !text.is_empty() && text.len() <= MAX_FIELD_BYTES;
    (fits && text.chars().all(printable)).then(|| text.to_owned())
}

/// Bytes of a file, for a message: shortened, control characters escaped.
pub(super) fn quoted(bytes: &[u8]) -> String {
    const SHOWN_BYTES: usize = 60;
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES)];
    let more = if bytes.len() > SHOWN_BYTES { "…" } else { "" };
    format!("`{}{more}`", String::from_utf8_lossy(shown).escape_debug())
}

/// Two bytes at `at`.
pub(super) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// A big-endian 16-bit number at `at`.
pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// A big-endian 32-bit number at `at`.
pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

/// A little-endian 32-bit number at `at`.
pub(super) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Paged;

    #[test]
    fn lines_end_as_unix_and_dos_end_them() {
        let text: Vec<&[u8]> = lines(b"a\r\n\nb\rc\nd").collect();
        assert_eq!(text, [&b"a"[..], b"", b"b\rc", b"d"]);
    }

    #[test]
    fn fields_are_cleaned_and_words_are_refused() {
        let cases: [(&[u8], Option<&str>, Option<&str>); 6] = [
            (b" bash ", Some("bash"), Some("bash")),
            (b"a b", Some("a b"), None),
            (b"a\x1b[31mb", Some("a[31mb"), None),
            (b"a\0b", Some("ab"), None),
            (b"J\xf6rg", Some("J\u{fffd}rg"), None),
            (b" \t", None, None),
        ];
        for (bytes, text, name) in cases {
            assert_eq!(field(bytes).as_deref(), text, "{bytes:?}");
            assert_eq!(word(bytes).as_deref(), name, "{bytes:?}");
        }
        assert_eq!(field(&vec![b'a'; 9_000]).map(|text| text.len()), Some(MAX_FIELD_BYTES));
        assert_eq!(word(&vec![b'a'; 9_000]), None);
    }

    #[test]
    fn the_whole_is_read_from_memory_and_in_pieces() {
        assert_eq!(whole(&Paged(b"text")).unwrap().as_ref(), b"text");
        assert!(matches!(whole(&&b"text"[..]).unwrap(), Cow::Borrowed(b"text")));
    }
}
