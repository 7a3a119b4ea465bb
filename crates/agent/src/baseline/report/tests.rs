//! Each format over one run with every outcome.

use model::{BaselineReport, BaselineScore, Severity, Timestamp};

use super::*;

fn run() -> BaselineRun {
    let result = |id: &str, outcome, object: &str| BaselineResult {
        id: id.to_owned(),
        aliases: vec![format!("1.6:{id}")],
        section: "5 Containers".to_owned(),
        title: "No <danger>".to_owned(),
        level: 1,
        severity: Severity::High,
        outcome,
        object: object.to_owned(),
        evidence: "privileged: true".to_owned(),
        remediation: if outcome == Outcome::Fail { "Repair it.".to_owned() } else { String::new() },
        excepted: String::new(),
    };
    let mut excepted = result("5.6", Outcome::Fail, "db");
    excepted.excepted = "known (owner ann, until no end)".to_owned();
    let results = vec![
        result("5.5", Outcome::Pass, "web"),
        result("5.5", Outcome::Fail, "db"),
        excepted,
        result("5.7", Outcome::NotApplicable, ""),
        result("5.8", Outcome::NeedsHuman, "web"),
        result("5.9", Outcome::Error, "web"),
    ];
    let report = BaselineReport {
        schema: BaselineReport::SCHEMA.to_owned(),
        benchmark: "test-1".to_owned(),
        host: "host".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        results,
        score: BaselineScore::default(),
    };
    let stale = vec!["5.6 (owner ann): expired".to_owned()];
    BaselineRun { report, stale, unseen: String::new() }
}

fn written(format: BaselineFormat, all: bool) -> String {
    let changes = [BaselineChange {
        id: "5.5".to_owned(),
        title: "No <danger>".to_owned(),
        object: "db".to_owned(),
        before: Some(Outcome::Pass),
        after: Some(Outcome::Fail),
        evidence: String::new(),
    }];
    let mut out = Vec::new();
    let looks = BaselineLooks { color: false, all };
    write(format, &run(), Some(&changes), looks, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn table() {
    let table = written(BaselineFormat::Table, false);
    for line in [
        "5 Containers: 0 passed, 1 not applicable",
        "  fail           5.5     high     No <danger>",
        "                 db: privileged: true",
        "                 → Repair it.",
        "                   excepted: known (owner ann, until no end)",
        "  needs a human  5.8     high     No <danger>",
        "  5.5     db: pass → fail (No <danger>)",
        "decision to look at: 5.6 (owner ann): expired",
    ] {
        assert!(table.lines().any(|l| l == line), "{line:?} is missing in\n{table}");
    }
    assert!(!table.contains("5.7"));
    assert!(written(BaselineFormat::Table, true).contains("[pass] web"));
}

#[test]
fn json_reads_back() {
    let text = written(BaselineFormat::Json, false);
    let report: BaselineReport = serde_json::from_str(&text).unwrap();
    assert_eq!(report, run().report);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["changes"][0]["after"], "fail");
}

#[test]
fn sarif() {
    let value: serde_json::Value =
        serde_json::from_str(&written(BaselineFormat::Sarif, false)).unwrap();
    let run = &value["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 5);
    let results = run["results"].as_array().unwrap();
    let kinds: Vec<_> = results.iter().map(|result| result["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["fail", "fail", "notApplicable", "review", "open"]);
    assert_eq!(results[0]["level"], "error");
    assert_eq!(results[4]["level"], "none");
    assert_eq!(results[1]["suppressions"][0]["status"], "accepted");
    assert_eq!(results[1]["ruleIndex"], 1);
    assert_eq!(results[0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "host/db");
}

#[test]
fn junit() {
    let xml = written(BaselineFormat::Junit, false);
    assert!(xml.contains(r#"tests="6""#) && xml.contains(r#"failures="1""#), "{xml}");
    assert!(xml.contains(r#"errors="1""#) && xml.contains("excepted: known"), "{xml}");
    assert!(xml.contains("No &lt;danger&gt; (db)"), "{xml}");
}
