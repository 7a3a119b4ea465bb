//! `IsolationConfig`: from when on a container's use of the node is told.

use std::path::PathBuf;

use serde::Deserialize;

/// What the monitor is told, in `agent.yaml` under `isolation`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IsolationConfig {
    /// Whether containers are measured at all.
    pub enabled: bool,
    /// How often, in milliseconds.
    pub poll_ms: u64,
    /// Where what was learnt is kept over restarts; nowhere when empty.
    pub state: PathBuf,
    /// Workloads and names of containers of which nothing is told. `*` at the end stands for
    /// anything.
    pub ignored: Vec<String>,
    /// Limits whose absence is told, once a container.
    pub limits_wanted: Vec<LimitKind>,
    /// Over how many seconds use and stalls are averaged.
    pub window_s: u64,
    /// From how many percent of a limit on a container counts as at it.
    pub at_limit_percent: f64,
    /// For how many seconds memory must be at its limit.
    pub at_limit_s: u64,
    /// From how many percent of throttled scheduling periods on a container is told.
    pub throttled_percent: f64,
    /// How many kills for want of memory make a loop.
    pub oom_loop_kills: u64,
    /// Within how many seconds.
    pub oom_loop_s: u64,
    /// New processes and threads a second that are told.
    pub forks_per_s: f64,
    /// Over how many seconds they are averaged.
    pub forks_window_s: u64,
    /// From how many percent of time waited for disks on a container is told.
    pub io_stalled_percent: f64,
    /// From how many percent of time waited on the whole host on the one who causes it is told.
    pub host_pressure_percent: f64,
    /// From which share of the use, in percent, on a container counts as the one who causes it.
    pub host_share_percent: f64,
    /// The learnt normal.
    pub normal: NormalConfig,
    /// The writable layer.
    pub disk: DiskConfig,
    /// Mining.
    pub mining: MiningConfig,
}

/// A limit of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitKind {
    /// Of memory.
    Memory,
    /// Of processor time.
    Cpu,
    /// Of processes.
    Pids,
}

/// When use is more than a workload's normal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NormalConfig {
    /// Whether the normal is learnt.
    pub enabled: bool,
    /// For how many hours a workload is learnt before anything is told.
    pub learn_hours: f64,
    /// How many times the learnt 99.9th percentile is too much.
    pub factor: f64,
    /// For how many seconds.
    pub sustained_s: u64,
}

/// When the writable layer grows too fast or too large.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiskConfig {
    /// Whether writable layers are measured.
    pub enabled: bool,
    /// How often, in seconds.
    pub look_s: u64,
    /// Growth within the window below which nothing is told, in MiB.
    pub growth_mib: u64,
    /// Told when the filesystem will be full within so many minutes.
    pub full_minutes: f64,
    /// From which share of the filesystem on a layer is told, in percent.
    pub share_percent: f64,
    /// Below so many percent of free space half that share is enough.
    pub free_percent: f64,
}

/// When processor load looks like mining.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MiningConfig {
    /// Whether it is looked for.
    pub enabled: bool,
    /// Share of the processor time that the container may use, in percent.
    pub cpu_percent: f64,
    /// For how many minutes.
    pub minutes: f64,
    /// Names of miners beside the known ones.
    pub names: Vec<String>,
}

impl Default for IsolationConfig {
    fn default() -> Self {
        IsolationConfig {
            enabled: true,
            poll_ms: 1000,
            state: "isolation.json".into(),
            ignored: Vec::new(),
            limits_wanted: vec![LimitKind::Memory, LimitKind::Cpu, LimitKind::Pids],
            window_s: 60,
            at_limit_percent: 95.0,
            at_limit_s: 30,
            throttled_percent: 50.0,
            oom_loop_kills: 3,
            oom_loop_s: 600,
            forks_per_s: 500.0,
            forks_window_s: 10,
            io_stalled_percent: 60.0,
            host_pressure_percent: 20.0,
            host_share_percent: 70.0,
            normal: NormalConfig::default(),
            disk: DiskConfig::default(),
            mining: MiningConfig::default(),
        }
    }
}

impl Default for NormalConfig {
    fn default() -> Self {
        NormalConfig { enabled: true, learn_hours: 24.0, factor: 2.0, sustained_s: 300 }
    }
}

impl Default for DiskConfig {
    fn default() -> Self {
        DiskConfig {
            enabled: true,
            look_s: 10,
            growth_mib: 256,
            full_minutes: 60.0,
            share_percent: 25.0,
            free_percent: 10.0,
        }
    }
}

impl Default for MiningConfig {
    fn default() -> Self {
        MiningConfig { enabled: true, cpu_percent: 90.0, minutes: 10.0, names: Vec::new() }
    }
}

impl IsolationConfig {
    /// Whether nothing is told of a container with this name and workload.
    pub(super) fn ignores(&self, name: &str, workload: &str) -> bool {
        self.ignored.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(begin) => name.starts_with(begin) || workload.starts_with(begin),
            None => name == pattern || workload == pattern,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_has_its_default_and_what_is_not_known_is_refused() {
        let read = |text: &str| serde_saphyr::from_str::<IsolationConfig>(text);
        let config = read("window_s: 30\ndisk: {full_minutes: 5}\nlimits_wanted: [pids]").unwrap();
        assert_eq!((config.window_s, config.disk.look_s), (30, 10));
        assert_eq!(config.limits_wanted, [LimitKind::Pids]);
        assert!(read("windows_s: 30").is_err() && read("limits_wanted: [disk]").is_err());
        let config = IsolationConfig { ignored: vec!["ci-*".to_owned()], ..config };
        assert!(config.ignores("ci-1", "") && !config.ignores("web", "compose:ci-/x"));
    }
}
