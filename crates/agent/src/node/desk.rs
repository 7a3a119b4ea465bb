//! `Desk`: where alerts come in. The hands hear of each one; then those that are alike are folded,
//! and go into the trail.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use model::Alert;

use crate::alerts::{AlertCounts, Alerts};
use crate::drift::Images;
use crate::respond::{Deed, Hands};
use crate::trail::Trail;

/// The tag of alerts that tell the end of something.
const ENDED: &str = "ended";

/// Where alerts are handed in.
pub(super) struct Desk {
    alerts: Mutex<Alerts>,
    trail: Trail,
    hands: Hands,
    /// What stored reports say; `None` where there is no store.
    images: Option<Images>,
    began: Instant,
}

impl Desk {
    pub(super) fn new(trail: Trail, hands: Hands, images: Option<Images>) -> Self {
        Desk { alerts: Mutex::default(), trail, hands, images, began: Instant::now() }
    }

    /// Takes an alert in: it is answered where a rule says so, and told now or folded.
    pub(super) fn tell(&self, alert: Alert) {
        self.tell_deed(alert, Deed::default());
    }

    /// The same of an alert about what an event tells.
    pub(super) fn tell_deed(&self, mut alert: Alert, deed: Deed) {
        // What is over is told at once, and nothing is done about it.
        if alert.tags.iter().any(|tag| tag == ENDED) {
            self.trail.alert(alert);
            return;
        }
        self.hands.answer_deed(&alert, deed);
        if let (Some(images), Some(container)) = (&self.images, &alert.container) {
            let exe = alert.initiator.as_ref().map(|initiator| initiator.exe.as_str());
            alert.image = images.context(container, exe.unwrap_or_default());
        }
        self.pass(|alerts| alerts.take(alert, self.began.elapsed()));
    }

    /// Who answers.
    pub(super) fn hands(&self) -> &Hands {
        &self.hands
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
