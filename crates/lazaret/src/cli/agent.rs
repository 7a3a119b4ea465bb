//! `lazaret agent`: the node role.

mod court;
mod docker_authz;
mod drill;
mod guard;
mod network;
mod nri;
mod replay;
mod responses;

use std::path::PathBuf;

use agent::CONFIG_FILE;
use clap::{Args, Subcommand};

use super::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret agent                                    watch this node: alerts as they happen
  lazaret agent --rules built-in --rules falco_rules.yaml
  lazaret agent --record node.rec                  and keep all that is seen
  lazaret agent replay node.rec --rules mine.yaml  look at it again with other rules
  lazaret agent drill                              prove that this node sees
  lazaret agent undo 3f9c0a61d2                    let a paused container go on
  lazaret agent network web                        who speaks with the workload `web`
  lazaret agent --docker-authz                     decide over what Docker may start (deploy/systemd)
  lazaret agent --nri                              decide over what containerd may start in pods

SIGHUP reads the rules (or configuration and policy) again; SIGTERM ends it when what is begun is done.";

/// Guard this node: watch what runs, decide over what may start
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Agent {
    #[command(subcommand)]
    verb: Option<Verb>,

    /// Answer Docker Engine as its authorization plugin, and do nothing else
    #[arg(long, conflicts_with_all = ["rules", "record", "json"])]
    docker_authz: bool,

    /// Answer containerd as a plugin of its node resource interface, and do nothing else
    #[arg(long, conflicts_with_all = ["docker_authz", "rules", "record", "json"])]
    nri: bool,

    /// The agent's configuration
    #[arg(long, global = true, value_name = "FILE", default_value = CONFIG_FILE)]
    config: PathBuf,

    #[command(flatten)]
    guard: guard::Guard,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Look at a recording again, with the same rules or others
    Replay(replay::Replay),
    /// Prove that this node sees: six harmless behaviours must make six alerts
    Drill(drill::Drill),
    /// List what was done about alerts and is in force
    Responses(responses::Responses),
    /// List who speaks with whom on this node
    Network(network::Connections),
    /// Undo what is in force
    Undo(responses::Undo),
}

impl Agent {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        match self.verb {
            Some(Verb::Replay(verb)) => verb.run(context),
            Some(Verb::Drill(verb)) => verb.run(context, &self.config),
            Some(Verb::Responses(verb)) => verb.run(context),
            Some(Verb::Network(verb)) => verb.run(context, &self.config),
            Some(Verb::Undo(verb)) => verb.run(context, &self.config),
            None if self.docker_authz => docker_authz::run(context, &self.config),
            None if self.nri => nri::run(context, &self.config),
            None => self.guard.run(context, self.config),
        }
    }
}
