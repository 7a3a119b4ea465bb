//! Zip archives, by their central directory: which wanted entries there are, and their bytes.
//!
//! Own reader, for what the walk needs and a library does not give: the directory is streamed and
//! only wanted entries are kept, so that memory does not follow the entry count; an archive stored
//! inside another is read in place. Only what Java reads is read: methods 0 (stored) and 8
//! (deflate), no encryption. Sources: PKWARE APPNOTE 6.3.10; the JAR file specification.

mod directory;

use std::io::{self, Read};

use flate2::Crc;
use flate2::read::DeflateDecoder;
use model::{Content, SkipReason};

use crate::content_reader::{Span, read_exact_at};
use crate::limits::{MAX_ZIP_RATIO, ZIP_RATIO_FREE_BYTES};

pub(super) use directory::{ZipDirectory, ZipEntry};

/// Method: the bytes as they are.
const STORED: u16 = 0;
/// Method: RFC 1951.
const DEFLATED: u16 = 8;
/// Bytes of a local header without name and extra field.
const LOCAL_HEADER_BYTES: usize = 30;
/// What a local header begins with.
const LOCAL_SIGNATURE: &[u8] = b"PK\x03\x04";
/// Bytes of packed data read at a time.
const READ_BYTES: usize = 64 << 10;

/// Why an entry was not read.
pub(super) type Refusal = (SkipReason, String);

/// The bytes of one entry.
pub(super) enum EntryBytes<'c> {
    /// Where they lie in the archive.
    Stored(Span<'c>),
    /// Inflated.
    Expanded(Vec<u8>),
}

impl ZipEntry {
    /// The whole entry, checked against its checksum unless it is only stored. Inflated bytes are
    /// at most `max_bytes`.
    pub(super) fn open<'c>(
        &self,
        archive: &'c dyn Content,
        max_bytes: u64,
    ) -> Result<EntryBytes<'c>, Refusal> {
        let packed = self.packed(archive)?;
        if self.method == STORED {
            return Ok(EntryBytes::Stored(packed));
        }
        if self.size_bytes > max_bytes {
            let detail = format!("{} bytes unpacked; at most {max_bytes} are", self.size_bytes);
            return Err((SkipReason::TooLarge, detail));
        }
        let bytes = self.inflate(&packed, max_bytes)?;
        if bytes.len() as u64 > max_bytes {
            let detail = format!("more than {max_bytes} bytes unpacked");
            return Err((SkipReason::TooLarge, detail));
        }
        let mut crc = Crc::new();
        crc.update(&bytes);
        if bytes.len() as u64 != self.size_bytes || crc.sum() != self.crc32 {
            return Err((SkipReason::Malformed, "size or checksum is wrong".to_owned()));
        }
        Ok(EntryBytes::Expanded(bytes))
    }

    /// The first bytes of the entry, at most `max_bytes`; whole entries are checked.
    pub(super) fn head(&self, archive: &dyn Content, max_bytes: u64) -> Result<Vec<u8>, Refusal> {
        let packed = self.packed(archive)?;
        let mut bytes = if self.method == STORED {
            let length = packed.size_bytes().min(max_bytes);
            let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
            read_exact_at(&packed, 0, &mut bytes).map_err(|error| unreadable(&error))?;
            bytes
        } else {
            self.inflate(&packed, max_bytes)?
        };
        bytes.truncate(usize::try_from(max_bytes).unwrap_or(usize::MAX));
        let mut crc = Crc::new();
        crc.update(&bytes);
        if bytes.len() as u64 == self.size_bytes && crc.sum() != self.crc32 {
            return Err((SkipReason::Malformed, "checksum is wrong".to_owned()));
        }
        Ok(bytes)
    }

    /// Where the packed bytes lie.
    fn packed<'c>(&self, archive: &'c dyn Content) -> Result<Span<'c>, Refusal> {
        if self.is_encrypted {
            return Err((SkipReason::Unsupported, "encrypted".to_owned()));
        }
        if !matches!(self.method, STORED | DEFLATED) {
            let detail = format!("compression method {}", self.method);
            return Err((SkipReason::Unsupported, detail));
        }
        let mut header = [0; LOCAL_HEADER_BYTES];
        read_exact_at(archive, self.header_at, &mut header).map_err(|error| unreadable(&error))?;
        let broken =
            || (SkipReason::Malformed, "no such entry where the directory says".to_owned());
        if !header.starts_with(LOCAL_SIGNATURE) {
            return Err(broken());
        }
        let lengths = [26, 28].map(|at| u64::from(directory::u16_at(&header, at).unwrap_or(0)));
        let start = self.header_at + LOCAL_HEADER_BYTES as u64 + lengths[0] + lengths[1];
        if self.method == STORED && self.packed_bytes != self.size_bytes {
            return Err((SkipReason::Malformed, "stored with two sizes".to_owned()));
        }
        Span::new(archive, start, self.packed_bytes).ok_or_else(broken)
    }

    /// Inflates up to `max_bytes` and one more. Stops where the ratio gives a bomb away.
    fn inflate(&self, packed: &Span<'_>, max_bytes: u64) -> Result<Vec<u8>, Refusal> {
        let ratio_bytes =
            packed.size_bytes().saturating_mul(MAX_ZIP_RATIO).max(ZIP_RATIO_FREE_BYTES);
        let limit = ratio_bytes.min(max_bytes).saturating_add(1);
        let expected = usize::try_from(self.size_bytes.min(limit)).unwrap_or(0);
        let mut bytes = Vec::with_capacity(expected);
        let input = io::BufReader::with_capacity(READ_BYTES, SpanRead { span: packed, at: 0 });
        DeflateDecoder::new(input)
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| (SkipReason::Malformed, format!("deflate: {error}")))?;
        if ratio_bytes < max_bytes && bytes.len() as u64 == limit {
            let detail = format!("expands to more than {MAX_ZIP_RATIO} times its size");
            return Err((SkipReason::Ratio, detail));
        }
        Ok(bytes)
    }
}

/// A part of the archive, read from its beginning.
struct SpanRead<'s, 'c> {
    span: &'s Span<'c>,
    at: u64,
}

impl Read for SpanRead<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.span.read_at(self.at, buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

fn unreadable(error: &io::Error) -> Refusal {
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => SkipReason::Truncated,
        _ => SkipReason::Unreadable,
    };
    (reason, error.to_string())
}

#[cfg(test)]
pub(super) mod tests;
