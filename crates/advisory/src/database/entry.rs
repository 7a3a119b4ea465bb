//! The advisories of a segment, by number: what they say apart from packages and versions.
//!
//! Numbers follow the first package an advisory speaks of, so the advisories of one package lie in
//! one block, and so do the ones that a match needs together.

use std::ops::Range;

use model::{AdvisoryKind, Severity, Timestamp};

use super::blocks::{Blocks, BlocksWriter, Decoder};
use super::bytes::{Damage, Read, Reader, put_blob, put_varint, unzigzag, zigzag};
use super::codes;
use super::limits::ADVISORIES_BLOCK_BYTES;
use crate::AdvisoryError;

/// What an advisory says apart from packages and versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// The name the source gives it.
    pub(crate) id: &'a str,
    /// Other names of the same vulnerability.
    pub(crate) aliases: Vec<&'a str>,
    /// Vulnerabilities that it covers, when it is a notice about several.
    pub(crate) covers: Vec<&'a str>,
    /// What is claimed.
    pub(crate) kind: AdvisoryKind,
    /// The source's own rating.
    pub(crate) severity: Severity,
    /// CVSS vectors.
    pub(crate) cvss: Vec<&'a str>,
    /// When first published, to the second.
    pub(crate) published: Option<Timestamp>,
    /// When last changed, to the second.
    pub(crate) modified: Option<Timestamp>,
    /// One line; may be empty.
    pub(crate) summary: &'a str,
}

impl<'a> Entry<'a> {
    /// The vulnerabilities it speaks of: those that a notice covers, or itself.
    pub(crate) fn vulnerabilities(&self) -> impl Iterator<Item = &'a str> {
        let own = self.covers.is_empty().then_some(self.id);
        self.covers.iter().copied().chain(own)
    }

    /// Every name of the vulnerability that it is itself.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        std::iter::once(self.id).chain(self.aliases.iter().copied())
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.summary.len());
        put_blob(&mut out, self.id.as_bytes());
        out.push(codes::kind_code(self.kind));
        out.push(codes::severity_code(self.severity));
        for texts in [&self.aliases, &self.covers, &self.cvss] {
            put_varint(&mut out, texts.len() as u64);
            texts.iter().for_each(|text| put_blob(&mut out, text.as_bytes()));
        }
        put_time(&mut out, self.published);
        put_time(&mut out, self.modified);
        put_blob(&mut out, self.summary.as_bytes());
        out
    }

    fn decode(bytes: &'a [u8]) -> Read<Self> {
        let mut reader = Reader::new(bytes);
        let id = reader.text()?;
        let kind = codes::kind(reader.byte()?)?;
        let severity = codes::severity(reader.byte()?)?;
        let aliases = reader.texts()?;
        let covers = reader.texts()?;
        let cvss = reader.texts()?;
        let published = time(&mut reader)?;
        let modified = time(&mut reader)?;
        let summary = reader.text()?;
        Ok(Entry { id, aliases, covers, kind, severity, cvss, published, modified, summary })
    }
}

/// 0 for none, else the seconds since the epoch (zigzag) plus one.
fn put_time(out: &mut Vec<u8>, time: Option<Timestamp>) {
    put_varint(out, time.map_or(0, |time| zigzag(time.as_second()).saturating_add(1)));
}

fn time(reader: &mut Reader<'_>) -> Read<Option<Timestamp>> {
    match reader.varint()? {
        0 => Ok(None),
        seconds => Timestamp::from_second(unzigzag(seconds - 1))
            .map(Some)
            .map_err(|_| Damage("a time is out of range")),
    }
}

/// A block of advisories, decompressed.
#[derive(Debug)]
pub(crate) struct EntryBlock {
    raw: Vec<u8>,
    first: u32,
    ranges: Vec<Range<usize>>,
}

impl EntryBlock {
    /// Reads a block of a segment.
    pub(super) fn read(blocks: &Blocks<'_>, index: usize, decoder: &mut Decoder) -> Read<Self> {
        let first = blocks.first_key(index)?.try_into();
        let first = first.map_err(|_| Damage("an advisory's number is not one"))?;
        let raw = blocks.read(index, decoder)?;
        let mut reader = Reader::new(&raw);
        let mut ranges = Vec::new();
        while !reader.is_empty() {
            ranges.push(reader.blob_range()?);
        }
        Ok(EntryBlock { first: u32::from_be_bytes(first), ranges, raw })
    }

    /// The numbers of the advisories in the block.
    pub(crate) fn numbers(&self) -> Range<u32> {
        self.first..self.first.saturating_add(self.ranges.len() as u32)
    }

    /// An advisory of the block.
    pub(crate) fn entry(&self, advisory: u32) -> Read<Entry<'_>> {
        Entry::decode(self.bytes(advisory)?)
    }

    /// An advisory of the block as it is written.
    pub(super) fn bytes(&self, advisory: u32) -> Read<&[u8]> {
        let place = advisory.checked_sub(self.first).map(|place| place as usize);
        let range = place.and_then(|place| self.ranges.get(place));
        let range = range.ok_or(Damage("an advisory's number is too large"))?;
        self.raw.get(range.clone()).ok_or(Damage("an advisory lies outside"))
    }
}

/// The place of the block in which an advisory lies.
pub(super) fn block_of(blocks: &Blocks<'_>, advisory: u32) -> Read<usize> {
    let index = blocks.find(&advisory.to_be_bytes())?;
    index.ok_or(Damage("an advisory's number is too large"))
}

/// Writes the advisories of a segment in the order of their numbers, from 0.
#[derive(Default)]
pub(super) struct EntryWriter {
    blocks: BlocksWriter,
    raw: Vec<u8>,
    first: u32,
    next: u32,
}

impl EntryWriter {
    pub(super) fn push(&mut self, entry: &Entry<'_>) {
        put_blob(&mut self.raw, &entry.encode());
        self.next += 1;
        if self.raw.len() >= ADVISORIES_BLOCK_BYTES {
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
        self.blocks.push(self.first.to_be_bytes().to_vec(), std::mem::take(&mut self.raw));
        self.first = self.next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advisories_come_back_by_number() {
        let ids: Vec<String> = (0..2000).map(|number| format!("CVE-2024-{number:04}")).collect();
        let entry = |id| Entry {
            id,
            aliases: vec!["GHSA-x"],
            covers: vec![],
            kind: AdvisoryKind::Malicious,
            severity: Severity::High,
            cvss: vec!["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"],
            published: Timestamp::from_second(-5).ok(),
            modified: None,
            summary: "a line",
        };
        let mut writer = EntryWriter::default();
        ids.iter().for_each(|id| writer.push(&entry(id)));
        let bytes = writer.finish().unwrap();
        let blocks = Blocks::new(&bytes).unwrap();
        assert!(blocks.count() > 1);
        let mut decoder = Decoder::new().unwrap();
        for number in [0, 1, 777, 1999] {
            let place = block_of(&blocks, number).unwrap();
            let block = EntryBlock::read(&blocks, place, &mut decoder).unwrap();
            assert!(block.numbers().contains(&number));
            assert_eq!(block.entry(number).unwrap(), entry(&ids[number as usize]));
        }
        let last = block_of(&blocks, 5000).unwrap();
        let last = EntryBlock::read(&blocks, last, &mut decoder).unwrap();
        assert!(last.entry(5000).is_err());
    }
}
