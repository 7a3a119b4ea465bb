//! Package URLs, one a line: what another tool wants to be given.

use std::collections::BTreeSet;
use std::io::{self, Write};

use model::Report;

/// Every package URL of every report once, sorted.
pub(super) fn write(reports: &[Report], out: &mut dyn Write) -> io::Result<()> {
    let packages = reports.iter().flat_map(|report| &report.inventory.packages);
    let purls: BTreeSet<&str> =
        packages.filter_map(|package| Some(package.purl.as_ref()?.as_str())).collect();
    for purl in purls {
        writeln!(out, "{purl}")?;
    }
    Ok(())
}
