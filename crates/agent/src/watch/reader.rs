//! `Reader`: who reads one ring, on a thread of its own, and touches nothing else that may not answer.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::Namespaces;
use sensor::{Ring, decode};

use super::Watch;
use super::queue::Sender;
use super::runtime::Listener;
use crate::AgentError;

/// How long a ring is waited for before it is looked at all the same.
const RING_PATIENCE: Duration = Duration::from_millis(10);
/// How long is read on after the end was asked for. What comes later goes unread: a ring that is
/// filled faster than it is read has no end.
const READ_ON: Duration = Duration::from_secs(1);

/// Who reads one ring.
pub(super) struct Reader<'a> {
    pub(super) ring: &'a Ring,
    pub(super) sender: Sender<'a>,
    pub(super) watch: &'a Watch,
    pub(super) listener: &'a Listener<'a>,
    pub(super) host: &'a Namespaces,
}

impl Reader<'_> {
    /// Reads until `stop` says so.
    pub(super) fn read(self, stop: &AtomicBool) -> Result<(), AgentError> {
        let until = Cell::new(None);
        let sink = |bytes: Option<&[u8]>| {
            let is_stopped = stop.load(Ordering::Relaxed);
            let Some(bytes) = bytes else { return !is_stopped };
            if is_stopped {
                let last = until.get().unwrap_or_else(|| Instant::now() + READ_ON);
                until.set(Some(last));
                if Instant::now() > last {
                    return false;
                }
            }
            match decode(bytes) {
                Ok(event) => {
                    self.listener.observe(&event, self.host);
                    self.watch.at_once(&event);
                    self.sender.send(event, self.ring.is_alerts(), &self.watch.lost);
                }
                Err(_) => {
                    self.watch.lost.malformed.fetch_add(1, Ordering::Relaxed);
                }
            }
            true
        };
        Ok(self.ring.read(RING_PATIENCE, sink)?)
    }
}
