//! What every baseline is held with: rules, decisions, demands, and how it is written.

use std::io::Read;
use std::path::{Path, PathBuf};

use agent::baseline::BaselineRun;
use agent::baseline::report::{self, BaselineFormat, BaselineLooks};
use anyhow::Context as _;
use clap::Args;
use model::{BaselineReport, Severity};
use policy::baseline::{Baseline, BaselineDecisions, Demand, compare};

use crate::cli::writing::{Looks, write_to};
use crate::cli::{Context, Outcome};
use crate::terminal;

/// Most bytes of a file of rules or decisions.
const MAX_DOCUMENT_BYTES: u64 = 4 << 20;

/// How a baseline is held, judged and written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Baseline")]
pub(crate) struct Holding {
    /// Shape of the report: table, json, sarif, junit
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    format: BaselineFormat,

    /// Write the report to a file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Show what passed and what does not apply, and every object
    #[arg(long)]
    all: bool,

    /// The benchmark's level: 1, or 2 with everything of 1
    #[arg(long, value_name = "LEVEL", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
    level: u8,

    /// Only these recommendations or sections, such as 5 or 2.8
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,

    /// Rules of your own, over the built-in ones: lists, macros, rules, disabled ids
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,

    /// Exceptions and attestations: id, objects, owner, reason, expires
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,

    /// Exit with 1 when something of this severity or worse failed
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Severity>,

    /// Exit with 1 below this score, 0 to 100
    #[arg(long, value_name = "PERCENT")]
    min_score: Option<f32>,

    /// A run to compare with [default: the one that --save kept]
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,

    /// Keep this run for the next one to compare with
    #[arg(long)]
    save: bool,
}

impl Holding {
    /// The rules: the built-in ones, then the user's.
    pub(crate) fn baseline(&self, built_in: &[(&str, &str)]) -> anyhow::Result<Baseline> {
        let mut own = Vec::new();
        for path in &self.rules {
            own.push((path.display().to_string(), read(path)?));
        }
        let own = own.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let files: Vec<(&str, &str)> = built_in.iter().copied().chain(own).collect();
        let mut baseline = Baseline::parse(&files)?;
        baseline.narrow(self.level, &self.only);
        anyhow::ensure!(!baseline.rules.is_empty(), "--only and --level leave no recommendation");
        Ok(baseline)
    }

    /// Whether a recommendation of this number is asked: it, or one above it, is in `--only`.
    pub(crate) fn wants(&self, id: &str) -> bool {
        let is_below = |number: &String| {
            id.strip_prefix(number.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.only.is_empty() || self.only.iter().any(is_below)
    }

    /// What people have decided.
    pub(crate) fn decisions(&self) -> anyhow::Result<BaselineDecisions> {
        match &self.decisions {
            Some(path) => Ok(BaselineDecisions::parse(&path.display().to_string(), &read(path)?)?),
            None => Ok(BaselineDecisions::default()),
        }
    }

    /// Compares, writes, keeps, and says how it ended.
    pub(crate) fn finish(&self, run: &BaselineRun, context: &Context) -> anyhow::Result<Outcome> {
        let kept = kept(context, &run.report);
        let before = match &self.compare {
            Some(path) => Some(
                agent::baseline::last(path)?
                    .with_context(|| format!("{} is not there", path.display()))?,
            ),
            None => agent::baseline::last(&kept)?,
        };
        let changes = before.map(|before| compare(&before, &run.report));
        let looks = Looks::of(self.output.as_deref());
        let looks = BaselineLooks { color: looks.color, all: self.all };
        write_to(self.output.as_deref(), |out| {
            Ok(report::write(self.format, run, changes.as_deref(), looks, out)?)
        })?;
        if self.save {
            agent::baseline::keep(&kept, &run.report)?;
        }
        let demand = Demand { nothing_from: self.fail_on, score_percent: self.min_score };
        let unmet = demand.unmet(&run.report);
        if !context.quiet {
            unmet.iter().for_each(|line| terminal::warn(line));
        }
        anyhow::ensure!(run.unseen.is_empty(), "{}", run.unseen);
        Ok(if unmet.is_empty() { Outcome::Allowed } else { Outcome::Denied })
    }
}

/// Where runs of a benchmark are kept.
fn kept(context: &Context, report: &BaselineReport) -> PathBuf {
    context.data_dir.join("baseline").join(format!("{}.json", report.benchmark))
}

pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let file =
        std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut text = String::new();
    file.take(MAX_DOCUMENT_BYTES)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text)
}
