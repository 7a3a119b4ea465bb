//! JUnit XML: a suite for an image, a case for each finding, for build servers.
//!
//! A case fails exactly when the policy denies for its sake, so that the build server says the
//! same as the exit status. What the policy lets pass is there too: warned of and ignored
//! findings as skipped cases, the others as passed ones.

use std::collections::HashMap;
use std::io::Write;

use model::{CoverageStatus, Decision, Finding, Ignored, IgnoredBy, Report};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::text::clean;
use super::view::View;
use super::{Format, ReportError, coverage, wording};

pub(super) fn write(views: &[View<'_>], out: &mut dyn Write) -> Result<(), ReportError> {
    let mut report = quick_junit::Report::new("lazaret scan");
    report.add_test_suites(views.iter().map(suite));
    let encode = |detail: String| ReportError::Encode { format: Format::Junit, detail };
    let xml = report.to_string().map_err(|error| encode(error.to_string()))?;
    Ok(out.write_all(xml.as_bytes())?)
}

fn suite(view: &View<'_>) -> TestSuite {
    let report = view.report;
    let mut suite = TestSuite::new(view.name());
    suite.add_property(("verdict", decision_word(report.verdict.decision)));
    suite.add_property(("source", report.source.kind.as_str()));
    suite.add_property(("scanned_at", report.source.scanned_at.to_string().as_str()));
    suite.add_property(("lazaret", clean(&report.tool.lazaret).as_ref()));
    if let Some(database) = &report.tool.database {
        suite.add_property(("advisories", database.digest.as_str()));
    }
    if view.hidden > 0 {
        suite.add_property(("hidden_findings", view.hidden.to_string().as_str()));
        suite.add_property(("filter", view.filter.as_str()));
    }
    suite.add_test_case(verdict_case(view));
    let coverage = report.coverage.iter();
    suite.add_test_cases(coverage.map(|coverage| {
        let status = match coverage.status {
            CoverageStatus::Covered => TestCaseStatus::success(),
            _ => skipped(&format!("{}: {}", coverage::state(&coverage.status), coverage.note)),
        };
        case(view, &format!("coverage of {}", coverage.ecosystem), status)
    }));
    let decisions = decisions(report);
    suite.add_test_cases(
        view.findings.iter().map(|finding| {
            finding_case(view, finding, decisions.get(finding.id.0.as_str()).copied())
        }),
    );
    suite.add_test_cases(report.ignored.iter().map(|ignored| ignored_case(view, ignored)));
    suite
}

fn verdict_case(view: &View<'_>) -> TestCase {
    let verdict = &view.report.verdict;
    let reasons: Vec<String> = verdict
        .reasons
        .iter()
        .map(|reason| {
            format!(
                "{} ({}): {}",
                clean(&reason.rule),
                decision_word(reason.decision),
                clean(&reason.message)
            )
        })
        .collect();
    let status = match verdict.decision {
        Decision::Allow => TestCaseStatus::success(),
        Decision::Warn => skipped(&reasons.join("; ")),
        Decision::Deny => failure("denied by the policy", &reasons.join("\n")),
    };
    case(view, "verdict of the policy", status)
}

fn finding_case(view: &View<'_>, finding: &Finding, decision: Option<Decision>) -> TestCase {
    let details = details(finding);
    let status = match decision {
        Some(Decision::Deny) => failure(&headline(finding), &details),
        Some(Decision::Warn) => skipped(&format!("warned of: {}", headline(finding))),
        Some(Decision::Allow) | None => TestCaseStatus::success(),
    };
    let passed = matches!(status, TestCaseStatus::Success { .. });
    let mut case = case(view, &title(finding), status);
    if passed {
        case.set_system_out(details);
    }
    case
}

fn ignored_case(view: &View<'_>, ignored: &Ignored) -> TestCase {
    let why = match &ignored.by {
        IgnoredBy::Exception(exception) => {
            let until = exception.expires.as_deref().unwrap_or("no end");
            format!("ignored by {} until {until}: {}", exception.owner, exception.reason)
        }
        IgnoredBy::Vex { document, status, justification } => {
            format!("ignored by VEX {document}: {status} {justification}")
        }
    };
    case(view, &title(&ignored.finding), skipped(&why))
}

/// What the policy decides for each finding it names: the strongest of its reasons.
fn decisions(report: &Report) -> HashMap<&str, Decision> {
    let mut decisions: HashMap<&str, Decision> = HashMap::new();
    for reason in &report.verdict.reasons {
        for id in &reason.findings {
            let decision = decisions.entry(id.0.as_str()).or_default();
            *decision = (*decision).max(reason.decision);
        }
    }
    decisions
}

fn case(view: &View<'_>, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(clean(name), status);
    case.set_classname(view.name());
    case
}

fn failure(message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(clean(message)).set_type("denied").set_description(description);
    status
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(clean(message));
    status
}

/// What tells the case from every other one of its image.
fn title(finding: &Finding) -> String {
    match finding.vulnerability() {
        Some(v) => format!("{} in {} {} ({})", v.id, v.package, v.version, v.path),
        None => {
            let (kind, name) = (finding.kind.as_str(), wording::name(finding));
            format!("{kind}: {name} in {} ({})", wording::place(finding), finding.id)
        }
    }
}

fn headline(finding: &Finding) -> String {
    let Some(v) = finding.vulnerability() else { return wording::headline(finding) };
    let repair = match &v.fixed_version {
        Some(version) => format!("upgrade to {version}"),
        None => v.fix_state.to_string(),
    };
    format!("{} {} in {} {}: {repair}", finding.severity, v.id, v.package, v.version)
}

fn details(finding: &Finding) -> String {
    let mut lines = vec![headline(finding)];
    match finding.vulnerability() {
        Some(v) => {
            lines.extend([v.summary.clone(), v.purl.to_string(), v.path.clone()]);
            lines.extend(
                v.cvss
                    .iter()
                    .map(|cvss| format!("{} {:.1} {}", cvss.source, cvss.score, cvss.vector)),
            );
            let kev = v.kev.iter();
            lines.extend(kev.map(|kev| format!("known to be exploited since {}", kev.added)));
        }
        None => {
            lines.extend(wording::evidence(finding));
            lines.push(wording::remedy(finding));
        }
    }
    lines.push(format!("finding {}", finding.id));
    let lines: Vec<String> =
        lines.iter().filter(|line| !line.is_empty()).map(|line| clean(line).into_owned()).collect();
    lines.join("\n")
}

pub(super) fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Warn => "warn",
        Decision::Deny => "deny",
    }
}
