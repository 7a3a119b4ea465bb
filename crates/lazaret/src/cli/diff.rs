//! `lazaret diff`: what changed between two images.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use model::Decision;
use scan::report::{Format, Options};

use super::judging::Judging;
use super::looking::Looking;
use super::seeing::Seeing;
use super::writing::{Looks, write_to};
use super::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret diff app:1.0 app:1.1
  lazaret diff old.tar new.tar -f json

Exit status: 0 the newer image is allowed, 1 it is denied by the policy, 2 failure.";

/// Show what changed between two images: packages, findings, verdict.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Diff {
    /// The older image
    old: String,

    /// The newer image
    new: String,

    /// Shape of the answer
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    format: DiffFormat,

    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    seeing: Seeing,

    #[command(flatten)]
    judging: Judging,

    #[command(flatten)]
    looking: Looking,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DiffFormat {
    Table,
    Json,
}

impl From<DiffFormat> for Format {
    fn from(format: DiffFormat) -> Format {
        match format {
            DiffFormat::Table => Format::Table,
            DiffFormat::Json => Format::Json,
        }
    }
}

impl Diff {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let court = self.judging.court(context, &self.seeing)?;
        let viewer = self.looking.viewer(context, Some(&self.seeing))?;
        let report = |word: &str| -> anyhow::Result<model::Report> {
            let now = Timestamp::now();
            viewer.judge(word, &court, now).map_err(|error| error.context(word.to_owned()))
        };
        let (old, new) = (report(&self.old)?, report(&self.new)?);
        viewer.finish();
        let diff = scan::diff::diff(&old, &new);
        let looks = Looks::of(self.output.as_deref());
        let options = Options {
            width: looks.width,
            color: looks.color,
            ascii: looks.ascii,
            ..Options::default()
        };
        write_to(self.output.as_deref(), |out| {
            Ok(scan::report::write_diff(self.format.into(), &diff, &options, out)?)
        })?;
        Ok(match new.verdict.decision {
            Decision::Deny => Outcome::Denied,
            _ => Outcome::Allowed,
        })
    }
}
