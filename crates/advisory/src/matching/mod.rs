//! Matching: an inventory against the advisory database. A pure function of both and the moment.
//!
//! package → `Subject` (names, versions, ecosystem) → `search` (statements that speak of it) →
//! `settle` (which claims stand) → `group` (aliases are one vulnerability) → `finding`. Beside it
//! `coverage` says how far the advisories reach. Nothing here reads a file or a clock.

mod coverage;
mod distribution;
mod enrichment;
mod facts;
mod finding;
mod group;
mod names;
mod numbers;
mod products;
mod rating;
mod risk;
mod search;
mod settle;
mod statement;
mod subject;

use std::cmp::Reverse;

use model::{Coverage, Finding, Inventory, Timestamp, Vulnerability};

use self::coverage::{Circumstances, Ledger};
use self::distribution::Home;
use self::facts::{FactBlocks, Facts};
use self::finding::Findings;
use self::group::group;
use self::products::Products;
use self::search::Hit;
use self::settle::{Claim, settle};
use self::subject::{Subject, subject};
use crate::AdvisoryError;
use crate::database::{Database, Session};

/// The family whose statements are limited to products.
const PRODUCT_FAMILY: &str = "rhel";

/// What came of matching an inventory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matched {
    /// The flaws, the riskiest first; then by vulnerability, package, path, version.
    pub findings: Vec<Finding>,
    /// How far the advisories reach, for each ecosystem of the inventory.
    pub coverage: Vec<Coverage>,
}

/// Matches every package of an inventory against every advisory that can speak of it.
///
/// `now` decides what is out of support and what is old; it is given so that a match can be
/// repeated. The order of the packages does not matter. Findings have `base` false: which layers
/// are the base image's is not known here.
///
/// # Errors
/// `DatabaseDamaged` when a part of the database that is needed cannot be read.
pub fn match_inventory(
    inventory: &Inventory,
    database: &Database,
    now: Timestamp,
) -> Result<Matched, AdvisoryError> {
    let mut session = Session::new(database)?;
    let distro = inventory.distro.as_ref();
    let home = distribution::home(distro);
    let mut ledger = Ledger::default();
    let subjects = subjects(inventory, &home, &mut ledger);
    let products = products(inventory, &home, &mut session)?;
    let hits = search::search(&subjects, products.as_ref(), &mut session)?;
    let blocks = FactBlocks::read(&hits, &mut session)?;
    let facts = blocks.facts(&session)?;
    let claims = claims(&subjects, &hits, &facts);
    let more_names = names::complete(&subjects, &claims, &mut session)?;
    let mut findings = Vec::new();
    let mut maker = Findings::new(&session)?;
    for (place, claims) in claims {
        for group in group(claims, &more_names) {
            findings.push(maker.finding(&subjects[place], group)?);
        }
    }
    sort(&mut findings);
    let unknown_content_sets = products.as_ref().map_or(&[][..], Products::unknown_content_sets);
    let circumstances =
        Circumstances { session: &session, distro, home: &home, unknown_content_sets, now };
    Ok(Matched { findings, coverage: ledger.coverage(&circumstances) })
}

fn subjects<'i>(inventory: &'i Inventory, home: &Home, ledger: &mut Ledger) -> Vec<Subject<'i>> {
    let mut subjects = Vec::with_capacity(inventory.packages.len());
    for package in &inventory.packages {
        let (ecosystem, subject) = subject(package, inventory.distro.as_ref(), home);
        ledger.count(&ecosystem, &package.name, subject.as_ref().err().copied());
        subjects.extend(subject);
    }
    subjects
}

fn products(
    inventory: &Inventory,
    home: &Home,
    session: &mut Session<'_>,
) -> Result<Option<Products>, AdvisoryError> {
    match home {
        Home::Known { ecosystem, .. } if ecosystem.family() == PRODUCT_FAMILY => {
            let release = ecosystem.release().unwrap_or_default();
            Products::choose(release, &inventory.content_sets, session).map(Some)
        }
        _ => Ok(None),
    }
}

/// The claims that stand, for each package that has any.
fn claims<'f>(
    subjects: &[Subject<'_>],
    hits: &'f [Hit],
    facts: &'f Facts<'f>,
) -> Vec<(usize, Vec<Claim<'f>>)> {
    let of_subject = hits.chunk_by(|a, b| a.subject == b.subject);
    let settled = of_subject.map(|hits| {
        let place = hits[0].subject;
        (place, settle(hits, facts, subjects[place].package.kind.is_os()))
    });
    settled.filter(|(_, claims)| !claims.is_empty()).collect()
}

fn sort(findings: &mut [Finding]) {
    let risk = |vulnerability: &Vulnerability| Reverse((vulnerability.risk * 10.0).round() as u32);
    findings.sort_by(|a, b| {
        let (Some(a), Some(b)) = (a.vulnerability(), b.vulnerability()) else {
            return a.id.cmp(&b.id);
        };
        (risk(a), &a.id, &a.package, &a.path, &a.version, &a.purl).cmp(&(
            risk(b),
            &b.id,
            &b.package,
            &b.path,
            &b.version,
            &b.purl,
        ))
    });
}

#[cfg(test)]
mod coverage_tests;
#[cfg(test)]
mod tests;
