//! `lazaret agent`: the watch over the node.

use std::io::IsTerminal;
use std::path::PathBuf;

use agent::node::{self, Options};
use agent::outputs::Destination;
use clap::Args;

use crate::cli::{Context, Outcome};

#[derive(Debug, Args)]
pub(super) struct Guard {
    /// Rules instead of those that the configuration names: `built-in`, a file in Falco's format, a
    /// folder of them
    #[arg(long, value_name = "WHICH")]
    rules: Vec<PathBuf>,

    /// Keep everything that is seen in a new file, for `lazaret agent replay`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Print alerts as lines of JSON, also on a terminal
    #[arg(long)]
    json: bool,
}

impl Guard {
    pub(super) fn run(self, context: &Context, config_file: PathBuf) -> anyhow::Result<Outcome> {
        std::fs::create_dir_all(&context.data_dir)?;
        let for_people = std::io::stdout().is_terminal() && !self.json;
        let output = if for_people { Destination::Terminal {} } else { Destination::Stdout {} };
        node::run(&Options {
            config_file,
            rules: (!self.rules.is_empty()).then_some(self.rules),
            data_dir: context.data_dir.clone(),
            record: self.record,
            output,
        })?;
        Ok(Outcome::Allowed)
    }
}
