//! The guard alone, for tests: `runtime_guard FOLDER WORDS…` with configuration and store in a
//! folder. The command line's verb is `lazaret runtime-guard`.

use std::path::PathBuf;
use std::sync::Arc;

use lazaret_agent::AgentConfig;
use lazaret_agent::gate::Court;
use lazaret_agent::guard::{guard, runtime_of, tell_engine};
use store::Store;

fn main() {
    let mut words = std::env::args_os().skip(1);
    let folder = PathBuf::from(words.next().unwrap_or_default());
    let words: Vec<_> = words.collect();
    let judge = || -> Result<(), Box<dyn std::error::Error>> {
        let config = folder.join("agent.yaml");
        let runtime = runtime_of(AgentConfig::load(&config)?.guard.runtime.as_deref())?;
        let store = Arc::new(Store::open(&folder.join("lazaret.sqlite"))?);
        guard(Court::open(&config, store, None)?, &runtime, words.clone())?;
        Ok(())
    };
    if let Err(why) = judge() {
        tell_engine(&words, &format!("lazaret: {why}"));
    }
    std::process::exit(1);
}
