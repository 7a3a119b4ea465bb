//! `Packages.db`: an rpm database in rpm's own NDB format (SUSE).
//!
//! Source: rpm's `lib/backend/ndb/rpmpkg.c`. Little-endian. The first pages are a table of slots;
//! each used slot gives the number of a package and where its blob lies, in blocks of 16 bytes.
//! The blob has a head and a tail; the checksum in the tail is not verified when rpm reads, nor
//! here.

use model::Content;

use super::super::bytes::le32;
use super::pages::{Pages, malformed};
use super::{Installed, Record};
use crate::AnalyzeError;

const PAGE_BYTES: usize = 4096;
const SLOT_BYTES: usize = 16;
const BLOCK_BYTES: u64 = 16;
const HEAD_BYTES: u64 = 16;
const TAIL_BYTES: u64 = 12;
/// The header of the file takes the place of the first slots.
const FILE_HEADER_BYTES: usize = 32;

const MAGIC_FILE: &[u8] = b"RpmP";
const MAGIC_SLOT: &[u8] = b"Slot";
const MAGIC_HEAD: &[u8] = b"BlbS";
const MAGIC_TAIL: &[u8] = b"BlbE";

/// Where the blob of a package lies.
struct Slot {
    package: u32,
    first_block: u32,
    blocks: u32,
}

/// Puts the header of every used slot into `installed`.
pub(super) fn read(
    content: &dyn Content,
    installed: &mut Installed<'_>,
) -> Result<(), AnalyzeError> {
    let mut pages = Pages::new(content, PAGE_BYTES);
    let mut page = Vec::new();
    let mut slot_pages = 1;
    let mut number = 0;
    while number < slot_pages {
        pages.read_once(number, &mut page)?;
        let mut slots = &page[..];
        if number == 0 {
            slot_pages = check_header(&page, pages.count())?;
            slots = &page[FILE_HEADER_BYTES..];
        }
        for bytes in slots.chunks_exact(SLOT_BYTES) {
            match slot(bytes) {
                Some(Slot { first_block: 0, .. }) => {}
                Some(slot) => {
                    let record = Record::Slot(slot.package);
                    installed.blob(record, read_blob(&mut pages, &slot))?;
                }
                None => installed.broken(Record::Page(number), "a slot has no magic number")?,
            }
        }
        number += 1;
    }
    Ok(())
}

/// The number of pages that the table of slots takes.
fn check_header(page: &[u8], pages: u32) -> Result<u32, AnalyzeError> {
    if !page.starts_with(MAGIC_FILE) {
        return Err(malformed("no NDB database: the magic number is not there".into()));
    }
    let (version, slot_pages) = (le32(page, 4).unwrap_or(0), le32(page, 12).unwrap_or(0));
    if version != 0 {
        return Err(AnalyzeError::Unsupported(format!("an NDB database version {version}")));
    }
    if slot_pages > pages {
        return Err(malformed(format!(
            "{slot_pages} pages of slots in {pages} pages: the file is cut off"
        )));
    }
    Ok(slot_pages)
}

fn slot(bytes: &[u8]) -> Option<Slot> {
    let slot =
        Slot { package: le32(bytes, 4)?, first_block: le32(bytes, 8)?, blocks: le32(bytes, 12)? };
    bytes.starts_with(MAGIC_SLOT).then_some(slot)
}

fn read_blob(pages: &mut Pages<'_>, slot: &Slot) -> Result<Vec<u8>, AnalyzeError> {
    let start = u64::from(slot.first_block) * BLOCK_BYTES;
    let total_bytes = u64::from(slot.blocks) * BLOCK_BYTES;
    let mut head = [0; HEAD_BYTES as usize];
    pages.read_exact(start, &mut head)?;
    if !head.starts_with(MAGIC_HEAD) || le32(&head, 4) != Some(slot.package) {
        return Err(malformed("the blob does not begin where its slot says".into()));
    }
    let blob_bytes = le32(&head, 12).unwrap_or(0);
    let framed_bytes = u64::from(blob_bytes) + HEAD_BYTES + TAIL_BYTES;
    if framed_bytes.div_ceil(BLOCK_BYTES) * BLOCK_BYTES != total_bytes {
        return Err(malformed("the blob is not as long as its slot says".into()));
    }
    let mut blob = vec![0; pages.spend(u64::from(blob_bytes))?];
    pages.read_exact(start + HEAD_BYTES, &mut blob)?;
    let mut tail = [0; TAIL_BYTES as usize];
    pages.read_exact(start + total_bytes - TAIL_BYTES, &mut tail)?;
    if !tail.ends_with(MAGIC_TAIL) || le32(&tail, 4) != Some(blob_bytes) {
        return Err(malformed("the blob has no end".into()));
    }
    Ok(blob)
}
