//! Alias groups: claims about one vulnerability under several names are one.

use std::collections::HashMap;

use model::AdvisoryId;

use super::settle::Claim;

/// Beginnings of ids in the order in which they name a group that has no CVE; the rest follow.
const ID_PREFERENCE: [&str; 7] = ["GHSA-", "GO-", "PYSEC-", "RUSTSEC-", "MAL-", "OSV-", "BIT-"];

/// Claims about one vulnerability.
#[derive(Debug)]
pub(super) struct Group<'f> {
    /// Its name.
    pub(super) id: AdvisoryId,
    /// Its other names, sorted.
    pub(super) aliases: Vec<AdvisoryId>,
    /// What is claimed, in the order given.
    pub(super) claims: Vec<Claim<'f>>,
}

/// Puts claims together whose names meet. `more_names` gives names that other advisories of the
/// database add to a name.
///
/// A group is named by its CVE; of several (one advisory for two CVEs) by the lowest, the others
/// being aliases.
pub(super) fn group<'f>(
    claims: Vec<Claim<'f>>,
    more_names: &HashMap<String, Vec<String>>,
) -> Vec<Group<'f>> {
    let mut union = Union::default();
    for claim in &claims {
        let first = union.number(claim.vulnerability);
        let own = (!claim.notice).then(|| claim.fact.names()).into_iter().flatten();
        let more = more_names.get(claim.vulnerability).into_iter().flatten();
        for name in own.chain(more.map(String::as_str)) {
            let other = union.number(name);
            union.join(first, other);
        }
    }
    let mut groups: Vec<(usize, Vec<Claim<'f>>)> = Vec::new();
    let mut place: HashMap<usize, usize> = HashMap::new();
    for claim in claims {
        let number = union.number(claim.vulnerability);
        let root = union.root(number);
        let at = *place.entry(root).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, claims)) => claims.push(claim),
            None => groups.push((root, vec![claim])),
        }
    }
    let names = union.names_by_root();
    groups.into_iter().filter_map(|(root, claims)| named(names.get(&root)?, claims)).collect()
}

fn named<'f>(names: &[&str], claims: Vec<Claim<'f>>) -> Option<Group<'f>> {
    let mut names: Vec<AdvisoryId> =
        names.iter().map(|name| AdvisoryId((*name).to_owned())).collect();
    names.sort_by(|a, b| preference(&a.0).cmp(&preference(&b.0)));
    names.dedup();
    let id = names.first()?.clone();
    let mut aliases = names.split_off(1);
    aliases.sort();
    Some(Group { id, aliases, claims })
}

/// The least comes first: CVEs by year and number, then by kind of id, then by text.
fn preference(id: &str) -> (usize, u64, u64, &str) {
    if let Some((year, number)) = id.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')) {
        return (0, year.parse().unwrap_or(u64::MAX), number.parse().unwrap_or(u64::MAX), id);
    }
    let kind = ID_PREFERENCE.iter().position(|prefix| id.starts_with(prefix));
    (1 + kind.unwrap_or(ID_PREFERENCE.len()), 0, 0, id)
}

/// Sets of names that join.
#[derive(Debug, Default)]
struct Union<'n> {
    numbers: HashMap<&'n str, usize>,
    parents: Vec<usize>,
}

impl<'n> Union<'n> {
    fn number(&mut self, name: &'n str) -> usize {
        let next = self.parents.len();
        let number = *self.numbers.entry(name).or_insert(next);
        if number == next {
            self.parents.push(next);
        }
        number
    }

    fn root(&self, mut number: usize) -> usize {
        while self.parents[number] != number {
            number = self.parents[number];
        }
        number
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        // The lower one stays root, so that roots do not depend on the order of joining.
        self.parents[a.max(b)] = a.min(b);
    }

    fn names_by_root(&self) -> HashMap<usize, Vec<&'n str>> {
        let mut names: HashMap<usize, Vec<&str>> = HashMap::new();
        for (name, number) in &self.numbers {
            names.entry(self.root(*number)).or_default().push(name);
        }
        names
    }
}
