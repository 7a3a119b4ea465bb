//! The end of the table: the decision, every reason, and the way out.

use std::io;

use model::{Band, Decision, Malware, Reason};

use super::header::decided;
use super::{BOLD, DIM, Line, PLAIN, Page, decision_style};
use crate::report::fix_plan::{Plan, Repair};
use crate::report::text::{self, count};
use crate::report::view::View;
use crate::report::wording;

/// Packages named in one step.
const NAMED: usize = 4;

pub(super) fn write(page: &mut Page<'_>, view: &View<'_>, plan: &Plan<'_>) -> io::Result<()> {
    let verdict = &view.report.verdict;
    page.blank()?;
    let line = Line::new(0)
        .add(decision_style(verdict.decision), decided(verdict.decision))
        .add(PLAIN, "  ")
        .add(BOLD, view.name());
    page.wrap(&line)?;
    for reason in &verdict.reasons {
        page.wrap(&reason_line(reason))?;
    }
    for (index, step) in steps(view, plan).iter().enumerate() {
        if index == 0 {
            page.wrap(&Line::new(2).add(BOLD, "What to do"))?;
        }
        page.wrap(&Line::new(2).add(BOLD, format!("{}. ", index + 1)).add(PLAIN, step.as_str()))?;
    }
    Ok(())
}

fn reason_line(reason: &Reason) -> Line {
    let mark = match reason.decision {
        Decision::Allow => "✔ ",
        Decision::Warn => "▲ ",
        Decision::Deny => "✖ ",
    };
    Line::new(2)
        .add(decision_style(reason.decision), mark)
        .foreign(PLAIN, &reason.message)
        .add(DIM, "  (rule ")
        .foreign(DIM, &reason.rule)
        .add(DIM, ")")
}

/// What takes findings away, the surest first.
fn steps(view: &View<'_>, plan: &Plan<'_>) -> Vec<String> {
    let mut steps = Vec::new();
    steps.extend(take_out(view));
    steps.extend(trusted(view));
    steps.extend(mended(view));
    if !plan.remove.is_empty() {
        let repairs: Vec<&Repair<'_>> = plan.remove.iter().collect();
        steps.push(format!("Take out {}.", names(&repairs)));
    }
    let (base, own): (Vec<&Repair<'_>>, Vec<&Repair<'_>>) =
        plan.upgrade.iter().partition(|repair| repair.base);
    if !own.is_empty() {
        let place = if view.has_base() { " in your own layers" } else { "" };
        steps.push(format!("Upgrade {}{place}: repairs {}.", names(&own), findings(&own)));
    }
    if !base.is_empty() {
        steps.push(format!(
            "Rebuild on a newer base image: with {} there it repairs {}.",
            names(&base),
            findings(&base)
        ));
    }
    steps.extend(replace(view));
    if view.report.verdict.decision == Decision::Deny && !view.report.findings.is_empty() {
        let lead = if steps.is_empty() { "Nothing repairs this yet: for" } else { "For" };
        steps.push(format!(
            "{lead} what has to stay, write an exception with owner, reason and expiry."
        ));
    }
    steps
}

/// The weaknesses of templates: each says how it is repaired.
fn mended(view: &View<'_>) -> Option<String> {
    let weak = view.findings.iter().filter(|finding| finding.misconfiguration().is_some()).count();
    (weak > 0)
        .then(|| format!("Repair {}, the worst first.", count(weak, "weakness", "weaknesses")))
}

/// The malicious files that containers have, else those that only the image has.
fn take_out(view: &View<'_>) -> Option<String> {
    let malicious = view.findings.iter().filter_map(|finding| finding.malware());
    let malicious = malicious.filter(|file| file.band == Band::Malicious);
    let (gone, there): (Vec<&Malware>, Vec<&Malware>) =
        malicious.partition(|file| file.deleted_by.is_some());
    if there.is_empty() && gone.is_empty() {
        return None;
    }
    let files = if there.is_empty() { &gone } else { &there };
    let names: Vec<String> =
        files.iter().take(NAMED).map(|file| text::clean(&file.path).into_owned()).collect();
    let more = files.len().saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = if there.is_empty() { "Build the image again without" } else { "Take out" };
    Some(format!("{what} {}{more}, and find out how it came in.", names.join(", ")))
}

fn trusted(view: &View<'_>) -> Option<String> {
    let trust = view.report.trust.as_ref()?;
    let unmet = trust.requirements.iter().filter(|requirement| !requirement.met).count();
    let scope = text::clean(&trust.scope);
    (unmet > 0).then(|| {
        let unmet = count(unmet, "requirement", "requirements");
        format!("Do not run it before the {unmet} of trust for {scope} can be met.")
    })
}

fn replace(view: &View<'_>) -> Option<String> {
    let secrets = view.findings.iter().filter_map(|finding| finding.secret());
    let number = secrets.filter(|secret| wording::is_alarm(secret)).count();
    let secrets = count(number, "secret", "secrets");
    (number > 0).then(|| format!("Replace {secrets} where they are used, then build without them."))
}

fn findings(repairs: &[&Repair<'_>]) -> String {
    count(repairs.iter().map(|repair| repair.count).sum(), "finding", "findings")
}

/// `openssl, curl, zlib and 5 more`.
fn names(repairs: &[&Repair<'_>]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for repair in repairs {
        if !names.contains(&repair.name) {
            names.push(repair.name);
        }
    }
    let shown: Vec<String> =
        names.iter().take(NAMED).map(|name| text::clean(name).into_owned()).collect();
    match names.len().saturating_sub(NAMED) {
        0 => match shown.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => shown.join(""),
        },
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
