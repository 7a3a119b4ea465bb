//! How far the advisories reach for what is installed, and what was left out and why.
//!
//! A feed is fresh when it was downloaded, or an imported snapshot's newest statement was made,
//! within [`FRESH_DAYS`]. Of several feeds for one ecosystem the freshest decides the state; the
//! note names the old ones.

use std::collections::BTreeMap;

use model::{Coverage, CoverageStatus, Distro, Timestamp};

use super::distribution::Home;
use super::subject::{Unmatched, feeds};
use crate::database::Session;
use crate::{EndOfLife, built_in_end_of_life};

/// Days after which a feed counts as old.
const FRESH_DAYS: u32 = 7;

/// Names that a note lists; the rest are counted.
const NAMES_LISTED: usize = 5;

/// The distributions whose long-term support is free and in the same feed.
const FREE_LONG_TERM_SUPPORT: [&str; 1] = ["debian"];

/// The ecosystem of an inventory in which nothing was recognised.
const NOTHING: &str = "none";

/// Seconds of a day.
const DAY_SECONDS: i64 = 86_400;

/// The packages of one ecosystem.
#[derive(Debug, Default)]
struct Tally {
    packages: u32,
    unmatched: BTreeMap<Unmatched, Vec<String>>,
}

impl Tally {
    /// Whether every package belongs to a package of the operating system.
    fn is_the_systems(&self) -> bool {
        let owned = self.unmatched.get(&Unmatched::OwnedByOs).map_or(0, Vec::len);
        owned > 0 && owned == self.packages as usize
    }
}

/// Counts packages by ecosystem, then says how far the advisories reach.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    tallies: BTreeMap<String, Tally>,
}

/// What coverage is judged by.
pub(super) struct Circumstances<'c, 'd> {
    pub(super) session: &'c Session<'d>,
    pub(super) distro: Option<&'c Distro>,
    pub(super) home: &'c Home,
    /// Content sets that no list of repositories knows.
    pub(super) unknown_content_sets: &'c [String],
    pub(super) now: Timestamp,
}

impl Ledger {
    /// Counts a package, and why it is not matched if it is not.
    pub(super) fn count(&mut self, ecosystem: &str, package: &str, unmatched: Option<Unmatched>) {
        if !self.tallies.contains_key(ecosystem) {
            self.tallies.insert(ecosystem.to_owned(), Tally::default());
        }
        let Some(tally) = self.tallies.get_mut(ecosystem) else { return };
        if unmatched == Some(Unmatched::NoSoftware) {
            return;
        }
        tally.packages = tally.packages.saturating_add(1);
        if let Some(why) = unmatched {
            tally.unmatched.entry(why).or_default().push(package.to_owned());
        }
    }

    /// The coverage, the distribution's first, then by name.
    pub(super) fn coverage(mut self, circumstances: &Circumstances<'_, '_>) -> Vec<Coverage> {
        if circumstances.distro.is_some() {
            self.tallies.entry(home_name(circumstances.home).to_owned()).or_default();
        }
        if self.tallies.is_empty() {
            return vec![nothing()];
        }
        let home = home_name(circumstances.home);
        let mut coverage: Vec<Coverage> = self
            .tallies
            .into_iter()
            .map(|(ecosystem, tally)| circumstances.cover(ecosystem, &tally))
            .collect();
        coverage.sort_by_key(|coverage| coverage.ecosystem != home);
        coverage
    }
}

fn home_name(home: &Home) -> &str {
    match home {
        Home::Known { ecosystem, .. } => &ecosystem.0,
        Home::Unknown { name, .. } => name,
    }
}

fn nothing() -> Coverage {
    Coverage {
        ecosystem: NOTHING.to_owned(),
        packages: 0,
        status: CoverageStatus::NoFeed,
        note: "No packages and no distribution were recognised, so nothing could be matched: this \
               is not a clean result."
            .to_owned(),
    }
}

impl Circumstances<'_, '_> {
    fn cover(&self, ecosystem: String, tally: &Tally) -> Coverage {
        let is_home = ecosystem == home_name(self.home);
        let (status, mut note) = match self.home {
            Home::Unknown { note, .. } if is_home => {
                (CoverageStatus::UnknownDistribution, note.clone())
            }
            // Their own ecosystem's advisories are not asked, so it does not matter who has any.
            _ if !is_home && tally.is_the_systems() => (CoverageStatus::Covered, String::new()),
            _ => self.status(&ecosystem, is_home),
        };
        if tally.packages == 0 {
            note.push_str(" No packages of it were found.");
        }
        for (why, names) in &tally.unmatched {
            note.push_str(&left_out(*why, names));
        }
        if is_home && !self.unknown_content_sets.is_empty() {
            let sets = listed(self.unknown_content_sets);
            note.push_str(&format!(" Content sets that no list of repositories names: {sets}."));
        }
        let note = note.trim_start().to_owned();
        Coverage { ecosystem, packages: tally.packages, status, note }
    }

    fn status(&self, ecosystem: &str, is_home: bool) -> (CoverageStatus, String) {
        let sources = self.sources(ecosystem);
        let Some(freshest) = sources.iter().map(|(_, fresh)| *fresh).max() else {
            return self.unspoken(ecosystem);
        };
        let ended = if is_home { self.ended(ecosystem) } else { None };
        if let Some((since, note)) = ended {
            return (CoverageStatus::EndOfLife { since }, note);
        }
        let mut note = format!("Matched against {}.", self.named(&sources));
        if is_home {
            note.push_str(&self.long_term_note(ecosystem));
        }
        let days = self.days_since(freshest);
        if days <= FRESH_DAYS {
            return (CoverageStatus::Covered, note);
        }
        note.push_str(&format!(
            " The newest of it is {days} days old: update with `lazaret advisories update`."
        ));
        (CoverageStatus::Stale { days }, note)
    }

    /// No source speaks of the ecosystem.
    fn unspoken(&self, ecosystem: &str) -> (CoverageStatus, String) {
        let family = ecosystem.split_once(':').map(|(family, _)| family);
        let knows_family = |family: &str| {
            let mut counts = self.session.segments().flat_map(|(_, segment)| segment.ecosystems());
            counts.any(|count| count.name.split_once(':').is_some_and(|(known, _)| known == family))
        };
        if family.is_some_and(knows_family) {
            let note = format!(
                "The advisories speak of other releases, not of {ecosystem}: it is not known to \
                 them."
            );
            return (CoverageStatus::UnknownDistribution, note);
        }
        let note = format!(
            "No source in the database speaks of {ecosystem}: its packages were listed, not \
             matched."
        );
        (CoverageStatus::NoFeed, note)
    }

    /// The sources that speak of an ecosystem, with the moments up to which they can have spoken.
    fn sources(&self, ecosystem: &str) -> Vec<(&str, Timestamp)> {
        let statuses = self.session.database().sources();
        let segments = self.session.segments().zip(statuses);
        let speaking = segments.filter(|((_, segment), _)| {
            feeds(ecosystem).any(|ecosystem| segment.speaks_of(ecosystem))
        });
        speaking.map(|(_, status)| (status.name.as_str(), status.fresh_as_of())).collect()
    }

    fn named(&self, sources: &[(&str, Timestamp)]) -> String {
        let named = sources.iter().map(|(name, fresh)| match self.days_since(*fresh) {
            days if days <= FRESH_DAYS => (*name).to_owned(),
            days => format!("{name} ({days} days old)"),
        });
        named.collect::<Vec<_>>().join(", ")
    }

    fn ended(&self, ecosystem: &str) -> Option<(String, String)> {
        let release = self.release(ecosystem)?;
        let since = release.standard.as_ref().filter(|end| self.is_over(end))?;
        let extended = release.extended.as_ref().filter(|end| !self.is_over(end));
        let distro = &release.distro;
        if extended.is_some() && FREE_LONG_TERM_SUPPORT.contains(&distro.as_str()) {
            return None;
        }
        let mut note = format!(
            "Support of {ecosystem} ended on {since}: what was found since is not in any feed, so \
             the findings are the least that is there."
        );
        if let Some(until) = extended {
            note.push_str(&format!(" Extended support, for subscribers, ends on {until}."));
        }
        // A release that ended twice ended with the later date.
        let last = release.extended.as_ref().filter(|end| self.is_over(end));
        let free = FREE_LONG_TERM_SUPPORT.contains(&distro.as_str());
        let since = last.filter(|_| free).unwrap_or(since).clone();
        Some((since, note))
    }

    fn long_term_note(&self, ecosystem: &str) -> String {
        let release = self.release(ecosystem);
        let standard = release.as_ref().and_then(|release| release.standard.as_ref());
        let extended = release.as_ref().and_then(|release| release.extended.as_ref());
        match (standard, extended) {
            (Some(standard), Some(extended)) if self.is_over(standard) => format!(
                " Regular support ended on {standard}; long-term support ends on {extended}."
            ),
            _ => String::new(),
        }
    }

    /// When the distribution's release ends, by its own name or by the ecosystem's; from the
    /// database, or where no source of it says so from the built-in table.
    fn release(&self, ecosystem: &str) -> Option<EndOfLife> {
        let (family, release) = ecosystem.split_once(':')?;
        let own = self.distro.map_or(family, |distro| distro.id.as_str());
        let segments = self.session.segments();
        let mut known = segments.flat_map(|(_, segment)| segment.end_of_life()).collect::<Vec<_>>();
        let built_in = built_in_end_of_life();
        known.extend(&built_in);
        // The sources come before the table, so they decide where both know a release.
        let of = |id: &str| known.iter().find(|end| end.distro == id && end.release == release);
        of(own).or_else(|| of(family)).map(|end| (*end).clone())
    }

    fn is_over(&self, date: &str) -> bool {
        date < self.now.strftime("%Y-%m-%d").to_string().as_str()
    }

    fn days_since(&self, moment: Timestamp) -> u32 {
        let seconds = self.now.as_second().saturating_sub(moment.as_second());
        u32::try_from(seconds.div_euclid(DAY_SECONDS)).unwrap_or(0)
    }
}

fn left_out(why: Unmatched, names: &[String]) -> String {
    let count = names.len();
    let (one, many) = match why {
        Unmatched::UnknownVersion => (
            "package was not matched, its version is not known",
            "packages were not matched, their versions are not known",
        ),
        Unmatched::OwnedByOs => (
            "package belongs to the operating system, whose advisories speak for it",
            "packages belong to the operating system, whose advisories speak for them",
        ),
        Unmatched::ForeignVendor => (
            "package was not matched, another vendor built it",
            "packages were not matched, other vendors built them",
        ),
        Unmatched::UnknownDistribution | Unmatched::NoSoftware => return String::new(),
    };
    let what = if count == 1 { one } else { many };
    format!(" {count} {what}: {}.", listed(names))
}

fn listed(names: &[String]) -> String {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(NAMES_LISTED);
    names.truncate(NAMES_LISTED);
    let shown = names.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
