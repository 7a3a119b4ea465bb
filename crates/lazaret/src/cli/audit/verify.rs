//! `lazaret audit verify`: is the log whole?

use clap::{Args, ValueEnum};
use serde_json::json;
use store::audit::{AuditReader, Hash};

use crate::cli::Outcome;

const EXAMPLES: &str = "\
Examples:
  lazaret audit verify
  lazaret audit verify --known 81734:3f7c…e1     and does it still have that record?

Every byte of every file is looked at. A log that somebody wrote anew from its beginning is whole by
itself: keep the newest number and hash elsewhere now and then, and ask for them. Exit status: 0
whole, 1 broken, 2 the job could not be done.";

/// Check the log.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Verify {
    /// A record's number and its hash, as an earlier check printed them
    #[arg(long, value_name = "NUMBER:HASH", value_parser = known)]
    known: Option<(u64, Hash)>,

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

impl Verify {
    pub(super) fn run(self, reader: &AuditReader) -> anyhow::Result<Outcome> {
        let found = reader.verify(self.known)?;
        let last = (found.first + found.records).saturating_sub(1);
        if self.format == Format::Json {
            let broken = found.broken.as_ref().map(
                |broken| json!({"file": broken.path, "record": broken.record, "why": broken.why}),
            );
            let shape = json!({
                "first": found.first,
                "records": found.records,
                "segments": found.segments,
                "bytes": found.bytes,
                "last": last,
                "head": found.head.to_string(),
                "broken": broken,
            });
            println!("{}", serde_json::to_string_pretty(&shape)?);
        } else {
            println!(
                "{} records in {} segments, {} bytes, follow one another up to {last}:{}",
                found.records, found.segments, found.bytes, found.head
            );
            if found.first > 1 {
                println!("the log begins at record {}: older ones are no longer kept", found.first);
            }
            if let Some(broken) = &found.broken {
                let record = broken.record.map(|record| format!("record {record}: "));
                let record = record.unwrap_or_default();
                println!("broken: {}: {record}{}", broken.path.display(), broken.why);
            }
        }
        Ok(if found.broken.is_none() { Outcome::Allowed } else { Outcome::Denied })
    }
}

fn known(word: &str) -> Result<(u64, Hash), String> {
    let wrong = || "expected a record's number, a colon and its hash in hexadecimal".to_owned();
    let (number, hash) = word.split_once(':').ok_or_else(wrong)?;
    let number = number.parse().map_err(|_| wrong())?;
    Ok((number, Hash::read(hash).ok_or_else(wrong)?))
}
