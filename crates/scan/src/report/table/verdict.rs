//! The end of the table: the decision, every reason, and the way out.

use std::io;

use model::{Decision, Reason};

use super::header::decided;
use super::{BOLD, DIM, Line, PLAIN, Page, decision_style};
use crate::report::fix_plan::{Plan, Repair};
use crate::report::text::{self, count};
use crate::report::view::View;

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
    if view.report.verdict.decision == Decision::Deny && !view.report.findings.is_empty() {
        let lead = if steps.is_empty() { "Nothing repairs this yet: for" } else { "For" };
        steps.push(format!(
            "{lead} what has to stay, write an exception with owner, reason and expiry."
        ));
    }
    steps
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
