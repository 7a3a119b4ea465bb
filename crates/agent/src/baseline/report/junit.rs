//! JUnit XML: a suite for each section, a case for each result. What failed without an exception is
//! a failure, what could not be looked at an error; what is left to people, does not apply or is
//! excepted is skipped.

use std::io::{self, Write};

use model::{BaselineResult, Outcome};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::object;
use crate::baseline::BaselineRun;

pub(super) fn write(run: &BaselineRun, out: &mut dyn Write) -> io::Result<()> {
    let mut report = Report::new(format!("lazaret baseline {}", run.report.benchmark));
    for section in run.report.results.chunk_by(|a, b| a.section == b.section) {
        let name = section.first().map_or("", |result| result.section.as_str());
        let mut suite = TestSuite::new(name);
        suite.add_property(("host", run.report.host.as_str()));
        suite.add_property(("at", run.report.at.to_string().as_str()));
        suite.add_test_cases(section.iter().map(|result| case(result, &run.report.host)));
        report.add_test_suite(suite);
    }
    let xml = report.to_string().map_err(|error| io::Error::other(error.to_string()))?;
    out.write_all(xml.as_bytes())
}

fn case(result: &BaselineResult, host: &str) -> TestCase {
    let bad = |kind, evidence: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(format!("{} {evidence}", result.severity));
        status.set_type("baseline").set_description(&result.remediation);
        status
    };
    let skipped = |why: &str| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(why);
        status
    };
    let status = match result.outcome {
        _ if !result.excepted.is_empty() => skipped(&format!("excepted: {}", result.excepted)),
        Outcome::Pass => TestCaseStatus::success(),
        Outcome::Fail => bad(NonSuccessKind::Failure, &result.evidence),
        Outcome::Error => bad(NonSuccessKind::Error, &result.evidence),
        Outcome::NotApplicable => skipped(&format!("not applicable: {}", result.evidence)),
        Outcome::NeedsHuman => skipped(&format!("needs a human: {}", result.evidence)),
    };
    let title = format!("{} {} ({})", result.id, result.title, object(result, host));
    let mut case = TestCase::new(title, status);
    case.set_classname(&result.section);
    case
}
