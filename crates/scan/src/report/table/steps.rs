//! Suspicious build steps: what each does, the part of its text that says it, and what to do.

use std::io;

use model::{Finding, FindingKind, SuspiciousStep};

use super::content::{write_more, write_place};
use super::{BAD, BOLD, CAUTION, DIM, Line, PLAIN, Page, severity_style};
use crate::report::view::View;
use crate::report::wording;

/// Steps listed before the rest is summed up.
const LISTED: usize = 10;
/// Characters of the text before the part that says it, of that part, and after it.
const BEFORE_CHARS: usize = 60;
const MARKED_CHARS: usize = 200;
const AFTER_CHARS: usize = 60;

pub(super) fn write(
    page: &mut Page<'_>,
    (view, with_layer): (&View<'_>, bool),
    findings: &[&Finding],
    all: bool,
) -> io::Result<()> {
    let listed = if all { findings.len() } else { findings.len().min(LISTED) };
    for finding in &findings[..listed] {
        let FindingKind::History(step) = &finding.kind else { continue };
        write_one(page, (view, with_layer), finding, step)?;
    }
    write_more(page, &findings[listed..])
}

fn write_one(
    page: &mut Page<'_>,
    place: (&View<'_>, bool),
    finding: &Finding,
    step: &SuspiciousStep,
) -> io::Result<()> {
    page.blank()?;
    let head = Line::new(2)
        .add(severity_style(finding.severity), finding.severity.as_str())
        .add(PLAIN, "  ")
        .foreign(BOLD, &step.title)
        .add(PLAIN, "  ")
        .foreign(DIM, &step.attack.join(", "));
    page.wrap(&head)?;
    page.wrap(&excerpt(step))?;
    if let Some(first) = step.confirmed_by.first() {
        let line = Line::new(4).add(CAUTION, "confirmed by ").foreign(CAUTION, first);
        let more = step.confirmed_by.len() - 1;
        let more = if more > 0 { format!(" + {more} more") } else { String::new() };
        page.wrap(&line.add(DIM, more))?;
    }
    write_place(page, place, finding, Line::new(4).add(DIM, format!("step {} · ", step.step)))?;
    match step.advice.is_empty() {
        true => Ok(()),
        false => page.wrap(&Line::new(4).foreign(PLAIN, &step.advice)),
    }
}

/// The part of the text that says it, with a little of what stands around it.
fn excerpt(step: &SuspiciousStep) -> Line {
    let (before, marked, after) = wording::step_parts(step);
    if marked.is_empty() {
        let (shown, cut) = first_chars(before, BEFORE_CHARS + MARKED_CHARS);
        return Line::new(4).foreign(PLAIN, shown).add(DIM, cut);
    }
    let from = before.char_indices().rev().take(BEFORE_CHARS).last().map_or(0, |(at, _)| at);
    let lead = if from > 0 { "…" } else { "" };
    // A blank at an end of a piece is a blank of the line: cleaning keeps it.
    let (marked, inner) = first_chars(marked, MARKED_CHARS);
    let line = Line::new(4).add(DIM, lead).foreign(PLAIN, &before[from..]).foreign(BAD, marked);
    if !inner.is_empty() {
        return line.add(DIM, inner);
    }
    let (after, cut) = first_chars(after, AFTER_CHARS);
    line.foreign(PLAIN, after).add(DIM, cut)
}

fn first_chars(text: &str, most: usize) -> (&str, &'static str) {
    match text.char_indices().nth(most) {
        Some((at, _)) => (&text[..at], "…"),
        None => (text, ""),
    }
}
