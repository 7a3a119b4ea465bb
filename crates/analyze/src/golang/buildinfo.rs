//! The block `\xff Go buildinf:` that the Go linker leaves in a program: where it lies and what
//! its two strings say. Reading the lines of the second is `modinfo`'s work.
//!
//! Source: the Go standard library's `debug/buildinfo` and `cmd/link` (format since Go 1.13;
//! strings inline since Go 1.18, before that pointers to Go string headers).

use crate::AnalyzeError;
use crate::content_reader::{ContentReader, read_exact_at};
use crate::executable::{Executable, Region};
use crate::limits::{
    MAX_GO_MODINFO_BYTES, MAX_GO_SEARCH_BYTES, MAX_GO_VERSION_BYTES, SEARCH_WINDOW_BYTES,
};

/// What the block begins with.
const MAGIC: &[u8] = b"\xff Go buildinf:";
/// Bytes before the strings: magic, pointer size, flags, two pointers or padding.
const HEADER_BYTES: u64 = 32;
/// The block begins at a multiple of this from the start of its section or segment.
const ALIGN_BYTES: u64 = 16;
/// Flag: pointers are big-endian.
const BIG_ENDIAN: u8 = 1;
/// Flag: the strings follow the header, each after its length as a varint.
const INLINE: u8 = 2;
/// Bytes of the marks around the module lines.
const MARK_BYTES: usize = 16;
/// How far from the beginning of a packed program its packer's mark lies, in bytes.
const UPX_HEAD_BYTES: u64 = 1 << 10;

/// The two strings of the block.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BuildStrings {
    /// `runtime.Version()`: `go1.22.3`.
    pub go_version: String,
    /// The lines `path`, `mod`, `dep`, `=>`, `build`; empty for programs built without modules.
    pub module_lines: String,
}

/// Reads the block. `None` when the program was not built by Go.
pub(super) fn read(
    reader: &ContentReader<'_>,
    executable: &Executable,
) -> Result<Option<BuildStrings>, AnalyzeError> {
    let Some(at) = locate(reader, executable)? else { return Ok(None) };
    let broken = || AnalyzeError::Malformed(format!("Go build information at byte {at}"));
    let header = reader.slice(at, HEADER_BYTES).ok_or_else(broken)?;
    let (pointer_bytes, flags) = match header.get(14..16) {
        Some(&[pointer_bytes, flags]) => (pointer_bytes, flags),
        _ => return Err(broken()),
    };
    let strings = if flags & INLINE != 0 {
        inline_strings(reader, at)
    } else {
        let pointers = Pointers { reader, executable, pointer_bytes, big: flags & BIG_ENDIAN != 0 };
        pointers.strings(at)
    };
    let (version, lines) = strings.ok_or_else(broken)?;
    if version.is_empty() {
        return Ok(None);
    }
    Ok(Some(BuildStrings {
        go_version: String::from_utf8_lossy(version).into_owned(),
        module_lines: String::from_utf8_lossy(without_marks(lines)).into_owned(),
    }))
}

/// Whether this is a program without section table that carries UPX's mark near its beginning.
pub(super) fn is_upx_packed(reader: &ContentReader<'_>, executable: &Executable) -> bool {
    if !executable.sections.is_empty() {
        return executable.section(b"UPX1").is_some();
    }
    let head = reader.slice(0, UPX_HEAD_BYTES.min(reader.size_bytes())).unwrap_or_default();
    memchr::memmem::find(head, b"UPX!").is_some()
}

/// Where in the file the block begins.
///
/// ELF and Mach-O name its section. Without section table, and in PE files, it is searched for
/// in the first writable part, where the linker puts it.
fn locate(
    reader: &ContentReader<'_>,
    executable: &Executable,
) -> Result<Option<u64>, AnalyzeError> {
    for name in [&b".go.buildinfo"[..], b"__go_buildinfo"] {
        if let Some(section) = executable.section(name) {
            let head = reader.slice(section.offset, MAGIC.len() as u64).unwrap_or_default();
            return if head == MAGIC { Ok(Some(section.offset)) } else { search(reader, section) };
        }
    }
    let has_segments_only = executable.sections.is_empty();
    let is_pe = executable.sections == executable.segments;
    match executable.segments.iter().find(|part| part.writable && part.size_bytes > 0) {
        Some(part) if has_segments_only || is_pe => search(reader, part),
        _ => Ok(None),
    }
}

/// Searches one part of the file, in windows that overlap.
fn search(reader: &ContentReader<'_>, part: &Region) -> Result<Option<u64>, AnalyzeError> {
    let end_of_part = part.offset.saturating_add(part.size_bytes.min(MAX_GO_SEARCH_BYTES));
    let end = end_of_part.min(reader.size_bytes());
    let finder = memchr::memmem::Finder::new(MAGIC);
    let mut window = Vec::new();
    let mut start = part.offset;
    while start < end {
        let length = (end - start).min(SEARCH_WINDOW_BYTES as u64);
        window.resize(usize::try_from(length).unwrap_or(0), 0);
        read_exact_at(reader.content(), start, &mut window)?;
        for hit in finder.find_iter(&window) {
            let at = start + hit as u64;
            if (at - part.offset).is_multiple_of(ALIGN_BYTES) {
                return Ok(Some(at));
            }
        }
        if length < SEARCH_WINDOW_BYTES as u64 {
            break;
        }
        start += length - HEADER_BYTES;
    }
    Ok(None)
}

/// Go 1.18 and later: two strings, one after the other.
fn inline_strings<'r>(reader: &'r ContentReader<'_>, at: u64) -> Option<(&'r [u8], &'r [u8])> {
    let (version, next) = counted(reader, at.checked_add(HEADER_BYTES)?, MAX_GO_VERSION_BYTES)?;
    let (lines, _) = counted(reader, next, MAX_GO_MODINFO_BYTES)?;
    Some((version, lines))
}

/// A string after its length; gives also where the next one begins.
fn counted<'r>(reader: &'r ContentReader<'_>, at: u64, max_bytes: u64) -> Option<(&'r [u8], u64)> {
    let ahead = reader.size_bytes().checked_sub(at)?.min(10);
    let mut length = 0_u64;
    let mut start = at;
    for (place, byte) in reader.slice(at, ahead)?.iter().enumerate() {
        let shift = u32::try_from(place).ok()?.checked_mul(7)?;
        length |= u64::from(byte & 0x7f).checked_shl(shift)?;
        start = start.checked_add(1)?;
        if byte & 0x80 == 0 {
            let text = (length <= max_bytes).then(|| reader.slice(start, length))??;
            return Some((text, start.checked_add(length)?));
        }
    }
    None
}

/// Before Go 1.18: two pointers to string headers, each a pointer and a length.
struct Pointers<'r, 'c> {
    reader: &'r ContentReader<'c>,
    executable: &'r Executable,
    pointer_bytes: u8,
    big: bool,
}

impl<'r> Pointers<'r, '_> {
    fn strings(&self, at: u64) -> Option<(&'r [u8], &'r [u8])> {
        let first = self.number(at.checked_add(16)?)?;
        let second = self.number(at.checked_add(16)?.checked_add(self.pointer_bytes.into())?)?;
        let version = self.string(first, MAX_GO_VERSION_BYTES)?;
        // Programs built outside a module have no second string.
        let lines = self.string(second, MAX_GO_MODINFO_BYTES).unwrap_or_default();
        Some((version, lines))
    }

    /// The Go string whose header lies at this address.
    fn string(&self, address: u64, max_bytes: u64) -> Option<&'r [u8]> {
        let (header, _) = self.executable.offset_of(address)?;
        let data = self.number(header)?;
        let length = self.number(header.checked_add(self.pointer_bytes.into())?)?;
        if length == 0 {
            return Some(&[]);
        }
        let (start, left) = self.executable.offset_of(data)?;
        (length <= max_bytes && length <= left).then(|| self.reader.slice(start, length))?
    }

    /// The pointer-sized number at this place in the file.
    fn number(&self, at: u64) -> Option<u64> {
        let bytes = self.reader.slice(at, self.pointer_bytes.into())?;
        match (bytes.len(), self.big) {
            (4, true) => Some(u32::from_be_bytes(bytes.try_into().ok()?).into()),
            (4, false) => Some(u32::from_le_bytes(bytes.try_into().ok()?).into()),
            (8, true) => Some(u64::from_be_bytes(bytes.try_into().ok()?)),
            (8, false) => Some(u64::from_le_bytes(bytes.try_into().ok()?)),
            _ => None,
        }
    }
}

/// The module lines without the 16-byte marks on both sides; nothing when the marks are missing.
fn without_marks(lines: &[u8]) -> &[u8] {
    let end = lines.len().saturating_sub(MARK_BYTES);
    match lines.get(MARK_BYTES..end) {
        Some(inner) if inner.last() == Some(&b'\n') => inner,
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
