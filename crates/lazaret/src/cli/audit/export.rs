//! `lazaret audit export`: records to a file for other tools.

use std::ops::ControlFlow;
use std::path::PathBuf;

use agent::audit::{self, Numbered};
use anyhow::bail;
use clap::{Args, ValueEnum};
use model::AuditRecord;
use store::audit::{AuditQuery, AuditReader, ParquetFile, Scanned};

use super::outcome_of;
use super::range::Which;
use crate::cli::writing::write_private;
use crate::cli::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret audit export -f json -o all.jsonl
  lazaret audit export --since 7d -f parquet -o week.parquet 'container.name = web'
  lazaret audit export -f csv | xz > all.csv.xz

All records that the condition holds for, the oldest first.";

/// Write records to a file.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Export {
    #[command(flatten)]
    which: Which,

    /// The file; standard output when there is none
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Shape of the file
    #[arg(long, short, value_name = "FORMAT", default_value = "json")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A JSON document a line
    Json,
    /// Comma-separated values
    Csv,
    /// Parquet, with the columns of the log
    Parquet,
}

impl Export {
    pub(super) fn run(self, reader: &AuditReader, context: &Context) -> anyhow::Result<Outcome> {
        let (scanned, records) = match (self.format, &self.output) {
            (Format::Parquet, None) => bail!("a Parquet file needs a name: -o FILE"),
            (Format::Parquet, Some(path)) => {
                let mut file = ParquetFile::create(path)?;
                let scanned =
                    self.each(reader, &mut |one| Ok(file.push(one.number, &one.record)?))?;
                (scanned, file.finish()?)
            }
            (format, path) => self.as_lines(reader, format, path.as_deref())?,
        };
        if self.output.is_some() && !context.quiet {
            println!("{records} records");
        }
        Ok(outcome_of(&scanned))
    }

    fn as_lines(
        &self,
        reader: &AuditReader,
        format: Format,
        path: Option<&std::path::Path>,
    ) -> anyhow::Result<(Scanned, u64)> {
        let (mut scanned, mut records) = (Scanned::default(), 0);
        write_private(path, |out| {
            if format == Format::Csv {
                writeln!(out, "{}", audit::csv_head())?;
            }
            scanned = self.each(reader, &mut |one| {
                records += 1;
                let line = match format {
                    Format::Csv => audit::csv_line(&one),
                    _ => audit::json_line(&one),
                };
                Ok(writeln!(out, "{line}")?)
            })?;
            Ok(())
        })?;
        Ok((scanned, records))
    }

    fn each(
        &self,
        reader: &AuditReader,
        write: &mut dyn FnMut(Numbered) -> anyhow::Result<()>,
    ) -> anyhow::Result<Scanned> {
        let condition = self.which.condition()?;
        let query = AuditQuery { times_ns: self.which.times_ns()?, ..AuditQuery::default() };
        let mut failed = None;
        let mut visit = |number: u64, record: AuditRecord| match write(Numbered { number, record })
        {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        };
        let scanned = audit::each(reader, condition.as_ref(), query, &mut visit)?;
        failed.map_or(Ok(scanned), Err)
    }
}
