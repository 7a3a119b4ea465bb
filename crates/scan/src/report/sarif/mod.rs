//! SARIF 2.1.0 (OASIS): findings for code scanning and other viewers of analysis results.
//!
//! One run an image. A rule is a vulnerability, what a method calls malicious code, a rule of
//! secrets or build steps, or a requirement of trust; a result is a finding, with the path in the
//! image as its place and the finding's id as fingerprint, so that viewers follow it from scan to
//! scan.
//! Gaps in coverage and skipped input are notifications of the run.

mod content;
mod document;
mod rule;

use std::collections::HashMap;
use std::io::Write;

use model::{Finding, IgnoredBy, Severity, SourceKind};
use serde_json::{Value, json};

use super::text::clean;
use super::view::View;
use super::{Format, ReportError, coverage, wording, write_json};
use document::{
    Artifact, Driver, Invocation, Location, Log, LogicalLocation, Notification, PhysicalLocation,
    Run, SarifResult, Suppression, Text, Tool,
};

/// Name of the base that the paths of a run are relative to.
const ROOT: &str = "IMAGE";

/// The same for templates: the folder that the command ran in.
const SOURCES: &str = "SRCROOT";

pub(super) fn write(views: &[View<'_>], out: &mut dyn Write) -> Result<(), ReportError> {
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: views.iter().map(run).collect(),
    };
    write_json(Format::Sarif, &log, out)
}

fn run(view: &View<'_>) -> Run {
    let report = view.report;
    let ignored: Vec<&Finding> = report.ignored.iter().map(|ignored| &ignored.finding).collect();
    let (rules, index) = rule::rules(view.findings.iter().copied().chain(ignored));
    let shown = view.findings.iter().map(|finding| result(view, finding, &index, None));
    let suppressed = report
        .ignored
        .iter()
        .map(|ignored| result(view, &ignored.finding, &index, Some(suppression(&ignored.by))));
    let results = shown.chain(suppressed).collect();
    let name = view.name();
    Run {
        tool: Tool {
            driver: Driver {
                name: "Lazaret",
                version: report.tool.lazaret.clone(),
                semantic_version: report.tool.lazaret.clone(),
                rules,
            },
        },
        automation_details: json!({ "id": format!("lazaret/{name}/") }),
        original_uri_base_ids: match report.source.kind {
            SourceKind::Template => json!({
                SOURCES: { "description": { "text": "The folder that the scan ran in" } }
            }),
            _ => json!({
                ROOT: {
                    "description": { "text": format!("The root directory of the image {name}") }
                }
            }),
        },
        invocations: vec![Invocation {
            execution_successful: true,
            start_time_utc: report.source.scanned_at.to_string(),
            tool_execution_notifications: notifications(view),
        }],
        results,
        column_kind: "utf16CodeUnits",
        properties: run_properties(view),
    }
}

fn run_properties(view: &View<'_>) -> Value {
    let report = view.report;
    json!({
        "decision": report.verdict.decision,
        "reasons": report.verdict.reasons.iter().map(|r| clean(&r.message)).collect::<Vec<_>>(),
        "imageId": report.source.image_id,
        "manifestDigest": report.source.manifest_digest,
        "advisoryDatabase": report.tool.database,
        "policy": report.tool.policy,
        "hiddenFindings": view.hidden,
    })
}

fn result(
    view: &View<'_>,
    finding: &Finding,
    rules: &HashMap<String, usize>,
    suppression: Option<Suppression>,
) -> SarifResult {
    let rule_id = rule::id(finding);
    SarifResult {
        rule_index: rules.get(&rule_id).copied().unwrap_or(0),
        rule_id,
        level: level(finding.severity),
        message: Text { text: message(finding) },
        locations: vec![location(view, finding)],
        partial_fingerprints: fingerprints(finding),
        suppressions: suppression.into_iter().collect(),
        properties: result_properties(view, finding),
    }
}

/// The finding's own name; of a secret also its fingerprint, the same in every place.
fn fingerprints(finding: &Finding) -> Value {
    let secret = finding.secret().map(|secret| clean(&secret.fingerprint));
    match secret.filter(|fingerprint| !fingerprint.is_empty()) {
        Some(secret) => json!({ "lazaretFindingId/v1": finding.id, "lazaretSecret/v1": secret }),
        None => json!({ "lazaretFindingId/v1": finding.id }),
    }
}

/// SARIF's level of a severity (3.27.10): what must be repaired, what should be, what may be.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Negligible | Severity::Unknown => "note",
    }
}

fn message(finding: &Finding) -> String {
    let Some(v) = finding.vulnerability() else { return content::message(finding) };
    let repair = match &v.fixed_version {
        Some(version) => format!("Upgrade to {version}."),
        None => format!("No fixed version ({}).", v.fix_state),
    };
    let summary = if v.summary.is_empty() { String::new() } else { format!(": {}", v.summary) };
    let text = format!("{} {} has {}{summary}", v.package, v.version, v.id);
    format!("{}. {}", clean(&text).trim_end_matches('.'), clean(&repair))
}

fn location(view: &View<'_>, finding: &Finding) -> Location {
    let place = wording::place(finding);
    let kind = if finding.vulnerability().is_some() { "package" } else { "resource" };
    let index = finding.layer();
    let layer = view.layer(index).and_then(|layer| layer.diff_id.as_ref());
    let whole = match layer {
        Some(diff_id) => format!("{}/{diff_id}/{place}", view.report.source.name),
        None => format!("{}/{place}", view.report.source.name),
    };
    Location {
        physical_location: PhysicalLocation {
            artifact_location: artifact(view, finding),
            region: content::region(finding),
        },
        logical_locations: vec![LogicalLocation {
            name: clean(&place).into_owned(),
            fully_qualified_name: clean(&whole).into_owned(),
            kind,
        }],
    }
}

/// The file: in an image from its root; a template's path as the user would type it, which is what
/// code scanning compares with the files of a repository.
fn artifact(view: &View<'_>, finding: &Finding) -> Artifact {
    let path = content::path(finding);
    if view.report.source.kind != SourceKind::Template {
        return Artifact { uri: uri(path), uri_base_id: ROOT };
    }
    let name = view.report.source.name.as_str();
    let name = name.strip_prefix("template:").unwrap_or(name);
    let name = name.trim_start_matches("./").trim_end_matches('/');
    let is_file = name == path || name.strip_suffix(path).is_some_and(|rest| rest.ends_with('/'));
    let whole = match (is_file, name) {
        (true, _) => name.to_owned(),
        (false, "" | ".") => path.to_owned(),
        (false, folder) => format!("{folder}/{path}"),
    };
    Artifact { uri: uri(&whole), uri_base_id: SOURCES }
}

fn result_properties(view: &View<'_>, finding: &Finding) -> Value {
    let layer = view.layer(finding.layer());
    let layer = layer.map(|layer| json!({ "index": layer.index, "diffId": layer.diff_id }));
    let Some(v) = finding.vulnerability() else {
        let mut properties = content::properties(finding);
        properties["severity"] = json!(finding.severity);
        if finding.kind.has_layer() {
            properties["layer"] = json!(layer);
            properties["baseImage"] = json!(finding.base);
        }
        return properties;
    };
    json!({
        "severity": finding.severity,
        "risk": v.risk,
        "purl": v.purl,
        "installedVersion": v.version,
        "fixedVersion": v.fixed_version,
        "fixState": v.fix_state,
        "baseImage": finding.base,
        "layer": layer,
        "epss": v.epss,
        "knownExploited": v.kev,
        "sources": v.sources.iter().map(|source| &source.source).collect::<Vec<_>>(),
    })
}

fn suppression(by: &IgnoredBy) -> Suppression {
    let justification = match by {
        IgnoredBy::Exception(exception) => {
            let until = exception.expires.as_deref().unwrap_or("without end");
            format!("{} (owner {}, until {until})", exception.reason, exception.owner)
        }
        IgnoredBy::Vex { document, status, justification } => {
            format!("VEX {document}: {status} {justification}")
        }
    };
    Suppression {
        kind: "external",
        status: "accepted",
        justification: clean(&justification).trim_end().to_owned(),
    }
}

fn notifications(view: &View<'_>) -> Vec<Notification> {
    let report = view.report;
    let gaps = coverage::gaps(report)
        .map(|gap| format!("{}: {}. {}", gap.ecosystem, coverage::state(&gap.status), gap.note));
    let is_image = report.source.kind != SourceKind::Template;
    let database = (is_image && report.tool.database.is_none())
        .then(|| "Vulnerabilities were not looked for: no advisory database was used.".to_owned());
    let skips = report.skipped.iter().map(|skip| {
        format!("not looked at: {} ({}): {}", skip.path, coverage::reason(skip.reason), skip.detail)
    });
    database
        .into_iter()
        .chain(gaps)
        .chain(skips)
        .map(|text| Notification {
            level: "warning",
            message: Text { text: clean(&text).into_owned() },
        })
        .collect()
}

/// A path as a relative URI reference (RFC 3986): all but unreserved characters and `/` encoded.
fn uri(path: &str) -> String {
    let path = path.trim_start_matches('/');
    if path.is_empty() {
        return ".".to_owned();
    }
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'!' => uri.push(byte as char),
            byte if byte.is_ascii_alphanumeric() => uri.push(byte as char),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_relative_references() {
        let cases = [
            ("var/lib/dpkg/status", "var/lib/dpkg/status"),
            ("app/a b.jar!/lib/x#1.jar", "app/a%20b.jar!/lib/x%231.jar"),
            ("javascript:alert(1)", "javascript%3Aalert%281%29"),
            ("//host/é", "host/%C3%A9"),
            ("", "."),
        ];
        for (path, expect) in cases {
            assert_eq!(uri(path), expect);
        }
    }
}
