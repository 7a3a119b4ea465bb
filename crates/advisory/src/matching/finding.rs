//! From the claims about one vulnerability in one package to the finding.

use std::cmp::Ordering;
use std::rc::Rc;

use model::{
    AdvisoryId, Finding, FindingId, FindingKind, FixState, Package, SourceClaim, Timestamp,
    Vulnerability,
};

use super::enrichment::{Enrichments, Scores, worse};
use super::group::Group;
use super::rating::{Rated, kind};
use super::risk::{Factors, risk};
use super::settle::Claim;
use super::subject::Subject;
use crate::AdvisoryError;
use crate::database::{Known, Session};
use model::version::{Scheme, compare};

/// Makes findings; looks up what is known of each CVE once.
pub(super) struct Findings<'s, 'd> {
    session: &'s Session<'d>,
    /// The sources' names by their places in the database.
    sources: Vec<&'d str>,
    enrichments: Enrichments<'d>,
    scores: Scores,
}

impl<'s, 'd> Findings<'s, 'd> {
    pub(super) fn new(session: &'s Session<'d>) -> Result<Self, AdvisoryError> {
        let sources = session.segments().map(|(_, segment)| segment.name).collect();
        let enrichments = Enrichments::new(session)?;
        Ok(Findings { session, sources, enrichments, scores: Scores::default() })
    }

    /// The finding of a group of claims about a package.
    pub(super) fn finding(
        &mut self,
        subject: &Subject<'_>,
        group: Group<'_>,
    ) -> Result<Finding, AdvisoryError> {
        let cves = std::iter::once(&group.id).chain(&group.aliases).filter(|id| id.is_cve());
        let known = cves.map(|cve| self.enrichments.of(&cve.0, self.session));
        let known = known.collect::<Result<Vec<Rc<Known<'d>>>, _>>()?;
        let none = Rc::default();
        // Of an advisory for several CVEs the ratings are those of the one that names the group.
        let main: &Rc<Known<'d>> = known.first().unwrap_or(&none);
        let claims = &group.claims;
        let sources: Vec<&str> = claims.iter().map(|claim| self.source(claim)).collect();
        let family = subject.package.kind.is_os().then(|| subject.ecosystem.family());
        let rated = Rated { claims, sources: &sources, known: main, family };
        let rating = rated.rate(&mut self.scores);
        let epss = known.iter().fold(None, |epss, known| worse(epss, known.epss));
        let kev = known.iter().find_map(|known| known.kev.as_ref());
        let (severity, kind) = (rating.severity, kind(claims));
        let risk = risk(Factors { kind, severity, score: rating.score, epss, kev });
        let (fixed_version, fix_state) = fix(claims, subject.scheme);
        let package = subject.package;
        Ok(Finding {
            id: finding_id(&group.id, package),
            severity,
            base: false,
            kind: FindingKind::Vulnerability(Box::new(Vulnerability {
                id: group.id,
                aliases: group.aliases,
                kind,
                package: package.name.clone(),
                version: package.version.clone(),
                purl: subject.purl.as_ref().clone(),
                layer: package.layer,
                path: package.path.clone(),
                fixed_version,
                fix_state,
                summary: summary(claims),
                published: published(claims),
                sources: source_claims(claims, &sources, subject.scheme),
                cvss: rating.scores,
                epss,
                kev: kev.cloned(),
                risk,
            })),
        })
    }

    fn source(&self, claim: &Claim<'_>) -> &'d str {
        self.sources.get(claim.segment).copied().unwrap_or_default()
    }
}

/// The name of a finding: of the vulnerability and the installed package, not of its sources.
fn finding_id(id: &AdvisoryId, package: &Package) -> FindingId {
    let arch = package.arch.as_deref().unwrap_or_default();
    let kind = package.kind.as_str();
    FindingId::of(&[
        "vulnerability",
        &id.0,
        kind,
        &package.name,
        &package.version,
        arch,
        &package.path,
    ])
}

/// The nearest repair over all claims, and the best that they say of the repair. A version that
/// only subscribers get is named when there is no other, with the state it does not change.
fn fix(claims: &[Claim<'_>], scheme: Scheme) -> (Option<String>, FixState) {
    let nearest = |is_meant: &dyn Fn(&Claim<'_>) -> bool| {
        let fixes = claims.iter().filter(|claim| is_meant(claim)).filter_map(|claim| claim.fixed);
        fixes.min_by(|a, b| compare(scheme, a, b).unwrap_or_else(|_| a.cmp(b)))
    };
    if let Some(fixed) = nearest(&|claim| claim.state == FixState::Fixed) {
        return (Some(fixed.to_owned()), FixState::Fixed);
    }
    let states = |notices: bool| {
        let meant = claims.iter().filter(move |claim| claim.notice == notices);
        meant.map(|claim| claim.state).max()
    };
    let state = states(false).or_else(|| states(true)).unwrap_or_default();
    (nearest(&|_| true).map(str::to_owned), state)
}

/// What each source says, once for each of its advisories, sorted.
fn source_claims(claims: &[Claim<'_>], sources: &[&str], scheme: Scheme) -> Vec<SourceClaim> {
    let said = |(claim, source): (&Claim<'_>, &&str)| SourceClaim {
        source: (*source).to_owned(),
        id: AdvisoryId(claim.fact.id.to_owned()),
        severity: claim.severity,
        fix_state: claim.state,
        fixed_version: claim.fixed.map(str::to_owned),
    };
    let mut said: Vec<SourceClaim> = claims.iter().zip(sources).map(said).collect();
    said.sort_by(|a, b| {
        let names = (&a.source, &a.id).cmp(&(&b.source, &b.id));
        names.then_with(|| nearer(a, b, scheme)).then_with(|| b.fix_state.cmp(&a.fix_state))
    });
    said.dedup_by(|next, kept| (&next.source, &next.id) == (&kept.source, &kept.id));
    said
}

/// The one with the nearer repair first; without any last.
fn nearer(a: &SourceClaim, b: &SourceClaim, scheme: Scheme) -> Ordering {
    match (&a.fixed_version, &b.fixed_version) {
        (Some(a), Some(b)) => compare(scheme, a, b).unwrap_or_else(|_| a.cmp(b)),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}

/// The first line on the vulnerability itself; what a notice says of its update only if there is
/// no other.
fn summary(claims: &[Claim<'_>]) -> String {
    let of = |notices: bool| {
        let meant = claims.iter().filter(move |claim| claim.notice == notices);
        meant.map(|claim| claim.fact.summary).find(|summary| !summary.is_empty())
    };
    of(false).or_else(|| of(true)).unwrap_or_default().to_owned()
}

fn published(claims: &[Claim<'_>]) -> Option<Timestamp> {
    let of = |notices: bool| {
        let meant = claims.iter().filter(move |claim| claim.notice == notices);
        meant.filter_map(|claim| claim.fact.published).min()
    };
    of(false).or_else(|| of(true))
}
