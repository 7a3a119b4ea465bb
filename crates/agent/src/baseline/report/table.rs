//! The table for people: what needs work by section, then what changed, then the score.

use std::io::{self, Write};

use model::{BaselineResult, BaselineScore, Outcome};
use policy::baseline::BaselineChange;

use super::{BaselineLooks, object, word};
use crate::baseline::BaselineRun;

/// Objects of one recommendation that are shown before the rest is counted.
const OBJECTS_SHOWN: usize = 5;
/// Changes that are shown before the rest is counted.
const CHANGES_SHOWN: usize = 20;
/// Where the lines below a recommendation begin.
const INDENT: &str = "                 ";

pub(super) fn write(
    run: &BaselineRun,
    changes: Option<&[BaselineChange]>,
    looks: BaselineLooks,
    out: &mut dyn Write,
) -> io::Result<()> {
    let report = &run.report;
    let at = report.at.strftime("%Y-%m-%d %H:%M UTC");
    writeln!(out, "{} on {}, {at}", report.benchmark, report.host)?;
    for section in report.results.chunk_by(|a, b| a.section == b.section) {
        write_section(section, &report.host, looks, out)?;
    }
    if let Some(changes) = changes {
        write_changes(changes, out)?;
    }
    for line in &run.stale {
        writeln!(out, "\ndecision to look at: {line}")?;
    }
    write_score(&report.score, out)
}

fn write_section(
    section: &[BaselineResult],
    host: &str,
    looks: BaselineLooks,
    out: &mut dyn Write,
) -> io::Result<()> {
    let count = |outcome| {
        let ids = section.chunk_by(|a, b| a.id == b.id);
        ids.filter(|results| worst(results) == outcome).count()
    };
    let name = section.first().map_or("", |result| result.section.as_str());
    let (passed, absent) = (count(Outcome::Pass), count(Outcome::NotApplicable));
    writeln!(out, "\n{name}: {passed} passed, {absent} not applicable")?;
    for results in section.chunk_by(|a, b| a.id == b.id) {
        let outcome = worst(results);
        let is_told = !matches!(outcome, Outcome::Pass | Outcome::NotApplicable);
        if is_told || looks.all {
            write_recommendation(results, (outcome, host), looks, out)?;
        }
    }
    Ok(())
}

fn write_recommendation(
    results: &[BaselineResult],
    (outcome, host): (Outcome, &str),
    looks: BaselineLooks,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(first) = results.first() else { return Ok(()) };
    let (on, off) = color(outcome, looks.color);
    let state = word(outcome);
    writeln!(out, "  {on}{state:<14}{off} {:<7} {:<8} {}", first.id, first.severity, first.title)?;
    let told: Vec<&BaselineResult> =
        results.iter().filter(|result| looks.all || result.outcome == outcome).collect();
    let shown = if looks.all { told.len() } else { OBJECTS_SHOWN };
    for result in told.iter().take(shown) {
        write_object(result, (outcome, host), out)?;
    }
    if told.len() > shown {
        writeln!(out, "{INDENT}and {} more (--all shows them)", told.len() - shown)?;
    }
    match told.iter().find(|result| !result.remediation.is_empty()) {
        Some(result) if outcome == Outcome::Fail => {
            writeln!(out, "{INDENT}→ {}", result.remediation)
        }
        _ => Ok(()),
    }
}

fn write_object(
    result: &BaselineResult,
    (outcome, host): (Outcome, &str),
    out: &mut dyn Write,
) -> io::Result<()> {
    let state = match result.outcome == outcome {
        true => String::new(),
        false => format!("[{}] ", word(result.outcome)),
    };
    writeln!(out, "{INDENT}{state}{}: {}", object(result, host), result.evidence)?;
    if !result.excepted.is_empty() {
        writeln!(out, "{INDENT}  excepted: {}", result.excepted)?;
    }
    Ok(())
}

/// What came out of a recommendation as a whole, as the score counts it.
fn worst(results: &[BaselineResult]) -> Outcome {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::NotApplicable => 0,
        Outcome::Pass => 1,
        Outcome::NeedsHuman => 2,
        Outcome::Error => 3,
        Outcome::Fail => 4,
    };
    let all = results.iter().map(|result| result.outcome);
    all.max_by_key(rank).unwrap_or(Outcome::NotApplicable)
}

fn write_changes(changes: &[BaselineChange], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nSince the run before: {} changes", changes.len())?;
    let said = |outcome: Option<Outcome>| outcome.map_or("not there", word);
    for change in changes.iter().take(CHANGES_SHOWN) {
        let (before, after) = (said(change.before), said(change.after));
        let (id, object, title) = (&change.id, &change.object, &change.title);
        writeln!(out, "  {id:<7} {object}: {before} → {after} ({title})")?;
    }
    if changes.len() > CHANGES_SHOWN {
        writeln!(out, "  and {} more", changes.len() - CHANGES_SHOWN)?;
    }
    Ok(())
}

fn write_score(score: &BaselineScore, out: &mut dyn Write) -> io::Result<()> {
    let BaselineScore { passed, failed, needs_human, not_applicable, excepted, errors, percent } =
        score;
    writeln!(
        out,
        "\nScore {percent:.1} %: {passed} passed, {failed} failed, {needs_human} need a human, \
         {not_applicable} not applicable, {excepted} excepted, {errors} errors",
    )
}

fn color(outcome: Outcome, on: bool) -> (&'static str, &'static str) {
    match outcome {
        _ if !on => ("", ""),
        Outcome::Fail => ("\x1b[31m", "\x1b[0m"),
        Outcome::Error => ("\x1b[35m", "\x1b[0m"),
        Outcome::NeedsHuman => ("\x1b[33m", "\x1b[0m"),
        Outcome::Pass => ("\x1b[32m", "\x1b[0m"),
        Outcome::NotApplicable => ("\x1b[2m", "\x1b[0m"),
    }
}
