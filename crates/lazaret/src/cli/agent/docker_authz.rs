//! `lazaret agent --docker-authz`: what Docker may start.

use std::path::Path;
use std::sync::Arc;

use agent::gate::{Court, Scanner};
use store::Store;

use crate::cli::{Context, Outcome};

pub(super) fn run(context: &Context, config: &Path) -> anyhow::Result<Outcome> {
    std::fs::create_dir_all(&context.data_dir)?;
    let store = Arc::new(Store::open(&context.data_dir.join("lazaret.sqlite"))?);
    let docker = agent::AgentConfig::load(config)?.docker;
    let environment = vec![
        ("DOCKER_HOST".to_owned(), format!("unix://{}", docker.socket.display())),
        ("LAZARET_CACHE_DIR".to_owned(), context.cache_dir.display().to_string()),
    ];
    let program = std::env::current_exe()?;
    let scanner = Scanner::new(program, context.data_dir.clone(), environment);
    let court = Court::open(config, store, Some(scanner))?;
    agent::docker::serve_docker_authz(court)?;
    Ok(Outcome::Allowed)
}
