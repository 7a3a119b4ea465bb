//! `lazaret agent replay`: a recording looked at again.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use agent::detect::{BUILT_IN_RULES, Engine};
use agent::outputs::{json, text};
use agent::trail::Entry;
use agent::watch::replay;
use clap::Args;

use crate::cli::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret agent replay node.rec                       what the built-in rules say of it
  lazaret agent replay node.rec --rules mine.yaml --json | jq .rule

Exit status: 0 no rule spoke, 1 one did, 2 the recording cannot be read.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Replay {
    /// What `lazaret agent --record` wrote
    recording: PathBuf,

    /// The rules: `built-in`, a file in Falco's format, a folder of them
    #[arg(long, value_name = "WHICH", default_value = BUILT_IN_RULES)]
    rules: Vec<PathBuf>,

    /// Print alerts as lines of JSON, also on a terminal
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let engine = Engine::open(&self.rules)?;
        let for_people = std::io::stdout().is_terminal() && !self.json;
        let mut out = std::io::stdout().lock();
        let mut written = Ok(());
        let mut alerts = 0_u64;
        let replayed = replay(&self.recording, &engine, |seen| {
            for detection in &seen.detections {
                alerts += 1;
                let entry = Entry::Alert(Box::new(seen.alert(detection)));
                let line = if for_people { text(&entry) } else { json(&entry).to_string() };
                if written.is_ok() {
                    written = writeln!(out, "{line}");
                }
            }
        })?;
        written?;
        if let Some(why) = &replayed.cut {
            eprintln!("lazaret: the recording ends before its end: {why}");
        }
        if !context.quiet {
            let (events, rules) = (replayed.events, engine.len());
            eprintln!("{events} events, {rules} rules, {alerts} alerts");
        }
        Ok(if alerts > 0 { Outcome::Denied } else { Outcome::Allowed })
    }
}
