//! The central directory of a zip archive, streamed.
//!
//! Bytes before the archive (a shell script that starts it) are allowed for, as are entry counts
//! that do not fit their field; the directory's size decides. Source: PKWARE APPNOTE 6.3.10, §4.3.

use std::io;

use model::{Content, SkipReason};

use super::Refusal;
use crate::AnalyzeError;
use crate::content_reader::read_exact_at;
use crate::limits::{MAX_ZIP_NAME_BYTES, MAX_ZIP_WANTED, MAX_ZIP_WANTED_NAME_BYTES};

/// What the records begin with.
const END_SIGNATURE: &[u8] = b"PK\x05\x06";
const END64_LOCATOR_SIGNATURE: &[u8] = b"PK\x06\x07";
const END64_SIGNATURE: &[u8] = b"PK\x06\x06";
const ENTRY_SIGNATURE: &[u8] = b"PK\x01\x02";
/// Bytes of the end record without its comment.
const END_BYTES: u64 = 22;
/// Longest comment after the end record.
const MAX_COMMENT_BYTES: u64 = 65_535;
/// What is read first in search of the end record: most archives have no comment.
const SHORT_TAIL_BYTES: u64 = 1 << 10;
/// Bytes of the locator of the 64-bit end record, and of that record.
const END64_LOCATOR_BYTES: u64 = 20;
const END64_BYTES: u64 = 56;
/// Bytes of a directory entry without its variable parts.
const ENTRY_BYTES: usize = 46;
/// Bytes of the directory read at a time.
const CHUNK_BYTES: u64 = 128 << 10;
/// Flag: the entry is encrypted.
const ENCRYPTED: u16 = 1;
/// A field that is too small for its value, which stands in the 64-bit extra field.
const IN_EXTRA: u32 = u32::MAX;

/// The wanted entries of an archive.
#[derive(Debug, Default)]
pub(in super::super) struct ZipDirectory {
    /// In the order of the directory.
    pub entries: Vec<ZipEntry>,
    /// How many entries were seen, wanted or not.
    pub seen: u64,
    /// Why the directory was not read to its end.
    pub problem: Option<Refusal>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct ZipEntry {
    /// Path inside the archive as written; bytes that are not UTF-8 replaced.
    pub name: String,
    /// Bytes when expanded, as declared.
    pub size_bytes: u64,
    pub(super) method: u16,
    pub(super) is_encrypted: bool,
    pub(super) crc32: u32,
    pub(super) packed_bytes: u64,
    pub(super) header_at: u64,
}

/// Where the directory lies, and how far all offsets are shifted by bytes before the archive.
struct Place {
    start: u64,
    end: u64,
    shift: u64,
    count: u64,
}

/// What comes next in a directory.
enum Step {
    End,
    Unwanted,
    Wanted(ZipEntry),
}

impl ZipDirectory {
    /// Reads the directory, at most `max_entries` of it, keeping the entries that are `wanted`.
    /// Errors when the content is no zip archive.
    pub(in super::super) fn read(
        archive: &dyn Content,
        max_entries: u64,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Self, AnalyzeError> {
        let place = locate(archive)?;
        let mut found = ZipDirectory::default();
        let mut chunks = Chunks::new(archive, &place);
        let mut name_bytes = 0;
        loop {
            match chunks.step(place.shift, wanted)? {
                Step::End => break,
                Step::Unwanted => {}
                Step::Wanted(entry)
                    if found.entries.len() < MAX_ZIP_WANTED
                        && name_bytes < MAX_ZIP_WANTED_NAME_BYTES =>
                {
                    name_bytes += entry.name.len();
                    found.entries.push(entry);
                }
                Step::Wanted(_) => {
                    let detail =
                        format!("only the first {} inner files are read", found.entries.len());
                    found.problem = Some((SkipReason::TooMany, detail));
                    return Ok(found);
                }
            }
            found.seen += 1;
            if found.seen >= max_entries {
                let detail = format!("only the first {} entries are read", found.seen);
                found.problem = Some((SkipReason::TooMany, detail));
                return Ok(found);
            }
        }
        // Java itself writes the count modulo 65,536 when it does not use the 64-bit form.
        if found.seen & 0xffff != place.count & 0xffff {
            let detail = format!("directory of {} entries ends after {}", place.count, found.seen);
            found.problem = Some((SkipReason::Malformed, detail));
        }
        Ok(found)
    }
}

/// The directory, read forward in chunks.
struct Chunks<'c> {
    archive: &'c dyn Content,
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    taken: usize,
}

impl<'c> Chunks<'c> {
    fn new(archive: &'c dyn Content, place: &Place) -> Self {
        Chunks { archive, at: place.start, end: place.end, buffer: Vec::new(), taken: 0 }
    }

    /// The next bytes without taking them; `None` when the directory ends before.
    fn peek(&mut self, length: usize) -> io::Result<Option<&[u8]>> {
        if self.buffer.len() - self.taken < length && self.at < self.end {
            self.buffer.drain(..self.taken);
            self.taken = 0;
            let more = CHUNK_BYTES.max(length as u64).min(self.end - self.at);
            let old = self.buffer.len();
            self.buffer.resize(old + usize::try_from(more).unwrap_or(0), 0);
            let fresh = self.buffer.get_mut(old..).unwrap_or_default();
            read_exact_at(self.archive, self.at, fresh)?;
            self.at += more;
        }
        Ok(self.buffer.get(self.taken..self.taken + length))
    }

    /// Reads one entry. Anything that is not an entry ends the directory.
    fn step(&mut self, shift: u64, wanted: &dyn Fn(&str) -> bool) -> io::Result<Step> {
        let Some(fixed) = self.peek(ENTRY_BYTES)?.filter(|b| b.starts_with(ENTRY_SIGNATURE)) else {
            return Ok(Step::End);
        };
        let [name, extra, comment] =
            [28, 30, 32].map(|at| usize::from(u16_at(fixed, at).unwrap_or(0)));
        let Some(bytes) = self.peek(ENTRY_BYTES + name + extra + comment)? else {
            return Ok(Step::End);
        };
        let name_end = ENTRY_BYTES + name;
        let raw_name = bytes.get(ENTRY_BYTES..name_end).unwrap_or_default();
        let text = String::from_utf8_lossy(raw_name);
        let step = if name <= MAX_ZIP_NAME_BYTES && wanted(&text) {
            let extra = bytes.get(name_end..name_end + extra).unwrap_or_default();
            entry(text.into_owned(), bytes, extra, shift).map_or(Step::Unwanted, Step::Wanted)
        } else {
            Step::Unwanted
        };
        self.taken += ENTRY_BYTES + name + extra + comment;
        Ok(step)
    }
}

/// The fields of an entry. A value that does not fit its field stands in the extra field 1:
/// size, packed size, header offset, in this order, each only if needed (APPNOTE §4.5.3).
fn entry(name: String, fixed: &[u8], extra: &[u8], shift: u64) -> Option<ZipEntry> {
    let mut wide = wide_values(extra);
    let mut field = |at| match u32_at(fixed, at)? {
        IN_EXTRA => wide.next(),
        value => Some(value.into()),
    };
    let (size_bytes, packed_bytes, header) = (field(24)?, field(20)?, field(42)?);
    Some(ZipEntry {
        name,
        size_bytes,
        method: u16_at(fixed, 10)?,
        is_encrypted: u16_at(fixed, 8)? & ENCRYPTED != 0,
        crc32: u32_at(fixed, 16)?,
        packed_bytes,
        header_at: header.checked_add(shift)?,
    })
}

/// The 64-bit values of the extra field 1.
fn wide_values(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut values: &[u8] = &[];
    while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let end = 4 + usize::from(length);
        if id == 1 {
            values = extra.get(4..end).unwrap_or_default();
            break;
        }
        extra = extra.get(end..).unwrap_or_default();
    }
    values.chunks_exact(8).filter_map(|value| u64_at(value, 0))
}

/// Finds the directory by the end record, which is searched from the end of the file.
fn locate(archive: &dyn Content) -> Result<Place, AnalyzeError> {
    for tail_bytes in [SHORT_TAIL_BYTES, END_BYTES + MAX_COMMENT_BYTES] {
        let start = archive.size_bytes().saturating_sub(tail_bytes);
        let length = archive.size_bytes().min(tail_bytes);
        let mut tail = vec![0; usize::try_from(length).unwrap_or(0)];
        read_exact_at(archive, start, &mut tail)?;
        for at in memchr::memmem::rfind_iter(&tail, END_SIGNATURE) {
            let record = tail.get(at..).unwrap_or_default();
            if let Some(place) = place(archive, record, start + at as u64)? {
                return Ok(place);
            }
        }
    }
    Err(AnalyzeError::Malformed("no zip archive: it has no directory".to_owned()))
}

/// The directory that this end record speaks of; `None` when there is none, since the record's
/// signature may also stand in a comment.
fn place(archive: &dyn Content, record: &[u8], at: u64) -> io::Result<Option<Place>> {
    let (Some(count), Some(size), Some(offset), Some(comment)) =
        (u16_at(record, 10), u32_at(record, 12), u32_at(record, 16), u16_at(record, 20))
    else {
        return Ok(None);
    };
    if record.len() as u64 - END_BYTES < u64::from(comment) {
        return Ok(None);
    }
    let is_wide = count == u16::MAX || size == IN_EXTRA || offset == IN_EXTRA;
    if is_wide && let Some(wide) = wide_place(archive, at)? {
        return Ok(Some(wide));
    }
    settle(archive, [count.into(), size.into(), offset.into()], at)
}

/// The same from the 64-bit end record before the plain one.
fn wide_place(archive: &dyn Content, end_at: u64) -> io::Result<Option<Place>> {
    let Some(locator_at) = end_at.checked_sub(END64_LOCATOR_BYTES) else { return Ok(None) };
    let mut locator = [0; END64_LOCATOR_BYTES as usize];
    read_exact_at(archive, locator_at, &mut locator)?;
    if !locator.starts_with(END64_LOCATOR_SIGNATURE) {
        return Ok(None);
    }
    // Where it says, or right before the locator when bytes were put before the archive.
    let places = [u64_at(&locator, 8), locator_at.checked_sub(END64_BYTES)];
    for at in places.into_iter().flatten() {
        let mut record = [0; END64_BYTES as usize];
        if at >= locator_at || read_exact_at(archive, at, &mut record).is_err() {
            continue;
        }
        let fields = [u64_at(&record, 32), u64_at(&record, 40), u64_at(&record, 48)];
        if let (true, [Some(count), Some(size), Some(offset)]) =
            (record.starts_with(END64_SIGNATURE), fields)
        {
            return settle(archive, [count, size, offset], at);
        }
    }
    Ok(None)
}

/// Checks that a directory begins there: right before the end record, which shifts all offsets
/// when it is not where the record says, or else exactly where the record says.
fn settle(archive: &dyn Content, record: [u64; 3], end: u64) -> io::Result<Option<Place>> {
    let [count, size, offset] = record;
    if count == 0 && size == 0 {
        return Ok(Some(Place { start: end, end, shift: 0, count }));
    }
    let before_end =
        end.checked_sub(size).and_then(|start| Some((start, start.checked_sub(offset)?)));
    for (start, shift) in before_end.into_iter().chain([(offset, 0)]) {
        let mut head = [0; 4];
        let is_within = start.checked_add(size).is_some_and(|last| last <= end);
        if is_within && read_exact_at(archive, start, &mut head).is_ok() && head == ENTRY_SIGNATURE
        {
            return Ok(Some(Place { start, end: start + size, shift, count }));
        }
    }
    Ok(None)
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
