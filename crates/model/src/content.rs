//! `Content`: the bytes of one file, at random access, wherever they lie.

use std::io;

/// The bytes of one file of a layer. Small files are in memory; large ones are read in pieces.
pub trait Content {
    /// Bytes in all.
    fn size_bytes(&self) -> u64;

    /// Reads from `offset` into `buffer` until it is full or the content ends; gives the count.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// The whole content when it is in memory anyway. An analyzer of small text files may rely on
    /// it: whatever is at most `image`'s limit for buffered files is in memory.
    fn bytes(&self) -> Option<&[u8]>;
}

impl Content for [u8] {
    fn size_bytes(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let count = buffer.len().min(self.len() - start);
        buffer[..count].copy_from_slice(&self[start..start + count]);
        Ok(count)
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// The same, sized, so that a slice can be passed as `&dyn Content`.
impl Content for &[u8] {
    fn size_bytes(&self) -> u64 {
        (**self).size_bytes()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buffer)
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}
