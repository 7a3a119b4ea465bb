//! JSON: the run as it is, with what changed.

use std::io::{self, Write};

use model::BaselineReport;
use policy::baseline::BaselineChange;
use serde::Serialize;

use crate::baseline::BaselineRun;

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    report: &'a BaselineReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<&'a [BaselineChange]>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stale_decisions: &'a [String],
}

pub(super) fn write(
    run: &BaselineRun,
    changes: Option<&[BaselineChange]>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let whole = Whole { report: &run.report, changes, stale_decisions: &run.stale };
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    writeln!(out)
}
