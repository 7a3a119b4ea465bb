//! The node role of Lazaret: gates in front of the engines, facts of the host, hands.
//!
//! No HTTP server but its own local sockets; every queue is bounded and every loss counted. What
//! may start is decided by `policy` from stored reports; this room asks, enforces and writes down.
//!
//! | part | modules |
//! |---|---|
//! | gates, before something starts | [`gate`] (what all share), [`docker`], [`nri`], [`guard`] |
//! | eyes on the host, and the judge's answer | [`facts`], [`baseline`] |
//! | the watch: events with process and container, and what the rules say | [`watch`], [`attribute`], [`detect`], [`drift`] |
//! | who looks besides | [`network`], [`commands`] and [`lines`], [`key_files`], [`isolation`], [`lifecycle`] |
//! | hands | [`respond`] |
//! | what is told and kept | [`alerts`], [`trail`], [`audit`], [`outputs`] |
//! | all of it together; the proof | [`node`]; [`drill`] |

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
mod ready;
pub mod respond;
mod signals;
pub mod trail;
pub mod watch;

pub use config::{
    AgentConfig, BUILT_IN_POLICY, CONFIG_FILE, DetectConfig, DockerConfig, MetricsConfig, NriConfig,
};
pub use error::AgentError;
