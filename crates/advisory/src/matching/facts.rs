//! What the advisories behind the hits say, read once each.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::{AdvisoryKind, Severity, Timestamp};

use super::search::Hit;
use super::statement::Outcome;
use crate::AdvisoryError;
use crate::database::{Entry, Session};

/// What an advisory says apart from packages and versions.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) id: String,
    pub(super) aliases: Vec<String>,
    pub(super) covers: Vec<String>,
    pub(super) kind: AdvisoryKind,
    pub(super) severity: Severity,
    pub(super) cvss: Vec<String>,
    pub(super) published: Option<Timestamp>,
    pub(super) summary: String,
}

impl Fact {
    /// The vulnerabilities it speaks of: those that a notice covers, or itself.
    pub(super) fn vulnerabilities(&self) -> impl Iterator<Item = &str> {
        let own = self.covers.is_empty().then_some(self.id.as_str());
        self.covers.iter().map(String::as_str).chain(own)
    }

    /// Every name of the vulnerability that it is itself.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    fn of(entry: &Entry<'_>) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Fact {
            id: entry.id.to_owned(),
            aliases: owned(&entry.aliases),
            covers: owned(&entry.covers),
            kind: entry.kind,
            severity: entry.severity,
            cvss: owned(&entry.cvss),
            published: entry.published,
            summary: entry.summary.to_owned(),
        }
    }
}

/// The advisories that a match needs.
#[derive(Debug, Default)]
pub(super) struct Facts(HashMap<(usize, u32), Fact>);

impl Facts {
    /// Reads the advisories behind the hits: of what is affected, and of what could speak against
    /// it. `hits` are ordered by subject.
    pub(super) fn read(hits: &[Hit], session: &mut Session<'_>) -> Result<Self, AdvisoryError> {
        let mut wanted: BTreeMap<usize, HashSet<u32>> = BTreeMap::new();
        for of_subject in hits.chunk_by(|a, b| a.subject == b.subject) {
            for hit in needed(of_subject) {
                wanted.entry(hit.segment).or_default().insert(hit.advisory);
            }
        }
        let mut facts = HashMap::new();
        for (segment, numbers) in wanted {
            let mut numbers: Vec<u32> = numbers.into_iter().collect();
            numbers.sort_unstable();
            session.advisories(segment, &numbers, |number, entry| {
                facts.insert((segment, number), Fact::of(&entry));
            })?;
        }
        Ok(Facts(facts))
    }

    /// The advisory behind a hit, if it was needed.
    pub(super) fn of(&self, hit: &Hit) -> Option<&Fact> {
        self.0.get(&(hit.segment, hit.advisory))
    }
}

/// The hits of one package that can show in its findings. A package that nothing affects needs
/// none; a statement that it is not affected can only speak against another source's statement, or
/// against a notice of its own source.
fn needed(hits: &[Hit]) -> impl Iterator<Item = &Hit> {
    let affected = |hit: &&Hit| matches!(hit.outcome, Outcome::Affected { .. });
    let first = hits.iter().find(affected);
    let several = first
        .is_some_and(|first| hits.iter().filter(affected).any(|hit| hit.segment != first.segment));
    let notices = hits.iter().filter(affected).any(|hit| hit.notice);
    hits.iter().filter(move |hit| {
        let Some(first) = first else { return false };
        affected(hit) || several || notices || hit.segment != first.segment
    })
}
