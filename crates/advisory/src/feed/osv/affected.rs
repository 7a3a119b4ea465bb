//! The packages of an OSV document, read as their vendor means them.

use std::cmp::Ordering;

use model::{Affected, Ecosystem, FixState, NameOf, RangeEnd, Severity, VersionRange};

use super::ecosystem::{Place, Vendor, place, vendor};
use super::schema::{Osv, OsvAffected};
use super::spans;
use crate::feed::names::{is_debug_rpm, normal};
use crate::feed::{redhat, severity, suse, ubuntu};

/// Whether a statement is about the vendor's own packages.
pub(super) fn is_at_home(affected: &OsvAffected<'_>, home: Option<Vendor>) -> bool {
    let Some(package) = &affected.package else {
        return false;
    };
    home.is_none() || vendor(&package.ecosystem) == home
}

/// The affected packages of a document. `streams`: the module streams its title names.
pub(super) fn of(osv: &Osv<'_>, home: Option<Vendor>, streams: &[String]) -> Vec<Affected> {
    let mut found = Vec::new();
    let mut ubuntu = ubuntu::Claims::default();
    for affected in osv.affected.iter().filter(|affected| is_at_home(affected, home)) {
        let Some((name, place)) = named(affected) else {
            continue;
        };
        match place.vendor {
            Vendor::Language(language) => found.extend(language_package(osv, affected, language)),
            Vendor::Debian => found.extend(debian(affected, name, &place)),
            Vendor::Ubuntu => ubuntu.add(&place.ecosystem, name, place.pro, claim(affected)),
            Vendor::Suse => found.extend(suse_packages(affected, name, &place)),
            Vendor::RedHat | Vendor::Alma | Vendor::Rocky => {
                found.extend(rpm_packages(affected, name, &place, streams));
            }
            Vendor::Alpine | Vendor::Wolfi => {
                found.extend(plain(affected, name, &place.ecosystem, NameOf::Source));
            }
        }
    }
    found.extend(ubuntu.into_affected());
    let mut found = merge(found);
    if matches!(home, Some(Vendor::Alma | Vendor::Rocky)) {
        redhat::keep_oldest(&mut found);
    }
    found
}

fn named<'a>(affected: &'a OsvAffected<'_>) -> Option<(&'a str, Place)> {
    let package = affected.package.as_ref()?;
    let name = package.name.non_empty()?;
    Some((name, place(&package.ecosystem)?))
}

/// A package of a language's registry. Versions named one by one are kept only where no range of
/// versions covers them: a version is affected when it is in either.
fn language_package(osv: &Osv<'_>, affected: &OsvAffected<'_>, language: &str) -> Option<Affected> {
    let name = affected.package.as_ref()?.name.trim();
    let mut ranges = spans::of(affected);
    let mut versions = Vec::new();
    if ranges.is_empty() {
        versions = affected.versions.iter().map(|version| (**version).to_owned()).collect();
    }
    if ranges.is_empty() && versions.is_empty() {
        // Only of a malicious package does naming it without versions mean all of it.
        if !osv.id.starts_with("MAL-") {
            return None;
        }
        ranges.push(VersionRange { introduced: None, end: RangeEnd::Open });
    }
    Some(Affected {
        ecosystem: Ecosystem(language.to_owned()),
        package: normal(language, name).into_owned(),
        fix_state: state(&ranges),
        ranges,
        versions,
        ..Affected::default()
    })
}

/// A package of a distribution without its vendor's peculiarities. A repair in version `0` says
/// that it never was vulnerable.
fn plain(
    affected: &OsvAffected<'_>,
    name: &str,
    ecosystem: &str,
    name_of: NameOf,
) -> Option<Affected> {
    let mut ranges = spans::of(affected);
    let mut fix_state = state(&ranges);
    if ranges.is_empty() {
        if !spans::is_never(affected) {
            return None;
        }
        ranges.push(VersionRange { introduced: None, end: RangeEnd::Open });
        fix_state = FixState::NotAffected;
    }
    Some(Affected {
        ecosystem: Ecosystem(ecosystem.to_owned()),
        package: name.to_owned(),
        name_of,
        fix_state,
        ranges,
        ..Affected::default()
    })
}

fn state(ranges: &[VersionRange]) -> FixState {
    if ranges.iter().any(|range| matches!(range.end, RangeEnd::Fixed(_))) {
        FixState::Fixed
    } else {
        FixState::Affected
    }
}

/// A Debian source package with its urgency.
fn debian(affected: &OsvAffected<'_>, name: &str, place: &Place) -> Option<Affected> {
    let mut found = plain(affected, name, &place.ecosystem, NameOf::Source)?;
    let specific = affected.ecosystem_specific.as_ref();
    let urgency = specific.and_then(|specific| specific.urgency.as_deref()).unwrap_or_default();
    let urgency = urgency.trim_end_matches('*');
    if urgency == "end-of-life" && found.fix_state != FixState::Fixed {
        found.fix_state = FixState::EndOfLife;
    }
    found.severity = Some(severity(urgency)).filter(|rated| *rated != Severity::Unknown);
    Some(found)
}

/// What Ubuntu says of one package in one archive.
fn claim<'a>(affected: &'a OsvAffected<'_>) -> ubuntu::Claim<'a> {
    let mut fixed = None;
    let mut spoken = false;
    for event in affected.ranges.iter().flat_map(|range| &range.events) {
        spoken |= event.introduced.is_some();
        fixed = event.fixed.as_deref().or(fixed);
    }
    match fixed {
        Some(version) => ubuntu::Claim::Fixed(version),
        None if spoken => ubuntu::Claim::Vulnerable(FixState::Affected),
        None => ubuntu::Claim::Absent,
    }
}

/// The binary packages of a SUSE notice; its source package where it lists none.
fn suse_packages(affected: &OsvAffected<'_>, name: &str, place: &Place) -> Vec<Affected> {
    let found: Vec<Affected> = suse::binaries(&place.ecosystem, affected).collect();
    if found.is_empty() {
        return plain(affected, name, &place.ecosystem, NameOf::Source).into_iter().collect();
    }
    found
}

/// A package of Red Hat or a rebuild: one statement a module stream when it is modular.
fn rpm_packages(
    affected: &OsvAffected<'_>,
    name: &str,
    place: &Place,
    streams: &[String],
) -> Vec<Affected> {
    if is_debug_rpm(name) {
        return Vec::new();
    }
    // Rocky names source packages, the others what is installed.
    let name_of = if place.vendor == Vendor::Rocky { NameOf::Source } else { NameOf::Binary };
    let Some(mut found) = plain(affected, name, &place.ecosystem, name_of) else {
        return Vec::new();
    };
    let build = found.ranges.iter().find_map(|range| match &range.end {
        RangeEnd::Fixed(version) => Some(version.clone()),
        _ => None,
    });
    let build = build.unwrap_or_default();
    if build.ends_with(".cloud") {
        // Rocky's cloud images have kernels of their own that sort above the standard ones.
        return Vec::new();
    }
    if found.ecosystem.0.is_empty() {
        let Some(release) = redhat::release_of_build(&build) else {
            return Vec::new();
        };
        found.ecosystem = Ecosystem(format!("rhel:{release}"));
    }
    found.cpes.extend(place.cpe.clone());
    redhat::by_stream(found, &build, streams)
}

/// Joins statements that differ only in the products they are limited to, and drops repetitions.
/// Sorts by ecosystem and package.
pub(in crate::feed) fn merge(mut found: Vec<Affected>) -> Vec<Affected> {
    if found.len() < 2 {
        return found;
    }
    found.sort_by(order);
    found.dedup_by(|next, kept| {
        // A statement about all products is not joined with one about some.
        let joins = order(next, kept).is_eq() && next.cpes.is_empty() == kept.cpes.is_empty();
        if joins {
            kept.cpes.append(&mut next.cpes);
        }
        joins
    });
    for affected in &mut found {
        affected.cpes.sort();
        affected.cpes.dedup();
    }
    found
}

/// The order of statements apart from the products they are limited to.
fn order(a: &Affected, b: &Affected) -> Ordering {
    let by_name = a.ecosystem.cmp(&b.ecosystem).then_with(|| a.package.cmp(&b.package));
    by_name
        .then_with(|| (a.name_of as u8).cmp(&(b.name_of as u8)))
        .then_with(|| a.module.cmp(&b.module))
        .then_with(|| a.fix_state.cmp(&b.fix_state))
        .then_with(|| a.severity.cmp(&b.severity))
        .then_with(|| a.ranges.iter().map(bounds).cmp(b.ranges.iter().map(bounds)))
        .then_with(|| a.versions.cmp(&b.versions))
        .then_with(|| a.arches.cmp(&b.arches))
        .then_with(|| a.cpes.is_empty().cmp(&b.cpes.is_empty()))
}

/// A span as something with an order.
fn bounds(range: &VersionRange) -> (Option<&str>, u8, &str) {
    let (kind, end) = match &range.end {
        RangeEnd::Fixed(version) => (0, version.as_str()),
        RangeEnd::LastAffected(version) => (1, version.as_str()),
        RangeEnd::Open => (2, ""),
    };
    (range.introduced.as_deref(), kind, end)
}
