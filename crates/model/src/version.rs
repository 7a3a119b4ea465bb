//! Version order, exact for each ecosystem: [`compare`] for two texts, [`Version::parse`] for one
//! that is compared often, [`position`] and [`affects`] for a version among an advisory's ranges.
//!
//! Not a parser of dependency requirements (`^1.2`, `~> 3`): feeds turn those into ranges. Pure;
//! the parsed form borrows the text. Each file names the specification it follows.

mod alpm;
mod apk;
mod composer;
mod deb;
mod dotted;
mod gem;
mod generic;
mod maven;
mod number;
mod pep440;
mod range;
mod rpm;
mod scheme;
mod semver;

use std::cmp::Ordering;

pub use range::{Position, affects, position};
pub use scheme::Scheme;

/// Longest version that is read, in bytes. The longest in real advisories is under 150.
const VERSION_MAX_BYTES: usize = 1024;
/// Characters of a refused version that the error shows.
const SHOWN_CHARS: usize = 80;

/// The text is not a version in its scheme, so its place in the order is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {scheme} version: {why}")]
pub struct InvalidVersion {
    /// The order it was read for.
    pub scheme: Scheme,
    /// The text as given, shortened.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// A version read once, to be compared often. Borrows its text.
#[derive(Debug, Clone)]
pub struct Version<'a> {
    scheme: Scheme,
    key: Key<'a>,
}

#[derive(Debug, Clone)]
enum Key<'a> {
    Alpm(alpm::Alpm<'a>),
    Apk(apk::Apk<'a>),
    Composer(composer::Composer<'a>),
    Deb(deb::Deb<'a>),
    Dotted(dotted::Dotted<'a>),
    Gem(gem::Gem<'a>),
    Generic(generic::Generic<'a>),
    Maven(maven::Maven<'a>),
    Pep440(pep440::Pep440<'a>),
    Rpm(rpm::Rpm<'a>),
    Semver(semver::Semver<'a>),
}

impl<'a> Version<'a> {
    /// Reads a version. Most schemes give every text a place; those that cannot say why.
    pub fn parse(scheme: Scheme, text: &'a str) -> Result<Self, InvalidVersion> {
        Key::parse(scheme, text).map(|key| Version { scheme, key }).map_err(|why| InvalidVersion {
            scheme,
            text: text.chars().take(SHOWN_CHARS).collect(),
            why,
        })
    }

    /// The order it was read for.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Which of two versions is the later. Versions of different schemes have no common order;
    /// they compare by scheme, so that the answer is at least stable.
    ///
    /// Not offered as `Ord`: three of the orders are no total orders by their own rules. pacman
    /// holds `1.0` equal to both `1.0-1` and `1.0-2`, Composer `1.#` to both `1.1` and `1.2`, and
    /// Maven's words after dots go round in circles.
    pub fn compare(&self, other: &Version<'_>) -> Ordering {
        match (&self.key, &other.key) {
            (Key::Alpm(a), Key::Alpm(b)) => a.compare(b),
            (Key::Apk(a), Key::Apk(b)) => a.compare(b),
            (Key::Composer(a), Key::Composer(b)) => a.compare(b),
            (Key::Deb(a), Key::Deb(b)) => a.compare(b),
            (Key::Dotted(a), Key::Dotted(b)) => a.compare(b),
            (Key::Gem(a), Key::Gem(b)) => a.compare(b),
            (Key::Generic(a), Key::Generic(b)) => a.compare(b),
            (Key::Maven(a), Key::Maven(b)) => a.compare(b),
            (Key::Pep440(a), Key::Pep440(b)) => a.cmp(b),
            (Key::Rpm(a), Key::Rpm(b)) => a.compare(b),
            (Key::Semver(a), Key::Semver(b)) if self.scheme == other.scheme => a.compare(b),
            _ => self.scheme.cmp(&other.scheme),
        }
    }
}

impl<'a> Key<'a> {
    fn parse(scheme: Scheme, text: &'a str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() {
            return Err("it is empty");
        }
        if text.len() > VERSION_MAX_BYTES {
            return Err("it is longer than 1024 bytes");
        }
        Ok(match scheme {
            Scheme::Alpm => Key::Alpm(alpm::Alpm::parse(text)),
            Scheme::Apk => Key::Apk(apk::Apk::parse(text)),
            Scheme::Composer => Key::Composer(composer::Composer::parse(text)),
            Scheme::Cran | Scheme::Hackage => Key::Dotted(dotted::Dotted::parse(text)?),
            Scheme::Deb => Key::Deb(deb::Deb::parse(text)?),
            Scheme::Gem => Key::Gem(gem::Gem::parse(text)?),
            Scheme::Generic => Key::Generic(generic::Generic::parse(text)?),
            Scheme::Maven => Key::Maven(maven::Maven::parse(text)),
            Scheme::Pep440 => Key::Pep440(pep440::Pep440::parse(text)),
            Scheme::Rpm => Key::Rpm(rpm::Rpm::parse(text)),
            Scheme::Go => Key::Semver(semver::Semver::go(text)?),
            Scheme::Nuget => Key::Semver(semver::Semver::nuget(text)?),
            Scheme::Pub => Key::Semver(semver::Semver::dart(text)?),
            Scheme::Semver => Key::Semver(semver::Semver::parse(text)?),
        })
    }
}

/// Which of two versions is the later in this scheme.
pub fn compare(scheme: Scheme, a: &str, b: &str) -> Result<Ordering, InvalidVersion> {
    Ok(Version::parse(scheme, a)?.compare(&Version::parse(scheme, b)?))
}

#[cfg(test)]
mod tests;
