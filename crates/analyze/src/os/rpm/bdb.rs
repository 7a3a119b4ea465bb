//! `Packages`: an rpm database as a Berkeley DB hash (up to RHEL 8, CentOS 7, Fedora 32).
//!
//! Source: Berkeley DB's `dbinc/db_page.h` for the layout, rpm's `lib/backend/bdb_ro` for what rpm
//! sees of it. Page 0 tells the page size, the number of buckets and, in `spares`, by how many
//! pages each doubling of buckets was shifted. A bucket is a chain of pages with keys and values in
//! turn; a value that does not fit lies in a chain of overflow pages. The numbers have the byte
//! order of the machine that wrote them. The key is the number of a package; 0 is a counter.

use model::Content;

use super::super::bytes::array;
use super::pages::{Pages, malformed};
use super::{Installed, Record};
use crate::AnalyzeError;

/// Bytes of page 0 that are looked at.
const META_BYTES: usize = 512;
/// Bytes before the item offsets of a page, and before the data of an overflow page.
const PAGE_HEADER_BYTES: usize = 26;
const MAGIC_HASH: u32 = 0x0006_1561;
const MAGIC_BTREE: u32 = 0x0005_3162;
/// Hash versions that have this layout: those of Berkeley DB 4.0 to 18.
const VERSIONS: std::ops::RangeInclusive<u32> = 7..=10;
/// Doublings of buckets that page 0 has room for.
const SPARES: usize = 32;
/// Meta flag: pages carry a checksum and a longer header.
const FLAG_CHECKSUM: u8 = 1;

const PAGE_HASH_UNSORTED: u8 = 2;
const PAGE_OVERFLOW: u8 = 7;
const PAGE_HASH: u8 = 13;

const ITEM_KEYDATA: u8 = 1;
const ITEM_OFFPAGE: u8 = 3;

/// The key of the record that counts packages.
const COUNTER_KEY: &[u8] = &[0; 4];

/// Puts the header of every record into `installed`.
pub(super) fn read(
    content: &dyn Content,
    installed: &mut Installed<'_>,
) -> Result<(), AnalyzeError> {
    let mut hash = Hash::open(content)?;
    for bucket in 0..=hash.max_bucket {
        let result = hash.read_bucket(bucket, installed);
        installed.survive(Record::Bucket(bucket), result)?;
    }
    Ok(())
}

/// A hash that is being read.
struct Hash<'a> {
    pages: Pages<'a>,
    little_endian: bool,
    max_bucket: u32,
    spares: [u32; SPARES],
}

/// A key or a value as it stands in a page.
enum Item<'p> {
    Here(&'p [u8]),
    Elsewhere { first_page: u32, length: u32 },
}

impl<'a> Hash<'a> {
    fn open(content: &'a dyn Content) -> Result<Self, AnalyzeError> {
        let mut meta = [0; META_BYTES];
        if content.read_at(0, &mut meta)? < META_BYTES {
            return Err(malformed("too short for a Berkeley DB".into()));
        }
        let magic = array(&meta, 12).unwrap_or_default();
        let little_endian = match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
            (MAGIC_HASH, _) => true,
            (_, MAGIC_HASH) => false,
            (MAGIC_BTREE, _) | (_, MAGIC_BTREE) => {
                return Err(AnalyzeError::Unsupported("a Berkeley DB b-tree, not a hash".into()));
            }
            _ => {
                return Err(malformed("no Berkeley DB hash: the magic number is not there".into()));
            }
        };
        let mut hash = Hash {
            pages: Pages::new(content, 1),
            little_endian,
            max_bucket: 0,
            spares: [0; SPARES],
        };
        let number = |at| hash.u32(&meta, at).unwrap_or(0);
        let (version, page_bytes, max_bucket) = (number(16), number(20), number(72));
        let spares = std::array::from_fn(|at| number(96 + 4 * at));
        if !VERSIONS.contains(&version) {
            return Err(AnalyzeError::Unsupported(format!("a Berkeley DB hash version {version}")));
        }
        if meta[24] != 0 || meta[26] & FLAG_CHECKSUM != 0 {
            let form = "a Berkeley DB that is encrypted or has checksums";
            return Err(AnalyzeError::Unsupported(form.into()));
        }
        if !page_bytes.is_power_of_two() || !(512..=65_536).contains(&page_bytes) {
            return Err(malformed(format!("a Berkeley DB with pages of {page_bytes} bytes")));
        }
        hash.pages = Pages::new(content, page_bytes as usize);
        if max_bucket >= hash.pages.count() {
            return Err(malformed(format!(
                "{max_bucket} buckets in {} pages: the file is cut off",
                hash.pages.count()
            )));
        }
        (hash.max_bucket, hash.spares) = (max_bucket, spares);
        Ok(hash)
    }

    fn u16(&self, bytes: &[u8], at: usize) -> Option<u16> {
        let number = array(bytes, at)?;
        Some(if self.little_endian {
            u16::from_le_bytes(number)
        } else {
            u16::from_be_bytes(number)
        })
    }

    fn u32(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let number = array(bytes, at)?;
        Some(if self.little_endian {
            u32::from_le_bytes(number)
        } else {
            u32::from_be_bytes(number)
        })
    }

    /// The first page of a bucket: shifted by the spares of its doubling.
    fn first_page(&self, bucket: u32) -> Option<u32> {
        let doubling = (u32::BITS - bucket.leading_zeros()) as usize;
        bucket.checked_add(*self.spares.get(doubling)?)
    }

    fn read_bucket(
        &mut self,
        bucket: u32,
        installed: &mut Installed<'_>,
    ) -> Result<(), AnalyzeError> {
        let mut number = self.first_page(bucket).unwrap_or(u32::MAX);
        let mut page = Vec::new();
        loop {
            self.pages.read_once(number, &mut page)?;
            if !matches!(page.get(25), Some(&(PAGE_HASH | PAGE_HASH_UNSORTED))) {
                return Err(malformed(format!("page {number} is no hash page")));
            }
            self.read_page(number, &page, installed)?;
            number = self.u32(&page, 16).unwrap_or(0);
            if number == 0 {
                return Ok(());
            }
        }
    }

    fn read_page(
        &mut self,
        number: u32,
        page: &[u8],
        installed: &mut Installed<'_>,
    ) -> Result<(), AnalyzeError> {
        let items = usize::from(self.u16(page, 20).unwrap_or(0));
        for at in (1..items).step_by(2) {
            if matches!(self.item(page, at - 1), Some(Item::Here(COUNTER_KEY))) {
                continue;
            }
            let record = Record::Item { page: number, item: at };
            match self.item(page, at) {
                Some(Item::Here(blob)) => {
                    let blob = self.pages.spend(blob.len() as u64).map(|_| blob);
                    installed.blob(record, blob)?;
                }
                Some(Item::Elsewhere { first_page, length }) => {
                    installed.blob(record, self.overflow(first_page, length))?;
                }
                None => installed.broken(record, "the item is not in its page")?,
            }
        }
        Ok(())
    }

    /// The item at an index of a page: from its offset to that of the item before.
    fn item<'p>(&self, page: &'p [u8], index: usize) -> Option<Item<'p>> {
        let offset = |index: usize| {
            self.u16(page, PAGE_HEADER_BYTES.checked_add(index.checked_mul(2)?)?).map(usize::from)
        };
        let end = if index == 0 { page.len() } else { offset(index - 1)? };
        match page.get(offset(index)?..end)? {
            [ITEM_KEYDATA, bytes @ ..] => Some(Item::Here(bytes)),
            off_page @ [ITEM_OFFPAGE, ..] => Some(Item::Elsewhere {
                first_page: self.u32(off_page, 4)?,
                length: self.u32(off_page, 8)?,
            }),
            _ => None,
        }
    }

    /// A value that lies in a chain of overflow pages.
    fn overflow(&mut self, first_page: u32, length: u32) -> Result<Vec<u8>, AnalyzeError> {
        let length = self.pages.spend(u64::from(length))?;
        let mut value = Vec::new();
        let mut page = Vec::new();
        let mut number = first_page;
        while value.len() < length {
            self.pages.read_once(number, &mut page)?;
            let used = usize::from(self.u16(&page, 22).unwrap_or(0));
            let part = page.get(PAGE_HEADER_BYTES..PAGE_HEADER_BYTES + used);
            let part = part.filter(|part| {
                page.get(25) == Some(&PAGE_OVERFLOW) && part.len() <= length - value.len()
            });
            let part =
                part.ok_or_else(|| malformed(format!("page {number} is no overflow page")))?;
            value.extend_from_slice(part);
            number = self.u32(&page, 16).unwrap_or(0);
        }
        Ok(value)
    }
}
