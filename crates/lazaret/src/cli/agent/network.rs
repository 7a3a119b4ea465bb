//! `lazaret agent network`: who speaks with whom, as the agent kept it last.

use std::io::{IsTerminal, Write};
use std::path::Path;

use agent::AgentConfig;
use agent::network::{Edge, kept_map};
use clap::Args;

use crate::cli::{Context, Outcome};

#[derive(Debug, Args)]
pub(super) struct Connections {
    /// Only those of a workload or address that has this in its name, at either end
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Print lines of JSON, also on a terminal
    #[arg(long)]
    json: bool,
}

impl Connections {
    pub(super) fn run(self, context: &Context, config: &Path) -> anyhow::Result<Outcome> {
        let state = AgentConfig::load(config)?.network.state;
        let for_people = std::io::stdout().is_terminal() && !self.json;
        let mut out = std::io::stdout().lock();
        for edge in kept_map(&context.data_dir.join(state))? {
            if !self.name.as_deref().is_none_or(|name| has(&edge, name)) {
                continue;
            }
            let line = if for_people { line(&edge) } else { serde_json::to_string(&edge)? };
            writeln!(out, "{line}")?;
        }
        Ok(Outcome::Allowed)
    }
}

fn has(edge: &Edge, name: &str) -> bool {
    edge.key.from.contains(name) || edge.key.to.contains(name)
}

/// `from → to port/protocol  count, failed  first  last`
fn line(edge: &Edge) -> String {
    let time = |ns: i64| {
        let time = model::Timestamp::from_nanosecond(ns.into());
        time.map(|time| format!("{time:.0}")).unwrap_or_default()
    };
    let key = &edge.key;
    let failed = if edge.failed > 0 { format!(", {} failed", edge.failed) } else { String::new() };
    format!(
        "{} → {} {}/{}  {} times{failed}  {} to {}",
        key.from,
        key.to,
        key.port,
        key.protocol,
        edge.count,
        time(edge.first_ns),
        time(edge.last_ns)
    )
}
