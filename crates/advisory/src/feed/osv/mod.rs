//! OSV: the format that most sources publish in, JSON or YAML (PyPA). One document, one advisory.
//!
//! Each vendor's habits are followed where the record is made: Debian's urgency, Ubuntu's Pro
//! repairs, Red Hat's products and module streams, SUSE's binary packages.

mod affected;
mod ecosystem;
mod label;
mod schema;
mod spans;

use model::{Advisory, AdvisoryId, AdvisoryKind, Severity, Timestamp};

pub(super) use affected::merge;
pub(super) use ecosystem::Vendor;
pub(super) use label::{Glance, label};
use schema::Osv;
pub(super) use schema::OsvAffected;

use super::text::{Text, one_line, timestamp};
use super::{Feed, Malformed, Reading, advisory, redhat, severity};

/// Beginnings of the ids of notices that announce repairs and list vulnerabilities.
const NOTICE_PREFIXES: [&str; 21] = [
    "ALAS",
    "ALBA-",
    "ALEA-",
    "ALSA-",
    "DLA-",
    "DSA-",
    "DTSA-",
    "ELSA-",
    "MGASA-",
    "RHBA-",
    "RHEA-",
    "RHSA-",
    "RLBA-",
    "RLEA-",
    "RLSA-",
    "RXSA-",
    "SUSE-",
    "USN-",
    "openEuler-SA-",
    "openSUSE-",
    "PHSA-",
];
/// Beginnings of the ids of notices that need not be about security: said of packages only when
/// they list vulnerabilities.
const OTHER_NOTICE_PREFIXES: [&str; 10] = [
    "ALBA-",
    "ALEA-",
    "RHBA-",
    "RHEA-",
    "RLBA-",
    "RLEA-",
    "SUSE-RU-",
    "SUSE-FU-",
    "SUSE-OU-",
    "openSUSE-RU-",
];
/// Ids that put the publisher before the CVE they are about.
const WRAPPED_CVE: &str = "-CVE-";

/// OSV documents of one source.
pub(super) struct OsvFeed {
    source: String,
    /// Only what is said of this vendor's packages is taken; `None` takes all.
    home: Option<Vendor>,
}

impl OsvFeed {
    pub(super) fn new(source: String, home: Option<Vendor>) -> Self {
        OsvFeed { source, home }
    }
}

impl Feed for OsvFeed {
    fn source(&self) -> &str {
        &self.source
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let document = parse(bytes)?;
        Ok(self.record(&document))
    }
}

impl OsvFeed {
    fn record(&self, osv: &Osv<'_>) -> Reading {
        let mut advisory = advisory(&self.source, &osv.id);
        name(&mut advisory, osv);
        let title = osv.summary.as_ref().and_then(Text::non_empty);
        let title = title.map(without_rating);
        advisory.summary = one_line(title.or(osv.details.as_deref()).unwrap_or_default());
        advisory.severity = rating(osv);
        advisory.cvss = vectors(osv, self.home);
        advisory.published = osv.published.as_deref().and_then(timestamp);
        advisory.modified = timestamp(&osv.modified);
        advisory.withdrawn = osv.withdrawn.is_some();
        let streams = redhat::streams(title.unwrap_or_default());
        advisory.affected = affected::of(osv, self.home, &streams);
        if advisory.covers.len() > 1 {
            // One vector for several vulnerabilities is the worst one's.
            advisory.cvss.clear();
        }
        if is_bug_fix(&osv.id) && advisory.covers.is_empty() {
            return Reading::default();
        }
        let dated = advisory.modified.or_else(|| year_of(&osv.id));
        Reading { dated, ..Reading::of_advisory(advisory) }
    }
}

/// The year in an id (`GO-2026-5681`), as its first moment: for documents without dates.
fn year_of(id: &str) -> Option<Timestamp> {
    timestamp(&format!("{}-01-01", id.split(['-', ':']).nth(1)?))
}

/// Reads a document, JSON or YAML as its first character tells.
pub(super) fn parse(bytes: &[u8]) -> Result<Osv<'_>, Malformed> {
    if bytes.trim_ascii_start().starts_with(b"{") {
        return Ok(serde_json::from_slice(bytes)?);
    }
    serde_saphyr::from_slice(bytes).map_err(super::yaml_error)
}

/// Aliases, covered vulnerabilities and kind, as the id tells.
fn name(advisory: &mut Advisory, osv: &Osv<'_>) {
    let id = |text: &Text<'_>| AdvisoryId((**text).to_owned());
    if NOTICE_PREFIXES.iter().any(|prefix| osv.id.starts_with(prefix)) {
        let listed = osv.related.iter().chain(&osv.aliases).chain(&osv.upstream);
        advisory.covers = listed.filter(|text| text.starts_with("CVE-")).map(id).collect();
        advisory.covers.sort();
        advisory.covers.dedup();
        return;
    }
    // A CVE is one vulnerability: that another has the same number in some database is no alias.
    let is_cve = osv.id.starts_with("CVE-");
    let usable = |text: &&Text<'_>| !(is_cve && text.starts_with("CVE-")) && is_id(text);
    advisory.aliases = osv.aliases.iter().filter(usable).map(id).collect();
    if let Some((_, cve)) = osv.id.split_once(WRAPPED_CVE) {
        advisory.aliases.push(AdvisoryId(format!("CVE-{cve}")));
    }
    advisory.aliases.sort();
    advisory.aliases.dedup();
    if osv.id.starts_with("MAL-") {
        advisory.kind = AdvisoryKind::Malicious;
    } else if is_informational(osv) {
        advisory.kind = AdvisoryKind::Informational;
    }
}

/// Whether a text looks like an id at all (some alias lists carry page numbers).
fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.contains('-')
}

fn is_informational(osv: &Osv<'_>) -> bool {
    let noted = |affected: &OsvAffected<'_>| {
        affected.database_specific.as_ref().is_some_and(|specific| specific.informational.is_some())
    };
    !osv.affected.is_empty() && osv.affected.iter().all(noted)
}

fn is_bug_fix(id: &str) -> bool {
    OTHER_NOTICE_PREFIXES.iter().any(|prefix| id.starts_with(prefix))
}

/// A title without the words every one of them begins with.
fn without_rating(title: &str) -> &str {
    let title = title.strip_prefix("Red Hat Security Advisory: ").unwrap_or(title);
    match title.split_once(": ") {
        Some((word, rest)) if word.parse::<Severity>().is_ok() => rest,
        _ => title,
    }
}

/// The rating in words, wherever the publisher puts it.
fn rating(osv: &Osv<'_>) -> Severity {
    let specific = osv.database_specific.as_ref().and_then(|specific| specific.severity.as_ref());
    let ubuntu = osv.severity.iter().find(|score| &*score.kind == "Ubuntu");
    let title = osv.summary.as_ref().and_then(|title| title.split_once(": "));
    let words = [
        specific.map(|word| &**word),
        ubuntu.map(|score| &*score.score),
        title.map(|(word, _)| word),
    ];
    let found = words.into_iter().flatten().map(severity).find(|rated| *rated != Severity::Unknown);
    found.or(osv.references.0).unwrap_or_default()
}

/// The CVSS vectors of the document and of its packages, each once.
fn vectors(osv: &Osv<'_>, home: Option<Vendor>) -> Vec<String> {
    let ours = osv.affected.iter().filter(|affected| affected::is_at_home(affected, home));
    let scores = osv.severity.iter().chain(ours.flat_map(|affected| &affected.severity));
    let mut vectors: Vec<String> = Vec::new();
    for score in scores.filter(|score| score.kind.starts_with("CVSS")) {
        let vector = score.score.trim();
        if !vector.is_empty() && !vectors.iter().any(|known| known == vector) {
            vectors.push(vector.to_owned());
        }
    }
    vectors
}

#[cfg(test)]
mod tests;
