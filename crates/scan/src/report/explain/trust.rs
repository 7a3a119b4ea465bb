//! An unmet requirement of trust explained, with every signature that was found.

use std::io;

use model::{Distrust, Report, SignatureFact};

use super::write_fact;
use crate::report::table::{BAD, BOLD, DIM, GOOD, Line, PLAIN, Page};

pub(super) fn write_facts(page: &mut Page<'_>, distrust: &Distrust) -> io::Result<()> {
    write_fact(page, "demanded", &format!("{}: {}", distrust.requirement, distrust.demand))?;
    write_fact(page, "scope", &distrust.scope)?;
    write_fact(page, "reference", &distrust.reference)?;
    write_fact(page, "not met", &distrust.reason)
}

/// Every signature, and why it does not hold where it does not.
pub(super) fn write_signatures(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let Some(trust) = &report.trust else { return Ok(()) };
    page.heading("SIGNATURES", if trust.signatures.is_empty() { "none was found" } else { "" })?;
    for signature in &trust.signatures {
        page.wrap(&head(signature))?;
        for (name, value) in facts(signature) {
            let line = Line::new(4).cell(DIM, name, 12).hanging(12);
            page.wrap(&line.whole(PLAIN, &value))?;
        }
        if let Some(failure) = &signature.failure {
            page.wrap(&Line::new(4).cell(DIM, "failure", 12).hanging(12).whole(BAD, failure))?;
        }
    }
    Ok(())
}

fn head(signature: &SignatureFact) -> Line {
    let line = Line::new(2).add(BOLD, signature.format.as_str()).add(PLAIN, "  ");
    match signature.failure {
        None => line.add(GOOD, "holds"),
        Some(_) => line.add(BAD, "does not hold"),
    }
}

fn facts(signature: &SignatureFact) -> Vec<(&'static str, String)> {
    let mut facts = vec![("found at", signature.found_at.clone())];
    facts.extend(signature.signs.as_ref().map(|digest| ("signs", digest.to_string())));
    facts.extend(signature.reference.clone().map(|name| ("names", name)));
    facts.extend(signature.identity.clone().map(|name| ("trusted as", name)));
    facts.extend(signature.signer.clone().map(|name| ("signer", name)));
    facts.extend(signature.signed_at.map(|time| ("says made", time.to_string())));
    facts
}
