//! What every gate of a node decides with: the store of this machine, and scans for what is missing.

use std::path::Path;
use std::sync::Arc;

use agent::AgentConfig;
use agent::gate::{Court, Scanner};
use store::Store;

use crate::cli::Context;

/// A court over the data directory. Its scans are told where the engines are.
pub(super) fn open(context: &Context, config: &Path) -> anyhow::Result<Court> {
    std::fs::create_dir_all(&context.data_dir)?;
    let store = Arc::new(Store::open(&context.data_dir.join("lazaret.sqlite"))?);
    let AgentConfig { docker, nri, .. } = AgentConfig::load(config)?;
    let environment = vec![
        ("DOCKER_HOST".to_owned(), format!("unix://{}", docker.socket.display())),
        ("CONTAINERD_ADDRESS".to_owned(), nri.containerd.display().to_string()),
        ("CONTAINERD_NAMESPACE".to_owned(), nri.namespace),
        ("LAZARET_CACHE_DIR".to_owned(), context.cache_dir.display().to_string()),
    ];
    let program = std::env::current_exe()?;
    let scanner = Scanner::new(program, context.data_dir.clone(), environment);
    Ok(Court::open(config, store, Some(scanner))?)
}
