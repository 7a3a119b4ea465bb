//! Which source a snapshot of OSV documents is, by looking at some of them.
//!
//! OSV.dev's dump of an ecosystem holds every advisory that touches it, whole, so the documents
//! speak of other ecosystems too; those are in the dumps of their own. What every document of a
//! snapshot speaks of is its home.

use std::collections::{BTreeMap, BTreeSet};

use super::ecosystem::{Vendor, vendor};
use super::schema::Osv;

/// What one document tells of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::feed) struct Glance {
    vendors: BTreeSet<Vendor>,
    /// Letters before the first `-` of the id.
    prefix: String,
    /// OSV.dev notes where it took a package's statement from.
    from_osv_dev: bool,
}

impl Glance {
    /// Looks at a document.
    pub(in crate::feed) fn of(osv: &Osv<'_>) -> Self {
        let packages = osv.affected.iter().filter_map(|affected| affected.package.as_ref());
        let taken = |specific: &super::schema::Specific<'_>| specific.source.is_some();
        Glance {
            vendors: packages.filter_map(|package| vendor(&package.ecosystem)).collect(),
            prefix: osv.id.split('-').next().unwrap_or_default().to_owned(),
            from_osv_dev: osv
                .affected
                .iter()
                .any(|affected| affected.database_specific.as_ref().is_some_and(taken)),
        }
    }

    /// What documents of one snapshot have in common: the distribution, or languages from the same
    /// publisher. `None` for a document that speaks of no package.
    pub(in crate::feed) fn kin(&self) -> Option<String> {
        if self.vendors.is_empty() {
            return None;
        }
        let distribution =
            self.vendors.iter().find(|vendor| !matches!(vendor, Vendor::Language(_)));
        Some(match distribution {
            // Statements on Alpine lie among Debian's and the other way round.
            Some(Vendor::Alpine | Vendor::Debian) => "debian or alpine".to_owned(),
            Some(vendor) => format!("{vendor:?}"),
            None if self.from_osv_dev => "osv.dev".to_owned(),
            None => self.prefix.clone(),
        })
    }
}

/// The source's name, and the vendor whose packages it is about.
pub(in crate::feed) fn label(glances: &[Glance]) -> (String, Option<Vendor>) {
    let home = home(glances);
    let language = match home {
        Some(Vendor::Language(language)) => language,
        Some(vendor) => return (distribution_label(vendor).to_owned(), home),
        None => "",
    };
    let publisher = publisher(glances);
    let alone = matches!(publisher, "bitnami" | "govulndb" | "pypa" | "rustsec-osv");
    if alone || language.is_empty() {
        return (publisher.to_owned(), home);
    }
    (format!("{publisher}-{language}"), home)
}

fn distribution_label(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Alma => "alma",
        Vendor::Alpine => "alpine-osv",
        Vendor::Debian => "debian-osv",
        Vendor::RedHat => "redhat",
        Vendor::Rocky => "rocky-osv",
        Vendor::Suse => "suse",
        Vendor::Ubuntu => "ubuntu-osv",
        Vendor::Wolfi => "wolfi-osv",
        Vendor::Language(language) => language,
    }
}

fn publisher(glances: &[Glance]) -> &'static str {
    let all = |prefix: &str| glances.iter().all(|glance| glance.prefix == prefix);
    let from_osv_dev = glances.iter().any(|glance| glance.from_osv_dev);
    match () {
        () if all("BIT") => "bitnami",
        () if from_osv_dev => "osv",
        () if all("GHSA") => "ghsa",
        () if all("GO") => "govulndb",
        () if all("PYSEC") => "pypa",
        () if all("RUSTSEC") => "rustsec-osv",
        () if all("MAL") => "malicious",
        () => "osv",
    }
}

/// The vendor that every document speaks of. Debian and Alpine share many documents: where all
/// speak of both it is Alpine's set, since few of Debian's speak of Alpine.
fn home(glances: &[Glance]) -> Option<Vendor> {
    let mut counts: BTreeMap<Vendor, usize> = BTreeMap::new();
    let speaking: Vec<&Glance> =
        glances.iter().filter(|glance| !glance.vendors.is_empty()).collect();
    for vendor in speaking.iter().flat_map(|glance| &glance.vendors) {
        *counts.entry(*vendor).or_default() += 1;
    }
    let everywhere: Vec<Vendor> = counts
        .into_iter()
        .filter(|(_, count)| *count == speaking.len())
        .map(|(vendor, _)| vendor)
        .collect();
    match everywhere.as_slice() {
        [vendor] => Some(*vendor),
        [] => None,
        several => several.iter().copied().find(|v| !matches!(v, Vendor::Language(_))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(vendors: &[Vendor], prefix: &str, from_osv_dev: bool) -> Glance {
        Glance {
            vendors: vendors.iter().copied().collect(),
            prefix: prefix.to_owned(),
            from_osv_dev,
        }
    }

    #[test]
    fn names_the_source_by_what_its_documents_share() {
        use Vendor::{Alpine, Debian, Language, RedHat};
        let npm = Language("npm");
        let nuget = Language("nuget");
        let cases = [
            (vec![glance(&[npm], "GHSA", false), glance(&[npm], "GHSA", false)], "ghsa-npm"),
            (vec![glance(&[npm], "GHSA", false), glance(&[nuget], "GHSA", false)], "ghsa"),
            (vec![glance(&[npm, nuget], "GHSA", true), glance(&[npm], "MAL", true)], "osv-npm"),
            (
                vec![glance(&[Debian], "DSA", true), glance(&[Alpine, Debian], "CVE", true)],
                "debian-osv",
            ),
            (vec![glance(&[Alpine, Debian], "CVE", true)], "alpine-osv"),
            (vec![glance(&[RedHat], "RHSA", true)], "redhat"),
            (vec![glance(&[Language("golang")], "GO", false)], "govulndb"),
            (
                vec![glance(&[Language("pypi")], "PYSEC", false), glance(&[], "PYSEC", false)],
                "pypa",
            ),
            (vec![glance(&[Language("bitnami")], "BIT", true)], "bitnami"),
        ];
        for (glances, expect) in cases {
            assert_eq!(label(&glances).0, expect);
        }
    }
}
