//! Reports of templates, each format under snapshot; the schema knows them.

#![allow(clippy::unwrap_used)] // of tests, all of it

mod fixture;

use lazaret_scan::report::{Format, GroupBy, Options, write};
use model::{
    Decision, Exception, Finding, FindingId, FindingKind, Ignored, IgnoredBy, ImageFacts,
    Inventory, Misconfiguration, Reason, Report, Severity, SourceKind, TemplatePlace, Verdict,
};
use serde_json::Value;

fn flaw(id: &str, severity: Severity, (rule, title): (&str, &str), line: u32) -> Finding {
    let kind = FindingKind::Misconfiguration(Box::new(Misconfiguration {
        rule: rule.into(),
        title: title.into(),
        message: format!("seen <b>here</b> \x1b[31m{line}"),
        fix: "Do it otherwise.".into(),
        aliases: vec!["DL3004".into(), "DS-0010".into()],
        place: TemplatePlace {
            file: "app/Dockerfile".into(),
            first_line: line,
            last_line: line + 1,
        },
        subject: "stage build".into(),
        reference: "https://example.org/rule".into(),
    }));
    Finding { id: FindingId(id.into()), severity, base: false, kind }
}

/// A report of a folder with two templates.
fn report() -> Report {
    let sudo = ("dockerfile-sudo", "sudo is used");
    let mut report = fixture::report();
    report.source.kind = SourceKind::Template;
    report.source.name = "./deploy/".into();
    (report.source.image_id, report.source.manifest_digest) = (None, None);
    report.source.layer_digests.clear();
    report.image = ImageFacts::default();
    report.inventory = Inventory {
        templates: vec!["app/Dockerfile".into(), "compose.yaml".into()],
        ..Inventory::default()
    };
    (report.coverage, report.trust) = (Vec::new(), None);
    report.tool.database = None;
    report.stale_exceptions.clear();
    report.skipped.clear();
    report.findings = vec![
        flaw("8100000000000001", Severity::High, sudo, 3),
        flaw("8100000000000002", Severity::High, sudo, 9),
        flaw("8100000000000003", Severity::Low, ("dockerfile-run-cd", "RUN changes the folder"), 5),
    ];
    report.ignored = vec![Ignored {
        finding: flaw("8100000000000004", Severity::Medium, sudo, 12),
        by: IgnoredBy::Exception(Exception {
            id: "DL3004".into(),
            owner: "comment in app/Dockerfile:11".into(),
            reason: "the tool asks for it".into(),
            ..Exception::default()
        }),
    }];
    report.verdict = Verdict {
        decision: Decision::Deny,
        reasons: vec![Reason {
            rule: "weak".into(),
            decision: Decision::Deny,
            message: "2 weaknesses".into(),
            findings: report.findings.iter().take(2).map(|finding| finding.id.clone()).collect(),
        }],
    };
    report
}

fn text(format: Format, report: Report, options: &Options) -> String {
    let mut out = Vec::new();
    write(format, &[report], options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_table_puts_places_together_by_rule() {
    let options = Options { width: Some(100), ..Options::default() };
    let table = text(Format::Table, report(), &options);
    insta::assert_snapshot!("template_table", table);
    let by_layer = Options { group: GroupBy::Layer, ..options.clone() };
    assert_eq!(text(Format::Table, report(), &by_layer), table, "templates have no layers");
    let clean = Report {
        findings: Vec::new(),
        ignored: Vec::new(),
        verdict: Verdict::default(),
        ..report()
    };
    assert!(text(Format::Table, clean, &options).contains("No weakness in 2 templates."));
}

#[test]
fn sarif_has_lines_rules_and_suppressions() {
    let sarif = text(Format::Sarif, report(), &Options::default());
    let value: Value = serde_json::from_str(&sarif).unwrap();
    let place = &value["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "deploy/app/Dockerfile");
    assert_eq!(place["region"]["endLine"], 4);
    assert_eq!(value["runs"][0]["results"].as_array().unwrap().len(), 4);
    insta::assert_snapshot!("template_sarif", sarif);
}

#[test]
fn pages_escape_what_templates_say() {
    let html = text(Format::Html, report(), &Options::default());
    assert!(html.contains("Weaknesses") && html.contains("dockerfile-sudo"));
    assert!(!html.contains("<b>here</b>") && !html.contains('\x1b'));
    assert!(html.contains("2 templates"));
}

#[test]
fn the_schema_knows_templates() {
    let schema = include_str!("../../../docs/schema/report-v1.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let json = text(Format::Json, report(), &Options::default());
    let value: Value = serde_json::from_str(&json).unwrap();
    let errors: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report());
}
