//! `lazaret advisories`: fetch, import and show the advisory database.

use std::path::PathBuf;

use advisory::{Builder, Endpoint, Fetched, SourceStatus, SourceSummary, UpdateOptions};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::cache::mebibytes;
use super::judging::open_database;
use super::writing::write_to;
use super::{Context, Outcome};
use crate::terminal;

/// Reasons for left out statements that are shown of each source.
const REASONS_SHOWN: usize = 5;
const SECONDS_A_DAY: i64 = 86_400;

const EXAMPLES: &str = "\
Examples:
  lazaret advisories update                        every source that is on by default
  lazaret advisories update --source debian --source ghsa
  lazaret advisories update --mirror https://mirror.example/advisories
  lazaret advisories import snapshots/*.tar.zst    local copies; the format is detected
  lazaret advisories status                        what the database holds, and its age
  lazaret advisories sources                       what can be fetched, and on what terms";

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
    /// Show what the database holds of each source, and its age
    Status(Status),
    /// List the sources that can be fetched, with the terms of their data
    Sources,
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

impl Advisories {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        match self.verb {
            Verb::Update(update) => update.run(context),
            Verb::Import(import) => import.run(context),
            Verb::Status(status) => status.run(context),
            Verb::Sources => list_sources(),
        }
    }
}

impl Update {
    /// Fetches every chosen source; one that fails is said and the others still count.
    fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut builder = Builder::open(&context.data_dir, Timestamp::now())?;
        let options = UpdateOptions {
            sources: self.sources,
            cache_dir: context.cache_dir.join("advisories"),
            mirror: self.mirror,
            ..UpdateOptions::default()
        };
        let mut deliver = |fetched: &Fetched| {
            builder.origin(fetched.url.clone(), true);
            fetched.import(&mut builder, &context.bar)
        };
        let updates = advisory::update(&options, &mut deliver, &context.bar)?;
        context.bar.clear();
        let mut outcome = Outcome::Allowed;
        let mut summaries = Vec::new();
        for update in updates {
            match update.outcome {
                Ok((_, read)) => summaries.extend(read),
                Err(error) => {
                    outcome = Outcome::Failed;
                    terminal::error(&anyhow::Error::from(error).context(update.source));
                }
            }
        }
        if !summaries.is_empty() {
            builder.write()?;
            print_summaries(&summaries, context)?;
        }
        Ok(outcome)
    }
}

impl Import {
    /// Reads every snapshot; one that cannot be read is said and the others still count. Nothing
    /// is written when none could be read.
    fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut builder = Builder::open(&context.data_dir, Timestamp::now())?;
        let mut outcome = Outcome::Allowed;
        let mut summaries = Vec::new();
        for path in &self.paths {
            builder.origin(path.display().to_string(), false);
            match advisory::import(path, &mut builder, &context.bar) {
                Ok(read) => summaries.extend(read),
                Err(error) => {
                    context.bar.clear();
                    outcome = Outcome::Failed;
                    terminal::error(&error.into());
                }
            }
        }
        context.bar.clear();
        if !summaries.is_empty() {
            builder.write()?;
            print_summaries(&summaries, context)?;
        }
        Ok(outcome)
    }
}

/// One line a source: what was taken, what was left out and why.
fn print_summaries(summaries: &[SourceSummary], context: &Context) -> anyhow::Result<()> {
    write_to(None, |out| {
        writeln!(out, "{:24} {:>9} {:>9} {:>9}  NEWEST", "SOURCE", "FILES", "RECORDS", "REJECTED")?;
        for summary in summaries {
            let newest = summary.newest.map_or_else(|| "-".to_owned(), day);
            let (source, files, records) = (&summary.source, summary.files, summary.records);
            let rejected = summary.rejected_count;
            writeln!(out, "{source:24} {files:>9} {records:>9} {rejected:>9}  {newest}")?;
        }
        Ok(())
    })?;
    if !context.quiet {
        for summary in summaries {
            for reason in summary.rejected.iter().take(REASONS_SHOWN) {
                terminal::warn(&format!("{}: {reason}", summary.source));
            }
        }
    }
    Ok(())
}

impl Status {
    fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let database = open_database(&context.data_dir)?;
        let sources: Vec<&SourceStatus> = database.sources().collect();
        if self.json {
            let status = serde_json::json!({
                "database": database.version(),
                "size_bytes": database.size_bytes(),
                "sources": sources,
            });
            return write_to(None, |out| {
                serde_json::to_writer_pretty(&mut *out, &status)?;
                Ok(writeln!(out)?)
            })
            .map(|()| Outcome::Allowed);
        }
        let now = Timestamp::now();
        write_to(None, |out| {
            let version = database.version();
            let size = mebibytes(database.size_bytes());
            writeln!(out, "{}  built {}  {size}", version.digest, day(version.built))?;
            writeln!(out, "{:24} {:>9} {:>10} {:>9}  FROM", "SOURCE", "RECORDS", "NEWEST", "AGE")?;
            for source in sources {
                let newest = source.newest.map_or_else(|| "-".to_owned(), day);
                let age_days = now.duration_since(source.fresh_as_of()).as_secs() / SECONDS_A_DAY;
                let (name, records) = (&source.name, source.records);
                let age = format!("{} days", age_days.max(0));
                writeln!(out, "{name:24} {records:>9} {newest:>10} {age:>9}  {}", source.origin)?;
            }
            Ok(())
        })?;
        Ok(Outcome::Allowed)
    }
}

/// One line a source: name, whether it is fetched unasked, what it says, the terms of its data.
fn list_sources() -> anyhow::Result<Outcome> {
    write_to(None, |out| {
        writeln!(out, "{:20} {:7} {:52} LICENCE OF THE DATA", "SOURCE", "DEFAULT", "WHAT")?;
        for source in advisory::sources() {
            let default = match (source.endpoint, source.default_on) {
                (Endpoint::ImportOnly, _) => "import",
                (_, true) => "on",
                (_, false) => "off",
            };
            writeln!(out, "{:20} {default:7} {:52} {}", source.name, source.what, source.licence)?;
        }
        Ok(())
    })?;
    Ok(Outcome::Allowed)
}

/// The UTC day of a moment.
fn day(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d").to_string()
}
