//! `EngineHand`: asks the engine to do something to a container, and waits for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::containerd;
use crate::AgentError;
use crate::docker::{EngineApi, encode};

/// How long the engine may take to pause a container or let it go on.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the engine may take to stop a container.
const STOP_PATIENCE: Duration = Duration::from_secs(30);
/// Seconds that a container has to end by itself.
const STOP_GRACE_SECONDS: u32 = 2;
const STOP_GRACE: Duration = Duration::from_secs(STOP_GRACE_SECONDS as u64);

/// Asks the engine.
#[derive(Debug)]
pub(super) struct EngineHand {
    api: EngineApi,
    runtime: Runtime,
    is_there: bool,
    /// containerd's socket, where there is one.
    containerd: Option<PathBuf>,
}

/// What the engine says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It is done.
    Done,
    /// It knows no such container, or does not answer: it is not this container's engine.
    NotMine,
    /// It cannot be done in the state that the container is in, with the status.
    Refused(String),
}

impl EngineHand {
    /// The hand of the engine at a socket, and of containerd at another.
    pub(super) fn new(socket: &Path, containerd: Option<&Path>) -> Result<Self, AgentError> {
        let what = "the runtime of the hands";
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|why| AgentError::System { what, why: why.to_string() })?;
        let containerd = containerd.map(Path::to_path_buf);
        let (api, is_there) = (EngineApi::new(socket), socket.exists());
        Ok(EngineHand { api, runtime, is_there, containerd })
    }

    /// Whether it knows a container.
    pub(super) fn knows(&self, id: &str) -> bool {
        let path = format!("/containers/{}/json", encode(id));
        self.is_there && matches!(self.runtime.block_on(self.api.object(&path)), Ok(Some(_)))
    }

    /// The number of a container's first process, where it knows it.
    pub(super) fn first_process(&self, id: &str) -> Option<u32> {
        if !self.is_there {
            return None;
        }
        self.runtime.block_on(self.api.first_process(id))
    }

    /// Pauses a container.
    pub(super) fn pause(&self, id: &str) -> Said {
        self.ask(&format!("/containers/{}/pause", encode(id)), PATIENCE)
    }

    /// Lets a paused container go on.
    pub(super) fn unpause(&self, id: &str) -> Said {
        self.ask(&format!("/containers/{}/unpause", encode(id)), PATIENCE)
    }

    /// Stops a container.
    pub(super) fn stop(&self, id: &str) -> Said {
        let path = format!("/containers/{}/stop?t={STOP_GRACE_SECONDS}", encode(id));
        self.ask(&path, STOP_PATIENCE)
    }

    /// Stops a container's task at containerd.
    pub(super) fn stop_task(&self, id: &str) -> Said {
        let socket = self.containerd.as_deref().filter(|socket| socket.exists());
        let Some(socket) = socket else { return Said::NotMine };
        self.runtime.block_on(containerd::stop(socket, id, STOP_GRACE))
    }

    fn ask(&self, path: &str, patience: Duration) -> Said {
        if !self.is_there {
            return Said::NotMine;
        }
        match self.runtime.block_on(self.api.post(path, patience)) {
            Ok(status) if status.is_success() || status.as_u16() == 304 => Said::Done,
            Ok(status) if status.as_u16() == 404 => Said::NotMine,
            Ok(status) => Said::Refused(format!("the engine refuses with status {status}")),
            Err(_) => Said::NotMine,
        }
    }
}
