//! A suspicious build step explained: the rule, what confirms it, and the whole text.

use std::io;

use model::SuspiciousStep;

use super::write_fact;
use crate::report::table::{BAD, Line, PLAIN, Page};
use crate::report::text::count;
use crate::report::wording;

/// Confirming files that are named.
const MAX_FILES: usize = 20;

pub(super) fn write_facts(page: &mut Page<'_>, step: &SuspiciousStep) -> io::Result<()> {
    write_fact(page, "rule", &step.rule)?;
    write_fact(page, "step", &format!("{} of the history, counted from 0", step.step))?;
    write_fact(page, "ATT&CK", &step.attack.join(", "))?;
    for path in step.confirmed_by.iter().take(MAX_FILES) {
        write_fact(page, "confirmed by", path)?;
    }
    match step.confirmed_by.len().saturating_sub(MAX_FILES) {
        0 => Ok(()),
        more => write_fact(page, "confirmed by", &count(more, "more file", "more files")),
    }
}

/// The step's whole text, the part that says it marked.
pub(super) fn write_text(page: &mut Page<'_>, step: &SuspiciousStep) -> io::Result<()> {
    page.heading("TEXT", "secrets in it are masked")?;
    let (before, marked, after) = wording::step_parts(step);
    let mut line = Line::new(2);
    for (style, part) in [(PLAIN, before), (BAD, marked), (PLAIN, after)] {
        for (index, row) in part.split('\n').enumerate() {
            if index > 0 {
                page.wrap(&line)?;
                line = Line::new(2);
            }
            line = line.whole(style, row);
        }
    }
    page.wrap(&line)
}
