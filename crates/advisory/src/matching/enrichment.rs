//! What the database knows of the CVEs of an inventory, and the scores of vectors: each looked up
//! or computed once, since packages share vulnerabilities and vulnerabilities share vectors.

use std::collections::HashMap;
use std::rc::Rc;

use model::Epss;

use crate::AdvisoryError;
use crate::cvss::{self, Score};
use crate::database::{Known, KnownTables, Session};

/// What is known of CVEs.
pub(super) struct Enrichments<'d> {
    tables: KnownTables<'d>,
    known: HashMap<String, Rc<Known<'d>>>,
}

impl<'d> Enrichments<'d> {
    pub(super) fn new(session: &Session<'d>) -> Result<Self, AdvisoryError> {
        Ok(Enrichments { tables: session.known()?, known: HashMap::new() })
    }

    /// What is known of a CVE.
    pub(super) fn of(
        &mut self,
        cve: &str,
        session: &Session<'d>,
    ) -> Result<Rc<Known<'d>>, AdvisoryError> {
        if let Some(known) = self.known.get(cve) {
            return Ok(Rc::clone(known));
        }
        let found = self.tables.find(cve).map_err(|damage| session.damaged_by_cve(damage))?;
        let found = Rc::new(found);
        self.known.insert(cve.to_owned(), Rc::clone(&found));
        Ok(found)
    }
}

/// The scores of CVSS vectors; `None` for what is no vector.
#[derive(Debug, Default)]
pub(super) struct Scores(HashMap<String, Option<Score>>);

impl Scores {
    /// The score of a vector.
    pub(super) fn of(&mut self, vector: &str) -> Option<Score> {
        if let Some(score) = self.0.get(vector) {
            return *score;
        }
        let score = cvss::score(vector).ok();
        self.0.insert(vector.to_owned(), score);
        score
    }
}

/// The higher of two EPSS scores.
pub(super) fn worse(a: Option<Epss>, b: Option<Epss>) -> Option<Epss> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.score > a.score { b } else { a }),
        (a, b) => a.or(b),
    }
}
