//! `lazaret advisories`: fetch, import and show the advisory database.

use std::path::PathBuf;

use advisory::SourceSummary;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{Context, Outcome};
use crate::terminal;

const EXAMPLES: &str = "\
Examples:
  lazaret advisories update                        every source that is on by default
  lazaret advisories update --source debian --source ghsa
  lazaret advisories update --mirror https://mirror.example/advisories
  lazaret advisories import snapshots/*.tar.zst    local copies; the format is detected
  lazaret advisories status                        sources, ages, counts";

/// Fetch, import and show the advisory database.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Advisories {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Fetch what has changed at the sources
    Update(Update),
    /// Read local snapshots: directories, archives or single files
    Import(Import),
    /// Show the sources, their age and what they hold
    Status(Status),
}

#[derive(Debug, Args)]
struct Update {
    /// Only this source; may be given several times
    #[arg(long = "source", value_name = "NAME")]
    sources: Vec<String>,

    /// Ask this mirror instead of the upstream hosts
    #[arg(long, value_name = "URL", env = "LAZARET_ADVISORY_MIRROR")]
    mirror: Option<String>,
}

#[derive(Debug, Args)]
struct Import {
    /// Snapshots
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct Status {
    /// Print JSON
    #[arg(long)]
    json: bool,
}
