//! `lazaret agent responses` and `lazaret agent undo`: what the hands have in force.

use std::io::{IsTerminal, Write};
use std::path::Path;

use agent::AgentConfig;
use agent::node::RESPONSES;
use agent::respond::{InForce, in_force, undo};
use clap::Args;

use crate::cli::{Context, Outcome};

#[derive(Debug, Args)]
pub(super) struct Responses {
    /// Print lines of JSON, also on a terminal
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Undo {
    /// Which, as `lazaret agent responses` lists them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

impl Responses {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let for_people = std::io::stdout().is_terminal() && !self.json;
        let mut out = std::io::stdout().lock();
        for entry in in_force(&context.data_dir.join(RESPONSES))? {
            let line = if for_people { line(&entry) } else { serde_json::to_string(&entry)? };
            writeln!(out, "{line}")?;
        }
        Ok(Outcome::Allowed)
    }
}

impl Undo {
    pub(super) fn run(self, context: &Context, config: &Path) -> anyhow::Result<Outcome> {
        let engine = AgentConfig::load(config)?.docker.socket;
        for id in &self.ids {
            let record = undo(&context.data_dir.join(RESPONSES), &engine, id)?;
            if !context.quiet {
                eprintln!("lazaret: {}", record.text);
            }
        }
        Ok(Outcome::Allowed)
    }
}

/// `id  action  container  image  program  since  until  rule: alert`
fn line(entry: &InForce) -> String {
    let time = |ns: i64| {
        let time = model::Timestamp::from_nanosecond(ns.into());
        time.map(|time| format!("{time:.0}")).unwrap_or_default()
    };
    let container = &entry.container;
    let id: String = container.id.chars().take(12).collect();
    let until = entry.until_ns.map(|ns| format!(" until {}", time(ns))).unwrap_or_default();
    let program = entry.program().map(|path| format!(" {path}")).unwrap_or_default();
    format!(
        "{}  {:13} {id} {} {}{program}  since {}{until}  {}: {}",
        entry.id,
        entry.action.as_str(),
        container.name,
        container.image,
        time(entry.since_ns),
        entry.rule,
        entry.alert
    )
}
