//! The node role of Lazaret: gates in front of the engines, facts of the host, hands.
//!
//! No HTTP server but its own local sockets; every queue is bounded and every loss counted. What
//! may start is decided by `policy` from stored reports; this room asks, enforces and writes down.
//!
//! [`gate`] is what every gate shares: workload → reports → judge → record. [`docker`] is the
//! authorization plugin, [`nri`] the plugin of containerd.

pub mod alerts;
pub mod attribute;
pub mod audit;
pub mod baseline;
mod clock;
pub mod commands;
mod config;
pub mod detect;
pub mod docker;
pub mod drift;
pub mod drill;
mod error;
pub mod facts;
pub mod gate;
pub mod guard;
pub mod isolation;
mod kept;
pub mod key_files;
pub mod lifecycle;
mod limits;
pub mod lines;
pub mod network;
pub mod node;
pub mod nri;
pub mod outputs;
pub mod respond;
mod signals;
pub mod trail;
pub mod watch;

pub use config::{
    AgentConfig, BUILT_IN_POLICY, CONFIG_FILE, DetectConfig, DockerConfig, MetricsConfig, NriConfig,
};
pub use error::AgentError;
