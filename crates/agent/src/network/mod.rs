//! The network by workload: who speaks with whom, and what of that is not usual.
//!
//! ```text
//! Seen ─Flow→ ConnectionMap │ Baselines: learn, then tell │ Scans │ known places → Alert
//! ```
//!
//! Nothing is captured: the calls that the watch sees are enough. What is said inside of a
//! connection is looked at only in the first bytes of a call that sends.

mod addresses;
mod baseline;
mod config;
mod eye;
mod flow;
mod known;
mod map;
mod scan;
mod told;
mod words;

pub use config::{NetworkConfig, ScanConfig};
pub use eye::Network;
pub use flow::CALLS;
pub use map::{Edge, EdgeKey, ProtocolName, kept_map};
