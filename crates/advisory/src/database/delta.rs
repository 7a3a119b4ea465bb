//! What two databases say differently: the packages whose findings can have changed.

use std::cmp::Ordering;

use model::Ecosystem;
use sha2::{Digest as _, Sha256};

use super::blocks::{Blocks, Decoder};
use super::bytes::{Read, put_blob};
use super::entry::EntryBlock;
use super::file::SegmentPlace;
use super::postings::{PostingsBlock, split_key};
use super::segment::Segment;
use super::{Database, damaged};
use crate::AdvisoryError;

/// Bytes of a hash that tell two statements apart.
type Hash = [u8; 32];

impl Database {
    /// The packages of which an older database says something else, sorted: whatever is installed
    /// of them is to be matched again. What is known of a CVE beside that (EPSS, exploitation,
    /// ratings) is not looked at: it changes how a finding is rated, not whether there is one.
    pub fn changed_packages(
        &self,
        old: &Database,
    ) -> Result<Vec<(Ecosystem, String)>, AdvisoryError> {
        let mut changed = Vec::new();
        let names = self.sources().chain(old.sources()).map(|status| status.name.as_str());
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            if self.segment_digest(name) == old.segment_digest(name) {
                continue;
            }
            let (mut before, mut after) = (old.said(name)?, self.said(name)?);
            while let Some(key) = step(&mut before, &mut after) {
                let key = split_key(&key).map_err(|damage| damaged(&self.path, name, damage))?;
                changed.push((Ecosystem(key.0.to_owned()), key.1.to_owned()));
            }
        }
        changed.sort_unstable();
        changed.dedup();
        Ok(changed)
    }

    fn segment_digest(&self, name: &str) -> Option<Hash> {
        let place = self.directory.segments.iter().find(|place| place.status.name == name);
        place.map(SegmentPlace::sha256)
    }

    /// What a source says: a hash for each key, in order.
    fn said(&self, name: &str) -> Result<Said, AdvisoryError> {
        let Some(segment) = self.segments().find(|segment| segment.name == name) else {
            return Ok(Vec::new().into_iter().peekable());
        };
        let said = Decoder::new().and_then(|mut decoder| said(segment, &mut decoder));
        let said = said.map_err(|damage| damaged(&self.path, name, damage))?;
        Ok(said.into_iter().peekable())
    }
}

/// Keys with the hashes of what is said of them, in order.
type Said = std::iter::Peekable<std::vec::IntoIter<(Vec<u8>, Hash)>>;

/// The next key on which the two differ.
fn step(before: &mut Said, after: &mut Said) -> Option<Vec<u8>> {
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(before), Some(after)) => before.0.cmp(&after.0),
        };
        match order {
            Ordering::Less => return before.next().map(|(key, _)| key),
            Ordering::Greater => return after.next().map(|(key, _)| key),
            Ordering::Equal => {
                if let (Some(before), Some(after)) = (before.next(), after.next())
                    && before.1 != after.1
                {
                    return Some(after.0);
                }
            }
        }
    }
}

fn said(segment: Segment<'_>, decoder: &mut Decoder) -> Read<Vec<(Vec<u8>, Hash)>> {
    let advisories = advisory_hashes(&segment.entries()?, decoder)?;
    let blocks = segment.postings()?;
    let mut said = Vec::new();
    for index in 0..blocks.count() {
        let mut block = PostingsBlock::read(&blocks, index, decoder)?;
        while let Some((key, postings)) = block.next()? {
            let mut statements = Vec::with_capacity(postings.len());
            for posting in postings {
                let mut hasher = Sha256::new();
                hasher.update(advisories.get(posting.advisory as usize).unwrap_or(&[0; 32]));
                hasher.update(body_bytes(&block, posting.body)?);
                statements.push(Hash::from(hasher.finalize()));
            }
            // The advisories' numbers order statements, and numbers mean nothing elsewhere.
            statements.sort_unstable();
            said.push((key, Sha256::digest(statements.concat()).into()));
        }
    }
    Ok(said)
}

fn advisory_hashes(blocks: &Blocks<'_>, decoder: &mut Decoder) -> Read<Vec<Hash>> {
    let mut hashes = Vec::new();
    for index in 0..blocks.count() {
        let block = EntryBlock::read(blocks, index, decoder)?;
        for number in block.numbers() {
            hashes.push(Sha256::digest(block.bytes(number)?).into());
        }
    }
    Ok(hashes)
}

/// A body with its strings written out.
fn body_bytes(block: &PostingsBlock, number: u32) -> Read<Vec<u8>> {
    let body = block.body(number)?;
    let mut out = Vec::new();
    let mut texts: Vec<&str> = Vec::new();
    body.encode(&mut out, |text| {
        texts.push(text);
        texts.len() as u32
    });
    for text in texts {
        put_blob(&mut out, text.as_bytes());
    }
    Ok(out)
}
