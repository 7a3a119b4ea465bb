//! `lazaret policy decisions`: what the gates decided, and whether the log is whole.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use store::{Store, StoredDecision};

use super::Format;
use super::explain::word;
use super::facts::{moment, open_store};
use crate::cli::writing::write_to;
use crate::cli::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret policy decisions                         the newest decisions
  lazaret policy decisions --since 2026-11-01 -f json
  lazaret policy decisions --verify                is the log whole? prints its newest hash

Each decision carries the hash of the one before it: whoever keeps the newest hash elsewhere can tell
later whether the log was changed. Exit status: 0 whole, 1 broken, 2 the job could not be done.";

/// Read the decision log.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Decisions {
    /// Only since: a day or a moment, the oldest first
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,

    /// Most decisions listed
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,

    /// Follow the log from its beginning instead of listing it
    #[arg(long)]
    verify: bool,

    /// Where decisions are kept [default: in the data directory]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,

    /// Shape of the answer
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

impl Decisions {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let store = open_store(context, self.store.as_deref())?;
        if self.verify {
            return self.follow(&store);
        }
        let found = match self.since.as_deref() {
            Some(since) => store.decisions(moment(since)?, self.limit)?,
            None => store.latest_decisions(self.limit)?,
        };
        write_to(None, |out| match self.format {
            Format::Json => {
                for decision in &found {
                    let StoredDecision { number, hash, record } = decision;
                    let line = json!({"number": number, "hash": hash, "record": record});
                    serde_json::to_writer(&mut *out, &line)?;
                    writeln!(out)?;
                }
                Ok(())
            }
            Format::Table => as_table(&found, out),
        })?;
        Ok(Outcome::Allowed)
    }

    fn follow(&self, store: &Store) -> anyhow::Result<Outcome> {
        let chain = store.verify_decisions()?;
        let broken = chain.broken.as_ref();
        if self.format == Format::Json {
            let broken = broken.map(|(number, why)| json!({"number": number, "why": why}));
            let value = json!({"decisions": chain.decisions, "head": chain.head, "broken": broken});
            println!("{}", serde_json::to_string_pretty(&value)?);
        } else {
            println!("{} decisions follow one another, up to {}", chain.decisions, chain.head);
            if let Some((number, why)) = broken {
                println!("decision {number}: {why}");
            }
        }
        Ok(if broken.is_none() { Outcome::Allowed } else { Outcome::Denied })
    }
}

fn as_table(found: &[StoredDecision], out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "{:>6}  {:<20}  {:<14}  {:<6}  {:>8}  WHAT AND WHY",
        "NUMBER", "WHEN", "GATE", "DONE", "MICROS"
    )?;
    for StoredDecision { number, record, .. } in found {
        let at = record.at.strftime("%Y-%m-%dT%H:%M:%SZ");
        let images: Vec<&str> =
            record.workload.containers.iter().map(|c| c.image.reference.as_str()).collect();
        let because = match record.because.as_str() {
            "" => String::new(),
            because => format!(" ({} but for {because})", word(record.verdict.decision)),
        };
        let line = format!("{} {}{because}", record.action, images.join(", "));
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        writeln!(
            out,
            "{number:>6}  {at:<20}  {:<14}  {:<6}  {:>8}  {line}",
            record.gate.as_str(),
            word(record.enforced),
            record.duration_us
        )?;
        if let Some(reason) = record.verdict.reasons.first() {
            let text: String = reason.message.chars().filter(|c| !c.is_control()).collect();
            writeln!(out, "{:64}{}: {text}", "", reason.rule)?;
        }
    }
    Ok(())
}
