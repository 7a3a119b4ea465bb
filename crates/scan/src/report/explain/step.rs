//! A suspicious build step explained: the rule, what confirms it, and the whole text.

use std::io;

use model::SuspiciousStep;

use super::write_fact;
use crate::report::table::{BAD, Line, PLAIN, Page};
use crate::report::text::count;

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
        more => write_fact(page, "", &format!("and {}", count(more, "more file", "more files"))),
    }
}

/// The step's whole text, the part that says it marked.
pub(super) fn write_text(page: &mut Page<'_>, step: &SuspiciousStep) -> io::Result<()> {
    page.heading("TEXT", "secrets in it are masked")?;
    let (before, marked, after) = parts(step);
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

/// The text before the part that says it, that part, and the text after.
pub(in crate::report) fn parts(step: &SuspiciousStep) -> (&str, &str, &str) {
    let text = step.text.as_str();
    let place = |at: u64| usize::try_from(at).ok().filter(|at| text.is_char_boundary(*at));
    let span = step.span.and_then(|span| {
        Some((place(span.offset)?, place(span.offset.checked_add(span.length)?)?))
    });
    let cut = span.and_then(|(start, end)| {
        Some((text.get(..start)?, text.get(start..end)?, text.get(end..)?))
    });
    cut.unwrap_or((text, "", ""))
}
