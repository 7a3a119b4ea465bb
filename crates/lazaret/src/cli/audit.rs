//! `lazaret audit`: search the trail of this node, tell it as a tree, check it, take it out.

mod export;
mod looks;
mod range;
mod search;
mod tree;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use store::audit::{AuditReader, Scanned};

use super::{Context, Outcome};
use crate::terminal;

/// Where the log lies below the data directory.
const FOLDER: &str = "audit";

const EXAMPLES: &str = "\
Examples:
  lazaret audit search --since 2h 'audit.kind = command and container.name = web'
  lazaret audit search --follow 'audit.severity >= medium'
  lazaret audit tree --around 4711              who started it, and what it did
  lazaret audit verify                          is the log whole? prints its newest hash
  lazaret audit export --since 7d -f parquet -o week.parquet

What conditions may ask: `lazaret policy fields --table audit`. Exit status: 0 done and whole, 1 a
part of the log is damaged, 2 the job could not be done.";

/// Search the audit trail, follow it up and down, check that nothing was changed
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Audit {
    /// The folder of the log [default: `audit` in the data directory]
    #[arg(long, global = true, value_name = "DIR")]
    log: Option<PathBuf>,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List records by time and by a condition
    Search(search::Search),
    /// Tell what led to a record and what came of it
    Tree(tree::TreeOf),
    /// Follow the chain of hashes and tell the first place that is broken
    Verify(verify::Verify),
    /// Write records to a file for other tools
    Export(export::Export),
}

impl Audit {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let folder = self.log.unwrap_or_else(|| context.data_dir.join(FOLDER));
        let reader = AuditReader::open(&folder)?;
        match self.verb {
            Verb::Search(verb) => verb.run(&reader),
            Verb::Tree(verb) => verb.run(&reader),
            Verb::Verify(verb) => verb.run(&reader),
            Verb::Export(verb) => verb.run(&reader, context),
        }
    }
}

/// Says what could not be read.
fn outcome_of(scanned: &Scanned) -> Outcome {
    for damage in &scanned.damaged {
        terminal::warn(&format!(
            "{} cannot be read and its records are missing here: {}",
            damage.path.display(),
            damage.why
        ));
    }
    if scanned.damaged.is_empty() { Outcome::Allowed } else { Outcome::Denied }
}
