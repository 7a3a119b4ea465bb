//! Signals: the end, and rules to be read again.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::AgentError;

/// How often is looked whether somebody else has ended the work.
const LOOK: Duration = Duration::from_millis(100);

/// Waits until SIGTERM or SIGINT comes, or `stop` is set; sets `stop`. SIGHUP calls `reload`.
pub(super) fn wait(stop: &AtomicBool, reload: impl Fn()) -> Result<(), AgentError> {
    let system = |error: io::Error| AgentError::System {
        what: "signals cannot be caught",
        why: error.to_string(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(system)?.block_on(async {
        let mut end = signal(SignalKind::terminate()).map_err(system)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(system)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(system)?;
        while !stop.load(Ordering::Relaxed) {
            tokio::select! {
                _ = end.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => reload(),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        Ok(())
    });
    stop.store(true, Ordering::Relaxed);
    outcome
}
