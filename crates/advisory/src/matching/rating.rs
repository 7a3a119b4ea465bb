//! How bad a finding is: which source's rating is taken, and which CVSS vectors are shown.
//!
//! Packages of a distribution: the distribution's own rating of the vulnerability; then that of a
//! notice about this vulnerability alone; then what the distribution's vendor says of the CVE
//! elsewhere; then that of a notice about several (the worst of them, so an upper bound). Packages
//! of a language: GitHub's reviewed rating, then the other advisories' ratings. After those CVSS,
//! the most trusted source's newest vector; after that any rating in words.

use std::cmp::Reverse;

use model::{AdvisoryKind, CvssScore, Severity};

use super::enrichment::Scores;
use super::settle::Claim;
use crate::cvss::CvssVersion;
use crate::database::Known;

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

/// A group of claims with what its rating rests on.
pub(super) struct Rated<'r, 'd> {
    pub(super) claims: &'r [Claim<'r>],
    /// The claims' sources.
    pub(super) sources: &'r [&'d str],
    /// What is known of the CVE.
    pub(super) known: &'r Known<'d>,
    /// The first part of a distribution's ecosystem; `None` for a language.
    pub(super) family: Option<&'r str>,
}

impl Rated<'_, '_> {
    /// The rating.
    pub(super) fn rate(&self, scores: &mut Scores) -> Rating {
        let scored = self.scored(scores);
        let best = scored.iter().min_by_key(|scored| (scored.rank, Reverse(scored.version)));
        let in_words = match self.family {
            Some(family) => self.distribution_words(family),
            None => self.language_words(),
        };
        let severity = in_words.or(best.map(|best| best.severity)).or_else(|| self.any_words());
        Rating {
            severity: match (kind(self.claims), severity.unwrap_or_default()) {
                (AdvisoryKind::Malicious, _) => Severity::Critical,
                (AdvisoryKind::Informational, Severity::Unknown) => Severity::Low,
                (_, severity) => severity,
            },
            score: best.map(|best| best.score.score),
            scores: scored.into_iter().map(|scored| scored.score).collect(),
        }
    }

    fn distribution_words(&self, family: &str) -> Option<Severity> {
        let rated = |claim: &&Claim<'_>| claim.severity != Severity::Unknown;
        let claimed = |is_meant: &dyn Fn(&Claim<'_>) -> bool| {
            let mut claims = self.claims.iter().filter(rated);
            claims.find(|claim| is_meant(claim)).map(|claim| claim.severity)
        };
        claimed(&|claim| !claim.notice)
            .or_else(|| claimed(&|claim| claim.fact.covers.len() == 1))
            .or_else(|| self.words_of(vendors(family)))
            .or_else(|| claimed(&|_| true))
    }

    /// What the first of these sources that rates the CVE says of it.
    fn words_of(&self, sources: &[&str]) -> Option<Severity> {
        let rated = self.known.ratings.iter().filter(|rating| rating.severity != Severity::Unknown);
        let place = |source: &str| sources.iter().position(|known| *known == source);
        let placed = rated.filter_map(|rating| Some((place(rating.source)?, rating.severity)));
        placed.min_by_key(|(place, _)| *place).map(|(_, severity)| severity)
    }

    fn language_words(&self) -> Option<Severity> {
        let claims = self.claims.iter().zip(self.sources);
        let rated = claims.filter(|(claim, _)| claim.severity != Severity::Unknown);
        let reviewed = |(claim, source): &(&Claim<'_>, &&str)| {
            (!source.starts_with("ghsa"), !claim.fact.id.starts_with("GHSA-"))
        };
        rated.min_by_key(reviewed).map(|(claim, _)| claim.severity)
    }

    /// What the most trusted of all that rate the CVE says of it.
    fn any_words(&self) -> Option<Severity> {
        let rated = self.known.ratings.iter().filter(|rating| rating.severity != Severity::Unknown);
        let trusted = |rating: &&crate::database::Rating<'_>| rank(rating.source, self.family);
        rated.min_by_key(trusted).map(|rating| rating.severity)
    }

    /// Every vector once, by the most trusted of those who give it.
    fn scored(&self, scores: &mut Scores) -> Vec<Scored> {
        let claimed = self.claims.iter().zip(self.sources).flat_map(|(claim, source)| {
            claim.fact.cvss.iter().map(move |vector| (*vector, *source))
        });
        let known =
            self.known.ratings.iter().flat_map(|rating| {
                rating.vectors.iter().map(move |vector| (*vector, rating.source))
            });
        let ranked = |(vector, source)| (vector, rank(source, self.family), source);
        let mut vectors: Vec<(&str, usize, &str)> = claimed.chain(known).map(ranked).collect();
        vectors.sort_unstable();
        vectors.dedup_by_key(|(vector, _, _)| *vector);
        let scored = vectors.into_iter().filter_map(|(vector, rank, source)| {
            let score = scores.of(vector)?;
            let (source, vector) = (source.to_owned(), vector.to_owned());
            let (version, severity) = (score.version, score.severity);
            let score = CvssScore { source, vector, score: score.base };
            Some(Scored { version, severity, rank, score })
        });
        let mut scored: Vec<Scored> = scored.collect();
        scored.sort_by_key(|scored| (Reverse(scored.version), scored.rank));
        scored
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
