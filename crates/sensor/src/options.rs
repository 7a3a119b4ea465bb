//! How the sensor looks: what its user chooses.

use crate::Interest;
use crate::limits::{DEFAULT_BULK_BURST, DEFAULT_BULK_RATE, DEFAULT_SHARDS};

/// Programs that edit their line themselves and run what was typed, by the kernel's name for them.
const LINE_EDITORS: [&str; 14] = [
    "ash", "bash", "busybox", "csh", "dash", "fish", "ksh", "ksh93", "mksh", "rbash", "sh", "tcsh",
    "yash", "zsh",
];

/// How the sensor looks.
#[derive(Debug, Clone)]
pub struct SensorOptions {
    /// The system calls that are wanted. Fork, exec, exit and cgroups always are.
    pub interests: Vec<Interest>,
    /// Rings for bulk events; the events of one process stay in one.
    pub shards: usize,
    /// Bulk events a second that one cgroup may send; 0 for no limit.
    pub bulk_rate: u32,
    /// Bulk events that one cgroup may send at once.
    pub bulk_burst: u32,
    /// The controller whose cgroups tell containers, by its index in the kernel; `None` for the
    /// unified hierarchy.
    pub cgroup_subsystem: Option<u32>,
    /// That controller's hierarchy; 0 for the unified one.
    pub cgroup_hierarchy: u32,
    /// Programs whose keys are told when [`Interest::terminal_input`] is wanted, by the kernel's name
    /// for them: those that edit a line and then run it. Of others that read key by key nothing is
    /// told. At most 64.
    pub line_editors: Vec<String>,
    /// How the kernel's memory is read; `None` for the fastest that it allows.
    pub reading: Option<Reading>,
}

impl Default for SensorOptions {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        SensorOptions {
            interests: Interest::all(),
            shards: processors.min(DEFAULT_SHARDS),
            bulk_rate: DEFAULT_BULK_RATE,
            bulk_burst: DEFAULT_BULK_BURST,
            cgroup_subsystem: None,
            cgroup_hierarchy: 0,
            line_editors: LINE_EDITORS.map(str::to_owned).to_vec(),
            reading: None,
        }
    }
}

/// How the programs read the kernel's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Through typed pointers; kernels 6.2 and newer.
    Direct,
    /// Word by word; kernels 5.8 and newer.
    Probed,
}
