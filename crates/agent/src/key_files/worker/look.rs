//! Changes that no event has told, or not yet: found by notifications and by looking again.

use std::path::Path;
use std::time::{Duration, Instant};

use model::{AuditOutcome, AuditRecord};

use super::super::state::FileState;
use super::super::tell::Happened;
use super::{Open, Running, Suspect};
use crate::clock::now_ns;

/// After which times a file that is open for writing is looked at again.
const AGAIN: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(60),
];

impl Running<'_> {
    pub(super) fn notified(&mut self) {
        let Some(notify) = &mut self.notify else { return };
        for written in notify.written() {
            let Some(path) = self.worker.index.path_of(written.object) else { continue };
            // Whoever the sensor named is known better.
            let pid = |open: &Open| open.base.initiator.process.pid;
            let named = self.open.get(&path).is_some_and(|open| pid(open) == written.pid);
            if named || written.pid == std::process::id() {
                continue;
            }
            let mut base = self.worker.base();
            base.initiator = super::super::by_pid(written.pid);
            base.details.insert("seen".to_owned(), "fanotify".to_owned());
            self.suspect(path, Some(base));
        }
    }

    /// A change, or what may be one. An event that tells of it takes it over.
    pub(super) fn suspect(&mut self, path: String, base: Option<AuditRecord>) {
        self.suspects.entry(path).or_insert_with(|| Suspect { since: Instant::now(), base });
    }

    /// Looks at what may still be written.
    pub(super) fn look_again(&mut self) {
        let is_due =
            |open: &Open| AGAIN.get(open.next).is_some_and(|due| open.since.elapsed() >= *due);
        let due: Vec<String> = self
            .open
            .iter()
            .filter(|(_, open)| is_due(open))
            .map(|(path, _)| path.clone())
            .collect();
        for path in due {
            self.look_at(&path);
            if let Some(open) = self.open.get_mut(&path) {
                open.next += 1;
                if open.next >= AGAIN.len() {
                    self.open.remove(&path);
                }
            }
        }
    }

    pub(super) fn look_at(&mut self, path: &str) {
        let worker = self.worker;
        let before = worker.index.state(path);
        let outside = FileState::outside_of(Path::new(path));
        let same = match (&before, &outside) {
            (Some(before), Some(outside)) => before.looks_like(outside),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        // Another may have written it, whose event is on its way.
        let base = self.open.get(path).map(|open| open.base.clone());
        self.suspect(path.to_owned(), base);
    }

    /// Looks at everything: what differs from what is known is suspected.
    pub(super) fn look(&mut self) {
        self.looked = Instant::now();
        let worker = self.worker;
        let everything =
            self.hashed.elapsed() >= Duration::from_secs(worker.config.hash_every_s.max(1));
        if everything {
            self.hashed = Instant::now();
        }
        let mut paths = worker.index.look();
        paths.extend(worker.index.all().into_iter().map(|(path, _)| path));
        paths.sort_unstable();
        paths.dedup();
        for path in paths {
            let known = worker.index.state(&path);
            let now = if everything {
                worker.state(&path)
            } else {
                FileState::outside_of(Path::new(&path))
            };
            let differs = match (&known, &now) {
                (Some(known), Some(now)) if everything => !known.is_same(now),
                (Some(known), Some(now)) => !known.looks_like(now),
                (None, None) => false,
                _ => true,
            };
            if differs && !self.open.contains_key(&path) {
                self.suspect(path, None);
            }
        }
    }

    /// What was suspected, and still no event has come.
    pub(super) fn judge_suspects(&mut self, patience: Duration) {
        let due: Vec<String> = self
            .suspects
            .iter()
            .filter(|(_, suspect)| suspect.since.elapsed() >= patience)
            .map(|(path, _)| path.clone())
            .collect();
        for path in due {
            let base = self.suspects.remove(&path).and_then(|suspect| suspect.base);
            self.judge(&path, base);
        }
    }

    fn judge(&mut self, path: &str, known: Option<AuditRecord>) {
        let worker = self.worker;
        let (before, after) = (worker.index.state(path), worker.state(path));
        let rule = worker.index.rule(path).unwrap_or_default();
        let base =
            AuditRecord { time_ns: now_ns(), ..known.clone().unwrap_or_else(|| worker.base()) };
        let happened = Happened { base, path: path.to_owned(), rule, before, after: after.clone() };
        self.put(path, after);
        if !happened.is_changed() {
            return;
        }
        let mut record = happened.finished("change");
        let alert = if known.is_some() {
            // Of whoever the sensor saw opening it, that was told already.
            let told = !record.details.contains_key("seen");
            happened.alert(&record, &worker.config.tools).filter(|_| !told)
        } else {
            record.outcome = AuditOutcome::Unknown;
            record.details.insert("seen".to_owned(), "without an event".to_owned());
            happened.unseen_alert(&record)
        };
        worker.trail.record(record);
        if let Some(alert) = alert {
            (self.tell)(alert);
        }
    }
}
