//! SARIF 2.1.0 (OASIS): a rule for each recommendation, a result for whatever did not pass.

use std::io::{self, Write};

use model::{BaselineResult, Outcome, Severity};
use serde_json::{Value, json};

use super::object;
use crate::baseline::BaselineRun;

pub(super) fn write(run: &BaselineRun, out: &mut dyn Write) -> io::Result<()> {
    let report = &run.report;
    let mut rules = Vec::new();
    let mut results = Vec::new();
    for (index, same) in report.results.chunk_by(|a, b| a.id == b.id).enumerate() {
        rules.extend(same.first().map(rule));
        let told = same.iter().filter(|result| result.outcome != Outcome::Pass);
        results.extend(told.map(|result| self::result(result, index, &report.host)));
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Lazaret",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "automationDetails": {"id": format!("lazaret/{}/{}/", report.benchmark, report.host)},
            "invocations": [{
                "executionSuccessful": run.unseen.is_empty(),
                "startTimeUtc": report.at.to_string(),
            }],
            "results": results,
            "properties": {"score": report.score},
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn rule(result: &BaselineResult) -> Value {
    json!({
        "id": result.id,
        "shortDescription": {"text": result.title},
        "defaultConfiguration": {"level": level(result.severity)},
        "properties": {
            "section": result.section,
            "aliases": result.aliases,
            "level": result.level,
            "severity": result.severity,
        },
    })
}

fn result(result: &BaselineResult, index: usize, host: &str) -> Value {
    let kind = match result.outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "fail",
        Outcome::NotApplicable => "notApplicable",
        Outcome::NeedsHuman => "review",
        Outcome::Error => "open",
    };
    // SARIF 3.27.10: whatever is no failure has the level `none`.
    let level = if result.outcome == Outcome::Fail { level(result.severity) } else { "none" };
    let name = object(result, host);
    let seen = result.evidence.trim_end_matches('.');
    let text = format!("{}: {seen}. {}", result.title, result.remediation);
    let mut value = json!({
        "ruleId": result.id,
        "ruleIndex": index,
        "kind": kind,
        "level": level,
        "message": {"text": text.trim_end()},
        "locations": [{"logicalLocations": [{
            "name": name, "fullyQualifiedName": format!("{host}/{name}"), "kind": "resource",
        }]}],
        "partialFingerprints": {"lazaretBaseline/v1": format!("{}/{name}", result.id)},
    });
    if !result.excepted.is_empty() {
        value["suppressions"] = json!([{
            "kind": "external", "status": "accepted", "justification": result.excepted,
        }]);
    }
    value
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Negligible | Severity::Unknown => "note",
    }
}
