//! `Blocks`: compressed blocks under ascending keys; any one can be found and read alone.
//!
//! On disk: the number of blocks; for each the end of its first key, the end of its data and its
//! decompressed size (four bytes each); the first keys; the data. A block is one zstd frame with
//! checksum. What lies inside a block is its owner's matter.

use std::ops::Range;

use rayon::prelude::*;

use super::bytes::{Damage, Read, Reader};
use super::limits::BLOCK_MAX_BYTES;
use crate::AdvisoryError;

/// zstd level of the blocks; reading does not depend on it.
const COMPRESSION_LEVEL: i32 = 15;

/// Bytes of a block's entry in the table.
const ENTRY_BYTES: usize = 12;

/// Bytes before the table.
const COUNT_BYTES: usize = 4;

/// Compressed blocks, to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocks<'a> {
    count: usize,
    table: &'a [u8],
    keys: &'a [u8],
    data: &'a [u8],
}

/// Decompresses blocks; keep one for many, its memory is used again.
pub(super) struct Decoder(zstd::bulk::Decompressor<'static>);

/// Collects blocks and writes them.
#[derive(Debug, Default)]
pub(super) struct BlocksWriter {
    blocks: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<'a> Blocks<'a> {
    /// Takes the bytes apart; looks at nothing but the table's frame.
    pub(super) fn new(bytes: &'a [u8]) -> Read<Self> {
        if bytes.is_empty() {
            return Ok(Blocks { count: 0, table: &[], keys: &[], data: &[] });
        }
        let mut reader = Reader::new(bytes);
        let count = usize::try_from(reader.u32()?).map_err(|_| Damage("too many blocks"))?;
        let table_bytes = count.checked_mul(ENTRY_BYTES).ok_or(Damage("too many blocks"))?;
        let table = reader.take(table_bytes)?;
        let mut blocks = Blocks { count, table, keys: &[], data: &[] };
        let (keys_end, data_end) = match count {
            0 => (0, 0),
            _ => (blocks.field(count - 1, 0)?, blocks.field(count - 1, 4)?),
        };
        blocks.keys = reader.take(keys_end)?;
        blocks.data = reader.take(data_end)?;
        Ok(blocks)
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The number of the block in which `key` lies if it is there at all.
    pub(super) fn find(&self, key: &[u8]) -> Read<Option<usize>> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.first_key(middle)? <= key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low.checked_sub(1))
    }

    /// The first key of a block.
    pub(super) fn first_key(&self, index: usize) -> Read<&'a [u8]> {
        self.keys.get(self.span(index, 0)?).ok_or(Damage("a block's key lies outside"))
    }

    /// A block's content.
    pub(super) fn read(&self, index: usize, decoder: &mut Decoder) -> Read<Vec<u8>> {
        let data = self.data.get(self.span(index, 4)?).ok_or(Damage("a block lies outside"))?;
        let size = self.field(index, 8)?;
        if size > BLOCK_MAX_BYTES {
            return Err(Damage("a block is too large"));
        }
        let mut raw = Vec::with_capacity(size);
        let written = decoder.0.decompress_to_buffer(data, &mut raw);
        if written.ok() != Some(size) {
            return Err(Damage("a block does not decompress"));
        }
        Ok(raw)
    }

    fn span(&self, index: usize, field: usize) -> Read<Range<usize>> {
        let start = match index {
            0 => 0,
            _ => self.field(index - 1, field)?,
        };
        Ok(start..self.field(index, field)?)
    }

    fn field(&self, index: usize, field: usize) -> Read<usize> {
        let at = index.checked_mul(ENTRY_BYTES).ok_or(Damage("a block lies outside"))?;
        let value = Reader::starting_at(self.table, at.saturating_add(field)).u32()?;
        usize::try_from(value).map_err(|_| Damage("a block lies outside"))
    }
}

impl Decoder {
    pub(super) fn new() -> Read<Self> {
        let decoder = zstd::bulk::Decompressor::new();
        Ok(Decoder(decoder.map_err(|_| Damage("no memory to decompress"))?))
    }
}

impl BlocksWriter {
    /// Adds a block; keys must ascend.
    pub(super) fn push(&mut self, first_key: Vec<u8>, raw: Vec<u8>) {
        self.blocks.push((first_key, raw));
    }

    /// Compresses the blocks, on all threads, and lays them out.
    pub(super) fn finish(self) -> Result<Vec<u8>, AdvisoryError> {
        if let Some((key, _)) = self.blocks.iter().find(|(_, raw)| raw.len() > BLOCK_MAX_BYTES) {
            let what = "bytes of statements about one package";
            let source_name = String::from_utf8_lossy(key).replace('\0', " ");
            let limit = BLOCK_MAX_BYTES as u64;
            return Err(AdvisoryError::SourceTooLarge { source_name, what, limit });
        }
        let compressed = self.blocks.par_iter().map_init(compressor, |compressor, (_, raw)| {
            let compressor = compressor.as_mut().map_err(|error| clone_error(error))?;
            compressor.compress(raw)
        });
        let compressed: std::io::Result<Vec<Vec<u8>>> = compressed.collect();
        let compressed = compressed
            .map_err(|source| AdvisoryError::File { path: "advisories.lzdb".into(), source })?;
        Ok(self.lay_out(&compressed))
    }

    fn lay_out(&self, compressed: &[Vec<u8>]) -> Vec<u8> {
        let keys_bytes: usize = self.blocks.iter().map(|(key, _)| key.len()).sum();
        let data_bytes: usize = compressed.iter().map(Vec::len).sum();
        let table_bytes = COUNT_BYTES + self.blocks.len() * ENTRY_BYTES;
        let mut out = Vec::with_capacity(table_bytes + keys_bytes + data_bytes);
        out.extend_from_slice(&(self.blocks.len() as u32).to_le_bytes());
        let (mut key_end, mut data_end) = (0u32, 0u32);
        for ((key, raw), data) in self.blocks.iter().zip(compressed) {
            key_end = key_end.saturating_add(key.len() as u32);
            data_end = data_end.saturating_add(data.len() as u32);
            for field in [key_end, data_end, raw.len() as u32] {
                out.extend_from_slice(&field.to_le_bytes());
            }
        }
        self.blocks.iter().for_each(|(key, _)| out.extend_from_slice(key));
        compressed.iter().for_each(|data| out.extend_from_slice(data));
        out
    }
}

fn compressor() -> std::io::Result<zstd::bulk::Compressor<'static>> {
    let mut compressor = zstd::bulk::Compressor::new(COMPRESSION_LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.include_contentsize(false)?;
    Ok(compressor)
}

fn clone_error(error: &std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut writer = BlocksWriter::default();
        for (key, raw) in [("b", "first first first"), ("m", "second"), ("t", "")] {
            writer.push(key.into(), raw.into());
        }
        writer.finish().unwrap()
    }

    #[test]
    fn finds_the_block_of_a_key() {
        let bytes = sample();
        let blocks = Blocks::new(&bytes).unwrap();
        assert_eq!(blocks.count(), 3);
        let expected = [
            ("a", None),
            ("b", Some(0)),
            ("c", Some(0)),
            ("m", Some(1)),
            ("n", Some(1)),
            ("z", Some(2)),
        ];
        for (key, block) in expected {
            assert_eq!(blocks.find(key.as_bytes()), Ok(block), "{key}");
        }
        let mut decoder = Decoder::new().unwrap();
        assert_eq!(blocks.read(0, &mut decoder).unwrap(), b"first first first");
        assert_eq!(blocks.read(2, &mut decoder).unwrap(), b"");
        assert!(blocks.read(3, &mut decoder).is_err());
        assert_eq!(Blocks::new(&[]).unwrap().find(b"a"), Ok(None));
    }

    #[test]
    fn every_changed_byte_is_an_error_or_harmless() {
        let good = sample();
        let mut decoder = Decoder::new().unwrap();
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 0x55;
            let Ok(blocks) = Blocks::new(&bytes) else { continue };
            for index in 0..4 {
                let _ = blocks.first_key(index);
                let _ = blocks.read(index, &mut decoder);
            }
            let _ = blocks.find(b"k");
        }
        for length in 1..good.len() {
            assert!(Blocks::new(&good[..length]).is_err());
        }
    }
}
