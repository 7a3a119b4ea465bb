//! Signals: the end, and what is to be read again.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::AgentError;

/// What a process is asked by signals. None is missed from the moment on that it is made.
pub(crate) struct Signals {
    pub(crate) end: End,
    /// SIGHUP: read again.
    pub(crate) hangup: Signal,
}

/// SIGTERM and SIGINT.
pub(crate) struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Catches all three. Inside a runtime only.
    pub(crate) fn catch() -> Result<Self, AgentError> {
        Ok(Signals { end: End::catch()?, hangup: caught(SignalKind::hangup())? })
    }
}

impl End {
    /// Catches what asks for the end. Inside a runtime only.
    pub(crate) fn catch() -> Result<Self, AgentError> {
        let (terminate, interrupt) =
            (caught(SignalKind::terminate())?, caught(SignalKind::interrupt())?);
        Ok(End { terminate, interrupt })
    }

    /// Waits until somebody asks.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn caught(kind: SignalKind) -> Result<Signal, AgentError> {
    let system = |error: io::Error| AgentError::System {
        what: "signals cannot be caught",
        why: error.to_string(),
    };
    signal(kind).map_err(system)
}
