//! `lazaret baseline docker`.

use std::path::PathBuf;

use agent::facts::Places;
use clap::Args;
use jiff::Timestamp;
use store::Store;

use super::holding::Holding;
use crate::cli::{Context, Outcome};

/// Hold Docker Engine and its host against CIS Docker
#[derive(Debug, Args)]
pub(crate) struct Docker {
    /// The engine's socket
    #[arg(long, value_name = "FILE", default_value = "/run/docker.sock")]
    socket: PathBuf,

    /// The host's root directory, where it is mounted in a container
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,

    /// The host's process filesystem
    #[arg(long, value_name = "DIR", default_value = "/proc")]
    proc: PathBuf,

    #[command(flatten)]
    holding: Holding,
}

impl Docker {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let files = [("docker.yaml", policy::baseline::Baseline::docker_text())];
        let baseline = self.holding.baseline(&files)?;
        let decisions = self.holding.decisions()?;
        let places =
            Places { root: self.root, proc: self.proc, socket: self.socket, ..Places::default() };
        let database = context.data_dir.join("lazaret.sqlite");
        let kept = if database.exists() { Some(Store::open(&database)?) } else { None };
        let now = Timestamp::now();
        let observation = agent::facts::docker(&places, kept.as_ref(), now);
        let host = places.host_name();
        let run = agent::baseline::hold(&baseline, &observation, &decisions, (&host, now));
        self.holding.finish(&run, context)
    }
}
