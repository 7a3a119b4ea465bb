//! What the database knows of a CVE beside the claims: EPSS, known exploitation, ratings.

use std::collections::HashMap;
use std::rc::Rc;

use model::{Epss, KnownExploited, Severity};

use crate::AdvisoryError;
use crate::database::Session;

/// What is known of one CVE.
#[derive(Debug, Default)]
pub(super) struct Enrichment {
    /// Of several sources' scores the latest day's.
    pub(super) epss: Option<Epss>,
    pub(super) kev: Option<KnownExploited>,
    pub(super) ratings: Vec<Rated>,
}

/// A rating of a CVE.
#[derive(Debug, Clone)]
pub(super) struct Rated {
    /// Who rated.
    pub(super) source: String,
    /// In words, where given.
    pub(super) severity: Severity,
    /// CVSS vectors.
    pub(super) vectors: Vec<String>,
}

/// Enrichments, each looked up once.
#[derive(Debug, Default)]
pub(super) struct Enrichments(HashMap<String, Rc<Enrichment>>);

impl Enrichments {
    /// What is known of a CVE.
    pub(super) fn of(
        &mut self,
        cve: &str,
        session: &Session<'_>,
    ) -> Result<Rc<Enrichment>, AdvisoryError> {
        if let Some(known) = self.0.get(cve) {
            return Ok(Rc::clone(known));
        }
        let mut enrichment = Enrichment::default();
        let mut latest = "";
        for (number, segment) in session.segments() {
            let epss = segment.epss(cve).map_err(|damage| session.damaged(number, damage))?;
            let kev = segment.kev(cve).map_err(|damage| session.damaged(number, damage))?;
            let ratings = segment.ratings(cve).map_err(|damage| session.damaged(number, damage))?;
            if let Some((epss, day)) = epss.filter(|(_, day)| *day >= latest) {
                (enrichment.epss, latest) = (Some(epss), day);
            }
            enrichment.kev = enrichment.kev.or(kev);
            enrichment.ratings.extend(ratings.into_iter().map(|rating| Rated {
                source: rating.source.to_owned(),
                severity: rating.severity,
                vectors: rating.vectors.into_iter().map(str::to_owned).collect(),
            }));
        }
        let enrichment = Rc::new(enrichment);
        self.0.insert(cve.to_owned(), Rc::clone(&enrichment));
        Ok(enrichment)
    }
}

/// The higher of two scores.
pub(super) fn worse(a: Option<Epss>, b: Option<Epss>) -> Option<Epss> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.score > a.score { b } else { a }),
        (a, b) => a.or(b),
    }
}
