//! `lazaret agent drill`: proves that this node sees.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use agent::AgentConfig;
use agent::drill::{BEHAVIOURS, DrillOptions, drill, find_busybox};
use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use crate::cli::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret agent drill                              six behaviours, six alerts
  lazaret agent drill --busybox ./busybox --json | jq .milliseconds

Exit status: 0 every alert came, 1 one did not, 2 the drill could not be done.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Drill {
    /// A static busybox for the image; where the system has one, when not said
    #[arg(long, value_name = "FILE")]
    busybox: Option<PathBuf>,

    /// Print lines of JSON, also on a terminal
    #[arg(long)]
    json: bool,
}

impl Drill {
    pub(super) fn run(self, context: &Context, config: &Path) -> anyhow::Result<Outcome> {
        let engine = AgentConfig::load(config)?.docker.socket;
        let busybox = self.busybox.or_else(find_busybox).context(
            "the drill makes its image of a static busybox, and there is none; install \
             busybox-static or name one with --busybox",
        )?;
        let for_people = std::io::stdout().is_terminal() && !self.json;
        if !context.quiet && for_people {
            eprintln!(
                "lazaret: {} harmless behaviours in a container of their own",
                BEHAVIOURS.len()
            );
        }
        let outcomes = drill(&DrillOptions { engine, busybox }, |_, _| {})?;
        let mut out = std::io::stdout().lock();
        for outcome in &outcomes {
            let (name, rule) = (outcome.behaviour.name, outcome.behaviour.rule);
            let after = outcome.seen.as_ref().map(|seen| seen.after.as_secs_f64() * 1000.0);
            if for_people {
                let seen = after.map_or("NOT SEEN".to_owned(), |after| format!("{after:5.0} ms"));
                writeln!(out, "{seen:>8}  {name:20} {rule}")?;
                continue;
            }
            let text = outcome.seen.as_ref().map(|seen| seen.text.as_str());
            let seen = text.is_some();
            let line = json!({
                "behaviour": name, "rule": rule, "seen": seen, "milliseconds": after, "output": text,
            });
            writeln!(out, "{line}")?;
        }
        let seen = outcomes.iter().filter(|outcome| outcome.seen.is_some()).count();
        if !context.quiet {
            eprintln!("lazaret: {seen} of {} seen", outcomes.len());
        }
        Ok(if seen == outcomes.len() { Outcome::Allowed } else { Outcome::Denied })
    }
}
