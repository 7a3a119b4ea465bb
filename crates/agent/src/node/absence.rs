//! How long nobody watched before the agent began: what happened meanwhile was not seen.

use std::path::Path;

use model::{Alert, AlertSource, AuditKind, Priority, Timestamp};
use store::audit::AuditReader;

/// The name under which an absence that nobody asked for is told.
const RULE: &str = "Agent was away";
/// What the agent records when it ends in order.
pub(super) const END: &str = "end";

/// The time since the audit log's last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Absence {
    /// When that was, in nanoseconds since 1970.
    since_ns: i64,
    /// Whether the agent ended in order.
    in_order: bool,
}

impl Absence {
    /// Looks at the log before it is opened to be written; `None` where it has no record.
    pub(super) fn before(log: &Path) -> Option<Self> {
        let reader = AuditReader::open(log).ok()?;
        let last = reader.next_number().ok()?.checked_sub(1)?;
        let record = reader.record(last).ok()??;
        let in_order = record.kind == AuditKind::Agent && record.action == END;
        Some(Absence { since_ns: record.time_ns, in_order })
    }

    /// In words, for the record of the beginning.
    pub(super) fn text(self) -> String {
        let how = if self.in_order { "it ended in order" } else { "it was killed or fell" };
        format!("nobody watched since {}: {how}", time(self.since_ns))
    }

    /// An alert; `None` when the agent ended in order.
    pub(super) fn alert(self, node: &str, now_ns: i64) -> Option<Alert> {
        let fields = [("from", self.since_ns), ("to", now_ns)]
            .map(|(name, at)| (name.to_owned(), Some(time(at))));
        (!self.in_order).then(|| Alert {
            time_ns: now_ns,
            rule: RULE.to_owned(),
            source: AlertSource::Sensor,
            priority: Priority::Error,
            tags: vec!["lazaret.blind".to_owned()],
            text: format!("What happened on {node} was not seen: {}", self.text()),
            fields: fields.into(),
            initiator: None,
            container: None,
            image: None,
            node: node.to_owned(),
            times: 1,
        })
    }
}

fn time(at_ns: i64) -> String {
    let time = Timestamp::from_nanosecond(i128::from(at_ns)).unwrap_or_default();
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use model::AuditRecord;
    use store::audit::{AuditLog, AuditOptions};

    use super::*;

    #[test]
    fn an_end_in_order_is_told_from_a_fall() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Absence::before(folder.path()), None);
        let append = |kind, action: &str| {
            let mut log = AuditLog::open(folder.path(), AuditOptions::default()).unwrap();
            let action = action.to_owned();
            let record = AuditRecord { time_ns: 5, kind, action, ..AuditRecord::default() };
            log.append(&[record]).unwrap();
        };
        append(AuditKind::Command, "exec");
        let fell = Absence::before(folder.path()).unwrap();
        let alert = fell.alert("n1", 7_000_000_000).unwrap();
        assert_eq!(alert.fields["to"].as_deref(), Some("1970-01-01T00:00:07.000Z"));
        append(AuditKind::Agent, END);
        let ended = Absence::before(folder.path()).unwrap();
        assert!(ended.alert("n1", 9).is_none() && ended.text().contains("in order"));
    }
}
