//! The life of a gate that stays: its runtime, signals, the end. What it does in between is the
//! gate's own.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::{Court, Rules};
use crate::AgentError;
use crate::limits::DRAIN_TIMEOUT_MS;
use crate::signals::Signals;

/// Runs a gate over a court until its future ends. Signals are caught before it begins; what it
/// decided is written down before this returns.
pub(crate) fn serve<F>(
    court: Court,
    gate: impl FnOnce(Arc<Court>, Signals) -> F,
) -> Result<(), AgentError>
where
    F: Future<Output = Result<(), AgentError>>,
{
    let system = |error: io::Error| AgentError::System {
        what: "the asynchronous runtime cannot be started",
        why: error.to_string(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(system)?;
    let court = Arc::new(court);
    let served = runtime.block_on(async {
        if let Err(why) = court.rules() {
            eprintln!("lazaret agent: every start is refused until this is repaired: {why}");
        }
        gate(Arc::clone(&court), Signals::catch()?).await
    });
    runtime.shutdown_timeout(Duration::from_millis(DRAIN_TIMEOUT_MS));
    court.finish();
    served
}

/// Says what came of reading configuration and policy again.
pub(crate) fn say_reloaded(outcome: &Result<Arc<Rules>, AgentError>) {
    match outcome {
        Ok(rules) => eprintln!("lazaret agent: policy {} holds now", rules.digest),
        Err(error) => eprintln!("lazaret agent: the old policy goes on to hold: {error}"),
    }
}
