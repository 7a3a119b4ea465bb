//! Isolation failure: a container that takes more of the node than it should, whoever suffers.
//!
//! ```text
//! cgroup files, PSI, /proc ─Gauges, Host→ Sample ─Window→ readings ─Latch→ began / ended → Alert
//! ```
//!
//! One thread reads files that stay open; nothing here needs the sensor. With the watch beside it,
//! [`Notes`] count kills and forks of containers that live too briefly to be looked at.

mod alerts;
mod busiest;
mod cgroups;
mod conditions;
mod config;
mod gauges;
mod host;
mod kept;
mod latch;
mod layer;
mod monitor;
mod normal;
mod notes;
mod oom;
mod parse;
mod view;
mod watched;
mod window;
mod words;

pub use busiest::InImage;
pub use config::{DiskConfig, IsolationConfig, LimitKind, MiningConfig, NormalConfig};
pub use monitor::{Monitor, Places};
pub use notes::Notes;
pub use parse::read_cgroup_file;

/// A moment by both clocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Now {
    /// By a clock that never jumps, in nanoseconds.
    pub steady_ns: u64,
    /// In nanoseconds since 1970.
    pub wall_ns: i64,
}

impl Now {
    /// This moment.
    pub fn read() -> Self {
        Now { steady_ns: crate::clock::since_boot_ns(), wall_ns: crate::clock::now_ns() }
    }
}
