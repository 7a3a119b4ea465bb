//! `lazaret audit search`: records by time and by a condition.

use std::io::Write;
use std::ops::ControlFlow;
use std::time::Duration;

use agent::audit::{self, Numbered};
use clap::{Args, ValueEnum};
use policy::filter::Condition;
use store::audit::{AuditQuery, AuditReader, Scanned};

use super::range::Which;
use super::{looks, outcome_of};
use crate::cli::Outcome;
use crate::cli::writing::{Looks, write_to};
use crate::terminal;

/// How often `--follow` looks for more.
const LOOK: Duration = Duration::from_millis(500);

const EXAMPLES: &str = "\
Examples:
  lazaret audit search --since 2h 'audit.kind = command and proc.exe endswith /curl'
  lazaret audit search --since 2026-11-25T10:00:00Z --until 2026-11-25T11:00:00Z -f json
  lazaret audit search 'audit.kind = file and fd.name startswith /etc/' -f csv > files.csv
  lazaret audit search --follow 'audit.severity >= medium'

The newest records are listed, in their order. A time range is answered without reading what lies
outside of it.";

/// List records.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Search {
    #[command(flatten)]
    which: Which,

    /// Most records listed, the newest
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1000)]
    limit: usize,

    /// Go on with what comes, until interrupted
    #[arg(long)]
    follow: bool,

    /// Shape of the answer
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// A JSON document a line
    Json,
    /// For spreadsheets
    Csv,
}

impl Search {
    pub(super) fn run(self, reader: &AuditReader) -> anyhow::Result<Outcome> {
        let condition = self.which.condition()?;
        let times_ns = self.which.times_ns()?;
        let next = reader.next_number()?;
        let found = audit::search(reader, condition.as_ref(), times_ns, self.limit)?;
        let looks = Looks::of(None);
        write_to(None, |out| {
            match self.format {
                Format::Table => looks::head(out)?,
                Format::Csv => writeln!(out, "{}", audit::csv_head())?,
                Format::Json => {}
            }
            found.found.iter().try_for_each(|one| self.line(one, &looks, out))
        })?;
        if found.is_cut {
            terminal::warn(&format!(
                "there are older ones: the newest {} are listed; see --limit, --until",
                self.limit
            ));
        }
        if self.follow {
            // What came while the search went on is behind the newest that it listed.
            let listed = found.found.last().map_or(0, |last| last.number.saturating_add(1));
            self.go_on(reader, condition.as_ref(), &looks, next.max(listed))?;
        }
        Ok(outcome_of(&found.scanned))
    }

    fn go_on(
        &self,
        reader: &AuditReader,
        condition: Option<&Condition>,
        looks: &Looks,
        mut next: u64,
    ) -> anyhow::Result<()> {
        loop {
            std::thread::sleep(LOOK);
            let end = reader.next_number()?;
            if end <= next {
                continue;
            }
            let query = AuditQuery {
                numbers: next..end,
                times_ns: self.which.times_ns()?,
                ..AuditQuery::default()
            };
            let mut came = Vec::new();
            let scanned: Scanned = audit::each(reader, condition, query, &mut |number, record| {
                came.push(Numbered { number, record });
                ControlFlow::Continue(())
            })?;
            outcome_of(&scanned);
            next = end;
            let mut is_gone = false;
            write_to(None, |out| {
                came.iter().try_for_each(|one| self.line(one, looks, out))?;
                is_gone = out.flush().is_err();
                Ok(())
            })?;
            if is_gone {
                return Ok(());
            }
        }
    }

    fn line(&self, one: &Numbered, looks: &Looks, out: &mut dyn Write) -> anyhow::Result<()> {
        match self.format {
            Format::Table => looks::row(one, looks, out)?,
            Format::Json => writeln!(out, "{}", audit::json_line(one))?,
            Format::Csv => writeln!(out, "{}", audit::csv_line(one))?,
        }
        Ok(())
    }
}
