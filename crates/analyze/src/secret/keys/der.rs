//! DER (ITU-T X.690), as far as keys and key stores need it: definite lengths, one-byte tags, no
//! recursion of its own, no allocation while reading.

/// `INTEGER`.
pub(crate) const INTEGER: u8 = 0x02;
/// `BIT STRING`.
pub(crate) const BIT_STRING: u8 = 0x03;
/// `OCTET STRING`.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// `NULL`.
pub(crate) const NULL: u8 = 0x05;
/// `OBJECT IDENTIFIER`.
pub(crate) const OID: u8 = 0x06;
/// `SEQUENCE`.
pub(crate) const SEQUENCE: u8 = 0x30;
/// `SET`.
pub(crate) const SET: u8 = 0x31;
/// The constructed context tag `[0]`.
pub(crate) const CONTEXT_0: u8 = 0xa0;
/// The constructed context tag `[1]`.
pub(crate) const CONTEXT_1: u8 = 0xa1;

/// Reads one value after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Der<'a> {
    rest: &'a [u8],
}

/// One value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// With tag and length.
    pub(crate) raw: &'a [u8],
}

impl<'a> Der<'a> {
    /// A reader of the values in `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Der { rest: bytes }
    }

    /// Whether everything is read.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next value.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next value; `None` at the end and when it is cut off or of no definite length.
    pub(crate) fn value(&mut self) -> Option<Value<'a>> {
        let (&tag, after) = self.rest.split_first()?;
        let (&first, after) = after.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, header) = match first {
            0..=0x7f => (usize::from(first), 2),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let digits = after.get(..count)?;
                let length = digits.iter().fold(0usize, |sum, &b| sum << 8 | usize::from(b));
                (length, 2 + count)
            }
            _ => return None,
        };
        let end = header.checked_add(length)?;
        let value = Value { tag, content: self.rest.get(header..end)?, raw: self.rest.get(..end)? };
        self.rest = self.rest.get(end..)?;
        Some(value)
    }

    /// The content of the next value, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let value = self.value()?;
        (value.tag == tag).then_some(value.content)
    }

    /// A reader of the values within the next one, which must have this tag.
    pub(crate) fn enter(&mut self, tag: u8) -> Option<Der<'a>> {
        self.expect(tag).map(Der::new)
    }

    /// The next value, a small non-negative `INTEGER`.
    pub(crate) fn small_integer(&mut self) -> Option<u64> {
        let content = self.expect(INTEGER)?;
        let digits = unsigned(content);
        (digits.len() <= 8 && !content.is_empty() && content.first()? & 0x80 == 0)
            .then(|| digits.iter().fold(0u64, |sum, &b| sum << 8 | u64::from(b)))
    }
}

/// The digits of a non-negative number without leading zeros.
pub(crate) fn unsigned(content: &[u8]) -> &[u8] {
    let zeros = content.iter().take_while(|&&b| b == 0).count();
    content.get(zeros..).unwrap_or_default()
}

/// Bits of a non-negative number.
pub(crate) fn bits(content: &[u8]) -> u32 {
    let digits = unsigned(content);
    let Some(first) = digits.first() else { return 0 };
    u32::try_from(digits.len() * 8).unwrap_or(u32::MAX) - first.leading_zeros()
}

/// Writes a value.
pub(crate) fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if let Ok(short @ 0..=0x7f) = u8::try_from(length) {
        out.push(short);
    } else {
        let digits = (length as u64).to_be_bytes();
        let digits = unsigned(&digits);
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(content);
    out
}

/// Writes a non-negative `INTEGER`.
pub(crate) fn write_integer(content: &[u8]) -> Vec<u8> {
    let digits = unsigned(content);
    let mut padded = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|first| first & 0x80 != 0) {
        padded.push(0);
    }
    padded.extend_from_slice(digits);
    write(INTEGER, &padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for size in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; size];
            let bytes = write(OCTET_STRING, &content);
            let mut reader = Der::new(&bytes);
            assert_eq!(reader.expect(OCTET_STRING), Some(&content[..]), "{size}");
            assert!(reader.is_empty());
        }
        assert_eq!(write_integer(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(write_integer(&[]), [2, 1, 0]);
    }

    #[test]
    fn stops_at_what_is_cut_or_has_no_length() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 5, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x1f, 1, 0],
            &[0x30, 0x82, 1],
        ] {
            assert!(Der::new(bytes).value().is_none(), "{bytes:?}");
        }
    }
}
