//! `lazaret completions`: the completions of a shell on standard output.

use clap::Args;
use clap_complete::Shell;

use super::Outcome;

const EXAMPLES: &str = "\
Examples:
  lazaret completions bash > /etc/bash_completion.d/lazaret
  lazaret completions zsh  > ~/.zfunc/_lazaret
  lazaret completions fish > ~/.config/fish/completions/lazaret.fish";

/// Print the completions of a shell.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        clap_complete::generate(
            self.shell,
            &mut super::command(),
            "lazaret",
            &mut std::io::stdout(),
        );
        Ok(Outcome::Allowed)
    }
}
