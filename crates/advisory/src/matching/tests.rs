//! Each rule of matching on records made by hand.

use model::{
    Advisory, AdvisoryKind, CoverageStatus, Distro, Epss, FixState, Inventory, KnownExploited,
    NameOf, Package, PackageKind, RangeEnd, Severity, SourcePackage, VersionRange,
};
use proptest::prelude::*;

use super::*;
use crate::samples::{advisory, affected, affected_source, database, ids, now, record};
use crate::{CvssVector, EpssRecord, KevRecord, Record};

const CRITICAL_VECTOR: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
const MEDIUM_VECTOR: &str = "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:N";

pub(super) fn distro(id: &str, version: &str) -> Option<Distro> {
    Some(Distro { id: id.into(), version: version.into(), ..Distro::default() })
}

pub(super) fn package(kind: PackageKind, name: &str, version: &str) -> Package {
    let mut package = Package::new(kind, name, version);
    package.path = "some/file".into();
    package
}

pub(super) fn deb(name: &str, version: &str, source: &str) -> Package {
    let mut package = package(PackageKind::Deb, name, version);
    package.source = Some(SourcePackage { name: source.into(), version: version.into() });
    package
}

pub(super) fn on(distro: Option<Distro>, packages: Vec<Package>) -> Inventory {
    Inventory { distro, packages, ..Inventory::default() }
}

pub(super) fn matched(inventory: &Inventory, sources: &[(&str, Vec<Record>)]) -> Matched {
    match_inventory(inventory, &database(sources), now()).unwrap()
}

/// `id package severity state fixed [source:advisory …]` for each finding.
pub(super) fn lines(matched: &Matched) -> Vec<String> {
    let line = |finding: &Finding| {
        let v = finding.vulnerability().unwrap();
        let fixed = v.fixed_version.as_deref().unwrap_or("-");
        let sources: Vec<String> =
            v.sources.iter().map(|claim| format!("{}:{}", claim.source, claim.id)).collect();
        let (severity, sources) = (finding.severity, sources.join(" "));
        format!("{} {} {severity} {} {fixed} [{sources}]", v.id, v.package, v.fix_state)
    };
    matched.findings.iter().map(line).collect()
}

pub(super) fn check(
    inventory: &Inventory,
    sources: &[(&str, Vec<Record>)],
    expected: &[&str],
) -> Matched {
    let matched = matched(inventory, sources);
    assert_eq!(lines(&matched), expected);
    matched
}

pub(super) fn about(source: &str, id: &str, affected: Vec<model::Affected>) -> Advisory {
    Advisory { affected, ..advisory(source, id) }
}

fn notice(source: &str, id: &str, covers: &[&str], affected: Vec<model::Affected>) -> Advisory {
    Advisory { covers: ids(covers), affected, ..advisory(source, id) }
}

fn alias(source: &str, id: &str, aliases: &[&str], affected: Vec<model::Affected>) -> Advisory {
    Advisory { aliases: ids(aliases), affected, ..advisory(source, id) }
}

fn state(mut affected: model::Affected, state: FixState) -> model::Affected {
    affected.fix_state = state;
    affected
}

#[test]
fn debian_packages_are_found_by_their_source() {
    let mut unimportant = affected_source("debian:12", "openssl", "");
    unimportant.severity = Some(Severity::Negligible);
    let records = vec![
        record(about(
            "debian",
            "CVE-2024-1",
            vec![affected_source("debian:12", "openssl", "3.0.13-1")],
        )),
        record(about(
            "debian",
            "CVE-2024-2",
            vec![affected_source("debian:12", "openssl", "3.0.11-1")],
        )),
        record(about(
            "debian",
            "CVE-2024-3",
            vec![affected_source("debian:11", "openssl", "3.0.13-1")],
        )),
        record(about("debian", "CVE-2024-4", vec![unimportant])),
        record(about("debian", "CVE-2024-5", vec![affected_source("debian:12", "libssl3", "9")])),
    ];
    let mut libssl = deb("libssl3", "3.0.11-1+b1", "openssl");
    libssl.source = Some(SourcePackage { name: "openssl".into(), version: "3.0.11-1".into() });
    let inventory = on(distro("debian", "12"), vec![libssl]);
    let matched = check(
        &inventory,
        &[("debian", records)],
        &[
            "CVE-2024-1 libssl3 unknown fixed 3.0.13-1 [debian:CVE-2024-1]",
            "CVE-2024-4 libssl3 negligible affected - [debian:CVE-2024-4]",
        ],
    );
    let first = matched.findings[0].vulnerability().unwrap();
    assert_eq!(first.purl.type_text(), "deb");
    assert_eq!((first.path.as_str(), first.summary.as_str()), ("some/file", "About CVE-2024-1"));
    assert_eq!(matched.coverage[0].status, CoverageStatus::Covered);
}

#[test]
fn a_notice_becomes_one_finding_for_each_vulnerability() {
    let update = affected("rocky:9", "curl", "7.76-2");
    let mut both = notice("rocky", "RLSA-1", &["CVE-2024-2", "CVE-2024-1"], vec![update.clone()]);
    both.severity = Severity::High;
    let mut one =
        notice("rocky", "RLSA-2", &["CVE-2024-2"], vec![affected("rocky:9", "curl", "7.76-3")]);
    one.severity = Severity::Low;
    check(
        &on(distro("rocky", "9.3"), vec![package(PackageKind::Rpm, "curl", "7.76-1")]),
        &[("rocky", vec![record(both), record(one)])],
        &[
            "CVE-2024-1 curl high fixed 7.76-2 [rocky:RLSA-1]",
            // A notice about one vulnerability rates that one.
            "CVE-2024-2 curl low fixed 7.76-2 [rocky:RLSA-1 rocky:RLSA-2]",
        ],
    );
}

#[test]
fn the_statement_on_the_vulnerability_outranks_the_notice() {
    let dsa = notice(
        "debian",
        "DSA-1",
        &["CVE-2024-1", "CVE-2024-2"],
        vec![affected_source("debian:12", "curl", "3")],
    );
    let direct = about("debian", "CVE-2024-1", vec![affected_source("debian:12", "curl", "1")]);
    check(
        &on(distro("debian", "12"), vec![deb("curl", "2", "curl")]),
        &[("debian", vec![record(dsa), record(direct)])],
        &["CVE-2024-2 curl unknown fixed 3 [debian:DSA-1]"],
    );
}

#[test]
fn not_affected_takes_away_what_others_claim() {
    let clear = state(affected_source("alpine:3.19", "curl", ""), FixState::NotAffected);
    let claimed =
        |source| about(source, "CVE-2024-1", vec![affected_source("alpine:3.19", "curl", "9-r0")]);
    let inventory =
        on(distro("alpine", "3.19.1"), vec![package(PackageKind::Apk, "curl", "8.5.0-r0")]);
    let cleared = vec![record(about("alpine", "CVE-2024-1", vec![clear.clone()]))];
    check(
        &inventory,
        &[("alpine", cleared.clone()), ("alpine-osv", vec![record(claimed("alpine-osv"))])],
        &[],
    );
    // Another package's clearance, or another distribution's feed, clears nothing.
    let other = vec![record(about(
        "alpine",
        "CVE-2024-1",
        vec![model::Affected { package: "wget".into(), ..clear }],
    ))];
    check(
        &inventory,
        &[("alpine", other), ("alpine-osv", vec![record(claimed("alpine-osv"))])],
        &["CVE-2024-1 curl unknown fixed 9-r0 [alpine-osv:CVE-2024-1]"],
    );
}

#[test]
fn red_hat_errata_and_states_are_read_together() {
    let cpe = |affected: model::Affected, cpe: &str| model::Affected {
        cpes: vec![cpe.into()],
        ..affected
    };
    let baseos = "cpe:/o:redhat:enterprise_linux:8::baseos";
    let errata = |id: &str, cve: &str, fixed: &str, product: &str| {
        record(notice(
            "redhat",
            id,
            &[cve],
            vec![cpe(affected("rhel:8", "openssl-libs", fixed), product)],
        ))
    };
    let open = |cve: &str, fix_state, severity| {
        let mut advisory = about(
            "redhat-cve",
            cve,
            vec![state(affected_source("rhel:8", "openssl", ""), fix_state)],
        );
        advisory.severity = severity;
        record(advisory)
    };
    let errata = vec![
        errata("RHSA-1", "CVE-2024-1", "1:1.1.1k-9.el8", baseos),
        errata("RHSA-2", "CVE-2024-2", "1:1.1.1k-6.el8", baseos),
        errata("RHSA-3", "CVE-2024-3", "1:1.1.1k-9.el8_4", "cpe:/o:redhat:rhel_eus:8.4::baseos"),
        errata("RHSA-4", "CVE-2024-4", "1:1.1.1k-9.el8", "cpe:/a:redhat:openshift:4.12::el8"),
    ];
    let states = vec![
        open("CVE-2024-1", FixState::NotAffected, Severity::Low),
        // Repaired by RHSA-2: the state is outdated.
        open("CVE-2024-2", FixState::Affected, Severity::Low),
        open("CVE-2024-5", FixState::WillNotFix, Severity::Low),
        open("CVE-2024-6", FixState::Deferred, Severity::High),
    ];
    let mut libs = package(PackageKind::Rpm, "openssl-libs", "1:1.1.1k-7.el8");
    libs.source = Some(SourcePackage { name: "openssl".into(), version: "1.1.1k-7.el8".into() });
    libs.vendor = Some("Red Hat, Inc.".into());
    let inventory = on(distro("rhel", "8.9"), vec![libs]);
    check(
        &inventory,
        &[("redhat", errata.clone()), ("redhat-cve", states)],
        &[
            "CVE-2024-6 openssl-libs high deferred - [redhat-cve:CVE-2024-6]",
            "CVE-2024-5 openssl-libs low will not fix - [redhat-cve:CVE-2024-5]",
        ],
    );
    // Without the states the erratum stands, rated as Red Hat rates the vulnerability.
    let rated = Record::Cvss(CvssVector {
        cve: "CVE-2024-1".into(),
        source: "redhat".into(),
        vectors: vec![],
        severity: Some(Severity::Medium),
    });
    check(
        &inventory,
        &[("redhat", errata), ("redhat-cve", vec![rated])],
        &["CVE-2024-1 openssl-libs medium fixed 1:1.1.1k-9.el8 [redhat:RHSA-1]"],
    );
}

#[test]
fn aliases_are_one_finding() {
    let ranges = |fixed| vec![affected("golang", "example.com/x", fixed)];
    let ghsa = Advisory {
        severity: Severity::High,
        cvss: vec![MEDIUM_VECTOR.into()],
        ..alias("ghsa-golang", "GHSA-aaaa", &["CVE-2024-2", "CVE-2024-10"], ranges("1.3.0"))
    };
    let go = Advisory {
        published: "2023-05-05T00:00:00Z".parse().ok(),
        ..alias("govulndb", "GO-2024-1", &["CVE-2024-2"], ranges("1.2.5"))
    };
    // Known to be the same only through an advisory that does not affect the package.
    let other = alias(
        "osv-golang",
        "OSV-1",
        &["GHSA-bbbb", "CVE-2024-3"],
        vec![affected("golang", "example.com/other", "2.0.0")],
    );
    let lonely = alias("govulndb", "GO-2024-3", &["GHSA-bbbb"], ranges("1.9.0"));
    let matched = check(
        &on(None, vec![package(PackageKind::Golang, "example.com/x", "v1.2.3")]),
        &[
            ("ghsa-golang", vec![record(ghsa)]),
            ("govulndb", vec![record(go), record(lonely)]),
            ("osv-golang", vec![record(other)]),
        ],
        &[
            "CVE-2024-2 example.com/x high fixed 1.2.5 [ghsa-golang:GHSA-aaaa govulndb:GO-2024-1]",
            "CVE-2024-3 example.com/x unknown fixed 1.9.0 [govulndb:GO-2024-3]",
        ],
    );
    let first = matched.findings[0].vulnerability().unwrap();
    assert_eq!(first.aliases, ids(&["CVE-2024-10", "GHSA-aaaa", "GO-2024-1"]));
    assert_eq!(first.published, "2023-05-05T00:00:00Z".parse().ok());
    let second = matched.findings[1].vulnerability().unwrap();
    assert_eq!(second.aliases, ids(&["GHSA-bbbb", "GO-2024-3", "OSV-1"]));
}

#[test]
fn what_is_known_of_the_cve_is_shown() {
    let mut first = about("debian", "CVE-2024-1", vec![affected_source("debian:12", "a", "")]);
    first.cvss = vec![MEDIUM_VECTOR.into()];
    let second = about("debian", "CVE-2024-2", vec![affected_source("debian:12", "a", "")]);
    let third = about("debian", "CVE-2024-3", vec![affected_source("debian:12", "a", "")]);
    let kev =
        KnownExploited { added: "2024-05-01".into(), due: "2024-06-01".into(), ransomware: false };
    let rating = |cve: &str, source: &str, vectors: &[&str]| {
        Record::Cvss(CvssVector {
            cve: cve.into(),
            source: source.into(),
            vectors: vectors.iter().map(|vector| (*vector).to_owned()).collect(),
            severity: None,
        })
    };
    let epss = Epss { score: 0.25, percentile: Some(0.9) };
    let enrichment = vec![
        Record::Epss(EpssRecord { cve: "CVE-2024-2".into(), epss, date: "2025-01-01".into() }),
        Record::Kev(KevRecord { cve: "CVE-2024-3".into(), kev: kev.clone() }),
        rating("CVE-2024-2", "cisa-adp", &[MEDIUM_VECTOR]),
        rating("CVE-2024-2", "nvd", &[CRITICAL_VECTOR, "AV:N/AC:L/Au:N/C:P/I:P/A:P"]),
        rating("CVE-2024-3", "nvd", &["not a vector"]),
    ];
    let matched = check(
        &on(distro("debian", "12"), vec![deb("a", "1", "a")]),
        &[
            ("debian", vec![record(first), record(second), record(third)]),
            ("enrichment", enrichment),
        ],
        &[
            "CVE-2024-3 a unknown affected - [debian:CVE-2024-3]",
            "CVE-2024-2 a critical affected - [debian:CVE-2024-2]",
            "CVE-2024-1 a medium affected - [debian:CVE-2024-1]",
        ],
    );
    let of = |place: usize| matched.findings[place].vulnerability().unwrap();
    assert_eq!((of(0).kev.as_ref(), of(0).risk), (Some(&kev), 80.0));
    assert_eq!((of(1).epss, of(1).kev.as_ref()), (Some(epss), None));
    let scores: Vec<(&str, f64)> =
        of(1).cvss.iter().map(|score| (score.source.as_str(), score.score)).collect();
    assert_eq!(scores, [("nvd", 9.8), ("cisa-adp", 5.4), ("nvd", 7.5)]);
}

#[test]
fn kinds_have_their_severity() {
    let kind = |id, kind| {
        record(Advisory { kind, ..about("osv-npm", id, vec![affected("npm", "left", "")]) })
    };
    check(
        &on(None, vec![package(PackageKind::Npm, "left", "1.0.0")]),
        &[(
            "osv-npm",
            vec![
                kind("MAL-2024-1", AdvisoryKind::Malicious),
                kind("N-1", AdvisoryKind::Informational),
            ],
        )],
        &[
            "MAL-2024-1 left critical affected - [osv-npm:MAL-2024-1]",
            "N-1 left low affected - [osv-npm:N-1]",
        ],
    );
}

#[test]
fn subscribers_repairs_do_not_make_it_fixed() {
    let mut pro = affected_source("ubuntu:18.04", "a", "1-1+esm1");
    pro.fix_state = FixState::EndOfLife;
    check(
        &on(distro("ubuntu", "18.04"), vec![deb("a", "1-1", "a")]),
        &[("ubuntu", vec![record(about("ubuntu", "CVE-2024-1", vec![pro]))])],
        &["CVE-2024-1 a unknown end of life 1-1+esm1 [ubuntu:CVE-2024-1]"],
    );
}

#[test]
fn the_nearest_repair_of_the_branch_is_shown() {
    let mut log4j = affected("maven", "org.apache:log4j", "2.3.1");
    for (introduced, fixed) in [("2.4", "2.12.2"), ("2.13.0", "2.15.0")] {
        log4j.ranges.push(VersionRange {
            introduced: Some(introduced.into()),
            end: RangeEnd::Fixed(fixed.into()),
        });
    }
    let sources = [("ghsa-maven", vec![record(about("ghsa-maven", "GHSA-1", vec![log4j]))])];
    for (version, fixed) in [("2.14.1", "2.15.0"), ("2.8.2", "2.12.2"), ("2.0", "2.3.1")] {
        let found = matched(
            &on(None, vec![package(PackageKind::Maven, "org.apache:log4j", version)]),
            &sources,
        );
        let vulnerability = found.findings[0].vulnerability().unwrap();
        assert_eq!(vulnerability.fixed_version.as_deref(), Some(fixed), "{version}");
    }
    check(
        &on(None, vec![package(PackageKind::Maven, "org.apache:log4j", "2.12.2")]),
        &sources,
        &[],
    );
}

#[test]
fn each_installed_package_has_its_own_finding() {
    let sources = [(
        "ghsa-npm",
        vec![record(about("ghsa-npm", "GHSA-1", vec![affected("npm", "a", "2.0.0")]))],
    )];
    let at = |version: &str, path: &str, dev: bool| {
        let mut package = package(PackageKind::Npm, "a", version);
        (package.path, package.dev) = (path.into(), dev);
        package
    };
    let packages = vec![at("1.0.0", "x", false), at("1.1.0", "x", false), at("1.0.0", "y", true)];
    let found = matched(&on(None, packages.clone()), &sources);
    let mut ids: Vec<&str> = found.findings.iter().map(|finding| finding.id.0.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    // A finding keeps its id whatever else is known of it.
    let more = [
        sources[0].clone(),
        ("osv-npm", vec![record(about("osv-npm", "GHSA-1", vec![affected("npm", "a", "3.0.0")]))]),
    ];
    let again = matched(&on(None, packages), &more);
    let mut kept: Vec<&str> = again.findings.iter().map(|finding| finding.id.0.as_str()).collect();
    kept.sort_unstable();
    assert_eq!(ids, kept);
}

#[test]
fn a_program_outside_every_package_manager_is_found() {
    let sources = [(
        "bitnami",
        vec![record(about(
            "bitnami",
            "BIT-redis-2024-1",
            vec![affected("bitnami", "redis", "7.2.4")],
        ))],
    )];
    let found = check(
        &on(None, vec![package(PackageKind::Generic, "redis", "7.0.1")]),
        &sources,
        &["BIT-redis-2024-1 redis unknown fixed 7.2.4 [bitnami:BIT-redis-2024-1]"],
    );
    assert_eq!(found.coverage[0].ecosystem, "generic");
    assert_eq!(found.coverage[0].status, CoverageStatus::Covered);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn the_order_of_packages_does_not_show(order in Just((0..24usize).collect::<Vec<_>>()).prop_shuffle()) {
        let mut records = Vec::new();
        for number in 0..40 {
            let name = format!("p{}", number % 8);
            let mut advisory = alias("ghsa-npm", &format!("GHSA-{number}"), &[&format!("CVE-2024-{}", number / 2)], vec![affected("npm", &name, "1.5.0")]);
            advisory.severity = Severity::ALL[number % 6];
            records.push(record(advisory));
        }
        let database = database(&[("ghsa-npm", records)]);
        let packages: Vec<Package> = (0..24)
            .map(|number| package(PackageKind::Npm, &format!("p{}", number % 8), &format!("1.{}.0", number / 8)))
            .collect();
        let shuffled: Vec<Package> = order.iter().map(|place| packages[*place].clone()).collect();
        let first = match_inventory(&on(None, packages), &database, now()).unwrap();
        prop_assert!(first.findings.len() > 40);
        prop_assert_eq!(first, match_inventory(&on(None, shuffled), &database, now()).unwrap());
    }
}

#[test]
fn names_of_binary_and_source_packages_are_told_apart() {
    let mut source = affected("rhel:8", "python3", "9-9");
    source.name_of = NameOf::Source;
    let records = vec![record(about("redhat-cve", "CVE-2024-1", vec![source]))];
    let mut binary = package(PackageKind::Rpm, "python3", "1-1");
    binary.source = Some(SourcePackage { name: "python3.6".into(), version: "1-1".into() });
    check(&on(distro("rhel", "8"), vec![binary]), &[("redhat-cve", records)], &[]);
}
