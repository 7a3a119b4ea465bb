//! `lazaret baseline kubernetes`.

use std::path::PathBuf;

use agent::facts::{ClusterAccess, KubernetesPlaces, Places};
use clap::Args;
use jiff::Timestamp;
use policy::checks::CheckFile;

use super::holding::{Holding, read};
use crate::cli::{Context, Outcome};

/// Hold a Kubernetes node and its cluster against CIS Kubernetes
#[derive(Debug, Args)]
pub(crate) struct Kubernetes {
    /// The way to the cluster's API [default: the pod's own service account, where this is a pod]
    #[arg(long, value_name = "FILE", env = "KUBECONFIG")]
    kubeconfig: Option<PathBuf>,

    /// Look at the node alone
    #[arg(long)]
    node_only: bool,

    /// The node's root directory, where it is mounted in a container
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,

    /// The node's process filesystem
    #[arg(long, value_name = "DIR", default_value = "/proc")]
    proc: PathBuf,

    /// Checks of your own in the form of kube-bench's cfg files, instead of the built-in rules
    #[arg(long, value_name = "FILE", num_args = 1..)]
    checks: Vec<PathBuf>,

    /// Run audits of these checks that nothing else answers with /bin/sh
    #[arg(long, requires = "checks")]
    allow_shell: bool,

    #[command(flatten)]
    holding: Holding,
}

impl Kubernetes {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let decisions = self.holding.decisions()?;
        // The variable may name several files; the first is the one in use.
        let named = self.kubeconfig.as_ref().and_then(|all| std::env::split_paths(all).next());
        let access = match named.filter(|path| !path.as_os_str().is_empty()) {
            _ if self.node_only => None,
            Some(path) => Some(ClusterAccess::Kubeconfig(path)),
            None => ClusterAccess::of_this_pod(),
        };
        let host = Places { proc: self.proc.clone(), ..Places::default() }.host_name();
        let places = KubernetesPlaces { root: self.root.clone(), proc: self.proc.clone(), access };
        let now = Timestamp::now();
        if !self.checks.is_empty() {
            let mut files = Vec::new();
            for path in &self.checks {
                let mut file = CheckFile::parse(&path.display().to_string(), &read(path)?)?;
                file.checks.retain(|check| self.holding.wants(&check.id));
                files.push(file);
            }
            let run = agent::baseline::hold_checks(
                &files,
                (&places, self.allow_shell),
                &decisions,
                (&host, now),
            );
            return self.holding.finish(&run, context);
        }
        let files = [("kubernetes.yaml", policy::baseline::Baseline::kubernetes_text())];
        let baseline = self.holding.baseline(&files)?;
        let observation = agent::facts::kubernetes(&places);
        let run = agent::baseline::hold(&baseline, &observation, &decisions, (&host, now));
        self.holding.finish(&run, context)
    }
}
