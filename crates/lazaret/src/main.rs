//! The binary `lazaret`: parse, load configuration, call a role, turn the answer into an exit
//! code. No logic lives here.

mod cli;
mod dirs;
mod progress;
mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::read();
    match cli.run() {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            terminal::error(&error);
            cli::Outcome::Failed.into()
        }
    }
}
