//! What all sources together know of a CVE beside affected packages: EPSS, known exploitation,
//! ratings. The tables of all segments are opened once; a look-up is a binary search in each.

use model::{Epss, KnownExploited};

use super::by_cve::{self, RecordTable};
use super::bytes::Read;
use super::segment::{Rating, Segment, known_exploited, merge_kev, rating};

/// What is known of one CVE.
#[derive(Debug, Default)]
pub(crate) struct Known<'d> {
    /// Of several sources' scores the latest day's.
    pub(crate) epss: Option<Epss>,
    /// CISA's entry. Where catalogues differ: the earliest day, any ransomware.
    pub(crate) kev: Option<KnownExploited>,
    /// Every rating, by source.
    pub(crate) ratings: Vec<Rating<'d>>,
}

/// The tables by CVE of all segments; empty ones are left out.
#[derive(Debug, Default)]
pub(crate) struct KnownTables<'d> {
    ratings: Vec<RecordTable<'d>>,
    kev: Vec<RecordTable<'d>>,
    /// The latest day first.
    epss: Vec<(&'d str, &'d [u8])>,
}

impl<'d> KnownTables<'d> {
    /// Adds the tables of a segment.
    pub(super) fn add(&mut self, segment: Segment<'d>) -> Read<()> {
        self.ratings.extend(Some(segment.ratings()?).filter(|table| !table.is_empty()));
        self.kev.extend(Some(segment.kev()?).filter(|table| !table.is_empty()));
        self.epss.extend(Some(segment.epss()?).filter(|(_, rows)| !rows.is_empty()));
        self.epss.sort_by_key(|(day, _)| std::cmp::Reverse(*day));
        Ok(())
    }

    /// What is known of a CVE.
    pub(crate) fn find(&self, cve: &str) -> Read<Known<'d>> {
        let Some(key) = by_cve::cve_key(cve) else { return Ok(Known::default()) };
        let ratings = self.ratings.iter().flat_map(|table| table.find(key));
        let mut kev = None;
        for record in self.kev.iter().flat_map(|table| table.find(key)) {
            let entry = known_exploited(record?)?;
            kev = Some(match kev {
                Some(other) => merge_kev(other, entry),
                None => entry,
            });
        }
        let epss = self.epss.iter().find_map(|(_, rows)| by_cve::find_epss(rows, key));
        Ok(Known {
            epss: epss.map(|(score, percentile)| Epss { score, percentile }),
            kev,
            ratings: ratings.map(|record| rating(record?)).collect::<Read<_>>()?,
        })
    }
}
