//! `Desk`: where alerts come in. The hands hear of each one; then those that are alike are folded,
//! and go into the trail.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use model::Alert;

use crate::alerts::{AlertCounts, Alerts};
use crate::respond::Hands;
use crate::trail::Trail;

/// Where alerts are handed in.
pub(super) struct Desk {
    alerts: Mutex<Alerts>,
    trail: Trail,
    hands: Hands,
    began: Instant,
}

impl Desk {
    pub(super) fn new(trail: Trail, hands: Hands) -> Self {
        Desk { alerts: Mutex::default(), trail, hands, began: Instant::now() }
    }

    /// Takes an alert in: it is answered where a rule says so, and told now or folded.
    pub(super) fn tell(&self, alert: Alert) {
        self.hands.answer(&alert);
        self.pass(|alerts| alerts.take(alert, self.began.elapsed()));
    }

    /// Tells what was folded and whose interval is over.
    pub(super) fn look(&self) {
        self.pass(|alerts| alerts.due(self.began.elapsed()));
    }

    /// Tells what is still folded.
    pub(super) fn finish(&self) {
        self.pass(Alerts::finish);
    }

    /// What came of alerts so far.
    pub(super) fn counts(&self) -> AlertCounts {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner).counts()
    }

    /// The way past the folding, for what is no alert of a rule.
    pub(super) fn trail(&self) -> &Trail {
        &self.trail
    }

    fn pass(&self, ask: impl FnOnce(&mut Alerts) -> Vec<Alert>) {
        let told = ask(&mut self.alerts.lock().unwrap_or_else(PoisonError::into_inner));
        for alert in told {
            self.trail.alert(alert);
        }
    }
}
