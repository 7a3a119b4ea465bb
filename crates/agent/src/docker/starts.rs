//! `Starts`: starts that were allowed and have yet to happen.
//!
//! A start by name is decided on the container that has the name now. Until the daemon has taken
//! the start up, no name may move to another container. And an event of a start that nobody
//! allowed is one that passed no request.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::{START_EVENT_MS, STARTS_EXPECTED};

/// How long the daemon may take until it has found the container of an allowed request.
const TAKEN_UP: Duration = Duration::from_millis(3_000);

/// A name may move, or a start may trust a name; not both at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

#[derive(Debug, Default)]
pub(crate) struct Starts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Starts by name, by their address.
    named: Vec<(String, Instant)>,
    /// Renames, by their address.
    renames: Vec<(String, Instant)>,
    /// Containers whose start was allowed, by id.
    expected: HashMap<String, Instant>,
}

impl Starts {
    /// A start that names its container by anything but its whole id.
    pub(crate) fn begin_named(&self, address: &str) -> Result<(), Busy> {
        let mut state = self.state();
        if !state.renames.is_empty() {
            return Err(Busy);
        }
        state.named.push((address.to_owned(), Instant::now()));
        Ok(())
    }

    /// A rename.
    pub(crate) fn begin_rename(&self, address: &str) -> Result<(), Busy> {
        let mut state = self.state();
        if !state.named.is_empty() {
            return Err(Busy);
        }
        state.renames.push((address.to_owned(), Instant::now()));
        Ok(())
    }

    /// The daemon has done a request, or it was refused.
    pub(crate) fn end(&self, address: &str) {
        let mut state = self.state();
        let State { named, renames, .. } = &mut *state;
        for waiting in [named, renames] {
            if let Some(at) = waiting.iter().position(|(of, _)| of == address) {
                waiting.swap_remove(at);
            }
        }
    }

    /// A container that is about to start.
    pub(crate) fn expect(&self, id: &str) {
        let mut state = self.state();
        if state.expected.len() >= STARTS_EXPECTED {
            let fresh = Duration::from_millis(START_EVENT_MS);
            state.expected.retain(|_, at| at.elapsed() < fresh);
        }
        // Beyond that, a start is only reported as if nobody had asked for it.
        if state.expected.len() < STARTS_EXPECTED {
            state.expected.insert(id.to_owned(), Instant::now());
        }
    }

    /// Whether a container that has started was let in.
    pub(crate) fn was_expected(&self, id: &str) -> bool {
        let fresh = Duration::from_millis(START_EVENT_MS);
        self.state().expected.remove(id).is_some_and(|at| at.elapsed() < fresh)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.named.retain(|(_, at)| at.elapsed() < TAKEN_UP);
        state.renames.retain(|(_, at)| at.elapsed() < TAKEN_UP);
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_still_while_a_start_trusts_one() {
        let starts = Starts::default();
        assert_eq!(starts.begin_named("/containers/a/start"), Ok(()));
        assert_eq!(starts.begin_named("/containers/a/start"), Ok(()));
        assert_eq!(starts.begin_rename("/containers/b/rename?name=a"), Err(Busy));
        starts.end("/containers/a/start");
        assert_eq!(starts.begin_rename("/containers/b/rename?name=a"), Err(Busy));
        starts.end("/containers/a/start");
        assert_eq!(starts.begin_rename("/containers/b/rename?name=a"), Ok(()));
        assert_eq!(starts.begin_named("/containers/a/start"), Err(Busy));
        starts.end("/containers/b/rename?name=a");
        assert_eq!(starts.begin_named("/containers/a/start"), Ok(()));
    }

    #[test]
    fn each_allowed_start_is_expected_once() {
        let starts = Starts::default();
        starts.expect("a");
        assert!(starts.was_expected("a"));
        assert!(!starts.was_expected("a"));
        assert!(!starts.was_expected("b"));
    }
}
