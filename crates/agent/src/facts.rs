//! EYES of the node: what is seen of a host and its engine, as subjects with typed facts.
//!
//! Looks, and decides nothing: `policy::baseline` judges. Whatever cannot be looked at is said in
//! the observation; nothing here fails as a whole. The readers of foreign bytes are pure functions
//! over texts ([`AuditRules`], [`DaemonConfig`], [`Unit`]).

mod accounts;
mod audit_kernel;
mod audit_rules;
mod daemon_config;
mod docker;
mod engine;
mod file;
mod host;
mod kubernetes;
mod limits;
mod listeners;
mod mounts;
mod process;
mod root;
mod unit_file;
mod yaml;

use std::path::PathBuf;

use model::{Observation, Timestamp};
use store::Store;

pub use audit_rules::AuditRules;
pub use daemon_config::{DaemonConfig, flags as daemon_flags};
pub(crate) use engine::{Document, Engine as EngineReader};
pub use host::{SshConfig, SudoRules, parse_sudoers};
pub use kubernetes::{ClusterAccess, Dialect, Flags, KubeletConfig, KubernetesPlaces};
pub use unit_file::Unit;

/// Where a host is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The host's root directory: `/`, or where it is mounted.
    pub root: PathBuf,
    /// The host's process filesystem.
    pub proc: PathBuf,
    /// The engine's socket.
    pub socket: PathBuf,
    /// Whether to ask the kernel for its audit rules before the files are read.
    pub ask_kernel: bool,
}

impl Default for Places {
    fn default() -> Self {
        Places {
            root: PathBuf::from("/"),
            proc: PathBuf::from("/proc"),
            socket: PathBuf::from("/run/docker.sock"),
            ask_kernel: true,
        }
    }
}

impl Places {
    /// The host's name, as its kernel has it; `localhost` where that cannot be read.
    pub fn host_name(&self) -> String {
        let name = std::fs::read_to_string(self.proc.join("sys/kernel/hostname"));
        let name = name.map(|name| name.trim().to_owned()).unwrap_or_default();
        if name.is_empty() { "localhost".to_owned() } else { name }
    }
}

/// What is seen of a Docker Engine and its host. `kept` are the reports of images that scanning
/// has left; `now` is the moment that ages are counted to.
///
/// Blocks for about 50 s at most, whatever the host's size; not to be called within an
/// asynchronous runtime.
pub fn docker(places: &Places, kept: Option<&Store>, now: Timestamp) -> Observation {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(docker::look(places, kept, now)),
        Err(error) => {
            let mut observation = Observation::default();
            docker::miss_all(&mut observation, &error.to_string());
            observation
        }
    }
}

/// What is seen of a Kubernetes node and, where there is a way to its API, of its cluster. Nothing
/// is changed, no program is run.
///
/// Blocks for about 50 s at most, whatever the cluster's size; not to be called within an
/// asynchronous runtime.
pub fn kubernetes(places: &KubernetesPlaces) -> Observation {
    kubernetes::look(places)
}

/// What is seen of a container host. `places.socket` is not asked. Nothing is changed, no program is
/// run.
///
/// Blocks for some seconds at most, whatever the host's size.
pub fn host(places: &Places) -> Observation {
    host::look(places)
}

/// What the audits of checks find on a node: for each check the objects, such as processes, with
/// the answers; the object is empty for the whole node. With `shell` audits that nothing else
/// answers are run by `/bin/sh`, each for at most 10 s.
pub fn answer_checks(
    places: &KubernetesPlaces,
    checks: &[&policy::checks::Check],
    shell: bool,
) -> Vec<Vec<(String, policy::checks::Answers)>> {
    kubernetes::answer_checks(places, checks, shell)
}
