//! `lazaret agent`: the node role.

use std::path::PathBuf;
use std::sync::Arc;

use agent::CONFIG_FILE;
use agent::gate::{Court, Scanner};
use clap::Args;
use store::Store;

use super::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret agent --docker-authz                     as systemd starts it (deploy/systemd)
  lazaret agent --docker-authz --config agent.yaml

SIGHUP reads the configuration and the policy again; SIGTERM ends it when what is asked is answered.";

/// Decide over what may start on this machine.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Agent {
    /// Answer Docker Engine as its authorization plugin
    #[arg(long, required = true)]
    docker_authz: bool,

    /// The agent's configuration
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    config: PathBuf,
}

impl Agent {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        std::fs::create_dir_all(&context.data_dir)?;
        let store = Arc::new(Store::open(&context.data_dir.join("lazaret.sqlite"))?);
        let docker = agent::AgentConfig::load(&self.config)?.docker;
        let environment = vec![
            ("DOCKER_HOST".to_owned(), format!("unix://{}", docker.socket.display())),
            ("LAZARET_CACHE_DIR".to_owned(), context.cache_dir.display().to_string()),
        ];
        let program = std::env::current_exe()?;
        let scanner = Scanner::new(program, context.data_dir.clone(), environment);
        let court = Court::open(&self.config, store, Some(scanner))?;
        if self.docker_authz {
            agent::docker::serve_docker_authz(court)?;
        }
        Ok(Outcome::Allowed)
    }
}
