//! How bad a finding is: which source's rating is taken, and which CVSS vectors are shown.
//!
//! Packages of a distribution: the distribution's own rating of the vulnerability; then that of a
//! notice about this vulnerability alone; then what the distribution's vendor says of the CVE
//! elsewhere; then that of a notice about several (the worst of them, so an upper bound); then
//! CVSS. Packages of a language: GitHub's reviewed rating, then the other advisories' ratings, then
//! CVSS. Of CVSS vectors the most trusted source's newest one counts.

use std::cmp::Reverse;

use model::{AdvisoryKind, CvssScore, Severity};

use super::enrichment::Enrichment;
use super::settle::Claim;
use crate::cvss::{self, CvssVersion};

/// Sources of CVSS vectors, the most trusted first; the rest follow by name. For a language GitHub
/// stands before NVD, which rates without knowing the package.
const DISTRIBUTION_SCORERS: [&str; 6] = ["vendor", "nvd", "redhat", "cisa-adp", "ghsa", "osv"];
const LANGUAGE_SCORERS: [&str; 6] = ["ghsa", "nvd", "cisa-adp", "redhat", "osv", "vendor"];

/// Names of sources that rate CVEs for a distribution, by the first part of its ecosystem. The
/// rebuilds of RHEL have no ratings of their own.
const VENDORS: [(&str, &[&str]); 9] = [
    ("almalinux", &["redhat-cve", "redhat"]),
    ("alpine", &["alpine", "alpine-osv"]),
    ("amzn", &["amazon"]),
    ("arch", &["arch"]),
    ("debian", &["debian", "debian-osv"]),
    ("ol", &["redhat-cve", "redhat"]),
    ("rhel", &["redhat-cve", "redhat"]),
    ("rocky", &["redhat-cve", "redhat"]),
    ("ubuntu", &["ubuntu", "ubuntu-osv"]),
];

/// The rating and the scores of a vulnerability in a package.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rating {
    /// How bad.
    pub(super) severity: Severity,
    /// Vectors with scores, newest CVSS version first.
    pub(super) scores: Vec<CvssScore>,
    /// The score that counts, 0.0 to 10.0.
    pub(super) score: Option<f64>,
}

/// A scored vector with what orders it.
struct Scored {
    version: CvssVersion,
    severity: Severity,
    rank: usize,
    score: CvssScore,
}

/// Rates a group of claims. `sources` are the claims' source names; `family` is the first part of
/// the ecosystem, `None` for a language.
pub(super) fn rate(
    claims: &[Claim<'_>],
    sources: &[&str],
    enrichment: &Enrichment,
    family: Option<&str>,
) -> Rating {
    let scored = scored(claims, sources, enrichment, family);
    let best = scored.iter().min_by_key(|scored| (scored.rank, Reverse(scored.version)));
    let from_score = best.map_or(Severity::Unknown, |best| best.severity);
    let in_words = match family {
        Some(family) => distribution_words(claims, enrichment, family),
        None => language_words(claims, sources),
    };
    let severity = in_words.filter(|severity| *severity != Severity::Unknown).unwrap_or(from_score);
    let kind = kind(claims);
    Rating {
        severity: match (kind, severity) {
            (AdvisoryKind::Malicious, _) => Severity::Critical,
            (AdvisoryKind::Informational, Severity::Unknown) => Severity::Low,
            (_, severity) => severity,
        },
        score: best.map(|best| best.score.score),
        scores: scored.into_iter().map(|scored| scored.score).collect(),
    }
}

/// What the claims say they are: malicious if any says so, a mere notice only if all do.
pub(super) fn kind(claims: &[Claim<'_>]) -> AdvisoryKind {
    let is = |kind| move |claim: &Claim<'_>| claim.fact.kind == kind;
    if claims.iter().any(is(AdvisoryKind::Malicious)) {
        AdvisoryKind::Malicious
    } else if claims.iter().all(is(AdvisoryKind::Informational)) {
        AdvisoryKind::Informational
    } else {
        AdvisoryKind::Vulnerability
    }
}

fn distribution_words(
    claims: &[Claim<'_>],
    enrichment: &Enrichment,
    family: &str,
) -> Option<Severity> {
    let rated = |claim: &&Claim<'_>| claim.severity != Severity::Unknown;
    let claimed = |is_meant: &dyn Fn(&Claim<'_>) -> bool| {
        claims.iter().filter(rated).find(|claim| is_meant(claim)).map(|claim| claim.severity)
    };
    let vendors = vendors(family);
    let elsewhere = || {
        let ratings = vendors.iter().flat_map(|vendor| {
            enrichment.ratings.iter().filter(move |rating| rating.source == *vendor)
        });
        ratings.map(|rating| rating.severity).find(|severity| *severity != Severity::Unknown)
    };
    claimed(&|claim| !claim.notice)
        .or_else(|| claimed(&|claim| claim.fact.covers.len() == 1))
        .or_else(elsewhere)
        .or_else(|| claimed(&|_| true))
}

fn language_words(claims: &[Claim<'_>], sources: &[&str]) -> Option<Severity> {
    let rated = claims.iter().zip(sources).filter(|(claim, _)| claim.severity != Severity::Unknown);
    let reviewed = |(claim, source): &(&Claim<'_>, &&str)| {
        (!source.starts_with("ghsa"), !claim.fact.id.starts_with("GHSA-"))
    };
    rated.min_by_key(reviewed).map(|(claim, _)| claim.severity)
}

fn scored(
    claims: &[Claim<'_>],
    sources: &[&str],
    enrichment: &Enrichment,
    family: Option<&str>,
) -> Vec<Scored> {
    let claimed = claims.iter().zip(sources).flat_map(|(claim, source)| {
        claim.fact.cvss.iter().map(move |vector| (*source, vector.as_str()))
    });
    let known = enrichment.ratings.iter().flat_map(|rating| {
        rating.vectors.iter().map(move |vector| (rating.source.as_str(), vector.as_str()))
    });
    let mut vectors: Vec<(&str, &str)> = claimed.chain(known).collect();
    vectors.sort_unstable();
    vectors.dedup();
    let scored = vectors.into_iter().filter_map(|(source, vector)| {
        let score = cvss::score(vector).ok()?;
        let (source, vector) = (source.to_owned(), vector.to_owned());
        Some(Scored {
            version: score.version,
            severity: score.severity,
            rank: rank(&source, family),
            score: CvssScore { source, vector, score: score.base },
        })
    });
    let mut scored: Vec<Scored> = scored.collect();
    scored.sort_by_key(|scored| (Reverse(scored.version), scored.rank));
    scored
}

/// The place of a scorer among the trusted; the more trusted the lower.
fn rank(source: &str, family: Option<&str>) -> usize {
    let is_vendor = family.is_some_and(|family| vendors(family).contains(&source));
    let scorers = if family.is_some() { &DISTRIBUTION_SCORERS } else { &LANGUAGE_SCORERS };
    let named = |scorer: &&str| {
        source == *scorer || source.strip_prefix(*scorer).is_some_and(|rest| rest.starts_with('-'))
    };
    let place = match is_vendor {
        true => scorers.iter().position(|scorer| *scorer == "vendor"),
        false => scorers.iter().position(&named),
    };
    place.unwrap_or(scorers.len())
}

fn vendors(family: &str) -> &'static [&'static str] {
    VENDORS.iter().find(|(name, _)| *name == family).map_or(&[], |(_, vendors)| vendors)
}
