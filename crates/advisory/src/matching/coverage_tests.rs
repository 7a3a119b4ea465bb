//! What coverage says of each circumstance.

use model::{CoverageStatus, Package, PackageKind};

use super::tests::{about, check, deb, distro, on, package};
use super::*;
use crate::samples::{affected, affected_source, database, now, record};
use crate::{EndOfLife, Record};

/// Sources that speak of some releases, and the days on which those end.
fn sources() -> Vec<(&'static str, Vec<Record>)> {
    let debian =
        || record(about("debian", "CVE-2024-1", vec![affected_source("debian:12", "a", "")]));
    let end = |distro: &str, release: &str, standard: &str, extended: &str| {
        Record::EndOfLife(EndOfLife {
            distro: distro.into(),
            release: release.into(),
            standard: Some(standard.into()),
            extended: (!extended.is_empty()).then(|| extended.into()),
        })
    };
    let ubuntu = |release: &str| {
        record(about(
            "ubuntu",
            "CVE-2024-1",
            vec![affected_source(&format!("ubuntu:{release}"), "a", "")],
        ))
    };
    vec![
        (
            "debian",
            vec![
                debian(),
                record(about(
                    "debian",
                    "CVE-2024-2",
                    vec![
                        affected_source("debian:10", "a", ""),
                        affected_source("debian:11", "a", ""),
                    ],
                )),
            ],
        ),
        ("ubuntu", vec![ubuntu("18.04"), ubuntu("22.04")]),
        (
            "eol",
            vec![
                end("debian", "10", "2022-09-10", "2024-06-30"),
                end("debian", "11", "2024-08-14", "2026-08-31"),
                end("ubuntu", "18.04", "2023-05-31", "2028-04-30"),
                end("ubuntu", "22.04", "2027-04-01", "2032-04-09"),
            ],
        ),
    ]
}

#[test]
fn coverage_tells_what_silence_means() {
    let ended = |since: &str| CoverageStatus::EndOfLife { since: since.into() };
    let cases = [
        (distro("debian", "12"), "debian:12", CoverageStatus::Covered),
        (distro("debian", "11"), "debian:11", CoverageStatus::Covered),
        (distro("debian", "10"), "debian:10", ended("2024-06-30")),
        (distro("debian", "99"), "debian:99", CoverageStatus::UnknownDistribution),
        (distro("ubuntu", "18.04"), "ubuntu:18.04", ended("2023-05-31")),
        (distro("ubuntu", "22.04"), "ubuntu:22.04", CoverageStatus::Covered),
        (distro("photon", "4.0"), "photon:4.0", CoverageStatus::NoFeed),
        (distro("linuxmint", "21"), "linuxmint:21", CoverageStatus::UnknownDistribution),
        (None, "unknown", CoverageStatus::UnknownDistribution),
    ];
    let database = database(&sources());
    for (distro, ecosystem, status) in cases {
        let inventory = on(distro, vec![deb("b", "1", "b")]);
        let found = match_inventory(&inventory, &database, now()).unwrap();
        assert!(found.findings.is_empty());
        let [coverage] = found.coverage.as_slice() else { panic!("{:?}", found.coverage) };
        assert_eq!((coverage.ecosystem.as_str(), &coverage.status), (ecosystem, &status));
        assert!(coverage.packages == 1 && coverage.note.ends_with('.'), "{}", coverage.note);
    }
    let later = "2025-03-11T12:00:00Z".parse().unwrap();
    let old =
        match_inventory(&on(distro("debian", "12"), vec![deb("b", "1", "b")]), &database, later)
            .unwrap();
    assert_eq!(old.coverage[0].status, CoverageStatus::Stale { days: 10 });
    let nothing = match_inventory(&Inventory::default(), &database, now()).unwrap();
    assert_eq!(
        (nothing.coverage[0].packages, &nothing.coverage[0].status),
        (0, &CoverageStatus::NoFeed)
    );
    let empty = match_inventory(&on(distro("debian", "12"), vec![]), &database, now()).unwrap();
    assert!(empty.coverage[0].note.contains("No packages"), "{}", empty.coverage[0].note);
}

#[test]
fn what_is_left_out_is_counted() {
    let sources = [
        (
            "ghsa-npm",
            vec![record(about("ghsa-npm", "GHSA-1", vec![affected("npm", "a", "2.0.0")]))],
        ),
        (
            "rocky",
            vec![record(about("rocky", "CVE-2024-1", vec![affected("rocky:9", "nginx", "9-9")]))],
        ),
    ];
    let mut owned = package(PackageKind::Npm, "a", "1.0.0");
    owned.owned_by = Some("node-a".into());
    let mut foreign = package(PackageKind::Rpm, "nginx", "1-1");
    foreign.vendor = Some("NGINX Packaging".into());
    let unstamped = package(PackageKind::Golang, "example.com/main", "(devel)");
    let found = check(&on(distro("rocky", "9.1"), vec![owned, foreign, unstamped]), &sources, &[]);
    let note = |ecosystem: &str| {
        let coverage = found.coverage.iter().find(|coverage| coverage.ecosystem == ecosystem);
        coverage.unwrap().note.clone()
    };
    assert!(note("npm").contains("1 package belongs to the operating system"), "{}", note("npm"));
    assert!(note("rocky:9").contains("another vendor built it: nginx."), "{}", note("rocky:9"));
    assert!(
        note("golang").contains("its version is not known: example.com/main."),
        "{}",
        note("golang")
    );
    assert_eq!(found.coverage[0].ecosystem, "rocky:9");
}

#[test]
fn what_belongs_to_the_system_needs_no_feed_of_its_own() {
    let rocky = about("rocky", "CVE-2024-1", vec![affected("rocky:9", "nginx", "9-9")]);
    let sources = [("rocky", vec![record(rocky)])];
    let mut owned = package(PackageKind::Npm, "a", "1.0.0");
    owned.owned_by = Some("node-a".into());
    let state = |packages: Vec<Package>| {
        let found = check(&on(distro("rocky", "9.1"), packages), &sources, &[]);
        let npm = found.coverage.iter().find(|coverage| coverage.ecosystem == "npm");
        npm.unwrap().status.clone()
    };
    assert_eq!(state(vec![owned.clone()]), CoverageStatus::Covered);
    let own = package(PackageKind::Npm, "b", "1.0.0");
    assert_eq!(state(vec![owned, own]), CoverageStatus::NoFeed);
}
