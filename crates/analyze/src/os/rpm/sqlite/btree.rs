//! `Database`: the table b-trees of a SQLite file (SQLite's "Database File Format", 1.3 to 1.6).

use model::Content;

use super::super::pages::{Pages, malformed};
use super::record::varint;
use crate::AnalyzeError;
use crate::os::bytes::{be16, be32};

const MAGIC: &[u8] = b"SQLite format 3\0";
/// Bytes of the database header, before the b-tree of page 1.
const HEADER_BYTES: usize = 100;
/// Encoding of texts: UTF-8. rpm writes no other.
const ENCODING_UTF8: u32 = 1;

const PAGE_TABLE_INTERIOR: u8 = 5;
const PAGE_TABLE_LEAF: u8 = 13;
/// Bytes of the number of an overflow page.
const LINK_BYTES: usize = 4;

/// What a walk gives: the number of a row and its record. Without a number it is a page that
/// could not be read.
pub(super) type Visit<'v> =
    dyn FnMut(Option<u64>, Result<Vec<u8>, AnalyzeError>) -> Result<(), AnalyzeError> + 'v;

/// A SQLite file.
pub(super) struct Database<'a> {
    pages: Pages<'a>,
    /// Bytes of a page less those reserved at its end.
    usable_bytes: usize,
}

impl<'a> Database<'a> {
    /// Checks the header.
    pub(super) fn open(content: &'a dyn Content) -> Result<Self, AnalyzeError> {
        let mut header = [0; HEADER_BYTES];
        let length = content.read_at(0, &mut header)?;
        if length < HEADER_BYTES || !header.starts_with(MAGIC) {
            return Err(malformed("no SQLite database: the magic number is not there".into()));
        }
        let page_bytes = match be16(&header, 16) {
            Some(1) => 65_536,
            Some(size) => usize::from(size),
            None => 0,
        };
        let usable_bytes = page_bytes.saturating_sub(usize::from(header[20]));
        if !page_bytes.is_power_of_two() || page_bytes < 512 || usable_bytes < 480 {
            return Err(malformed(format!("a SQLite database with pages of {page_bytes} bytes")));
        }
        // A database without a table has no encoding yet.
        if !matches!(be32(&header, 56), Some(0 | ENCODING_UTF8)) {
            return Err(AnalyzeError::Unsupported("a SQLite database in UTF-16".into()));
        }
        Ok(Database { pages: Pages::new(content, page_bytes), usable_bytes })
    }

    /// Gives every row of the table b-tree with this root page to `visit`, in the order of their
    /// numbers; an error that `visit` gives ends the walk.
    pub(super) fn walk(&mut self, root: u32, visit: &mut Visit<'_>) -> Result<(), AnalyzeError> {
        let mut page = Vec::new();
        let mut to_visit = vec![root];
        while let Some(number) = to_visit.pop() {
            match self.read_page(number, &mut page) {
                Ok((PAGE_TABLE_LEAF, start)) => self.visit_leaf(&page, start, visit)?,
                Ok((_, start)) => children(&page, start, &mut to_visit),
                Err(AnalyzeError::Read(error)) => return Err(error.into()),
                Err(error) => visit(None, Err(error))?,
            }
            if to_visit.len() > self.pages.count() as usize {
                return Err(malformed("more links than pages".into()));
            }
        }
        Ok(())
    }

    /// Reads a page (from 1) of a table b-tree; gives its type and where its header starts.
    fn read_page(&mut self, number: u32, page: &mut Vec<u8>) -> Result<(u8, usize), AnalyzeError> {
        let index = number.checked_sub(1).ok_or_else(|| malformed("a link to page 0".into()))?;
        self.pages.read_once(index, page)?;
        let start = if index == 0 { HEADER_BYTES } else { 0 };
        match page.get(start) {
            Some(&kind @ (PAGE_TABLE_LEAF | PAGE_TABLE_INTERIOR)) => Ok((kind, start)),
            _ => Err(malformed(format!("page {number} is no page of a table"))),
        }
    }

    fn visit_leaf(
        &mut self,
        page: &[u8],
        start: usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), AnalyzeError> {
        const LEAF_HEADER_BYTES: usize = 8;
        for cell in cells(page, start, LEAF_HEADER_BYTES) {
            let head = varint(page, cell)
                .and_then(|(length, at)| varint(page, at).map(|(row, at)| (length, row, at)));
            match head {
                Some((length, row, at)) => visit(Some(row), self.payload(page, at, length))?,
                None => visit(None, Err(malformed("a cell is not in its page".into())))?,
            }
        }
        Ok(())
    }

    /// The record of a cell: the part in the page, then the overflow pages.
    fn payload(&mut self, page: &[u8], at: usize, length: u64) -> Result<Vec<u8>, AnalyzeError> {
        let cut_off = || malformed("a record is cut off".into());
        let length = self.pages.spend(length)?;
        let local = self.local_bytes(length);
        let mut payload = page.get(at..at.saturating_add(local)).ok_or_else(cut_off)?.to_vec();
        let mut next = be32(page, at.saturating_add(local)).unwrap_or(0);
        let mut overflow = Vec::new();
        while payload.len() < length {
            self.pages.read_once(next.wrapping_sub(1), &mut overflow)?;
            next = be32(&overflow, 0).unwrap_or(0);
            let part = overflow.get(LINK_BYTES..self.usable_bytes).ok_or_else(cut_off)?;
            payload.extend_from_slice(&part[..part.len().min(length - payload.len())]);
        }
        Ok(payload)
    }

    /// How many bytes of a record stand in the page (1.6, "the amount stored on the leaf").
    fn local_bytes(&self, length: usize) -> usize {
        let most = self.usable_bytes - 35;
        if length <= most {
            return length;
        }
        let least = (self.usable_bytes - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (self.usable_bytes - LINK_BYTES);
        if fitting <= most { fitting } else { least }
    }
}

/// The offsets of the cells of a page whose header starts at `start`.
fn cells(page: &[u8], start: usize, header_bytes: usize) -> impl Iterator<Item = usize> + '_ {
    let count = usize::from(be16(page, start + 3).unwrap_or(0));
    let pointers = page.get(start + header_bytes..).unwrap_or_default();
    pointers.chunks_exact(2).take(count).map(|p| usize::from(be16(p, 0).unwrap_or(u16::MAX)))
}

/// Puts the children of an interior page on the stack, the last first.
fn children(page: &[u8], start: usize, to_visit: &mut Vec<u32>) {
    const INTERIOR_HEADER_BYTES: usize = 12;
    let first = to_visit.len();
    let left = cells(page, start, INTERIOR_HEADER_BYTES).map(|cell| be32(page, cell));
    // A child that is not there is page 0: reading it tells the damage.
    to_visit.extend(left.map(Option::unwrap_or_default));
    to_visit.push(be32(page, start + 8).unwrap_or(0));
    to_visit[first..].reverse();
}
