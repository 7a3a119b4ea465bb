//! More names for vulnerabilities that have no CVE: what the other advisories of the database call
//! them. An advisory that does not affect the package can still tell that two that do are one.

use std::collections::HashMap;

use super::settle::Claim;
use super::subject::Subject;
use crate::AdvisoryError;
use crate::database::Session;

/// For each vulnerability without a CVE among its names, the names that other advisories add.
pub(super) fn complete(
    subjects: &[Subject<'_>],
    claims: &[(usize, Vec<Claim<'_>>)],
    session: &mut Session<'_>,
) -> Result<HashMap<String, Vec<String>>, AdvisoryError> {
    let mut more: HashMap<String, Vec<String>> = HashMap::new();
    for (subject, claims) in claims {
        let subject = &subjects[*subject];
        for claim in claims.iter().filter(|claim| !claim.notice) {
            let is_cve = |name: &str| name.starts_with("CVE-");
            if claim.fact.names().any(is_cve) || more.contains_key(claim.vulnerability) {
                continue;
            }
            let names: Vec<&str> = claim.fact.names().collect();
            let found = names_of(&names, &subject.ecosystem.0, session)?;
            more.insert(claim.vulnerability.to_owned(), found);
        }
    }
    Ok(more)
}

/// Every name of the advisories of an ecosystem that bear one of these names themselves.
fn names_of(
    names: &[&str],
    ecosystem: &str,
    session: &mut Session<'_>,
) -> Result<Vec<String>, AdvisoryError> {
    let mut found = Vec::new();
    for (number, segment) in session.segments() {
        if !segment.speaks_of(ecosystem) {
            continue;
        }
        for name in names {
            let bearers = session.named(number, name)?;
            session.advisories(number, &bearers, |_, entry| {
                let own = || std::iter::once(entry.id).chain(entry.aliases.iter().copied());
                if own().any(|own| own == *name) {
                    found.extend(own().map(str::to_owned));
                }
            })?;
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
