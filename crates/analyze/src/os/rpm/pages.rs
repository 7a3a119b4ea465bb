//! `Pages`: a database file in pages, each read at most once.
//!
//! In a sound database no page is linked twice and no blob shares bytes with another. Holding a
//! hostile one to that bounds loops, work and memory by the size of the file.

use model::Content;

use crate::AnalyzeError;
use crate::limits::MAX_RPM_HEADER_BYTES;

/// A file read in pages of one size.
pub(super) struct Pages<'a> {
    content: &'a dyn Content,
    page_bytes: usize,
    /// Whole pages in the file.
    count: u32,
    /// One bit a page: read already.
    seen: Vec<u64>,
    /// Blob bytes that may still be read.
    unspent_bytes: u64,
}

impl<'a> Pages<'a> {
    /// The pages of a file.
    pub(super) fn new(content: &'a dyn Content, page_bytes: usize) -> Self {
        let size_bytes = content.size_bytes();
        let whole_pages = size_bytes / (page_bytes as u64).max(1);
        let count = u32::try_from(whole_pages).unwrap_or(u32::MAX);
        let words = (count as usize).div_ceil(u64::BITS as usize);
        Pages { content, page_bytes, count, seen: vec![0; words], unspent_bytes: size_bytes }
    }

    /// Whole pages in the file.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Reads the page at `index` (from 0); an error when it is not in the file or was read before.
    pub(super) fn read_once(&mut self, index: u32, page: &mut Vec<u8>) -> Result<(), AnalyzeError> {
        if index >= self.count {
            return Err(malformed(format!("page {index} of {} is not there", self.count)));
        }
        let (word, bit) = (index / u64::BITS, 1 << (index % u64::BITS));
        let seen = self.seen.get_mut(word as usize).filter(|word| **word & bit == 0);
        *seen.ok_or_else(|| malformed(format!("page {index} is linked twice")))? |= bit;
        page.resize(self.page_bytes, 0);
        self.read_exact(u64::from(index) * self.page_bytes as u64, page)
    }

    /// Fills `buffer` from `offset` on.
    pub(super) fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> Result<(), AnalyzeError> {
        let wanted = buffer.len();
        if self.content.read_at(offset, buffer)? < wanted {
            return Err(malformed(format!("{wanted} bytes at {offset} are not there")));
        }
        Ok(())
    }

    /// Accounts for a blob before it is read: it is no larger than a header may be, and the blobs
    /// together no larger than the file.
    pub(super) fn spend(&mut self, blob_bytes: u64) -> Result<usize, AnalyzeError> {
        let length = usize::try_from(blob_bytes).unwrap_or(usize::MAX);
        if length > MAX_RPM_HEADER_BYTES {
            return Err(AnalyzeError::TooLarge(format!(
                "a header of {blob_bytes} bytes; at most {MAX_RPM_HEADER_BYTES} are read"
            )));
        }
        let rest = self.unspent_bytes.checked_sub(blob_bytes);
        self.unspent_bytes =
            rest.ok_or_else(|| malformed("the headers are larger than the file".into()))?;
        Ok(length)
    }
}

/// The error for bytes that break a database's format.
pub(super) fn malformed(what: String) -> AnalyzeError {
    AnalyzeError::Malformed(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_is_read_once_and_only_inside_the_file() {
        let bytes = [7_u8; 1100];
        let content = &bytes[..];
        let mut pages = Pages::new(&content, 512);
        let mut page = Vec::new();
        assert_eq!(pages.count(), 2);
        assert!(pages.read_once(1, &mut page).is_ok());
        assert_eq!(page, [7; 512]);
        for again in [1, 2, u32::MAX] {
            assert!(pages.read_once(again, &mut page).is_err(), "{again}");
        }
        assert_eq!(pages.spend(1000).unwrap(), 1000);
        assert!(pages.spend(101).is_err());
        assert!(pages.spend(u64::MAX).is_err());
        assert_eq!(pages.spend(100).unwrap(), 100);
    }
}
