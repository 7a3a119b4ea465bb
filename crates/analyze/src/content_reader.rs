//! `ContentReader`: a [`Content`] as `object` and the readers of binaries want to see it.
//!
//! Not a cache of whole files: it keeps only what was asked for, up to a budget, so that a lying
//! header cannot make it read a large file into memory. `Span` is a part of a content seen as a
//! content of its own; `whole` gives small text files.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::io;
use std::ops::Range;

use model::Content;
use object::ReadRef;

use crate::AnalyzeError;
use crate::limits::{
    MAX_READER_BYTES, MAX_READER_READS, MAX_READER_STRING_BYTES, READER_PAGE_BYTES,
};

/// Random access to a content that lends out what it has read for as long as it lives.
pub(crate) struct ContentReader<'c> {
    content: &'c dyn Content,
    first: OnceCell<Box<Piece>>,
    pieces: Cell<usize>,
    bytes: Cell<u64>,
}

/// One stretch of the content that was read. The list only grows, so that what was lent stays.
struct Piece {
    offset: u64,
    bytes: Box<[u8]>,
    next: OnceCell<Box<Piece>>,
}

impl<'c> ContentReader<'c> {
    /// A reader that has read nothing yet.
    pub(crate) fn new(content: &'c dyn Content) -> Self {
        ContentReader { content, first: OnceCell::new(), pieces: Cell::new(0), bytes: Cell::new(0) }
    }

    /// Bytes in all.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.content.size_bytes()
    }

    /// The content itself.
    pub(crate) fn content(&self) -> &'c dyn Content {
        self.content
    }

    /// These bytes, or `None` when they lie outside the content, cannot be read, or break the
    /// budget.
    pub(crate) fn slice(&self, offset: u64, size_bytes: u64) -> Option<&[u8]> {
        let end = offset.checked_add(size_bytes)?;
        if end > self.size_bytes() {
            return None;
        }
        if let Some(whole) = self.content.bytes() {
            return whole.get(usize::try_from(offset).ok()?..usize::try_from(end).ok()?);
        }
        let mut slot = &self.first;
        while let Some(piece) = slot.get() {
            if let Some(bytes) = piece.part(offset, size_bytes) {
                return Some(bytes);
            }
            slot = &piece.next;
        }
        let piece = self.read(offset, end)?;
        slot.get_or_init(|| Box::new(piece)).part(offset, size_bytes)
    }

    /// Reads the pages around a range.
    fn read(&self, offset: u64, end: u64) -> Option<Piece> {
        let start = offset - offset % READER_PAGE_BYTES;
        let end = end.checked_next_multiple_of(READER_PAGE_BYTES)?.min(self.size_bytes());
        let length = end.checked_sub(start)?;
        let bytes_after = self.bytes.get().checked_add(length)?;
        if bytes_after > MAX_READER_BYTES || self.pieces.get() >= MAX_READER_READS {
            return None;
        }
        self.bytes.set(bytes_after);
        self.pieces.set(self.pieces.get() + 1);
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        read_exact_at(self.content, start, &mut bytes).ok()?;
        Some(Piece { offset: start, bytes: bytes.into_boxed_slice(), next: OnceCell::new() })
    }
}

impl Piece {
    fn part(&self, offset: u64, size_bytes: u64) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        let end = start.checked_add(usize::try_from(size_bytes).ok()?)?;
        self.bytes.get(start..end)
    }
}

impl<'a> ReadRef<'a> for &'a ContentReader<'_> {
    fn len(self) -> Result<u64, ()> {
        Ok(self.size_bytes())
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        if size == 0 {
            return Ok(&[]);
        }
        self.slice(offset, size).ok_or(())
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'a [u8], ()> {
        let length = range.end.checked_sub(range.start).ok_or(())?.min(MAX_READER_STRING_BYTES);
        let bytes = self.read_bytes_at(range.start, length)?;
        let end = memchr::memchr(delimiter, bytes).ok_or(())?;
        bytes.get(..end).ok_or(())
    }
}

/// A part of a content, seen as a content: an archive stored inside an archive.
pub(crate) struct Span<'c> {
    content: &'c dyn Content,
    start: u64,
    size_bytes: u64,
}

impl<'c> Span<'c> {
    /// The part, or `None` when it reaches beyond the content.
    pub(crate) fn new(content: &'c dyn Content, start: u64, size_bytes: u64) -> Option<Self> {
        let end = start.checked_add(size_bytes)?;
        (end <= content.size_bytes()).then_some(Span { content, start, size_bytes })
    }
}

impl Content for Span<'_> {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.size_bytes.checked_sub(offset) else { return Ok(0) };
        let length = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match buffer.get_mut(..length) {
            Some(buffer) => self.content.read_at(self.start + offset, buffer),
            None => Ok(0),
        }
    }

    fn bytes(&self) -> Option<&[u8]> {
        let start = usize::try_from(self.start).ok()?;
        let end = start.checked_add(usize::try_from(self.size_bytes).ok()?)?;
        self.content.bytes()?.get(start..end)
    }
}

/// Fills the buffer from `offset`; a content that ends before is an error.
pub(crate) fn read_exact_at(
    content: &dyn Content,
    offset: u64,
    buffer: &mut [u8],
) -> io::Result<()> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match content.read_at(offset.saturating_add(filled as u64), rest)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    Ok(())
}

/// The whole content, when it is not larger than `max_bytes`.
pub(crate) fn whole(content: &dyn Content, max_bytes: u64) -> Result<Cow<'_, [u8]>, AnalyzeError> {
    let size_bytes = content.size_bytes();
    if size_bytes > max_bytes {
        let message = format!("{size_bytes} bytes; at most {max_bytes} are parsed");
        return Err(AnalyzeError::TooLarge(message));
    }
    if let Some(bytes) = content.bytes() {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut bytes = vec![0; usize::try_from(size_bytes).unwrap_or(0)];
    read_exact_at(content, 0, &mut bytes)?;
    Ok(Cow::Owned(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Paged;

    #[test]
    fn lends_the_same_bytes_from_memory_and_in_pieces() {
        let bytes: Vec<u8> = (0..40_000_u32).map(|n| (n % 251) as u8).collect();
        let (slice, paged) = (bytes.as_slice(), Paged(&bytes));
        let contents: [&dyn Content; 2] = [&slice, &paged];
        for content in contents {
            let reader = ContentReader::new(content);
            let first = reader.slice(5, 20).unwrap();
            let far = reader.slice(39_990, 10).unwrap();
            let across = reader.slice(4_000, 9_000).unwrap();
            assert_eq!(first, &bytes[5..25]);
            assert_eq!(far, &bytes[39_990..]);
            assert_eq!(across, &bytes[4_000..13_000]);
            assert_eq!(reader.slice(39_990, 11), None);
            assert_eq!(reader.slice(u64::MAX, 2), None);
            assert_eq!((&reader).read_bytes_at_until(3..400, 9), Ok(&bytes[3..9]));
        }
    }

    #[test]
    fn a_large_read_breaks_the_budget_and_small_ones_go_on() {
        struct Huge;
        impl Content for Huge {
            fn size_bytes(&self) -> u64 {
                1 << 50
            }
            fn read_at(&self, _: u64, buffer: &mut [u8]) -> io::Result<usize> {
                buffer.fill(7);
                Ok(buffer.len())
            }
            fn bytes(&self) -> Option<&[u8]> {
                None
            }
        }
        let reader = ContentReader::new(&Huge);
        assert_eq!(reader.slice(0, 1 << 49), None);
        assert_eq!(reader.slice(1 << 40, 3), Some(&[7, 7, 7][..]));
        let reads = (0..100_000_u64).filter(|n| reader.slice(n << 20, 8).is_some()).count();
        assert!(reads < MAX_READER_READS, "{reads}");
    }

    #[test]
    fn a_span_ends_where_it_says() {
        let bytes: &[u8] = b"0123456789";
        for content in [&bytes as &dyn Content, &Paged(bytes)] {
            let span = Span::new(content, 2, 5).unwrap();
            let mut buffer = [0; 8];
            assert_eq!(span.read_at(3, &mut buffer).unwrap(), 2);
            assert_eq!(&buffer[..2], b"56");
            assert_eq!(span.read_at(9, &mut buffer).unwrap(), 0);
            assert_eq!(whole(&span, 5).unwrap().as_ref(), b"23456");
            assert!(whole(&span, 4).is_err());
            assert!(Span::new(content, 2, 9).is_none());
        }
    }
}
