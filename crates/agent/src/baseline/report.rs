//! Writers of a baseline's report: table, JSON, SARIF, JUnit.

mod json;
mod junit;
mod sarif;
mod table;

use std::io::{self, Write};
use std::str::FromStr;

use model::{BaselineResult, Outcome};
use policy::baseline::BaselineChange;

use super::BaselineRun;

/// The shape of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaselineFormat {
    /// For people.
    Table,
    /// The whole run, `lazaret.baseline/v1`.
    Json,
    /// SARIF 2.1.0: what failed, for code scanning and other viewers.
    Sarif,
    /// JUnit XML: a case for each result, for build servers.
    Junit,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct BaselineLooks {
    /// Colours for a terminal.
    pub color: bool,
    /// What passed and what does not apply, too.
    pub all: bool,
}

impl FromStr for BaselineFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "table" => Ok(BaselineFormat::Table),
            "json" => Ok(BaselineFormat::Json),
            "sarif" => Ok(BaselineFormat::Sarif),
            "junit" => Ok(BaselineFormat::Junit),
            _ => Err(format!("`{text}` is no format: expected table, json, sarif or junit")),
        }
    }
}

/// Writes a run; `changes` is what came out differently since the run before, `None` when there
/// was none.
///
/// # Errors
/// The writer's.
pub fn write(
    format: BaselineFormat,
    run: &BaselineRun,
    changes: Option<&[BaselineChange]>,
    looks: BaselineLooks,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        BaselineFormat::Table => table::write(run, changes, looks, out),
        BaselineFormat::Json => json::write(run, changes, out),
        BaselineFormat::Sarif => sarif::write(run, out),
        BaselineFormat::Junit => junit::write(run, out),
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "fail",
        Outcome::NotApplicable => "not applicable",
        Outcome::NeedsHuman => "needs a human",
        Outcome::Error => "error",
    }
}

/// The result's object, or the host where it has none.
fn object<'a>(result: &'a BaselineResult, host: &'a str) -> &'a str {
    if result.object.is_empty() { host } else { &result.object }
}

#[cfg(test)]
mod tests;
