//! `lazaret audit tree`: what led to a record and what came of it.

use agent::audit::{self, Around, TreeWindow};
use anyhow::bail;
use clap::{Args, ValueEnum};
use store::audit::AuditReader;

use super::{looks, outcome_of, range};
use crate::cli::Outcome;
use crate::cli::writing::{Looks, write_to};

const EXAMPLES: &str = "\
Examples:
  lazaret audit tree --around 4711
  lazaret audit tree --around 8123@90817263544 --before 2h --after 1d
  lazaret audit tree --around 4711 -f json

A tree has the processes above the record's own, what that one and its descendants did (commands,
lines, files, connections, alerts, responses), and what else happened in the same container, or in
the same session of the host.";

/// Tell the trail around a record.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TreeOf {
    /// A record by its number, or a process, `pid@start`
    #[arg(long, value_name = "RECORD")]
    around: Around,

    /// How far it goes back
    #[arg(long, value_name = "SPAN", default_value = "15m", value_parser = span)]
    before: i64,

    /// How far it goes on
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = span)]
    after: i64,

    /// Shape of the answer
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

impl TreeOf {
    pub(super) fn run(self, reader: &AuditReader) -> anyhow::Result<Outcome> {
        let window = TreeWindow { before_ns: self.before, after_ns: self.after };
        let Some(tree) = audit::tree(reader, self.around, window)? else {
            bail!("{} has no such record", reader.folder().display());
        };
        let looks = Looks::of(None);
        write_to(None, |out| {
            if self.format == Format::Json {
                let shape = serde_json::json!({
                    "around": tree.around,
                    "processes": tree.processes,
                    "left_out": tree.left_out,
                    "is_cut": tree.is_cut,
                });
                serde_json::to_writer_pretty(&mut *out, &shape)?;
                return Ok(writeln!(out)?);
            }
            let lines = audit::lines(&tree);
            Ok(lines.iter().try_for_each(|line| looks::tree_line(line, &looks, out))?)
        })?;
        Ok(outcome_of(&tree.scanned))
    }
}

fn span(word: &str) -> Result<i64, String> {
    range::span_ns(word).ok_or_else(|| "expected a span such as 90s, 15m, 2h or 7d".to_owned())
}
