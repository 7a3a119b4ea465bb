//! Diffs between two reports.

#![allow(clippy::unwrap_used)] // of tests, all of it

mod fixture;

use fixture::{Flaw, Pkg, distro, inventory};
use lazaret_scan::diff::{Change, diff};
use lazaret_scan::report::{Format, Options, ReportError, write_diff};
use model::{AdvisoryId, Decision, FindingKind, PackageKind, Report, Severity};

/// The rich report, one release later: some upgraded, some gone, some new.
fn next() -> Report {
    let mut next = fixture::report();
    next.source.name = "registry.example.com:5000/shop/api:1.5.0".into();
    next.verdict.decision = Decision::Warn;
    next.inventory.packages.retain(|package| package.name != "flatmap-strean");
    for package in &mut next.inventory.packages {
        if package.name == "openssl" || package.name == "libssl3" {
            package.version = "3.0.14-1~deb12u2".into();
        }
        if package.name == "curl" {
            package.version = "7.74.0-1".into();
        }
    }
    let added = inventory(vec![Pkg::deb("wget\x1b[5m", "1.21.3-1", 3)], Some(distro()));
    next.inventory.packages.extend(added.packages.clone());
    next.findings.retain(|finding| {
        let v = finding.vulnerability().unwrap();
        v.package != "flatmap-strean" && v.purl.as_str().contains("ssl").eq(&false)
    });
    next.findings.push(
        Flaw::new(&added, "wget\x1b[5m", "CVE-2024-38428", Severity::Critical)
            .fixed("1.24")
            .finding,
    );
    next
}

fn written(format: Format, before: &Report, after: &Report) -> String {
    let mut out = Vec::new();
    let options = Options { width: Some(90), ..Options::default() };
    write_diff(format, &diff(before, after), &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn tells_what_changed() {
    let (before, after) = (fixture::report(), next());
    insta::assert_snapshot!("diff_table", written(Format::Table, &before, &after));
    let json = written(Format::Json, &before, &after);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["schema"], "lazaret.diff/v1");
    let diff = diff(&before, &after);
    assert_eq!(diff.unchanged_findings + diff.new_findings.len(), after.findings.len());
    assert_eq!(diff.worst_new(), Some(Severity::Critical));
    let change = |name: &str| diff.packages.iter().find(|p| p.name == name).map(|p| p.change);
    assert_eq!(change("libssl3"), Some(Change::Upgraded));
    assert_eq!(change("curl"), Some(Change::Downgraded));
    assert_eq!(change("flatmap-strean"), Some(Change::Removed));
    assert_eq!(change("zlib1g"), None);
}

#[test]
fn a_report_does_not_differ_from_itself() {
    let report = fixture::report();
    assert!(diff(&report, &report).is_empty());
    assert!(written(Format::Table, &report, &report).contains("No difference"));
}

#[test]
fn turned_round_it_swaps_new_and_fixed() {
    let (before, after) = (fixture::report(), next());
    let (there, back) = (diff(&before, &after), diff(&after, &before));
    assert_eq!(there.new_findings, back.fixed_findings);
    assert_eq!(there.fixed_findings, back.new_findings);
    assert_eq!(there.packages.len(), back.packages.len());
}

#[test]
fn a_moved_file_or_another_name_does_not_make_a_finding_new() {
    let before = fixture::report();
    let mut after = fixture::report();
    for finding in &mut after.findings {
        let FindingKind::Vulnerability(v) = &mut finding.kind else { continue };
        v.path.push_str(".moved");
        if v.id.0 == "CVE-2021-44228" {
            v.aliases =
                vec![std::mem::replace(&mut v.id, AdvisoryId("GHSA-jfh8-c2jp-5v3q".into()))];
        }
    }
    let diff = diff(&before, &after);
    assert_eq!((diff.new_findings.len(), diff.fixed_findings.len()), (0, 0));
}

#[test]
fn versions_side_by_side_are_paired_from_the_lowest() {
    let lodash = |version: &str| Pkg::new(PackageKind::Npm, "lodash", version, 0, version);
    let report = |versions: &[&str]| {
        let mut report = fixture::clean();
        report.inventory = inventory(versions.iter().map(|v| lodash(v)).collect(), None);
        report
    };
    let changes =
        |before: &[&str], after: &[&str]| -> Vec<(Change, Option<String>, Option<String>)> {
            let diff = diff(&report(before), &report(after));
            diff.packages.into_iter().map(|p| (p.change, p.before, p.after)).collect()
        };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        changes(&["4.17.9", "4.17.15"], &["4.17.15", "4.17.21"]),
        [(Change::Upgraded, some("4.17.9"), some("4.17.21"))]
    );
    assert_eq!(changes(&["1", "2"], &["2"]), [(Change::Removed, some("1"), None)]);
    assert_eq!(
        changes(&["2"], &["2", "10", "9"]),
        [(Change::Added, None, some("9")), (Change::Added, None, some("10"))]
    );
}

#[test]
fn other_formats_are_refused() {
    let report = fixture::clean();
    let refused =
        write_diff(Format::Sarif, &diff(&report, &report), &Options::default(), &mut Vec::new());
    assert!(matches!(refused, Err(ReportError::Encode { .. })));
}
