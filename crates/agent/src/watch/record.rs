//! `AuditRecord`s out of events: when, who, in which container; what is left to say is the caller's.

use model::{AuditKind, AuditRecord};

use super::initiator::{container, initiator};
use crate::detect::Observed;

/// A record of what an event tells.
pub(crate) fn record(seen: &Observed<'_>, kind: AuditKind, action: &str) -> AuditRecord {
    AuditRecord {
        time_ns: wall_ns(seen),
        kind,
        action: action.to_owned(),
        initiator: initiator(seen),
        container: container(seen),
        node: seen.node.to_owned(),
        ..AuditRecord::default()
    }
}

/// When an event happened, in nanoseconds since 1970.
pub(crate) fn wall_ns(seen: &Observed<'_>) -> i64 {
    seen.boot_ns.saturating_add_unsigned(seen.event.time_ns)
}
