//! `Session`: one reader's way through a database, with the blocks it has open.
//!
//! Ask for keys of one segment in ascending order and each block is decompressed once.

use super::blocks::Decoder;
use super::bytes::{Damage, Read};
use super::entry::{Entry, EntryBlock, block_of};
use super::known::KnownTables;
use super::postings::{Posting, PostingsBlock, key};
use super::segment::Segment;
use super::{Database, damaged};
use crate::AdvisoryError;

/// One reader's way through a database.
pub(crate) struct Session<'d> {
    database: &'d Database,
    decoder: Decoder,
    /// For each segment the block of postings that was read last, with its place.
    open: Vec<Option<(usize, PostingsBlock)>>,
}

impl<'d> Session<'d> {
    /// A new session.
    pub(crate) fn new(database: &'d Database) -> Result<Self, AdvisoryError> {
        let decoder = Decoder::new().map_err(|damage| damaged(&database.path, "all", damage))?;
        let open = (0..database.segments.len()).map(|_| None).collect();
        Ok(Session { database, decoder, open })
    }

    /// The database that is read.
    pub(crate) fn database(&self) -> &'d Database {
        self.database
    }

    /// The segments with their numbers, sorted by source.
    pub(crate) fn segments(&self) -> impl Iterator<Item = (usize, Segment<'d>)> + use<'d> {
        self.database.segments().enumerate()
    }

    /// What a segment says of a package, with the block in which the bodies lie.
    pub(crate) fn statements(
        &mut self,
        segment: usize,
        ecosystem: &str,
        package: &str,
    ) -> Result<Option<(Vec<Posting>, &PostingsBlock)>, AdvisoryError> {
        let Some(opened) = self.database.segment(segment) else { return Ok(None) };
        let Some(slot) = self.open.get_mut(segment) else { return Ok(None) };
        let found = find(opened, slot, &mut self.decoder, &key(ecosystem, package));
        found.map_err(|damage| damaged(&self.database.path, opened.name, damage))
    }

    /// Reads advisories of a segment by their numbers, which must ascend.
    pub(crate) fn advisories(
        &mut self,
        segment: usize,
        numbers: &[u32],
        mut take: impl FnMut(u32, Entry<'_>),
    ) -> Result<(), AdvisoryError> {
        let Some(opened) = self.database.segment(segment) else { return Ok(()) };
        let read = advisories(opened, numbers, &mut self.decoder, &mut take);
        read.map_err(|damage| damaged(&self.database.path, opened.name, damage))
    }

    /// The blocks in which advisories of a segment lie; the numbers must ascend.
    pub(crate) fn blocks(
        &mut self,
        segment: usize,
        numbers: &[u32],
    ) -> Result<Vec<EntryBlock>, AdvisoryError> {
        let Some(opened) = self.database.segment(segment) else { return Ok(Vec::new()) };
        let read = entry_blocks(opened, numbers, &mut self.decoder);
        read.map_err(|damage| damaged(&self.database.path, opened.name, damage))
    }

    /// Numbers of the advisories of a segment that have a name as id or alias, or cover it.
    pub(crate) fn named(&mut self, segment: usize, id: &str) -> Result<Vec<u32>, AdvisoryError> {
        let Some(opened) = self.database.segment(segment) else { return Ok(Vec::new()) };
        let named = opened.named(id, &mut self.decoder);
        named.map_err(|damage| damaged(&self.database.path, opened.name, damage))
    }

    /// The products of a Red Hat repository; `None` when no source knows it.
    pub(crate) fn repository_cpes(
        &mut self,
        repository: &str,
    ) -> Result<Option<Vec<String>>, AdvisoryError> {
        for (_, segment) in self.segments() {
            let cpes = segment.repository_cpes(repository, &mut self.decoder);
            let cpes = cpes.map_err(|damage| damaged(&self.database.path, segment.name, damage))?;
            if cpes.is_some() {
                return Ok(cpes);
            }
        }
        Ok(None)
    }

    /// The tables of what is known of CVEs.
    pub(crate) fn known(&self) -> Result<KnownTables<'d>, AdvisoryError> {
        let mut tables = KnownTables::default();
        for (number, segment) in self.segments() {
            tables.add(segment).map_err(|damage| self.damaged(number, damage))?;
        }
        Ok(tables)
    }

    /// The error of damage found in a segment.
    pub(crate) fn damaged(&self, segment: usize, damage: Damage) -> AdvisoryError {
        let source = self.database.segment(segment).map_or("", |segment| segment.name);
        damaged(&self.database.path, source, damage)
    }

    /// The error of damage found in a table by CVE, whose source is not known any more.
    pub(crate) fn damaged_by_cve(&self, damage: Damage) -> AdvisoryError {
        damaged(&self.database.path, "what is known of a CVE", damage)
    }
}

fn find<'s>(
    segment: Segment<'_>,
    slot: &'s mut Option<(usize, PostingsBlock)>,
    decoder: &mut Decoder,
    key: &[u8],
) -> Read<Option<(Vec<Posting>, &'s PostingsBlock)>> {
    let blocks = segment.postings()?;
    let Some(index) = blocks.find(key)? else { return Ok(None) };
    if slot.as_ref().is_none_or(|(open, _)| *open != index) {
        *slot = Some((index, PostingsBlock::read(&blocks, index, decoder)?));
    }
    let Some((_, block)) = slot else { return Ok(None) };
    let postings = block.postings(key)?;
    Ok((!postings.is_empty()).then_some((postings, &*block)))
}

fn advisories(
    segment: Segment<'_>,
    numbers: &[u32],
    decoder: &mut Decoder,
    take: &mut dyn FnMut(u32, Entry<'_>),
) -> Read<()> {
    let blocks = entry_blocks(segment, numbers, decoder)?;
    let mut blocks = blocks.iter().peekable();
    for number in numbers {
        while blocks.next_if(|block| block.numbers().end <= *number).is_some() {}
        let block = blocks.peek().ok_or(Damage("an advisory is missing"))?;
        take(*number, block.entry(*number)?);
    }
    Ok(())
}

fn entry_blocks(
    segment: Segment<'_>,
    numbers: &[u32],
    decoder: &mut Decoder,
) -> Read<Vec<EntryBlock>> {
    let blocks = segment.entries()?;
    let mut read: Vec<EntryBlock> = Vec::new();
    for number in numbers {
        if read.last().is_none_or(|block| !block.numbers().contains(number)) {
            let index = block_of(&blocks, *number)?;
            read.push(EntryBlock::read(&blocks, index, decoder)?);
        }
    }
    Ok(read)
}
