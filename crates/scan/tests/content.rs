//! Malicious files, secrets, build steps and trust in every format, and explained one by one.

#![allow(clippy::unwrap_used)] // of tests, all of it

mod fixture;

use fixture::content::{content_only, everything, trust};
use lazaret_scan::diff::diff;
use lazaret_scan::report::{
    Filter, Format, GroupBy, Options, Origin, ReportError, Template, explain, write, write_diff,
};
use model::{Band, Decision, FindingId, FindingKind, LayerIndex, Report, SecretPlace, Severity};
use serde_json::Value;

fn text(format: Format, report: Report, options: &Options) -> String {
    let mut out = Vec::new();
    write(format, &[report], options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn at(width: usize) -> Options {
    Options { width: Some(width), ..Options::default() }
}

fn json(format: Format, report: Report) -> Value {
    serde_json::from_str(&text(format, report, &Options::default())).unwrap()
}

fn explained(report: &Report, id: &str) -> String {
    let mut out = Vec::new();
    explain(std::slice::from_ref(report), id, &at(100), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn table_of_what_is_no_vulnerability() {
    insta::assert_snapshot!("content_table", text(Format::Table, content_only(), &at(100)));
    let all = Options { all: true, ..at(100) };
    insta::assert_snapshot!("content_table_all", text(Format::Table, content_only(), &all));
    let narrow = Options { ascii: true, ..at(44) };
    let narrow = text(Format::Table, content_only(), &narrow);
    assert!(narrow.is_ascii());
    insta::assert_snapshot!("content_table_narrow", narrow);
}

#[test]
fn what_is_malicious_comes_first() {
    let table = text(Format::Table, everything(), &at(100));
    let place = |heading: &str| table.find(heading).unwrap_or_else(|| panic!("{heading}: {table}"));
    let order = [
        "MALICIOUS FILES",
        "TRUST",
        "REMOVE FIRST",
        "UPGRADE",
        "NO FIX YET",
        "SECRETS",
        "SUSPICIOUS BUILD STEPS",
        "COVERAGE",
    ];
    let places: Vec<usize> = order.iter().map(|heading| place(heading)).collect();
    assert!(places.is_sorted(), "{table}");
    assert!(table.contains("repair 22 of 30 vulnerabilities"), "{table}");
    // Only suspicious files: the repairs come first. All requirements met: one line at the end.
    let mut calm = everything();
    for finding in &mut calm.findings {
        if let FindingKind::Malware(malware) = &mut finding.kind {
            malware.band = Band::Suspicious;
        }
    }
    let mut met = trust();
    met.requirements.retain(|requirement| requirement.met);
    calm.trust = Some(met);
    let table = text(Format::Table, calm, &at(100));
    assert!(table.find("SUSPICIOUS FILES").unwrap() > table.find("NO FIX YET").unwrap());
    assert!(table.contains("✔ the requirement of the scope registry.example.com:5000/shop"));
    assert!(table.find("TRUST").unwrap() > table.find("SUSPICIOUS BUILD STEPS").unwrap());
}

#[test]
fn by_layer_everything_stands_once() {
    let options = Options { group: GroupBy::Layer, ..at(100) };
    let table = text(Format::Table, everything(), &options);
    for told in ["app/www/status.php", "app/.env:2", "srv/app/tls/server.key", "install.sh | sh"] {
        let lines = table.lines().filter(|line| line.contains(told)).count();
        // The first step of the way out names malicious files once more.
        let expect = if told.ends_with(".php") { 2 } else { 1 };
        assert_eq!(lines, expect, "{told}: {table}");
    }
}

#[test]
fn silence_about_vulnerabilities_is_told() {
    let table = text(Format::Table, content_only(), &at(100));
    assert!(table.contains("vulnerabilities were not looked for"), "{table}");
    assert!(!table.contains("✔ No known vulnerability"));
    let mut covered = content_only();
    covered.tool.database = fixture::report().tool.database;
    covered.coverage = fixture::clean().coverage;
    covered.ignored.clear();
    let table = text(Format::Table, covered, &at(100));
    assert!(table.contains("✔ No known vulnerability in 18 packages"), "{table}");
    let mut nothing = content_only();
    nothing.findings.clear();
    nothing.ignored.clear();
    for format in [Format::Table, Format::Html] {
        let table = text(format, nothing.clone(), &at(400));
        assert!(table.contains("does not mean clean: vulnerabilities were not looked for"));
    }
}

#[test]
fn every_format_tells_every_kind() {
    let template = Some(Template {
        name: "t.txt".into(),
        text: "{% for f in report.findings %}{{ f }}{% endfor %}".into(),
    });
    let options = Options { template, ..Options::default() };
    for format in [
        Format::Table,
        Format::Json,
        Format::Sarif,
        Format::Html,
        Format::Junit,
        Format::CycloneDx,
        Format::Template,
    ] {
        let text = text(format, everything(), &options);
        for told in [
            "app/www/status.php",
            "opt/lib/app.jar!/lib/inner.zip!/eicar.com",
            "app/.env",
            "DEPLOY_TOKEN",
            "srv/app/tls/server.key",
            "signed by release-key",
        ] {
            assert!(text.contains(told), "{format}: {told}");
        }
        if format != Format::CycloneDx {
            assert!(text.contains("install.sh"), "{format}");
        }
    }
}

#[test]
fn no_foreign_text_is_raw() {
    let all = Options { all: true, ..Options::default() };
    for format in [Format::Table, Format::Junit, Format::Html] {
        let text = text(format, everything(), &all);
        let controls: Vec<char> = text.chars().filter(|c| c.is_control() && *c != '\n').collect();
        assert!(controls.is_empty(), "{format}: {controls:?}");
        assert!(!text.contains('\u{202e}'), "{format}");
    }
    let page = text(Format::Html, everything(), &Options::default());
    for forbidden in ["<img", "<script>alert", "javascript:"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for finding in everything().findings {
        let text = explained(&everything(), &finding.id.0);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        assert!(!text.contains('\u{202e}'), "{text}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for columns in 24..140 {
        for (ascii, all) in [(false, false), (true, true)] {
            let options = Options { ascii, all, ..at(columns) };
            let mut told = text(Format::Table, everything(), &options).into_bytes();
            for finding in everything().findings.iter().take(9) {
                explain(&[everything()], &finding.id.0, &options, &mut told).unwrap();
            }
            for line in String::from_utf8(told).unwrap().lines() {
                let wide = unicode_width::UnicodeWidthStr::width(line);
                assert!(wide <= columns, "{wide} of {columns}: {line}");
                assert!(!ascii || line.is_ascii(), "{line}");
            }
        }
    }
}

#[test]
fn sarif_points_at_files_and_bytes() {
    let log = json(Format::Sarif, content_only());
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let severity = rule["properties"]["security-severity"].as_str().unwrap();
        assert!((0.0..=10.0).contains(&severity.parse::<f64>().unwrap()));
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert!(region.get("startLine").is_some() != region.get("byteOffset").is_some());
    }
    let of = |rule: &str| results.iter().find(|r| r["ruleId"] == rule).unwrap();
    let page = &of("malware/yara/php_runs_request")["locations"][0]["physicalLocation"];
    assert_eq!(page["artifactLocation"]["uri"], "app/www/status.php");
    assert_eq!(
        (&page["region"]["byteOffset"], &page["region"]["byteLength"]),
        (&25.into(), &12.into())
    );
    let token = of("secret/github-token");
    assert_eq!(token["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
    assert_eq!(token["partialFingerprints"]["lazaretSecret/v1"], "5ecre7");
    let step = of("history/download-to-shell");
    assert!(step["message"]["text"].as_str().unwrap().contains("install.sh | sh"));
    assert_eq!(of("trust/signature")["level"], "error");
    insta::assert_snapshot!(
        "content_sarif",
        text(Format::Sarif, content_only(), &Options::default())
    );
}

#[test]
fn html_has_details() {
    let page = text(Format::Html, content_only(), &Options::default());
    let from = page.find("<h2 id=\"files-0\"").unwrap();
    let to = page.find("<h2 id=\"layers-0\"").unwrap();
    insta::assert_snapshot!("content_html", &page[from..to]);
    let mut ids: Vec<&str> =
        page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn junit_fails_what_is_denied() {
    let xml = text(Format::Junit, content_only(), &Options::default());
    // The verdict, two malicious files and the unmet requirement.
    assert_eq!(xml.matches("<failure").count(), 1 + 2 + 1, "{xml}");
    assert!(xml.contains("secret: GitHub token in app/.env:2"), "{xml}");
}

#[test]
fn cyclonedx_keeps_them_out_of_vulnerabilities() {
    let bom = json(Format::CycloneDx, everything());
    assert_eq!(
        bom["vulnerabilities"].as_array().unwrap().len(),
        json(Format::CycloneDx, fixture::report())["vulnerabilities"].as_array().unwrap().len()
    );
    let annotations = bom["annotations"].as_array().unwrap();
    assert_eq!(annotations.len(), 9 + 1, "and the ignored one");
    for annotation in annotations {
        assert_eq!(annotation["timestamp"], bom["metadata"]["timestamp"]);
        assert_eq!(annotation["subjects"][0], "image");
        assert!(!annotation["text"].as_str().unwrap().contains('\u{1b}'));
    }
    assert!(json(Format::CycloneDx, fixture::report()).get("annotations").is_none());
}

#[test]
fn filters_hold_for_every_kind() {
    let report = everything();
    let shown = |filter: Filter| filter.apply(&report.findings).0.len();
    let all = report.findings.len();
    let high = Filter { min_severity: Some(Severity::High), ..Filter::default() };
    let count = report.findings.iter().filter(|f| f.severity >= Severity::High).count();
    assert_eq!(shown(high), count);
    let (own, base) = (Origin::Own, Origin::Base);
    let of = |origin| shown(Filter { origin, ..Filter::default() });
    assert_eq!(of(own) + of(base), all);
    let low = Filter { severities: vec![Severity::Negligible], ..Filter::default() };
    let table = text(Format::Table, everything(), &Options { filter: low, ..at(100) });
    assert!(!table.contains("status.php\n") && table.contains("not shown"), "{table}");
}

#[test]
fn a_diff_names_every_kind() {
    let (before, after) = (fixture::report(), everything());
    let new = diff(&before, &after);
    assert_eq!(new.new_findings.len(), 9);
    assert_eq!(diff(&after, &before).fixed_findings, new.new_findings);
    let mut out = Vec::new();
    write_diff(Format::Table, &new, &at(90), &mut out).unwrap();
    insta::assert_snapshot!("content_diff", String::from_utf8(out).unwrap());
    let mut moved = everything();
    for (number, finding) in moved.findings.iter_mut().enumerate() {
        finding.id = FindingId(format!("{number:016x}"));
        match &mut finding.kind {
            FindingKind::Malware(malware) => malware.path.push_str(".bak"),
            FindingKind::Secret(secret) => secret.place = SecretPlace::Label(number.to_string()),
            FindingKind::Trust(distrust) => distrust.reference.push('0'),
            FindingKind::History(step) => step.layer = LayerIndex(0),
            FindingKind::Vulnerability(_) | FindingKind::Misconfiguration(_) => {}
        }
    }
    let same = diff(&after, &moved);
    assert_eq!((same.new_findings.len(), same.fixed_findings.len()), (0, 0));
}

#[test]
fn one_finding_is_explained() {
    let report = everything();
    let all: Vec<String> = [
        "3f9a000",
        "3f9b000",
        "5a00000000000003",
        "5b00000",
        "5c00000",
        "6000000",
        "7000000",
        "8000000",
    ]
    .iter()
    .map(|id| explained(&report, id))
    .collect();
    insta::assert_snapshot!("explained", all.join("\n\n"));
    let log4j = explained(&report, "cve-2021-44228");
    for word in ["10.0", "CVSS:3.1/", "EPSS", "94%", "2021-12-10", "ransomware", "fixed in 2.15.0"]
    {
        assert!(log4j.contains(word), "{word}: {log4j}");
    }
    let ignored = explained(&report, "CVE-2023-27534");
    assert!(ignored.contains("SFTP is not compiled in"), "{ignored}");
}

#[test]
fn an_id_must_name_one_finding() {
    let report = everything();
    let refused = |id: &str| {
        let reports = [report.clone()];
        explain(&reports, id, &at(100), &mut Vec::new()).unwrap_err()
    };
    match refused("ffffffffffffffff") {
        ReportError::NoFinding { id } => assert_eq!(id, "ffffffffffffffff"),
        other => panic!("{other}"),
    }
    assert!(refused("ffff").to_string().contains("`ffff`"));
    assert!(!refused("ff\x1b[2J\nff").to_string().contains(['\n', '\x1b']));
    assert!(matches!(refused(""), ReportError::NoFinding { .. }));
    let ambiguous = refused("3f9");
    assert!(matches!(ambiguous, ReportError::Ambiguous { .. }));
    let ambiguous = ambiguous.to_string();
    assert!(ambiguous.contains("3f9a000000000001 (app/www/status.php)"), "{ambiguous}");
    let twice = [everything(), everything()];
    let mut out = Vec::new();
    explain(&twice, "3f9a", &at(100), &mut out).unwrap();
    let told = String::from_utf8(out).unwrap();
    assert_eq!(told.matches("MALWARE").count(), 2, "{told}");
}

#[test]
fn long_lists_are_summed_up() {
    let mut report = content_only();
    let pages = (0..300_u64).map(|number| {
        let mut finding = report.findings[0].clone();
        finding.id = FindingId(format!("{number:016x}"));
        if let FindingKind::Malware(malware) = &mut finding.kind {
            malware.path = format!("srv/{number}.php");
        }
        finding
    });
    report.findings = pages.collect();
    let table = text(Format::Table, report.clone(), &at(100));
    assert!(table.contains("+ 280 more: 280 critical; --all lists them"), "{table}");
    let all = Options { all: true, ..at(100) };
    assert!(text(Format::Table, report, &all).contains("srv/299.php"));
}

#[test]
fn a_scope_that_warns_is_no_denial() {
    let mut report = content_only();
    let mut warns = trust();
    warns.mode = Decision::Warn;
    report.trust = Some(warns);
    let table = text(Format::Table, report, &at(100));
    assert!(table.contains("only warns") && table.contains("▲ signed by release-key"), "{table}");
}
