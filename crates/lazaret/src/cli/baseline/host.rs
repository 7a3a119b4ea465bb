//! `lazaret baseline host`.

use std::path::PathBuf;

use agent::facts::Places;
use clap::Args;
use jiff::Timestamp;

use super::holding::Holding;
use crate::cli::{Context, Outcome};

/// Hold a container host against Lazaret's own baseline
#[derive(Debug, Args)]
pub(crate) struct Host {
    /// The host's root directory, where it is mounted in a container
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,

    /// The host's process filesystem
    #[arg(long, value_name = "DIR", default_value = "/proc")]
    proc: PathBuf,

    #[command(flatten)]
    holding: Holding,
}

impl Host {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let files = [("host.yaml", policy::baseline::Baseline::host_text())];
        let baseline = self.holding.baseline(&files)?;
        let decisions = self.holding.decisions()?;
        let places = Places { root: self.root, proc: self.proc, ..Places::default() };
        let now = Timestamp::now();
        let observation = agent::facts::host(&places);
        let host = places.host_name();
        let run = agent::baseline::hold(&baseline, &observation, &decisions, (&host, now));
        self.holding.finish(&run, context)
    }
}
