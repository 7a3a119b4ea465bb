//! `lazaret baseline kubernetes`.

use std::path::PathBuf;

use agent::facts::{ClusterAccess, KubernetesPlaces, Places};
use clap::Args;
use jiff::Timestamp;

use super::holding::Holding;
use crate::cli::{Context, Outcome};

/// Hold a Kubernetes node and its cluster against CIS Kubernetes
#[derive(Debug, Args)]
pub(crate) struct Kubernetes {
    /// The way to the cluster's API [default: the pod's own service account, where this is a pod]
    #[arg(long, value_name = "FILE", env = "KUBECONFIG")]
    kubeconfig: Option<PathBuf>,

    /// Look at the node alone
    #[arg(long, conflicts_with = "kubeconfig")]
    node_only: bool,

    /// The node's root directory, where it is mounted in a container
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,

    /// The node's process filesystem
    #[arg(long, value_name = "DIR", default_value = "/proc")]
    proc: PathBuf,

    #[command(flatten)]
    holding: Holding,
}

impl Kubernetes {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let files = [("kubernetes.yaml", policy::baseline::Baseline::kubernetes_text())];
        let baseline = self.holding.baseline(&files)?;
        let decisions = self.holding.decisions()?;
        let access = match self.kubeconfig.filter(|path| !path.as_os_str().is_empty()) {
            Some(path) => Some(ClusterAccess::Kubeconfig(path)),
            None if self.node_only => None,
            None => ClusterAccess::of_this_pod(),
        };
        let host = Places { proc: self.proc.clone(), ..Places::default() }.host_name();
        let places = KubernetesPlaces { root: self.root, proc: self.proc, access };
        let now = Timestamp::now();
        let observation = agent::facts::kubernetes(&places);
        let run = agent::baseline::hold(&baseline, &observation, &decisions, (&host, now));
        self.holding.finish(&run, context)
    }
}
