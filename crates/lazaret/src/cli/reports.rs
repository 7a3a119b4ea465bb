//! `lazaret reports`: what `scan --save` kept on this machine.

use anyhow::bail;
use clap::{Args, Subcommand};
use model::Report;
use scan::report::{Format, Options};
use store::{ReportId, Store};

use super::writing::{Looks, write_to};
use super::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret scan app:1.0 --save
  lazaret reports list
  lazaret reports show 7 -f json";

/// Show the reports that `scan --save` kept.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Reports {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the newest reports
    List {
        /// Most reports listed
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
    },
    /// Print a report again
    Show {
        /// Its number in the list
        id: i64,
        /// Shape of the report, as for `scan`
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: Format,
    },
    /// Delete all but the newest reports
    Prune {
        /// How many stay
        #[arg(long, value_name = "N")]
        keep: u32,
    },
}

impl Reports {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let store = open(context)?;
        match self.verb {
            Verb::List { limit } => list(&store, limit)?,
            Verb::Show { id, format } => show(&store, id, format)?,
            Verb::Prune { keep } => println!("{} deleted", store.prune_to_count(keep)?),
        }
        Ok(Outcome::Allowed)
    }
}

fn open(context: &Context) -> anyhow::Result<Store> {
    std::fs::create_dir_all(&context.data_dir)?;
    Ok(Store::open(&context.data_dir.join("lazaret.sqlite"))?)
}

/// Keeps reports.
pub(crate) fn save(context: &Context, reports: &[Report]) -> anyhow::Result<()> {
    let store = open(context)?;
    for report in reports {
        store.save_report(report)?;
    }
    Ok(())
}

fn list(store: &Store, limit: u32) -> anyhow::Result<()> {
    write_to(None, |out| {
        writeln!(out, "{:>5}  {:20}  {:7}  {:>8}  IMAGE", "ID", "SCANNED", "VERDICT", "FINDINGS")?;
        for head in store.latest_reports(limit)? {
            let verdict = format!("{:?}", head.decision).to_lowercase();
            let name: String = head.name.chars().filter(|c| !c.is_control()).collect();
            let at = head.scanned_at.strftime("%Y-%m-%dT%H:%M:%SZ");
            writeln!(out, "{:>5}  {at:20}  {verdict:7}  {:>8}  {name}", head.id.0, head.findings)?;
        }
        Ok(())
    })
}

fn show(store: &Store, id: i64, format: Format) -> anyhow::Result<()> {
    let Some(report) = store.report(ReportId(id))? else {
        bail!("no report has the number {id}: see `lazaret reports list`");
    };
    let looks = Looks::of(None);
    let options = Options {
        width: looks.width,
        color: looks.color,
        ascii: looks.ascii,
        ..Options::default()
    };
    write_to(None, |out| Ok(scan::report::write(format, &[report], &options, out)?))
}
