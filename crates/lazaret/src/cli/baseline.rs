//! `lazaret baseline`: a host, an engine or a cluster held against a benchmark.

mod docker;
mod holding;
mod host;
mod kubernetes;

use clap::{Args, Subcommand};

use super::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret baseline docker                              what needs work on this host
  lazaret baseline docker --all                        what passed, too
  lazaret baseline docker -f sarif -o docker.sarif --fail-on high
  lazaret baseline docker --save                       keep the run; the next one tells what changed
  lazaret baseline docker --decisions exceptions.yaml  what somebody has decided to live with
  lazaret baseline host                                the host below them
  lazaret baseline kubernetes --kubeconfig admin.conf  this node and its cluster

Exit status: 0 nothing demanded is unmet, 1 a demand (--fail-on, --min-score) is unmet,
2 the job could not be done. See docs/baseline-*.md.";

/// Hold this host against a benchmark
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Baseline {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Docker Engine and its host, aligned to the ids of CIS Docker 1.8 (and 1.6)
    Docker(Box<docker::Docker>),
    /// A container host: kernel, mounts, accounts, SSH, services, ports, files
    Host(Box<host::Host>),
    /// A Kubernetes node and its cluster, aligned to the ids of CIS Kubernetes 1.12 (and 2.0.1)
    Kubernetes(Box<kubernetes::Kubernetes>),
}

impl Baseline {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        match self.verb {
            Verb::Docker(verb) => verb.run(context),
            Verb::Host(verb) => verb.run(context),
            Verb::Kubernetes(verb) => verb.run(context),
        }
    }
}
