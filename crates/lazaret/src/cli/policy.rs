//! `lazaret policy`: show the built-in policy, check one's own.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::judging::read_policy;
use super::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret policy show > policy.yaml      the built-in policy, to start one's own from
  lazaret policy check policy.yaml       is it well formed?
  lazaret scan app:1.0 --policy policy.yaml";

/// Show or check the policy.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Policy {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print the built-in policy
    Show,
    /// Tell whether a policy is well formed
    Check {
        /// The policy
        file: PathBuf,
    },
}

impl Policy {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        match self.verb {
            Verb::Show => print!("{}", policy::Policy::built_in_text()),
            Verb::Check { file } => {
                let policy = read_policy(Some(&file))?;
                if !context.quiet {
                    println!("{}: {} rules, well formed", file.display(), policy.rules.len());
                }
            }
        }
        Ok(Outcome::Allowed)
    }
}
