//! Postings: for each package of an ecosystem the statements about it.
//!
//! The key is `ecosystem NUL package`. Keys ascend over the blocks of a segment. A block holds its
//! own strings and bodies, each once, then its keys (front-coded), each with its statements: the
//! advisory's number as the difference to the one before, and the body's number in the block.

use std::collections::HashMap;
use std::ops::Range;

use super::blocks::{Blocks, BlocksWriter, Decoder};
use super::body::Body;
use super::bytes::{Damage, Read, Reader, put_blob, put_varint};
use super::intern::Interner;
use super::limits::POSTINGS_BLOCK_BYTES;
use crate::AdvisoryError;

/// Between ecosystem and package in a key.
const KEY_SEPARATOR: u8 = 0;

/// The key of a package.
pub(super) fn key(ecosystem: &str, package: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(ecosystem.len() + 1 + package.len());
    key.extend_from_slice(ecosystem.as_bytes());
    key.push(KEY_SEPARATOR);
    key.extend_from_slice(package.as_bytes());
    key
}

/// Ecosystem and package of a key.
pub(super) fn split_key(key: &[u8]) -> Read<(&str, &str)> {
    let text = std::str::from_utf8(key).map_err(|_| Damage("a key is not UTF-8"))?;
    text.split_once(char::from(KEY_SEPARATOR)).ok_or(Damage("a key names no package"))
}

/// One statement: this advisory says this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Posting {
    /// The advisory's number in its segment.
    pub(crate) advisory: u32,
    /// The body's number, in the block when read, in the builder when written.
    pub(crate) body: u32,
}

/// A block of postings, decompressed, with the place where the last search ended: ascending
/// searches read the block once.
#[derive(Debug, Default)]
pub(crate) struct PostingsBlock {
    raw: Vec<u8>,
    strings: Vec<Range<usize>>,
    bodies: Vec<Range<usize>>,
    entries_at: usize,
    next_at: usize,
    key: Vec<u8>,
    list: Range<usize>,
}

/// Writes the postings of a segment.
pub(super) struct PostingsWriter<'b> {
    strings: &'b Interner<str>,
    bodies: &'b Interner<[u8]>,
    blocks: BlocksWriter,
    open: OpenBlock,
}

/// The block that is being written.
#[derive(Default)]
struct OpenBlock {
    first_key: Vec<u8>,
    last_key: Vec<u8>,
    strings: HashMap<u32, u32>,
    string_bytes: Vec<u8>,
    bodies: HashMap<u32, u32>,
    body_bytes: Vec<u8>,
    entries: Vec<u8>,
}

impl PostingsBlock {
    /// Takes a decompressed block apart.
    pub(super) fn new(raw: Vec<u8>) -> Read<Self> {
        let mut reader = Reader::new(&raw);
        let strings = blobs(&mut reader)?;
        let bodies = blobs(&mut reader)?;
        let entries_at = reader.position();
        let (key, list) = (Vec::new(), 0..0);
        Ok(PostingsBlock { strings, bodies, entries_at, next_at: entries_at, key, list, raw })
    }

    /// Reads a block of a segment.
    pub(super) fn read(blocks: &Blocks<'_>, index: usize, decoder: &mut Decoder) -> Read<Self> {
        PostingsBlock::new(blocks.read(index, decoder)?)
    }

    /// The statements under a key; none when it is not here.
    pub(crate) fn postings(&mut self, key: &[u8]) -> Read<Vec<Posting>> {
        if self.key.as_slice() > key {
            self.rewind();
        }
        while self.key.as_slice() < key {
            if !self.advance()? {
                break;
            }
        }
        if self.key != key {
            return Ok(Vec::new());
        }
        decode_list(self.raw.get(self.list.clone()).ok_or(Damage("a list lies outside"))?)
    }

    fn rewind(&mut self) {
        self.next_at = self.entries_at;
        self.key.clear();
        self.list = 0..0;
    }

    /// To the next key; false at the end.
    fn advance(&mut self) -> Read<bool> {
        let mut reader = Reader::starting_at(&self.raw, self.next_at);
        if reader.is_empty() {
            return Ok(false);
        }
        next_key(&mut reader, &mut self.key)?;
        self.list = reader.blob_range()?;
        self.next_at = reader.position();
        Ok(true)
    }

    /// To the next key, from the first one on; gives it with its statements.
    pub(super) fn next(&mut self) -> Read<Option<(Vec<u8>, Vec<Posting>)>> {
        if !self.advance()? {
            return Ok(None);
        }
        let list = self.raw.get(self.list.clone()).ok_or(Damage("a list lies outside"))?;
        Ok(Some((self.key.clone(), decode_list(list)?)))
    }

    /// A body of this block.
    pub(crate) fn body(&self, number: u32) -> Read<Body<&str>> {
        let range =
            self.bodies.get(number as usize).ok_or(Damage("a body's number is too large"))?;
        let bytes = self.raw.get(range.clone()).ok_or(Damage("a body lies outside"))?;
        Body::decode(&mut Reader::new(bytes), |number| self.string(number))
    }

    fn string(&self, number: u32) -> Read<&str> {
        let range = self.strings.get(number as usize);
        let range = range.ok_or(Damage("a string's number is too large"))?;
        let bytes = self.raw.get(range.clone()).ok_or(Damage("a string lies outside"))?;
        std::str::from_utf8(bytes).map_err(|_| Damage("a string is not UTF-8"))
    }
}

fn blobs(reader: &mut Reader<'_>) -> Read<Vec<Range<usize>>> {
    let count = reader.count()?;
    (0..count).map(|_| reader.blob_range()).collect()
}

/// Reads a front-coded key over the one before it.
pub(super) fn next_key(reader: &mut Reader<'_>, key: &mut Vec<u8>) -> Read<()> {
    let shared = usize::try_from(reader.varint()?).unwrap_or(usize::MAX);
    if shared > key.len() {
        return Err(Damage("a key shares more than the one before has"));
    }
    key.truncate(shared);
    key.extend_from_slice(reader.blob()?);
    Ok(())
}

/// Writes a key as what it does not share with the one before it.
pub(super) fn put_key(out: &mut Vec<u8>, last: &[u8], key: &[u8]) {
    let shared = last.iter().zip(key).take_while(|(a, b)| a == b).count();
    put_varint(out, shared as u64);
    put_blob(out, &key[shared..]);
}

fn decode_list(list: &[u8]) -> Read<Vec<Posting>> {
    let mut reader = Reader::new(list);
    let mut postings = Vec::with_capacity(list.len() / 2);
    let mut advisory = 0u32;
    while !reader.is_empty() {
        let delta = reader.varint_u32()?;
        advisory =
            advisory.checked_add(delta).ok_or(Damage("an advisory's number is too large"))?;
        postings.push(Posting { advisory, body: reader.varint_u32()? });
    }
    Ok(postings)
}

impl<'b> PostingsWriter<'b> {
    /// A writer for bodies whose strings are numbers of `strings`.
    pub(super) fn new(strings: &'b Interner<str>, bodies: &'b Interner<[u8]>) -> Self {
        PostingsWriter {
            strings,
            bodies,
            blocks: BlocksWriter::default(),
            open: OpenBlock::default(),
        }
    }

    /// Adds a key, greater than the one before, with its statements in ascending order.
    pub(super) fn push(&mut self, key: &[u8], postings: &[Posting]) -> Read<()> {
        if self.open.entries.is_empty() {
            self.open.first_key = key.to_vec();
        }
        let mut list = Vec::with_capacity(postings.len() * 3);
        let mut last = 0;
        for posting in postings {
            put_varint(&mut list, u64::from(posting.advisory.wrapping_sub(last)));
            last = posting.advisory;
            put_varint(&mut list, u64::from(self.local_body(posting.body)?));
        }
        put_key(&mut self.open.entries, &self.open.last_key, key);
        put_blob(&mut self.open.entries, &list);
        self.open.last_key = key.to_vec();
        if self.open.size_bytes() >= POSTINGS_BLOCK_BYTES {
            self.close();
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Vec<u8>, AdvisoryError> {
        if !self.open.entries.is_empty() {
            self.close();
        }
        self.blocks.finish()
    }

    fn local_body(&mut self, number: u32) -> Read<u32> {
        if let Some(local) = self.open.bodies.get(&number) {
            return Ok(*local);
        }
        let body = Body::decode(&mut Reader::new(self.bodies.text(number)), Ok)?;
        let mut bytes = Vec::new();
        body.encode(&mut bytes, |string| self.open.local_string(*string, self.strings));
        put_blob(&mut self.open.body_bytes, &bytes);
        let local = self.open.bodies.len() as u32;
        self.open.bodies.insert(number, local);
        Ok(local)
    }

    fn close(&mut self) {
        let open = std::mem::take(&mut self.open);
        let mut raw = Vec::with_capacity(open.size_bytes() + 16);
        put_varint(&mut raw, open.strings.len() as u64);
        raw.extend_from_slice(&open.string_bytes);
        put_varint(&mut raw, open.bodies.len() as u64);
        raw.extend_from_slice(&open.body_bytes);
        raw.extend_from_slice(&open.entries);
        self.blocks.push(open.first_key, raw);
    }
}

impl OpenBlock {
    fn size_bytes(&self) -> usize {
        self.string_bytes.len() + self.body_bytes.len() + self.entries.len()
    }

    fn local_string(&mut self, number: u32, strings: &Interner<str>) -> u32 {
        let local = self.strings.len() as u32;
        *self.strings.entry(number).or_insert_with(|| {
            put_blob(&mut self.string_bytes, strings.text(number).as_bytes());
            local
        })
    }
}
