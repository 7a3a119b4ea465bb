//! `Notes`: what the watch counts for the monitor. Files are looked at once a second; a container
//! that is killed in its first second is told all the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::EventKind;

use crate::watch::Seen;

/// Containers that are counted.
const MAX_CONTAINERS: usize = 16_384;

/// Counts by container. Cheap to clone: one end counts, the other reads.
#[derive(Debug, Clone, Default)]
pub struct Notes(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    /// Whether anybody counts.
    active: bool,
    containers: HashMap<String, Note>,
}

/// What was counted of one container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Note {
    /// Processes and threads begun.
    pub forks: u64,
    /// Processes killed because memory ran out.
    pub oom_kills: u64,
}

impl Notes {
    /// Takes an event in: forks and kills are counted, everything else is let pass.
    pub fn observe(&self, seen: &Seen<'_>) {
        let (forks, oom_kills) = match &seen.observed.event.kind {
            EventKind::Fork(_) => (1, 0),
            EventKind::OomVictim => (0, 1),
            _ => return,
        };
        let id = seen.observed.container.map(|container| container.id.as_str());
        self.add(id, Note { forks, oom_kills });
    }

    pub(super) fn add(&self, id: Option<&str>, note: Note) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.active = true;
        let Some(id) = id else { return };
        if let Some(known) = counts.containers.get_mut(id) {
            known.forks += note.forks;
            known.oom_kills += note.oom_kills;
        } else if counts.containers.len() < MAX_CONTAINERS {
            counts.containers.insert(id.to_owned(), note);
        }
    }

    /// What was counted; `None` when nobody counts.
    pub(super) fn of(&self, id: &str) -> Option<Note> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.active.then(|| counts.containers.get(id).copied().unwrap_or_default())
    }

    /// What was counted of containers that `known` does not know.
    pub(super) fn of_others(&self, known: impl Fn(&str) -> bool) -> Vec<(String, Note)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others = counts.containers.iter().filter(|(id, _)| !known(id));
        others.map(|(id, note)| (id.clone(), *note)).collect()
    }

    /// Forgets the containers that `keep` does not want.
    pub(super) fn retain(&self, keep: impl Fn(&str) -> bool) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.containers.retain(|id, _| keep(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_counting_is_not_nothing_counted() {
        let notes = Notes::default();
        assert_eq!(notes.of("a"), None);
        notes.add(None, Note { forks: 1, oom_kills: 0 });
        assert_eq!(notes.of("a"), Some(Note::default()));
        notes.add(Some("a"), Note { forks: 1, oom_kills: 0 });
        notes.clone().add(Some("a"), Note { forks: 1, oom_kills: 1 });
        assert_eq!(notes.of("a"), Some(Note { forks: 2, oom_kills: 1 }));
        assert_eq!(notes.of_others(|id| id != "a").len(), 1);
        notes.retain(|id| id != "a");
        assert_eq!(notes.of("a"), Some(Note::default()));
    }
}
