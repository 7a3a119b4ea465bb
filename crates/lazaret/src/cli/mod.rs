//! The command line: what it takes, and the role each verb calls.

mod advisories;
mod agent;
mod audit;
mod baseline;
mod cache;
mod completions;
mod diff;
mod digests;
mod judging;
mod looking;
mod model;
mod policy;
mod reports;
mod rules;
mod runtime_guard;
mod sbom;
mod scan;
mod seeing;
mod server;
mod templates;
mod writing;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ColorChoice, Parser, Subcommand};

use crate::progress::Bar;

const EXAMPLES: &str = "\
Examples:
  lazaret advisories update                    fetch the advisory database
  lazaret scan alpine:3.19                     scan an image from a daemon or registry
  lazaret scan image.tar -f sarif -o out.sarif scan an archive, write SARIF
  lazaret sbom debian:12 > debian.cdx.json     list what is inside
  lazaret diff app:1 app:2                     what changed between two images

Exit status: 0 allowed, 1 denied by the policy, 2 the job could not be done.";

/// Container security: template, image and container judged by one policy.
#[derive(Debug, Parser)]
#[command(name = "lazaret", version, about, after_help = EXAMPLES, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// When to colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,

    /// No progress bar, no remarks: only the result and errors
    #[arg(long, short, global = true)]
    quiet: bool,

    /// Where the advisory database and reports are kept
    #[arg(long, global = true, value_name = "DIR", env = "LAZARET_DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// Where layer results and downloads are kept; may be deleted at any time
    #[arg(long, global = true, value_name = "DIR", env = "LAZARET_CACHE_DIR")]
    cache_dir: Option<PathBuf>,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Find vulnerable packages, malicious code, secrets and suspicious steps, and judge them
    Scan(Box<scan::Scan>),
    /// List what is installed in an image as a bill of materials
    Sbom(Box<sbom::Sbom>),
    /// Show what changed between two images
    Diff(Box<diff::Diff>),
    /// Fetch, import and show the advisory database
    Advisories(advisories::Advisories),
    /// Show or check the policy
    Policy(policy::Policy),
    /// Show, add and test the rules for malicious code
    Rules(rules::Rules),
    /// Import, export and list digests of known malicious files
    Digests(digests::Digests),
    /// Train, measure and question the classifiers of malicious code
    Model(model::Model),
    /// Show the reports that `scan --save` kept
    Reports(reports::Reports),
    /// Guard this node: watch what runs, decide over what may start
    Agent(Box<agent::Agent>),
    /// Search, follow and check the audit trail of this machine
    Audit(audit::Audit),
    /// Judge a container before its OCI runtime makes it
    RuntimeGuard(runtime_guard::RuntimeGuard),
    /// Answer a Kubernetes API server: which pods may start
    Server(Box<server::Server>),
    /// Hold this host and its engine against a benchmark
    Baseline(baseline::Baseline),
    /// Show or clear the results kept of layers
    Cache(cache::Cache),
    /// Print the completions of a shell
    Completions(completions::Completions),
}

/// What every verb is given.
pub(crate) struct Context {
    pub(crate) quiet: bool,
    pub(crate) data_dir: PathBuf,
    pub(crate) cache_dir: PathBuf,
    pub(crate) bar: Bar,
}

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Allowed,
    Denied,
    Failed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        ExitCode::from(outcome as u8)
    }
}

impl Cli {
    /// Reads the command line. Called by the runtime's name the program is the runtime guard, and
    /// every word is the runtime's own.
    pub(crate) fn read() -> Self {
        let mut words = std::env::args_os();
        let name = words.next().map(PathBuf::from).unwrap_or_default();
        if name.file_name().is_some_and(|name| name == runtime_guard::RuntimeGuard::NAME) {
            return Cli {
                color: ColorChoice::Never,
                quiet: true,
                data_dir: std::env::var_os("LAZARET_DATA_DIR").map(PathBuf::from),
                cache_dir: std::env::var_os("LAZARET_CACHE_DIR").map(PathBuf::from),
                verb: Verb::RuntimeGuard(runtime_guard::RuntimeGuard::of(words.collect())),
            };
        }
        Cli::parse()
    }

    /// Calls the role behind the verb.
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let choice = match self.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let context = Context {
            quiet: self.quiet,
            data_dir: crate::dirs::data_dir(self.data_dir),
            cache_dir: crate::dirs::cache_dir(self.cache_dir),
            bar: Bar::new(self.quiet),
        };
        match self.verb {
            Verb::Scan(verb) => verb.run(&context),
            Verb::Sbom(verb) => verb.run(&context),
            Verb::Diff(verb) => verb.run(&context),
            Verb::Advisories(verb) => verb.run(&context),
            Verb::Policy(verb) => verb.run(&context),
            Verb::Rules(verb) => verb.run(&context),
            Verb::Digests(verb) => verb.run(&context),
            Verb::Model(verb) => verb.run(&context),
            Verb::Reports(verb) => verb.run(&context),
            Verb::Agent(verb) => verb.run(&context),
            Verb::Audit(verb) => verb.run(&context),
            Verb::RuntimeGuard(verb) => verb.run(&context),
            Verb::Server(verb) => verb.run(&context),
            Verb::Baseline(verb) => verb.run(&context),
            Verb::Cache(verb) => verb.run(&context),
            Verb::Completions(verb) => verb.run(),
        }
    }
}

/// The whole command line, for completions.
pub(crate) fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}
