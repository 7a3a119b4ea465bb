//! `Header`: the tags of one package (rpm's manual, "Package format V4", header structure).
//!
//! Two big-endian counts (index entries, data bytes), the index of 16-byte entries (tag, type,
//! offset into the data, count), the data. A database stores it without the magic that a package
//! file has. The region that signs most of a header is itself an entry; all others stand in the
//! same index, so the index is read flat. What was added at installation stands behind the region
//! and counts more: the last entry of a tag wins.

use super::super::bytes::{array, be16, be32};
use crate::limits::{MAX_OWNED_PATHS, MAX_RPM_HEADER_ENTRIES};

pub(super) const NAME: u32 = 1000;
pub(super) const VERSION: u32 = 1001;
pub(super) const RELEASE: u32 = 1002;
pub(super) const EPOCH: u32 = 1003;
pub(super) const VENDOR: u32 = 1011;
pub(super) const LICENSE: u32 = 1014;
pub(super) const ARCH: u32 = 1022;
pub(super) const SOURCERPM: u32 = 1044;
pub(super) const MODULARITYLABEL: u32 = 5096;
/// Whole paths, written by rpm before version 4.
const OLDFILENAMES: u32 = 1027;
const FILEMODES: u32 = 1030;
const DIRINDEXES: u32 = 1116;
const BASENAMES: u32 = 1117;
const DIRNAMES: u32 = 1118;

const TYPE_INT16: u32 = 3;
const TYPE_INT32: u32 = 4;
const TYPE_STRING: u32 = 6;
const TYPE_STRING_ARRAY: u32 = 8;
const TYPE_I18N_STRING: u32 = 9;

/// Bytes before the index: the two counts.
const PREAMBLE_BYTES: usize = 8;
/// Bytes of an index entry.
const ENTRY_BYTES: usize = 16;
/// The bits of a mode that tell the kind of a file, and the kind directory (`stat.h`).
const MODE_KIND: u16 = 0o170_000;
const MODE_DIRECTORY: u16 = 0o040_000;

/// The header of one package. Its bounds are checked; its values are looked at when asked for.
pub(super) struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

/// One index entry and the data from its offset on.
#[derive(Clone, Copy)]
struct Entry<'a> {
    kind: u32,
    count: usize,
    data: &'a [u8],
}

impl<'a> Header<'a> {
    /// Checks the counts against the blob; the error says what is wrong.
    pub(super) fn parse(blob: &'a [u8]) -> Result<Self, &'static str> {
        let counts = be32(blob, 0).zip(be32(blob, 4)).ok_or("the header is cut off")?;
        let entries = usize::try_from(counts.0).unwrap_or(usize::MAX);
        let data_bytes = usize::try_from(counts.1).unwrap_or(usize::MAX);
        if entries == 0 || entries > MAX_RPM_HEADER_ENTRIES {
            return Err("the header's count of entries is out of range");
        }
        let rest = &blob[PREAMBLE_BYTES..];
        let (index, rest) =
            rest.split_at_checked(entries * ENTRY_BYTES).ok_or("the header is cut off")?;
        let data = rest.get(..data_bytes).ok_or("the header is cut off")?;
        Ok(Header { index, data })
    }

    /// The last entry with this tag whose data begin inside the header.
    fn entry(&self, tag: u32) -> Option<Entry<'a>> {
        let bytes = self.index.chunks_exact(ENTRY_BYTES).rfind(|e| be32(e, 0) == Some(tag))?;
        let offset = usize::try_from(be32(bytes, 8)?).ok()?;
        Some(Entry {
            kind: be32(bytes, 4)?,
            count: usize::try_from(be32(bytes, 12)?).ok()?,
            data: self.data.get(offset..)?,
        })
    }

    /// The text of a tag; of a translated one the first language, `C`.
    pub(super) fn string(&self, tag: u32) -> Option<&'a [u8]> {
        self.entry(tag)?.strings()?.next()
    }

    /// The first number of a tag.
    pub(super) fn number(&self, tag: u32) -> Option<u32> {
        let entry = self.entry(tag)?;
        (entry.kind == TYPE_INT32 && entry.count > 0).then(|| be32(entry.data, 0))?
    }

    /// Gives each file the package owns, as directory (with `/` at its end) and name. Directories
    /// are left out when the header tells them by their modes.
    pub(super) fn files(&self, mut file: impl FnMut(&'a [u8], &'a [u8])) {
        let modes = self.entry(FILEMODES).filter(|modes| modes.kind == TYPE_INT16);
        let is_directory = |at: usize| {
            let mode = modes.filter(|modes| at < modes.count).and_then(|m| be16(m.data, at * 2));
            mode.is_some_and(|mode| mode & MODE_KIND == MODE_DIRECTORY)
        };
        let strings = |tag| self.entry(tag).and_then(Entry::strings).into_iter().flatten();
        for (at, path) in strings(OLDFILENAMES).enumerate() {
            if !is_directory(at) {
                file(b"", path);
            }
        }
        let Some(places) = self.entry(DIRINDEXES).filter(|e| e.kind == TYPE_INT32) else { return };
        let directories: Vec<&[u8]> = strings(DIRNAMES).take(MAX_OWNED_PATHS).collect();
        let places = places.data.chunks_exact(4).take(places.count);
        for (at, (name, place)) in strings(BASENAMES).zip(places).enumerate() {
            let place = array(place, 0).map_or(usize::MAX, |b| u32::from_be_bytes(b) as usize);
            if let Some(directory) = directories.get(place).filter(|_| !is_directory(at)) {
                file(directory, name);
            }
        }
    }
}

impl<'a> Entry<'a> {
    /// The strings of the entry, each ended by a zero byte; `None` for numbers. Stops where the
    /// data do.
    fn strings(self) -> Option<impl Iterator<Item = &'a [u8]>> {
        let count = match self.kind {
            TYPE_STRING => 1,
            TYPE_STRING_ARRAY | TYPE_I18N_STRING => self.count,
            _ => return None,
        };
        let mut rest = self.data;
        let strings = std::iter::from_fn(move || {
            let end = memchr::memchr(0, rest)?;
            let string = &rest[..end];
            rest = &rest[end + 1..];
            Some(string)
        });
        Some(strings.take(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::rpm::tests::HeaderBuilder;

    fn files(header: &Header<'_>) -> Vec<String> {
        let mut files = Vec::new();
        header.files(|directory, name| {
            files.push(String::from_utf8([directory, name].concat()).unwrap());
        });
        files
    }

    #[test]
    fn values_are_read_by_their_type() {
        let blob = HeaderBuilder::default()
            .string(NAME, "old")
            .number(EPOCH, 7)
            .strings(LICENSE, TYPE_I18N_STRING, &["GPL", "GPL (de)"])
            .string(NAME, "bash")
            .build();
        let header = Header::parse(&blob).unwrap();
        assert_eq!(header.string(NAME), Some(&b"bash"[..]));
        assert_eq!(header.string(LICENSE), Some(&b"GPL"[..]));
        assert_eq!(header.string(EPOCH), None);
        assert_eq!(header.string(VENDOR), None);
        assert_eq!(header.number(EPOCH), Some(7));
        assert_eq!(header.number(NAME), None);
    }

    #[test]
    fn files_are_put_together_and_directories_left_out() {
        let blob = HeaderBuilder::default()
            .strings(BASENAMES, TYPE_STRING_ARRAY, &["bin", "bash", "sh", "lost"])
            .strings(DIRNAMES, TYPE_STRING_ARRAY, &["/usr/", "/usr/bin/"])
            .numbers(DIRINDEXES, &[0, 1, 1, 9])
            .modes(FILEMODES, &[0o040_755, 0o100_755, 0o120_777, 0o100_644])
            .build();
        assert_eq!(files(&Header::parse(&blob).unwrap()), ["/usr/bin/bash", "/usr/bin/sh"]);
        let blob = HeaderBuilder::default()
            .strings(OLDFILENAMES, TYPE_STRING_ARRAY, &["/etc/a", "/etc/b"])
            .build();
        assert_eq!(files(&Header::parse(&blob).unwrap()), ["/etc/a", "/etc/b"]);
    }

    #[test]
    fn counts_and_offsets_that_lie_are_refused() {
        let whole = HeaderBuilder::default().string(NAME, "bash").build();
        for cut in 0..whole.len() {
            assert!(Header::parse(&whole[..cut]).is_err(), "{cut}");
        }
        let mut many = whole.clone();
        many[0] = 0xff;
        assert!(Header::parse(&many).is_err());
        let mut far = whole.clone();
        far[PREAMBLE_BYTES + 8] = 0x7f;
        assert_eq!(Header::parse(&far).unwrap().string(NAME), None);
        let mut counted = HeaderBuilder::default()
            .strings(BASENAMES, TYPE_STRING_ARRAY, &["a"])
            .strings(DIRNAMES, TYPE_STRING_ARRAY, &["/"])
            .numbers(DIRINDEXES, &[0])
            .build();
        counted[PREAMBLE_BYTES + 12] = 0xff;
        assert_eq!(files(&Header::parse(&counted).unwrap()), ["/a"]);
    }
}
