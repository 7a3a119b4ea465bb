//! The main job: a real image's vulnerable packages, their fixes, the verdict.

use serde_json::Value;
use walks::{advisories, command, lab, lazaret, run, scratch};

fn shop() -> String {
    lab("shop.tar").display().to_string()
}

fn report(arguments: &[&str]) -> Value {
    let image = shop();
    let mut all = vec!["scan", "--exit-zero", "--format", "json", &image];
    all.extend(arguments);
    lazaret(&all).expect(0).json()
}

/// The finding of a vulnerability in a package.
fn finding<'a>(report: &'a Value, id: &str, package: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap().iter();
    let mut found = findings.map(|finding| &finding["vulnerability"]);
    found
        .find(|v| v["id"] == id && v["package"] == package)
        .unwrap_or_else(|| panic!("{id} in {package} was not found"))
}

#[test]
fn known_vulnerabilities_with_their_fixes() {
    let report = report(&[]);
    for (id, package, fixed) in [
        ("CVE-2019-10906", "jinja2", "2.10.1"),
        ("CVE-2020-28493", "jinja2", "2.11.3"),
        ("CVE-2019-14234", "django", "2.2.4"),
        ("CVE-2019-11324", "urllib3", "1.24.2"),
        ("CVE-2023-32681", "requests", "2.31.0"),
        ("CVE-2023-25577", "werkzeug", "2.2.3"),
    ] {
        let found = finding(&report, id, package);
        assert_eq!(found["fixed_version"], fixed, "{found}");
        assert_eq!(found["layer"], 1, "pip's layer");
    }
    let zlib = finding(&report, "CVE-2023-45853", "zlib1g");
    assert_eq!(zlib["fixed_version"], Value::Null);
    assert_eq!(zlib["layer"], 0);
    let bash = report["findings"].as_array().unwrap().iter();
    let repaired = bash.filter(|finding| finding["vulnerability"]["package"] == "bash").count();
    assert_eq!(repaired, 0, "bookworm's bash has the repair");
}

#[test]
fn the_verdict_is_the_exit_status() {
    let image = shop();
    let denied = lazaret(&["scan", "--format", "json", &image]).expect(1).json();
    assert_eq!(denied["verdict"]["decision"], "deny");
    let directory = scratch();
    let policy = directory.path().join("policy.yaml");
    let rule = "rules:\n  - name: nothing-malicious\n    decision: deny\n    malicious: true\n";
    std::fs::write(&policy, rule).unwrap();
    let path = policy.display().to_string();
    let checked = lazaret(&["policy", "check", &path]);
    assert_eq!(checked.status, 0, "{}", checked.err);
    lazaret(&["scan", "--format", "json", "--policy", &path, &image]).expect(0);
}

#[test]
fn what_somebody_lives_with_is_ignored_and_said() {
    let directory = scratch();
    let file = directory.path().join("ignore.yaml");
    let text = "- id: CVE-2019-10906\n  owner: shop team\n  reason: no foreign templates\n  expires: 2999-01-01\n- id: CVE-1999-0001\n  owner: nobody\n  reason: left over\n";
    std::fs::write(&file, text).unwrap();
    let report = report(&["--ignore-file", &file.display().to_string()]);
    let ignored = report["ignored"].as_array().unwrap();
    assert_eq!(ignored.len(), 1, "{ignored:?}");
    assert_eq!(ignored[0]["finding"]["vulnerability"]["id"], "CVE-2019-10906");
    assert_eq!(report["stale_exceptions"].as_array().unwrap().len(), 1);
}

#[test]
fn a_bill_of_materials_gives_the_same_findings() {
    let ids = |report: &Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        let mut ids: Vec<String> = findings
            .filter_map(|f| f.get("vulnerability"))
            .map(|v| format!("{} {}", v["id"], v["purl"]))
            .collect();
        ids.sort();
        ids
    };
    let expect = ids(&report(&[]));
    let directory = scratch();
    for format in ["cyclonedx", "spdx"] {
        let file = directory.path().join(format!("shop.{format}.json"));
        let path = file.display().to_string();
        lazaret(&["sbom", "--format", format, "--output", &path, &shop()]).expect(0);
        let scanned = lazaret(&["scan", "--exit-zero", "-f", "json", &format!("sbom:{path}")]);
        assert_eq!(ids(&scanned.expect(0).json()), expect, "{format}");
    }
}

#[test]
fn every_format_is_written() {
    let image = shop();
    for format in ["table", "sarif", "cyclonedx", "spdx", "html", "junit", "purls"] {
        let written = lazaret(&["scan", "--exit-zero", "--format", format, &image]).expect(0);
        assert!(written.out.contains("jinja2"), "{format}");
    }
    let directory = scratch();
    let template = directory.path().join("list.txt");
    std::fs::write(
        &template,
        "{% for f in report.findings if f.vulnerability %}{{ f.vulnerability.id }}\n{% endfor %}",
    )
    .unwrap();
    let template = template.display().to_string();
    let arguments = ["scan", "--exit-zero", "-f", "template", "--template", &template, &image];
    assert!(lazaret(&arguments).expect(0).out.lines().any(|line| line == "CVE-2019-10906"));
}

#[test]
fn a_report_is_kept_and_shown_again() {
    let data = scratch();
    let lazaret = |arguments: &[&str]| run(command(data.path(), data.path()).args(arguments));
    let snapshots = walks::root().join("tests/lab/demo-advisories");
    lazaret(&["advisories", "import", &snapshots.display().to_string()]).expect(0);
    let first = lazaret(&["scan", "--save", "--exit-zero", "-f", "json", &shop()]).expect(0).json();
    assert!(lazaret(&["reports", "list"]).expect(0).out.contains("shop.tar"));
    assert_eq!(lazaret(&["reports", "show", "1", "-f", "json"]).expect(0).json(), first);
    lazaret(&["reports", "show", "99"]).expect(2);
}

#[test]
fn a_diff_tells_what_changed() {
    let old = lab("python.tar").display().to_string();
    let answer =
        run(command(advisories(), scratch().path()).args(["diff", "-f", "json", &old, &shop()]));
    assert_eq!(answer.status, 1, "the newer image is denied: {}", answer.err);
    assert!(answer.out.contains("jinja2"));
}
