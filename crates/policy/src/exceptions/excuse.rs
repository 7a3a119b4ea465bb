//! `Excuses`: the exceptions of a policy, ready for the judge.

use std::collections::HashMap;

use model::{Exception, Finding, FindingKind, Purl, PurlParts};

use super::{has_name, names, names_of};
use crate::day::Day;
use crate::glob::Glob;
use crate::scope::{Block, Place};

/// An exception, compiled. It owns what it needs.
#[derive(Debug, Clone)]
pub(crate) struct Excuse {
    /// Empty for all that its rule finds.
    id: String,
    /// Empty for every rule.
    rule: String,
    package: Option<PurlParts>,
    paths: Vec<Glob>,
    scope: Block,
    /// The last day it holds; one that is no day never comes.
    last: Option<Option<Day>>,
    /// A part of it cannot be read: it must not match more than was meant.
    unreadable: bool,
}

/// The exceptions of a policy, by what they name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Excuses {
    each: Vec<Excuse>,
    /// By the hash of their id, letters made small.
    by_id: HashMap<u64, Vec<usize>>,
    without_id: Vec<usize>,
}

/// The exceptions that hold on a day and in a place.
#[derive(Debug, Default)]
pub(crate) struct Pardons<'a> {
    excuses: Option<&'a Excuses>,
    active: Vec<bool>,
}

/// For which rules a finding is excused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pardon<'a> {
    /// For none.
    None,
    /// For these.
    Rules(Vec<&'a str>),
    /// For every rule.
    All,
}

impl Excuse {
    pub(crate) fn new(exception: &Exception) -> Self {
        let package = match exception.package.as_str() {
            "" => Ok(None),
            purl => purl.parse::<Purl>().map(|purl| Some(purl.parts())),
        };
        let paths: Result<Vec<Glob>, _> =
            exception.paths.iter().map(|path| Glob::new(path)).collect();
        let scope = Block::new(&exception.scope);
        Excuse {
            id: exception.id.trim().to_owned(),
            rule: exception.rule.trim().to_owned(),
            unreadable: package.is_err() || paths.is_err() || scope.is_err(),
            package: package.unwrap_or_default(),
            paths: paths.unwrap_or_default(),
            scope: scope.unwrap_or_default(),
            last: exception.expires.as_deref().map(Day::parse),
        }
    }

    pub(crate) fn has_expired(&self, today: Day) -> bool {
        self.last.is_some_and(|last| last.is_none_or(|last| today > last))
    }

    pub(crate) fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// Whether it speaks of a finding, whatever the rule, the scope and the day.
    pub(crate) fn matches(&self, finding: &Finding) -> bool {
        if self.unreadable || (self.id.is_empty() && self.rule.is_empty()) {
            return false;
        }
        let id = self.id.as_str();
        let is_called = |names: &[&str]| id.is_empty() || finding.id.0 == id || names.contains(&id);
        let Some(vulnerability) = finding.vulnerability() else {
            let (names, path) = names_and_path(&finding.kind);
            return self.package.is_none()
                && is_called(&names)
                && (self.paths.is_empty() || path.is_some_and(|path| self.is_below(path)));
        };
        (is_called(&[]) || has_name(vulnerability, id))
            && self.package.as_ref().is_none_or(|wanted| names(wanted, &vulnerability.purl.parts()))
            && (self.paths.is_empty() || self.is_below(&vulnerability.path))
    }

    /// Whether it silences its whole rule, whatever the rule has found.
    fn is_of_the_whole_rule(&self) -> bool {
        !self.unreadable
            && self.id.is_empty()
            && !self.rule.is_empty()
            && self.package.is_none()
            && self.paths.is_empty()
    }

    fn is_below(&self, path: &str) -> bool {
        self.paths.iter().any(|glob| glob.matches(path))
    }
}

impl Excuses {
    /// Exceptions made ready.
    pub(crate) fn new(exceptions: &[Exception]) -> Self {
        let mut excuses = Excuses::default();
        for (index, exception) in exceptions.iter().enumerate() {
            let excuse = Excuse::new(exception);
            match excuse.id.as_str() {
                "" => excuses.without_id.push(index),
                id => excuses.by_id.entry(hash(id)).or_default().push(index),
            }
            excuses.each.push(excuse);
        }
        excuses
    }

    /// Those that hold on a day and in a place.
    pub(crate) fn on(&self, today: Day, place: Place<'_>) -> Pardons<'_> {
        let holds = |excuse: &Excuse| {
            !excuse.unreadable && !excuse.has_expired(today) && excuse.scope.excuses(place)
        };
        let active: Vec<bool> = self.each.iter().map(holds).collect();
        let excuses = active.contains(&true).then_some(self);
        Pardons { excuses, active }
    }
}

impl<'a> Pardons<'a> {
    /// For which rules a finding is excused.
    pub(crate) fn of(&self, finding: &Finding) -> Pardon<'a> {
        let Some(excuses) = self.excuses else { return Pardon::None };
        let mut rules: Vec<&'a str> = Vec::new();
        let named = excuses.named(finding);
        for index in named.into_iter().chain(excuses.without_id.iter().copied()) {
            let Some(excuse) = self.active(index).filter(|excuse| excuse.matches(finding)) else {
                continue;
            };
            if excuse.rule.is_empty() {
                return Pardon::All;
            }
            rules.push(&excuse.rule);
        }
        if rules.is_empty() { Pardon::None } else { Pardon::Rules(rules) }
    }

    /// Whether a rule is silenced, whatever it finds.
    pub(crate) fn silences(&self, rule: &str) -> bool {
        let Some(excuses) = self.excuses else { return false };
        excuses.without_id.iter().any(|index| {
            let excuse = self.active(*index).filter(|excuse| excuse.is_of_the_whole_rule());
            excuse.is_some_and(|excuse| excuse.rule == rule)
        })
    }

    /// Whether a package is excused for a rule that names packages.
    pub(crate) fn excuses_package(&self, rule: &str, package: &PurlParts, path: &str) -> bool {
        let Some(excuses) = self.excuses else { return false };
        excuses.without_id.iter().any(|index| {
            self.active(*index).is_some_and(|excuse| {
                excuse.rule == rule
                    && excuse.package.as_ref().is_none_or(|wanted| names(wanted, package))
                    && (excuse.paths.is_empty() || excuse.is_below(path))
            })
        })
    }

    fn active(&self, index: usize) -> Option<&'a Excuse> {
        let active = self.active.get(index).copied().unwrap_or(false);
        active.then(|| self.excuses?.each.get(index)).flatten()
    }
}

impl Excuses {
    /// The exceptions whose id may be a name of a finding.
    fn named(&self, finding: &Finding) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        if self.by_id.is_empty() {
            return found;
        }
        let mut look = |name: &str| {
            if let Some(indices) = self.by_id.get(&hash(name)) {
                found.extend_from_slice(indices);
            }
        };
        look(&finding.id.0);
        match finding.vulnerability() {
            Some(vulnerability) => names_of(vulnerability).for_each(look),
            None => names_and_path(&finding.kind).0.into_iter().for_each(look),
        }
        found
    }
}

/// FNV-1a over the letters made small. Only finds candidates; every match is checked in full.
fn hash(name: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    name.bytes()
        .fold(BASIS, |hash, byte| (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(PRIME))
}

/// The names besides its id by which an exception may call a finding that is no vulnerability, and
/// the file it lies in.
fn names_and_path(kind: &FindingKind) -> (Vec<&str>, Option<&str>) {
    match kind {
        FindingKind::Vulnerability(_) => (Vec::new(), None),
        FindingKind::Malware(malware) => {
            (vec![&malware.name, malware.digest.hex()], Some(&malware.path))
        }
        FindingKind::Secret(secret) => {
            (vec![&secret.rule, &secret.fingerprint], secret.place.path())
        }
        FindingKind::History(step) => (vec![&step.rule], None),
        FindingKind::Trust(distrust) => (vec![&distrust.requirement], None),
        FindingKind::Misconfiguration(flaw) => {
            let aliases = flaw.aliases.iter().map(String::as_str);
            (aliases.chain([flaw.rule.as_str()]).collect(), Some(&flaw.place.file))
        }
    }
}
