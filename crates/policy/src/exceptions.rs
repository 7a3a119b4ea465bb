//! Taking out of judgement what somebody has decided to live with.
//!
//! An exception that names findings alone takes them out of a report ([`apply_exceptions`]); one
//! that names a rule or a scope holds only there, so the judge asks it ([`Excuses`]).

mod excuse;

use model::{Exception, Finding, Ignored, IgnoredBy, PurlParts, Vulnerability};

use crate::day::Day;

pub(crate) use excuse::Excuses;
pub(crate) use excuse::{Excuse, Pardon, Pardons};

/// What exceptions leave and what they take.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Applied {
    /// Findings that stay under judgement, in their order.
    pub kept: Vec<Finding>,
    /// Findings taken out, with the exception that did it.
    pub ignored: Vec<Ignored>,
    /// One line for each exception that has expired or matched nothing.
    pub stale: Vec<String>,
}

/// Takes out the findings that an exception names.
///
/// An exception's id is a finding's id or a name: any of its vulnerability, a malicious file's name
/// or digest, a secret's rule or fingerprint, the rule of a build step or of a template's weakness,
/// the requirement of trust. A package, a version and paths narrow it. It holds through its last
/// day; `today` is `YYYY-MM-DD`. A `today` that is no day counts as later than every day: nothing
/// holds that has an end. Exceptions to one rule or within a scope are left to the judge.
pub fn apply_exceptions(findings: Vec<Finding>, exceptions: &[Exception], today: &str) -> Applied {
    let today = Day::parse(today).unwrap_or(Day::LAST);
    let mut compiled: Vec<Compiled<'_>> =
        exceptions.iter().map(|exception| Compiled::new(exception, today)).collect();
    let mut applied = Applied::default();
    for finding in findings {
        let mut taken_by = None;
        for exception in compiled.iter_mut().filter(|e| e.takes(&finding)) {
            exception.used = true;
            taken_by = taken_by.or(Some(exception.exception));
        }
        match taken_by {
            Some(by) => {
                let by = IgnoredBy::Exception(by.clone());
                applied.ignored.push(Ignored { finding, by });
            }
            None => applied.kept.push(finding),
        }
    }
    applied.stale = compiled.iter().filter_map(Compiled::stale).collect();
    applied
}

/// An exception made ready to be asked often.
struct Compiled<'a> {
    exception: &'a Exception,
    excuse: Excuse,
    expired: bool,
    used: bool,
}

impl<'a> Compiled<'a> {
    fn new(exception: &'a Exception, today: Day) -> Self {
        let excuse = Excuse::new(exception);
        Compiled { exception, expired: excuse.has_expired(today), excuse, used: false }
    }

    fn takes(&self, finding: &Finding) -> bool {
        !self.expired && !self.is_left_to_the_judge() && self.excuse.matches(finding)
    }

    fn is_left_to_the_judge(&self) -> bool {
        !self.exception.rule.is_empty() || !self.exception.scope.is_empty()
    }

    fn stale(&self) -> Option<String> {
        let Exception { id, rule, owner, expires, .. } = self.exception;
        let why = match expires {
            _ if self.excuse.is_unreadable() => "its package or a path cannot be read".to_owned(),
            Some(last) if self.expired => format!("expired on {last}"),
            _ if self.used || self.is_left_to_the_judge() => return None,
            _ => "matched nothing".to_owned(),
        };
        let name = match (id.as_str(), rule.as_str()) {
            ("", rule) => format!("rule {rule}"),
            (id, "") => id.to_owned(),
            (id, rule) => format!("{id} in rule {rule}"),
        };
        Some(format!("{name} (owner {owner}): {why}"))
    }
}

/// Whether a vulnerability goes by a name: its own, an alias, or a source's.
pub(crate) fn has_name(vulnerability: &Vulnerability, name: &str) -> bool {
    names_of(vulnerability).any(|id| id.eq_ignore_ascii_case(name))
}

/// Every name of a vulnerability.
pub(crate) fn names_of(vulnerability: &Vulnerability) -> impl Iterator<Item = &str> {
    let aliases = vulnerability.aliases.iter();
    let sources = vulnerability.sources.iter().map(|source| &source.id);
    std::iter::once(&vulnerability.id).chain(aliases).chain(sources).map(|id| id.0.as_str())
}

/// Whether a package URL names a package: every part that it has is the package's.
pub(crate) fn names(wanted: &PurlParts, package: &PurlParts) -> bool {
    wanted.purl_type == package.purl_type
        && wanted.namespace == package.namespace
        && wanted.name == package.name
        && wanted.version.as_ref().is_none_or(|version| Some(version) == package.version.as_ref())
        && wanted.qualifiers.iter().all(|(key, value)| package.qualifiers.get(key) == Some(value))
        && wanted.subpath.as_ref().is_none_or(|path| Some(path) == package.subpath.as_ref())
}

#[cfg(test)]
mod tests;
