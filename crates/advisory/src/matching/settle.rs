//! What the sources say together of one package: which claims stand.
//!
//! For packages of a distribution:
//! - "not affected" from any source of the distribution takes away what the others claim;
//! - a notice counts only where its source says nothing of the vulnerability itself;
//! - "not repaired" counts only where no other source knows a repair that is installed.
//!
//! For packages of a language registry every source that claims is heard.

use std::collections::HashMap;

use model::{FixState, Severity};

use super::facts::Facts;
use super::search::Hit;
use super::statement::Outcome;
use crate::database::Entry;

/// A source's claim that a package has a vulnerability.
#[derive(Debug, Clone)]
pub(super) struct Claim<'f> {
    /// The vulnerability.
    pub(super) vulnerability: &'f str,
    /// The advisory that claims it.
    pub(super) fact: &'f Entry<'f>,
    /// The source, by its place in the database.
    pub(super) segment: usize,
    /// Claimed in a notice that covers the vulnerability.
    pub(super) notice: bool,
    /// The rating: for this package if there is one, else the advisory's.
    pub(super) severity: Severity,
    /// The nearest version with the repair.
    pub(super) fixed: Option<&'f str>,
    /// What the source says of the repair.
    pub(super) state: FixState,
}

/// What is said against a vulnerability.
#[derive(Debug, Clone, Copy)]
struct Denial {
    segment: usize,
    notice: bool,
    not_affected: bool,
}

/// The claims about one package that stand, in the order of the hits.
pub(super) fn settle<'f>(hits: &'f [Hit], facts: &'f Facts<'f>, is_os: bool) -> Vec<Claim<'f>> {
    let claims = hits.iter().filter_map(|hit| Some((hit, facts.of(hit)?))).flat_map(claims);
    if !is_os {
        return claims.collect();
    }
    let denials = denials(hits, facts);
    let stands = |claim: &Claim<'_>| {
        let against = denials.get(claim.vulnerability).map_or(&[][..], Vec::as_slice);
        !against.iter().any(|denial| denies(*denial, claim))
    };
    claims.filter(stands).collect()
}

fn claims<'f>((hit, fact): (&'f Hit, &'f Entry<'f>)) -> impl Iterator<Item = Claim<'f>> {
    let affected = match &hit.outcome {
        Outcome::Affected { fixed, state } => Some((fixed.as_deref(), *state)),
        _ => None,
    };
    affected.into_iter().flat_map(move |(fixed, state)| {
        fact.vulnerabilities().map(move |vulnerability| Claim {
            vulnerability,
            fact,
            segment: hit.segment,
            notice: hit.notice,
            severity: hit.severity.unwrap_or(fact.severity),
            fixed,
            state,
        })
    })
}

fn denials<'f>(hits: &[Hit], facts: &'f Facts<'f>) -> HashMap<&'f str, Vec<Denial>> {
    let mut denials: HashMap<&str, Vec<Denial>> = HashMap::new();
    for hit in hits {
        let not_affected = match hit.outcome {
            Outcome::NotAffected => true,
            Outcome::Repaired => false,
            Outcome::Silent | Outcome::Affected { .. } => continue,
        };
        let Some(fact) = facts.of(hit) else { continue };
        let denial = Denial { segment: hit.segment, notice: hit.notice, not_affected };
        for vulnerability in fact.vulnerabilities().chain(fact.aliases.iter().copied()) {
            denials.entry(vulnerability).or_default().push(denial);
        }
    }
    denials
}

fn denies(denial: Denial, claim: &Claim<'_>) -> bool {
    let same_source = denial.segment == claim.segment;
    if denial.not_affected && !denial.notice {
        // A source that contradicts itself about one package is believed in the worse.
        return !same_source || claim.notice;
    }
    if same_source {
        return claim.notice && !denial.notice;
    }
    claim.fixed.is_none()
}
