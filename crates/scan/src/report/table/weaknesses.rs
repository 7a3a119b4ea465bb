//! Weaknesses of templates, each rule once with the places where it speaks, and its repair.

use std::io;

use model::{Finding, Misconfiguration};

use super::content::{ID_DIGITS, write_more};
use super::{BOLD, DIM, Line, PLAIN, Page, severity_style};
use crate::report::wording;

/// Rules listed before the rest is summed up, and places of one rule.
const LISTED_RULES: usize = 15;
const LISTED_PLACES: usize = 4;

/// The findings of one rule.
struct Group<'a> {
    first: &'a Misconfiguration,
    findings: Vec<&'a Finding>,
}

pub(super) fn write(page: &mut Page<'_>, findings: &[&Finding], all: bool) -> io::Result<()> {
    let groups = groups(findings);
    let listed = if all { groups.len() } else { groups.len().min(LISTED_RULES) };
    for group in &groups[..listed] {
        write_group(page, group, all)?;
    }
    let rest: Vec<&Finding> =
        groups[listed..].iter().flat_map(|group| group.findings.iter().copied()).collect();
    write_more(page, &rest)
}

/// By rule, in the order of their worst.
fn groups<'a>(findings: &[&'a Finding]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for finding in findings {
        let Some(flaw) = finding.misconfiguration() else { continue };
        match groups.iter_mut().find(|group| group.first.rule == flaw.rule) {
            Some(group) => group.findings.push(finding),
            None => groups.push(Group { first: flaw, findings: vec![finding] }),
        }
    }
    groups
}

fn write_group(page: &mut Page<'_>, group: &Group<'_>, all: bool) -> io::Result<()> {
    let Some(worst) = group.findings.first() else { return Ok(()) };
    page.blank()?;
    let mut head = Line::new(2)
        .add(severity_style(worst.severity), worst.severity.as_str())
        .add(PLAIN, "  ")
        .foreign(BOLD, &group.first.title);
    if group.findings.len() > 1 {
        head = head.add(DIM, format!("  {} places", group.findings.len()));
    }
    page.wrap(&head)?;
    let count = group.findings.len();
    let listed = if all || count == LISTED_PLACES + 1 { count } else { count.min(LISTED_PLACES) };
    for finding in &group.findings[..listed] {
        write_place(page, finding)?;
    }
    if count > listed {
        let text = format!("+ {} more places; --all lists them", count - listed);
        page.wrap(&Line::new(4).add(DIM, text))?;
    }
    page.wrap(&Line::new(4).foreign(PLAIN, &group.first.fix))?;
    let mut names = Line::new(4).foreign(DIM, &group.first.rule);
    if !group.first.aliases.is_empty() {
        names = names.add(DIM, " · ").foreign(DIM, &group.first.aliases.join(", "));
    }
    page.wrap(&names)
}

fn write_place(page: &mut Page<'_>, finding: &Finding) -> io::Result<()> {
    let Some(flaw) = finding.misconfiguration() else { return Ok(()) };
    let mut line =
        Line::new(4).foreign(BOLD, &wording::template_place(&flaw.place)).add(PLAIN, "  ");
    if !flaw.subject.is_empty() {
        line = line.foreign(DIM, &flaw.subject).add(DIM, ": ");
    }
    let id: String = finding.id.0.chars().take(ID_DIGITS).collect();
    line = line.foreign(PLAIN, &flaw.message).add(DIM, " · finding ").foreign(DIM, &id);
    page.wrap(&line.hanging(6))
}
