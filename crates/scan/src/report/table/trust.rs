//! Who answers for the image: every requirement of its scope, met or not, and why.

use std::io;

use model::{Decision, TrustRequirement, TrustResult};

use super::{BAD, BOLD, CAUTION, DIM, GOOD, Line, PLAIN, Page};
use crate::report::text::count;
use crate::report::view::View;

/// The section, when a requirement is not met.
pub(super) fn write_unmet(page: &mut Page<'_>, view: &View<'_>) -> io::Result<()> {
    let Some(trust) = &view.report.trust else { return Ok(()) };
    let unmet = trust.requirements.iter().filter(|requirement| !requirement.met).count();
    if unmet == 0 {
        return Ok(());
    }
    let all = count(trust.requirements.len(), "requirement", "requirements");
    page.heading("TRUST", &format!("{unmet} of {all} not met"))?;
    page.wrap(&scope(trust))?;
    // What is not met stands first.
    let (met, not): (Vec<_>, Vec<_>) = trust.requirements.iter().partition(|r| r.met);
    for requirement in not.into_iter().chain(met) {
        page.wrap(&line(requirement, trust.mode))?;
    }
    for signature in &trust.signatures {
        let failure = signature.failure.as_deref().unwrap_or("holds");
        let line = Line::new(4)
            .add(DIM, format!("found {} at ", signature.format))
            .foreign(DIM, &signature.found_at)
            .add(DIM, ": ")
            .foreign(PLAIN, failure);
        page.wrap(&line)?;
    }
    Ok(())
}

/// One line, when all are met: by whom.
pub(super) fn write_met(page: &mut Page<'_>, view: &View<'_>) -> io::Result<()> {
    let Some(trust) = &view.report.trust else { return Ok(()) };
    if trust.requirements.iter().any(|requirement| !requirement.met) {
        return Ok(());
    }
    page.heading("TRUST", "")?;
    let line = Line::new(2)
        .add(GOOD, "✔ ")
        .add(PLAIN, format!("{} of the scope ", met_words(trust.requirements.len())))
        .foreign(BOLD, &trust.scope)
        .add(PLAIN, ": ")
        .foreign(PLAIN, &answered_by(trust));
    page.wrap(&line)
}

fn met_words(number: usize) -> String {
    match number {
        0 => "no requirement".to_owned(),
        1 => "the requirement".to_owned(),
        number => format!("all {number} requirements"),
    }
}

/// The identities that signed, else by what the requirements are met.
fn answered_by(trust: &TrustResult) -> String {
    let holds = trust.signatures.iter().filter(|signature| signature.failure.is_none());
    let mut names: Vec<String> = holds
        .filter_map(|signature| {
            let identity = signature.identity.as_deref()?;
            Some(format!("signed by {identity} ({})", signature.format))
        })
        .collect();
    names.dedup();
    if names.is_empty() {
        names = trust.requirements.iter().map(|requirement| requirement.reason.clone()).collect();
    }
    names.join(", ")
}

fn scope(trust: &TrustResult) -> Line {
    let line = Line::new(2).add(DIM, "scope ").foreign(BOLD, &trust.scope);
    let line = line.add(DIM, " · ").foreign(DIM, &trust.reference);
    match trust.mode {
        Decision::Deny => line,
        mode => line.add(
            CAUTION,
            match mode {
                Decision::Allow => " · decides nothing",
                _ => " · only warns",
            },
        ),
    }
}

fn line(requirement: &TrustRequirement, mode: Decision) -> Line {
    let (style, mark) = match (requirement.met, mode) {
        (true, _) => (GOOD, "✔ "),
        (false, Decision::Deny) => (BAD, "✖ "),
        (false, _) => (CAUTION, "▲ "),
    };
    Line::new(2)
        .add(style, mark)
        .foreign(BOLD, &requirement.demand)
        .add(PLAIN, ": ")
        .foreign(PLAIN, &requirement.reason)
        .add(DIM, "  (")
        .foreign(DIM, &requirement.kind)
        .add(DIM, ")")
}
