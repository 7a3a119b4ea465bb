//! Taking out of judgement what somebody has decided to live with.

use model::{Exception, Finding, FindingKind, Ignored, IgnoredBy, Purl, PurlParts, Vulnerability};

use crate::day::Day;
use crate::glob::Glob;

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
/// or digest, a secret's rule or fingerprint, the rule of a build step, the requirement of trust. A
/// package, a version and paths narrow it. It holds through its last day; `today` is `YYYY-MM-DD`. A `today` that is no
/// day counts as later than every day: nothing holds that has an end.
pub fn apply_exceptions(findings: Vec<Finding>, exceptions: &[Exception], today: &str) -> Applied {
    let today = Day::parse(today).unwrap_or(Day::LAST);
    let mut compiled: Vec<Compiled<'_>> =
        exceptions.iter().map(|exception| Compiled::new(exception, today)).collect();
    let mut applied = Applied::default();
    for finding in findings {
        let mut taken_by = None;
        for exception in compiled.iter_mut().filter(|e| !e.expired && e.matches(&finding)) {
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
    package: Option<PurlParts>,
    paths: Vec<Glob>,
    expired: bool,
    /// Its package or one of its paths cannot be read: it must not match more than was meant.
    unreadable: bool,
    used: bool,
}

impl<'a> Compiled<'a> {
    fn new(exception: &'a Exception, today: Day) -> Self {
        let package = match exception.package.as_str() {
            "" => Ok(None),
            purl => purl.parse::<Purl>().map(|purl| Some(purl.parts())),
        };
        let paths: Result<Vec<Glob>, _> =
            exception.paths.iter().map(|path| Glob::new(path)).collect();
        let expired = match exception.expires.as_deref().map(Day::parse) {
            None => false,
            Some(Some(last)) => today > last,
            Some(None) => true,
        };
        Compiled {
            exception,
            unreadable: package.is_err() || paths.is_err(),
            package: package.unwrap_or_default(),
            paths: paths.unwrap_or_default(),
            expired,
            used: false,
        }
    }

    fn matches(&self, finding: &Finding) -> bool {
        if self.unreadable {
            return false;
        }
        let id = self.exception.id.trim();
        let Some(vulnerability) = finding.vulnerability() else {
            let (names, path) = names_and_path(&finding.kind);
            return self.package.is_none()
                && (finding.id.0 == id || names.contains(&id))
                && (self.paths.is_empty() || path.is_some_and(|path| self.is_below(path)));
        };
        (finding.id.0 == id || has_name(vulnerability, id))
            && self.package.as_ref().is_none_or(|wanted| names_package(wanted, vulnerability))
            && (self.paths.is_empty() || self.is_below(&vulnerability.path))
    }

    fn is_below(&self, path: &str) -> bool {
        self.paths.iter().any(|glob| glob.matches(path))
    }

    fn stale(&self) -> Option<String> {
        let Exception { id, owner, expires, .. } = self.exception;
        let why = match expires {
            _ if self.unreadable => "its package or a path cannot be read".to_owned(),
            Some(last) if self.expired => format!("expired on {last}"),
            _ if self.used => return None,
            _ => "matched nothing".to_owned(),
        };
        Some(format!("{id} (owner {owner}): {why}"))
    }
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

/// Whether a vulnerability goes by a name: its own, an alias, or a source's.
pub(crate) fn has_name(vulnerability: &Vulnerability, name: &str) -> bool {
    let aliases = vulnerability.aliases.iter();
    let sources = vulnerability.sources.iter().map(|source| &source.id);
    std::iter::once(&vulnerability.id)
        .chain(aliases)
        .chain(sources)
        .any(|id| id.0.eq_ignore_ascii_case(name))
}

fn names_package(wanted: &PurlParts, vulnerability: &Vulnerability) -> bool {
    names(wanted, &vulnerability.purl.parts())
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
