//! The signals of the node's guard, beside its threads.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::AgentError;
use crate::signals::Signals;

/// How often is looked whether somebody else has ended the work.
const LOOK: Duration = Duration::from_millis(100);

/// Waits until SIGTERM or SIGINT comes, or `stop` is set; sets `stop`. SIGHUP calls `reload`.
pub(super) fn wait(stop: &AtomicBool, reload: impl Fn()) -> Result<(), AgentError> {
    let system = |error: io::Error| AgentError::System {
        what: "signals cannot be waited for",
        why: error.to_string(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(system)?.block_on(async {
        let Signals { mut end, mut hangup } = Signals::catch()?;
        while !stop.load(Ordering::Relaxed) {
            tokio::select! {
                () = end.asked() => break,
                _ = hangup.recv() => reload(),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        Ok(())
    });
    stop.store(true, Ordering::Relaxed);
    outcome
}
