//! `Alert`s out of detections.

use model::{Alert, AlertSource};

use super::initiator::{container, initiator};
use super::state::Seen;
use crate::detect::Detection;

impl Seen<'_> {
    /// What happened, as an alert.
    pub fn alert(&self, detection: &Detection) -> Alert {
        Alert {
            time_ns: self.time_ns(),
            rule: detection.rule.clone(),
            source: AlertSource::Syscall,
            priority: detection.priority,
            tags: detection.tags.clone(),
            text: detection.output.clone(),
            fields: detection.fields.iter().cloned().collect(),
            initiator: Some(initiator(&self.observed)),
            container: container(&self.observed),
            image: None,
            node: self.observed.node.to_owned(),
            times: 1,
        }
    }

    /// When the event happened, in nanoseconds since 1970.
    pub fn time_ns(&self) -> i64 {
        self.observed.boot_ns.saturating_add_unsigned(self.observed.event.time_ns)
    }
}
