//! Reading and writing the database's own bytes: little-endian integers, variable-length integers
//! (LEB128), texts with their length before them.
//!
//! Every read is checked: a damaged file gives `Damage`, never a panic.

use std::ops::Range;

/// Longest LEB128 form of 64 bits, in bytes.
const VARINT_MAX_BYTES: usize = 10;

/// The bytes are not what was written; says which part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Damage(pub(crate) &'static str);

/// Result of reading the database's bytes.
pub(crate) type Read<T> = Result<T, Damage>;

/// Reads forward through bytes.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// From `at`; at the end when that is beyond it.
    pub(super) fn starting_at(bytes: &'a [u8], at: usize) -> Self {
        Reader { bytes, at: at.min(bytes.len()) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn byte(&mut self) -> Read<u8> {
        let byte = self.bytes.get(self.at).ok_or(Damage("ends early"))?;
        self.at += 1;
        Ok(*byte)
    }

    pub(super) fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let range = self.take_range(count)?;
        Ok(&self.bytes[range])
    }

    /// The next `count` bytes as a range of the whole.
    pub(super) fn take_range(&mut self, count: usize) -> Read<Range<usize>> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(Damage("ends early"))?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    pub(super) fn u32(&mut self) -> Read<u32> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes(bytes.try_into().map_err(|_| Damage("ends early"))?))
    }

    pub(super) fn u64(&mut self) -> Read<u64> {
        let bytes = self.take(8)?;
        Ok(u64::from_le_bytes(bytes.try_into().map_err(|_| Damage("ends early"))?))
    }

    pub(super) fn varint(&mut self) -> Read<u64> {
        let mut value = 0u64;
        for index in 0..VARINT_MAX_BYTES {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            let shifted = low << (7 * index as u32);
            if shifted >> (7 * index as u32) != low {
                return Err(Damage("an integer is too large"));
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Damage("an integer is too long"))
    }

    /// A variable-length integer of at most 32 bits.
    pub(super) fn varint_u32(&mut self) -> Read<u32> {
        u32::try_from(self.varint()?).map_err(|_| Damage("an integer is too large"))
    }

    /// How many items follow; never more than there are bytes left, an item being a byte at least.
    pub(super) fn count(&mut self) -> Read<usize> {
        let count = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        if count > self.bytes.len() - self.at {
            return Err(Damage("a count is larger than what follows"));
        }
        Ok(count)
    }

    /// Bytes with their length before them.
    pub(super) fn blob(&mut self) -> Read<&'a [u8]> {
        let length = self.count()?;
        self.take(length)
    }

    /// Bytes with their length before them, as a range of the whole.
    pub(super) fn blob_range(&mut self) -> Read<Range<usize>> {
        let length = self.count()?;
        self.take_range(length)
    }

    /// Text with its length before it.
    pub(super) fn text(&mut self) -> Read<&'a str> {
        std::str::from_utf8(self.blob()?).map_err(|_| Damage("a text is not UTF-8"))
    }

    /// Several texts with their number before them.
    pub(super) fn texts(&mut self) -> Read<Vec<&'a str>> {
        let count = self.count()?;
        (0..count).map(|_| self.text()).collect()
    }
}

/// Writes what [`Reader`] reads, at the end of `out`.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn put_blob(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The signed value with its sign in the lowest bit, so that small ones are short.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

pub(super) fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_texts_come_back() {
        let values = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        let mut out = Vec::new();
        for value in values {
            put_varint(&mut out, value);
        }
        put_blob(&mut out, "größe".as_bytes());
        let mut reader = Reader::new(&out);
        for value in values {
            assert_eq!(reader.varint(), Ok(value));
        }
        assert_eq!(reader.text(), Ok("größe"));
        assert!(reader.is_empty());
        for value in [0, 1, -1, i64::MAX, i64::MIN, 1_700_000_000] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
    }

    #[test]
    fn damage_is_an_error() {
        assert_eq!(Reader::new(&[]).byte(), Err(Damage("ends early")));
        assert_eq!(
            Reader::new(&[5, b'a']).blob(),
            Err(Damage("a count is larger than what follows"))
        );
        assert_eq!(Reader::new(&[1, 0xff]).text(), Err(Damage("a text is not UTF-8")));
        assert_eq!(Reader::new(&[0xff; 10]).varint(), Err(Damage("an integer is too large")));
        assert_eq!(Reader::new(&[0x80; 10]).varint(), Err(Damage("an integer is too long")));
        assert_eq!(Reader::new(&[1, 2, 3]).u32(), Err(Damage("ends early")));
    }
}
