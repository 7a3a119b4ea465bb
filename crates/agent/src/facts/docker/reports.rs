//! What scanning has said of an image, from the report that is kept of it.

use model::{Confidence, FindingKind, Report, Severity, Subject};

use super::{Look, set};

/// Says what the newest report of an image tells; that there is none, where there is none.
pub(super) fn say(look: &Look<'_>, id: &str, image: &mut Subject) {
    let report = look.kept.zip(id.parse().ok()).map(|(kept, id)| kept.report_by_image(&id));
    match report {
        None | Some(Ok(None)) => {
            image.say("image.scanned", false);
            image.say("image.trust", "unknown");
        }
        Some(Ok(Some(report))) => say_report(look, &report, image),
        Some(Err(error)) => {
            image.miss("image.scanned", error.to_string());
            image.miss("image.trust", error.to_string());
        }
    }
}

fn say_report(look: &Look<'_>, report: &Report, image: &mut Subject) {
    image.say("image.scanned", true);
    image
        .say_or_miss("image.scan_age_days", look.days_since(&report.source.scanned_at.to_string()));
    image.say("image.package_count", report.inventory.packages.len());
    let serious = report.findings.iter().filter(|finding| {
        let fixed = finding.vulnerability().is_some_and(|v| v.fixed_version.is_some());
        fixed && finding.severity >= Severity::High
    });
    image.say("image.fixable_serious", serious.count());
    let secrets = report.findings.iter().filter_map(|finding| finding.secret());
    let secrets = secrets.filter(|secret| secret.confidence != Confidence::Placeholder);
    image.say("image.secrets", secrets.count());
    let steps = report.findings.iter().filter_map(|finding| match &finding.kind {
        FindingKind::History(step) => Some(&step.rule),
        _ => None,
    });
    image.say("image.suspicious_steps", set(steps));
    image.say("image.trust", trust(report));
}

fn trust(report: &Report) -> &'static str {
    match &report.trust {
        None => "unknown",
        Some(trust) if trust.requirements.is_empty() => "unknown",
        Some(trust) if trust.requirements.iter().all(|requirement| requirement.met) => "trusted",
        Some(_) => "untrusted",
    }
}
