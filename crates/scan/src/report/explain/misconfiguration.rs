//! A template's weakness explained: where it stands, what was seen, how to repair it.

use std::io;

use model::Misconfiguration;

use super::write_fact;
use crate::report::table::Page;

pub(super) fn write_facts(page: &mut Page<'_>, flaw: &Misconfiguration) -> io::Result<()> {
    let place = &flaw.place;
    let lines = format!("{}:{}-{}", place.file, place.first_line, place.last_line);
    write_fact(page, "rule", &flaw.rule)?;
    write_fact(page, "place", &lines)?;
    for (name, value) in [("subject", &flaw.subject), ("seen", &flaw.message), ("fix", &flaw.fix)] {
        if !value.is_empty() {
            write_fact(page, name, value)?;
        }
    }
    if !flaw.aliases.is_empty() {
        write_fact(page, "aliases", &flaw.aliases.join(", "))?;
    }
    if !flaw.reference.is_empty() {
        write_fact(page, "more", &flaw.reference)?;
    }
    Ok(())
}
