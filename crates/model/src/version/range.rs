//! A version among the ranges of an advisory: is it affected, and which version repairs it.

use std::cmp::Ordering;

use crate::{RangeEnd, VersionRange};

use super::{Scheme, Version};

/// Where a version stands among the ranges of an advisory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position<'a> {
    /// Whether it is affected.
    pub affected: bool,
    /// The nearest later version that a range names as its repair and no other range affects.
    /// `None` when none is named. Given for affected versions only.
    pub fixed: Option<&'a str>,
}

/// Whether a version lies in one of the ranges or is one of `versions`.
///
/// A version that is not one in this scheme is affected only if `versions` has it to the letter.
pub fn affects(
    scheme: Scheme,
    version: &str,
    ranges: &[VersionRange],
    versions: &[String],
) -> bool {
    match Version::parse(scheme, version) {
        Ok(parsed) => is_affected(&parsed, version, ranges, versions),
        Err(_) => is_listed(version, versions),
    }
}

/// Where a version stands: affected or not, and its nearest repair. `version` is the text that
/// `parsed` was read from. Range ends that are no versions make their range say nothing.
pub fn position<'a>(
    parsed: &Version<'_>,
    version: &str,
    ranges: &'a [VersionRange],
    versions: &[String],
) -> Position<'a> {
    if !is_affected(parsed, version, ranges, versions) {
        return Position::default();
    }
    let fixes = ranges.iter().filter_map(|range| match &range.end {
        RangeEnd::Fixed(fix) => Version::parse(parsed.scheme(), fix).ok().map(|v| (v, fix)),
        RangeEnd::LastAffected(_) | RangeEnd::Open => None,
    });
    let nearest = fixes
        .filter(|(fix, _)| parsed.compare(fix) == Ordering::Less)
        .filter(|(fix, _)| !ranges.iter().any(|range| contains(range, fix)))
        .min_by(|(a, _), (b, _)| a.compare(b));
    Position { affected: true, fixed: nearest.map(|(_, text)| text.as_str()) }
}

fn is_affected(
    parsed: &Version<'_>,
    version: &str,
    ranges: &[VersionRange],
    versions: &[String],
) -> bool {
    if is_listed(version, versions) {
        return true;
    }
    // A branch has no place among releases.
    if parsed.scheme() == Scheme::Composer && version.starts_with("dev-") {
        return false;
    }
    ranges.iter().any(|range| contains(range, parsed)) || is_equal_to_one(parsed, versions)
}

fn is_listed(version: &str, versions: &[String]) -> bool {
    versions.iter().any(|listed| listed == version)
}

fn is_equal_to_one(parsed: &Version<'_>, versions: &[String]) -> bool {
    versions.iter().any(|listed| order(parsed, listed) == Some(Ordering::Equal))
}

/// Whether a version lies in a range.
fn contains(range: &VersionRange, version: &Version<'_>) -> bool {
    let begun = match range.introduced.as_deref() {
        // OSV's way to say "from the beginning", whatever the scheme makes of `0`.
        None | Some("0" | "") => true,
        Some(introduced) => order(version, introduced).is_some_and(Ordering::is_ge),
    };
    begun
        && match &range.end {
            RangeEnd::Fixed(fixed) => order(version, fixed).is_some_and(Ordering::is_lt),
            RangeEnd::LastAffected(last) => order(version, last).is_some_and(Ordering::is_le),
            RangeEnd::Open => true,
        }
}

fn order(version: &Version<'_>, other: &str) -> Option<Ordering> {
    Version::parse(version.scheme(), other).ok().map(|other| version.compare(&other))
}
