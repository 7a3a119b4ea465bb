//! `Dictionary`: values under text keys, in compressed blocks. Keys ascend and are front-coded.

use super::blocks::{Blocks, BlocksWriter, Decoder};
use super::bytes::{Read, Reader, put_blob};
use super::limits::DICTIONARY_BLOCK_BYTES;
use super::postings::{next_key, put_key};
use crate::AdvisoryError;

/// Writes values under keys.
#[derive(Default)]
pub(super) struct DictionaryWriter {
    blocks: BlocksWriter,
    raw: Vec<u8>,
    first_key: Vec<u8>,
    last_key: Vec<u8>,
}

impl DictionaryWriter {
    /// Adds a key, greater than the one before.
    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) {
        if self.raw.is_empty() {
            self.first_key = key.to_vec();
        }
        put_key(&mut self.raw, &self.last_key, key);
        put_blob(&mut self.raw, value);
        self.last_key = key.to_vec();
        if self.raw.len() >= DICTIONARY_BLOCK_BYTES {
            self.close();
        }
    }

    pub(super) fn finish(mut self) -> Result<Vec<u8>, AdvisoryError> {
        if !self.raw.is_empty() {
            self.close();
        }
        self.blocks.finish()
    }

    fn close(&mut self) {
        let first_key = std::mem::take(&mut self.first_key);
        self.blocks.push(first_key, std::mem::take(&mut self.raw));
        self.last_key.clear();
    }
}

/// The value under a key.
pub(super) fn find(
    blocks: &Blocks<'_>,
    key: &[u8],
    decoder: &mut Decoder,
) -> Read<Option<Vec<u8>>> {
    let Some(index) = blocks.find(key)? else { return Ok(None) };
    let raw = blocks.read(index, decoder)?;
    let mut reader = Reader::new(&raw);
    let mut current = Vec::new();
    while !reader.is_empty() {
        next_key(&mut reader, &mut current)?;
        let value = reader.blob()?;
        if current == key {
            return Ok(Some(value.to_vec()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_and_no_other() {
        let key = |number: usize| format!("CVE-2024-{number:05}");
        let mut writer = DictionaryWriter::default();
        for number in (0..9000).step_by(2) {
            writer.push(key(number).as_bytes(), format!("value {number}").as_bytes());
        }
        let bytes = writer.finish().unwrap();
        let blocks = Blocks::new(&bytes).unwrap();
        assert!(blocks.count() > 1);
        let mut decoder = Decoder::new().unwrap();
        for number in (0..9002).step_by(37) {
            let expected = (number % 2 == 0 && number < 9000).then(|| format!("value {number}"));
            let found = find(&blocks, key(number).as_bytes(), &mut decoder).unwrap();
            assert_eq!(found.map(|value| String::from_utf8(value).unwrap()), expected);
        }
    }
}
