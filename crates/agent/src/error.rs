//! `AgentError`: the node role cannot do its work.

use std::path::PathBuf;

/// The node role cannot do its work. One line: what, where, what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// A file of the agent's own cannot be read.
    #[error("cannot read {path}: {why}; check that it exists and is readable by root")]
    File {
        /// The file.
        path: PathBuf,
        /// Why, in the system's words.
        why: String,
    },
    /// The agent's configuration is wrong.
    #[error("{path}: {why}")]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the place.
        why: String,
    },
    /// The policy is wrong.
    #[error("{0}")]
    Policy(#[from] policy::PolicyError),
    /// The store of reports cannot be used.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The audit log cannot be used.
    #[error(transparent)]
    Audit(#[from] store::audit::AuditError),
    /// The kernel does not let the sensor see.
    #[error(transparent)]
    Sensor(#[from] sensor::SensorError),
    /// The socket cannot be listened on.
    #[error(
        "cannot listen on {path}: {why}; check that its directory exists and that no other agent runs"
    )]
    Listen {
        /// The socket.
        path: PathBuf,
        /// Why, in the system's words.
        why: String,
    },
    /// The engine does not answer, or not so that it could be understood.
    #[error("the engine at {path} does not answer {what}: {why}")]
    Engine {
        /// Its socket.
        path: PathBuf,
        /// What it was asked.
        what: String,
        /// Why not.
        why: String,
    },
    /// A scan that was to make the missing report did not.
    #[error("the scan of {image} made no report: {why}")]
    Scan {
        /// The image.
        image: String,
        /// Why.
        why: String,
    },
    /// The rules are wrong.
    #[error("{why}")]
    Rules {
        /// The first mistake, with its file and place.
        why: String,
    },
    /// A recording cannot be written or read.
    #[error("{path}: {why}")]
    Recording {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The system refuses something else.
    #[error("{what}: {why}")]
    System {
        /// What.
        what: &'static str,
        /// Why, in the system's words.
        why: String,
    },
}
