//! What the advisories behind the hits say, each block of them read once.

use std::collections::BTreeMap;

use super::numbers::NumberMap;
use super::search::Hit;
use super::statement::Outcome;
use crate::AdvisoryError;
use crate::database::{Damage, Entry, EntryBlock, Session};

/// The blocks in which the advisories lie that a match needs.
#[derive(Debug, Default)]
pub(super) struct FactBlocks {
    segments: Vec<(usize, Vec<u32>, Vec<EntryBlock>)>,
}

/// The advisories that a match needs.
#[derive(Debug, Default)]
pub(super) struct Facts<'b>(NumberMap<(usize, u32), Entry<'b>>);

impl FactBlocks {
    /// Reads the advisories behind the hits: of what is affected, and of what could speak against
    /// it. `hits` are ordered by subject.
    pub(super) fn read(hits: &[Hit], session: &mut Session<'_>) -> Result<Self, AdvisoryError> {
        let mut wanted: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for of_subject in hits.chunk_by(|a, b| a.subject == b.subject) {
            for hit in needed(of_subject) {
                wanted.entry(hit.segment).or_default().push(hit.advisory);
            }
        }
        let mut segments = Vec::new();
        for (segment, mut numbers) in wanted {
            numbers.sort_unstable();
            numbers.dedup();
            let blocks = session.blocks(segment, &numbers)?;
            segments.push((segment, numbers, blocks));
        }
        Ok(FactBlocks { segments })
    }

    /// The advisories in the blocks.
    pub(super) fn facts(&self, session: &Session<'_>) -> Result<Facts<'_>, AdvisoryError> {
        let mut facts = NumberMap::default();
        for (segment, numbers, blocks) in &self.segments {
            decode(*segment, numbers, blocks, &mut facts)
                .map_err(|damage| session.damaged(*segment, damage))?;
        }
        Ok(Facts(facts))
    }
}

impl<'b> Facts<'b> {
    /// The advisory behind a hit, if it was needed.
    pub(super) fn of(&self, hit: &Hit) -> Option<&Entry<'b>> {
        self.0.get(&(hit.segment, hit.advisory))
    }
}

fn decode<'b>(
    segment: usize,
    numbers: &[u32],
    blocks: &'b [EntryBlock],
    facts: &mut NumberMap<(usize, u32), Entry<'b>>,
) -> Result<(), Damage> {
    let mut blocks = blocks.iter().peekable();
    for number in numbers {
        while blocks.next_if(|block| block.numbers().end <= *number).is_some() {}
        let block = blocks.peek().ok_or(Damage("an advisory is missing"))?;
        facts.insert((segment, *number), block.entry(*number)?);
    }
    Ok(())
}

/// The hits of one package that can show in its findings. A package that nothing affects needs
/// none; what speaks against a claim is needed only where `settle` can listen to it.
fn needed(hits: &[Hit]) -> impl Iterator<Item = &Hit> {
    let claims = |hit: &&Hit| matches!(hit.outcome, Outcome::Affected { .. });
    let mut sources: Vec<(usize, bool, bool)> = hits
        .iter()
        .filter(claims)
        .map(|hit| {
            (hit.segment, hit.notice, matches!(hit.outcome, Outcome::Affected { fixed: None, .. }))
        })
        .collect();
    sources.sort_unstable();
    sources.dedup();
    hits.iter().filter(move |hit| {
        let clears = hit.outcome == Outcome::NotAffected;
        let hears = |(segment, notice, open): &(usize, bool, bool)| {
            let same = *segment == hit.segment;
            (same && *notice && !hit.notice) || (!same && (clears || *open))
        };
        claims(hit) || sources.iter().any(hears)
    })
}
