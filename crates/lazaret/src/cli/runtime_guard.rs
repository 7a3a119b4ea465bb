//! `lazaret runtime-guard`: stands where an engine expects its OCI runtime.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use agent::CONFIG_FILE;
use agent::gate::{Court, Scanner};
use agent::guard::{guard, runtime_of, tell_engine};
use clap::Args;
use store::Store;

use super::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret runtime-guard -- --root /run/runc create --bundle /b c1
  ln -s /usr/bin/lazaret /usr/local/sbin/lazaret-runc   under this name every word is the runtime's

Docker, in /etc/docker/daemon.json:
  {\"default-runtime\": \"lazaret\", \"runtimes\": {\"lazaret\": {\"path\": \"/usr/local/sbin/lazaret-runc\"}}}
Podman, in containers.conf:
  [engine]
  runtime = \"/usr/local/sbin/lazaret-runc\"";

/// Judge a container before its OCI runtime makes it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RuntimeGuard {
    /// The agent's configuration
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    config: PathBuf,

    /// What the engine says to its runtime
    #[arg(last = true, value_name = "RUNTIME ARGUMENTS")]
    words: Vec<OsString>,
}

/// Where the configuration is, when no option can say so.
fn config_file() -> PathBuf {
    std::env::var_os("LAZARET_AGENT_CONFIG").map_or_else(|| CONFIG_FILE.into(), PathBuf::from)
}

impl RuntimeGuard {
    /// The program's name under which every word is the runtime's.
    pub(crate) const NAME: &'static str = "lazaret-runc";

    /// A guard with the usual configuration, for that name.
    pub(crate) fn of(words: Vec<OsString>) -> Self {
        RuntimeGuard { config: config_file(), words }
    }

    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let words = self.words.clone();
        let ended = self.judge(context);
        if let Err(why) = &ended {
            tell_engine(&words, &format!("lazaret: {why:#}"));
        }
        ended
    }

    fn judge(self, context: &Context) -> anyhow::Result<Outcome> {
        let runtime = agent::AgentConfig::load(&self.config)?.guard.runtime;
        let runtime = runtime_of(runtime.as_deref())?;
        std::fs::create_dir_all(&context.data_dir)?;
        let store = Arc::new(Store::open(&context.data_dir.join("lazaret.sqlite"))?);
        let cache = context.cache_dir.display().to_string();
        let environment = vec![("LAZARET_CACHE_DIR".to_owned(), cache)];
        let program = std::env::current_exe()?;
        let scanner = Scanner::new(program, context.data_dir.clone(), environment);
        let court = Court::open(&self.config, store, Some(scanner))?;
        guard(court, &runtime, self.words)?;
        Ok(Outcome::Denied)
    }
}
