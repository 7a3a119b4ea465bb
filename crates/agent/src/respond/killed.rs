//! `Killed`: tells of programs that the kernel killed as they began. Each is a record; of one order
//! that kills without end, what comes on top within a minute is told together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{AuditKind, AuditOutcome, AuditRecord, EventKind, ExecKilled, Severity};

use super::orders::{Giver, Orders};
use super::record::own_initiator;
use super::teller::Teller;
use crate::watch::{Seen, container, initiator, wall_ns};

/// What a kill is called in records.
pub(crate) const KILL_PROGRAM: &str = "kill_program";
/// Kills of one order that are told singly within [`WINDOW`].
const SINGLY: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);

/// Who tells of programs that were killed.
pub(super) struct Killed {
    orders: Arc<Orders>,
    teller: Teller,
    counts: Mutex<HashMap<u32, Count>>,
}

struct Count {
    since: Instant,
    told: u32,
    /// The last of those that were not told, and how many they are.
    held: Option<(AuditRecord, u64)>,
}

impl Killed {
    pub(super) fn new(orders: Arc<Orders>, teller: Teller) -> Self {
        Killed { orders, teller, counts: Mutex::default() }
    }

    /// Takes an event in; only those of killed programs matter.
    pub(super) fn observe(&self, seen: &Seen<'_>) {
        let EventKind::ExecKilled(killed) = &seen.observed.event.kind else { return };
        let Some(giver) = self.orders.giver(killed.order) else { return };
        let record = record(seen, killed, &giver);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Count { since: Instant::now(), told: 0, held: None };
        let count = counts.entry(killed.order).or_insert_with(new);
        if count.told < SINGLY {
            count.told += 1;
            drop(counts);
            self.teller.tell(record);
        } else {
            let held = count.held.take().map_or(0, |(_, held)| held);
            count.held = Some((record, held + 1));
        }
    }

    /// Tells what was held back, of those whose minute is over, or of all.
    pub(super) fn flush(&self, all: bool) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut over = Vec::new();
        counts.retain(|_, count| {
            let is_over = all || count.since.elapsed() >= WINDOW;
            if is_over {
                over.extend(count.held.take());
            }
            !is_over
        });
        drop(counts);
        for (mut record, times) in over {
            record.details.insert("times".to_owned(), times.to_string());
            self.teller.tell(record);
        }
    }
}

fn record(seen: &Seen<'_>, killed: &ExecKilled, giver: &Giver) -> AuditRecord {
    let observed = &seen.observed;
    let path = killed.exe.as_ref().map(|exe| exe.path.clone()).unwrap_or_default();
    let container = container(observed);
    let place = container.as_ref().map_or_else(
        || "on the host".to_owned(),
        |container| format!("in container {}", container.id),
    );
    let (outcome, what) = match (killed.trial, killed.error) {
        (true, _) => (AuditOutcome::Trial, "would have been killed".to_owned()),
        (false, 0) => (AuditOutcome::Success, "killed".to_owned()),
        (false, error) => (AuditOutcome::Failure, format!("not killed (error {error})")),
    };
    let who = initiator(observed);
    let mut details = std::collections::BTreeMap::from([
        ("response".to_owned(), giver.rule.clone()),
        ("pid".to_owned(), who.process.pid.to_string()),
        ("order".to_owned(), killed.order.to_string()),
    ]);
    for (name, value) in [("id", &giver.id), ("command", &who.command)] {
        if !value.is_empty() {
            details.insert(name.to_owned(), value.clone());
        }
    }
    AuditRecord {
        time_ns: wall_ns(observed),
        kind: AuditKind::Response,
        action: KILL_PROGRAM.to_owned(),
        outcome,
        initiator: own_initiator(),
        container,
        text: format!("program {path} {what} as it began {place}: `{}` forbids it", giver.rule),
        target: path,
        severity: Severity::Medium,
        rule: giver.alert.clone(),
        node: observed.node.to_owned(),
        details,
    }
}
