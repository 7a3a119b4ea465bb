//! `Desk`: where alerts come in. The hands hear of each one; those that are alike are folded; what is
//! then to be told lies on a pile, from which a thread of its own takes it to the trail.
//!
//! ```text
//! tell ─→ Hands · fold ─told→ Pile ─keep_telling: what the image's report says→ Trail
//! ```
//!
//! Nobody who tells waits for a disk.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use model::Alert;

use super::pile::{Pile, Told};
use crate::alerts::{AlertCounts, Alerts};
use crate::drift::Images;
use crate::respond::{Deed, Hands};
use crate::trail::Trail;

/// The tag of alerts that tell the end of something.
const ENDED: &str = "ended";

/// Where alerts are handed in.
pub(super) struct Desk {
    alerts: Mutex<Alerts>,
    pile: Pile,
    trail: Trail,
    hands: Hands,
    /// What stored reports say; `None` where there is no store.
    images: Option<Images>,
    began: Instant,
}

/// Closes the desk when it is dropped: what lies on the pile is told, and nothing more comes.
pub(super) struct Closing<'a>(&'a Desk);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.pass(Alerts::finish);
        self.0.pile.close();
    }
}

impl Desk {
    pub(super) fn new(trail: Trail, hands: Hands, images: Option<Images>) -> Self {
        let (alerts, pile) = (Mutex::default(), Pile::default());
        Desk { alerts, pile, trail, hands, images, began: Instant::now() }
    }

    /// Takes an alert in: it is answered where a rule says so, and told now or folded.
    pub(super) fn tell(&self, alert: Alert) {
        self.tell_deed(alert, Deed::default());
    }

    /// The same of an alert about what an event tells.
    pub(super) fn tell_deed(&self, alert: Alert, deed: Deed) {
        // What is over is told at once, and nothing is done about it.
        if alert.tags.iter().any(|tag| tag == ENDED) {
            self.pile.put(Told { alert, with_image: false });
            return;
        }
        self.hands.answer_deed(&alert, deed);
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

    /// Takes what is to be told to the trail, with what is known of its image, until the desk is closed.
    pub(super) fn keep_telling(&self) {
        while let Some(Told { mut alert, with_image }) = self.pile.next() {
            let images = self.images.as_ref().filter(|_| with_image);
            if let (Some(images), Some(container)) = (images, &alert.container) {
                let exe = alert.initiator.as_ref().map(|initiator| initiator.exe.as_str());
                alert.image = images.context(container, exe.unwrap_or_default());
            }
            self.trail.alert(alert);
        }
    }

    /// Closes the desk at the end of what it is held for: what is still folded is told.
    pub(super) fn until_closed(&self) -> Closing<'_> {
        Closing(self)
    }

    /// What came of alerts so far.
    pub(super) fn counts(&self) -> AlertCounts {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner).counts()
    }

    /// How many alerts wait to be told, and how many were lost for want of room.
    pub(super) fn waiting(&self) -> (usize, u64) {
        (self.pile.len(), self.pile.lost())
    }

    /// The way past the folding, for what is no alert of a rule.
    pub(super) fn trail(&self) -> &Trail {
        &self.trail
    }

    fn pass(&self, ask: impl FnOnce(&mut Alerts) -> Vec<Alert>) {
        let told = ask(&mut self.alerts.lock().unwrap_or_else(PoisonError::into_inner));
        for alert in told {
            self.pile.put(Told { alert, with_image: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use model::{AlertSource, AuditRecord, Priority};

    use super::*;
    use crate::attribute::Directory;
    use crate::limits::TRAIL_ENTRIES;
    use crate::respond::{Reach, ResponseConfig};
    use crate::trail::Entry;

    const ALERTS: usize = 20;
    /// How long telling may take at most before it counts as waiting.
    const STUCK: Duration = Duration::from_secs(60);

    fn alert(rule: String) -> Alert {
        Alert {
            time_ns: 0,
            rule,
            source: AlertSource::Syscall,
            priority: Priority::Notice,
            tags: Vec::new(),
            text: String::new(),
            fields: [].into(),
            initiator: None,
            container: None,
            image: None,
            node: String::new(),
            times: 1,
        }
    }

    /// Each alert would wait five seconds for room in the trail.
    #[test]
    fn nobody_who_tells_waits_for_the_trail() {
        let folder = tempfile::tempdir().unwrap();
        let (trail, entries) = Trail::open();
        let reach = Reach {
            containers: Directory::default(),
            trail: trail.clone(),
            engine: folder.path().join("absent"),
            containerd: None,
            state: folder.path().join("state"),
            sensor: None,
        };
        let hands = Hands::new(ResponseConfig::default(), reach).unwrap();
        let desk = Arc::new(Desk::new(trail.clone(), hands, None));
        for _ in 0..TRAIL_ENTRIES {
            trail.record(AuditRecord::default());
        }
        let ((done, told), teller) = (channel(), Arc::clone(&desk));
        std::thread::spawn(move || {
            (0..ALERTS).for_each(|number| teller.tell(alert(format!("rule {number}"))));
            done.send(())
        });
        told.recv_timeout(STUCK).expect("who tells waits");
        assert_eq!(desk.waiting(), (ALERTS, 0));
        drop(desk.until_closed());
        let mut came = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| desk.keep_telling());
            while came.len() < ALERTS {
                let next = entries.next(STUCK).unwrap();
                assert!(!next.is_empty(), "what was told does not come");
                came.extend(next.into_iter().filter_map(|entry| match entry {
                    Entry::Alert(alert) => Some(alert.rule),
                    Entry::Record(_) => None,
                }));
            }
        });
        let expected: Vec<String> = (0..ALERTS).map(|number| format!("rule {number}")).collect();
        assert_eq!(came, expected);
    }
}
