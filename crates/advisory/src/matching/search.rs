//! Asks the database for every statement about the packages of an inventory.

use std::collections::hash_map::Entry;

use model::Severity;

use super::numbers::NumberMap;
use super::products::Products;
use super::statement::{Installed, Outcome};
use super::subject::{Subject, feeds};
use crate::AdvisoryError;
use crate::database::{Posting, PostingsBlock, Session};

/// The family whose statements are limited to products.
const PRODUCT_FAMILY: &str = "rhel";

/// A statement that speaks of an installed package.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    /// The package, by its place among the subjects.
    pub(super) subject: usize,
    /// The source, by its place in the database.
    pub(super) segment: usize,
    /// The advisory's number there.
    pub(super) advisory: u32,
    /// Said in a notice that covers other vulnerabilities.
    pub(super) notice: bool,
    /// The rating for this package.
    pub(super) severity: Option<Severity>,
    /// What it comes to; never silent.
    pub(super) outcome: Outcome,
}

/// One question: what is said of this name?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Query<'q> {
    ecosystem: &'q str,
    name: &'q str,
    subject: usize,
    name_index: usize,
}

/// Every statement that speaks of the subjects, ordered by subject.
pub(super) fn search(
    subjects: &[Subject<'_>],
    products: Option<&Products>,
    session: &mut Session<'_>,
) -> Result<Vec<Hit>, AdvisoryError> {
    let queries = queries(subjects);
    let mut hits = Vec::new();
    let ecosystems = queries.chunk_by(|a, b| a.ecosystem == b.ecosystem);
    let ecosystems: Vec<Vec<&[Query<'_>]>> =
        ecosystems.map(|queries| queries.chunk_by(|a, b| a.name == b.name).collect()).collect();
    for (number, segment) in session.segments() {
        for of_ecosystem in &ecosystems {
            if !of_ecosystem.first().is_some_and(|same| segment.speaks_of(same[0].ecosystem)) {
                continue;
            }
            for same in of_ecosystem.iter().copied() {
                let Query { ecosystem, name, .. } = same[0];
                let found = session.statements(number, ecosystem, name)?;
                let Some((postings, block)) = found else { continue };
                let asked = Asked { subjects, products, segment: number, queries: same };
                let judged = asked.judge(&postings, block, &mut hits);
                judged.map_err(|damage| session.damaged(number, damage))?;
            }
        }
    }
    hits.sort_by_key(|hit| (hit.subject, hit.segment, hit.advisory));
    Ok(hits)
}

fn queries<'q>(subjects: &'q [Subject<'_>]) -> Vec<Query<'q>> {
    let mut queries = Vec::new();
    for (index, subject) in subjects.iter().enumerate() {
        for ecosystem in feeds(&subject.ecosystem.0) {
            for (name_index, name) in subject.names.iter().enumerate() {
                queries.push(Query { ecosystem, name: &name.name, subject: index, name_index });
            }
        }
    }
    queries.sort_unstable();
    queries
}

/// The packages that ask for one name, and the source that answers.
struct Asked<'q, 's> {
    subjects: &'q [Subject<'s>],
    products: Option<&'q Products>,
    segment: usize,
    queries: &'q [Query<'q>],
}

impl Asked<'_, '_> {
    /// Holds each package against each statement. Statements share bodies and packages share
    /// versions, so each pair of those is judged once.
    fn judge(
        &self,
        postings: &[Posting],
        block: &PostingsBlock,
        hits: &mut Vec<Hit>,
    ) -> Result<(), crate::database::Damage> {
        let mut last: Option<Installed<'_>> = None;
        let mut judged: NumberMap<u32, (bool, Option<Severity>, Outcome)> = NumberMap::default();
        for query in self.queries {
            let subject = &self.subjects[query.subject];
            let products = self.products.filter(|_| subject.ecosystem.family() == PRODUCT_FAMILY);
            let name = &subject.names[query.name_index];
            let Some(installed) = Installed::new(subject, name, products) else { continue };
            if last.as_ref().is_none_or(|last| !last.is_like(&installed)) {
                judged.clear();
            }
            for posting in postings {
                let (notice, severity, outcome) = match judged.entry(posting.body) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(slot) => {
                        let body = block.body(posting.body)?;
                        slot.insert((body.notice, body.severity, installed.judge(&body)))
                    }
                };
                if *outcome != Outcome::Silent {
                    hits.push(Hit {
                        subject: query.subject,
                        segment: self.segment,
                        advisory: posting.advisory,
                        notice: *notice,
                        severity: *severity,
                        outcome: outcome.clone(),
                    });
                }
            }
            last = Some(installed);
        }
        Ok(())
    }
}
