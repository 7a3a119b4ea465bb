//! `NetworkConfig`: what of the network is learnt and told.

use std::path::PathBuf;

use serde::Deserialize;

/// What the network's eye is told, in `agent.yaml` under `network`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Whether connections are looked at.
    pub enabled: bool,
    /// Where baselines are kept over restarts; nowhere when empty.
    pub state: PathBuf,
    /// Workloads and names of containers of which nothing is told. `*` at the end stands for
    /// anything.
    pub ignored: Vec<String>,
    /// For how many hours of activity a workload is learnt before anything unexpected is told.
    pub learn_hours: f64,
    /// After how many hours the same is told again.
    pub repeat_hours: f64,
    /// Networks (a /24, of IPv6 a /64) at one port from which on a workload is taken to speak with
    /// the whole internet there.
    pub wide_networks: usize,
    /// Edges of the connection map that are kept.
    pub map_edges: usize,
    /// Port scans.
    pub scan: ScanConfig,
}

/// From when on connections are a scan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScanConfig {
    /// Within how many seconds.
    pub window_s: u64,
    /// Ports of one host.
    pub ports: usize,
    /// Hosts at one port.
    pub hosts: usize,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        NetworkConfig {
            enabled: true,
            state: "network.json".into(),
            ignored: Vec::new(),
            learn_hours: 24.0,
            repeat_hours: 24.0,
            wide_networks: 8,
            map_edges: 16_384,
            scan: ScanConfig::default(),
        }
    }
}

impl Default for ScanConfig {
    fn default() -> Self {
        ScanConfig { window_s: 10, ports: 20, hosts: 50 }
    }
}

impl NetworkConfig {
    /// Whether nothing is told of a container with this name and workload.
    pub(super) fn ignores(&self, name: &str, workload: &str) -> bool {
        self.ignored.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(begin) => name.starts_with(begin) || workload.starts_with(begin),
            None => name == pattern || workload == pattern,
        })
    }
}
