//! What is said of a touched key file: a record, and an alert where a stranger changes what matters.

use std::collections::BTreeMap;

use model::{
    Alert, AlertSource, AuditKind, AuditOutcome, AuditRecord, Initiator, Priority, Severity,
};

use super::built_in::Purpose;
use super::pattern::Rule;
use super::state::FileState;
use super::tools;
use super::touch::Touch;

/// The rule that speaks.
const CHANGED: &str = "Key file changed";
const UNSEEN: &str = "Key file changed without an event";
const AWAY: &str = "Key files changed while the agent was away";

/// What happened to a key file.
#[derive(Debug, Clone, Default)]
pub(super) struct Happened {
    /// When, who and where; the rest is filled in here.
    pub(super) base: AuditRecord,
    pub(super) path: String,
    pub(super) rule: Rule,
    pub(super) before: Option<FileState>,
    pub(super) after: Option<FileState>,
}

impl Happened {
    /// Whether content, mode or owner are others now.
    pub(super) fn is_changed(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => !before.is_same(after),
            (None, None) => false,
            _ => true,
        }
    }

    /// The record of a touch.
    pub(super) fn record(&self, touch: &Touch) -> AuditRecord {
        let mut record = self.finished(touch.action);
        if let Some(error) = touch.error {
            record.outcome = AuditOutcome::Failure;
            record.details.insert("error".to_owned(), error.to_string());
        }
        if !touch.other.is_empty() {
            record.details.insert("other_path".to_owned(), touch.other.clone());
        }
        if touch.path != self.path {
            record.details.insert("path_seen".to_owned(), touch.path.clone());
        }
        record.details.extend(touch.detail.clone().map(|(name, value)| (name.to_owned(), value)));
        record
    }

    /// The record of a change that is not one call's: found when the file was looked at again.
    pub(super) fn finished(&self, action: &str) -> AuditRecord {
        let mut record = self.base.clone();
        record.kind = AuditKind::File;
        action.clone_into(&mut record.action);
        record.target.clone_from(&self.path);
        let changed = self.is_changed();
        let who = if record.initiator.command.is_empty() {
            "somebody"
        } else {
            &record.initiator.command
        };
        record.text = format!("{action} {} by {who}", self.path);
        if action != "read" {
            record.details.insert("changed".to_owned(), changed.to_string());
        }
        if changed {
            record.severity = Severity::Low;
        }
        record.details.insert("purpose".to_owned(), self.rule.purpose.as_str().to_owned());
        note(&mut record.details, "before", self.before.as_ref());
        note(&mut record.details, "after", self.after.as_ref());
        record
    }

    /// An alert, when a stranger does this to what matters.
    pub(super) fn alert(&self, record: &AuditRecord, tools: &[String]) -> Option<Alert> {
        // What was opened through an io_uring may have been opened for reading.
        let harmless = record.action == "read"
            || record.outcome == AuditOutcome::Failure
            || (record.action == "open" && !self.is_changed());
        let by = &record.initiator;
        let in_container = record.container.is_some();
        let known = !in_container && tools::is_known(by, self.rule.purpose, tools);
        if !self.rule.critical || harmless || known {
            return None;
        }
        Some(self.alert_of(CHANGED, record, in_container))
    }

    /// An alert for a change that nobody was seen making.
    pub(super) fn unseen_alert(&self, record: &AuditRecord) -> Option<Alert> {
        self.rule.critical.then(|| self.alert_of(UNSEEN, record, false))
    }

    fn alert_of(&self, rule: &str, record: &AuditRecord, in_container: bool) -> Alert {
        let purpose = self.rule.purpose;
        let urgent = if in_container { Priority::Critical } else { purpose.priority() };
        let mut tags =
            vec!["host".to_owned(), "filesystem".to_owned(), purpose.technique().to_owned()];
        if in_container {
            tags.push("T1611".to_owned());
        }
        let mut fields: BTreeMap<String, Option<String>> = record
            .details
            .iter()
            .map(|(name, value)| (name.clone(), Some(value.clone())))
            .collect();
        fields.insert("fd.name".to_owned(), Some(self.path.clone()));
        fields.insert("action".to_owned(), Some(record.action.clone()));
        let known = record.initiator != Initiator::default();
        Alert {
            time_ns: record.time_ns,
            rule: rule.to_owned(),
            source: AlertSource::File,
            priority: urgent,
            tags,
            text: format!("{} ({})", record.text, purpose.as_str()),
            fields,
            initiator: known.then(|| record.initiator.clone()),
            container: record.container.clone(),
            image: None,
            node: record.node.clone(),
            times: 1,
        }
    }
}

/// One alert for everything that changed while the agent was away.
pub(super) fn away_alert(changed: &[Happened], node: &str, time_ns: i64) -> Option<Alert> {
    const NAMED: usize = 5;
    let critical: Vec<&Happened> = changed.iter().filter(|one| one.rule.critical).collect();
    let first = critical.first()?;
    let names: Vec<&str> = critical.iter().take(NAMED).map(|one| one.path.as_str()).collect();
    let more = critical.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let mut tags: Vec<String> =
        critical.iter().map(|one| one.rule.purpose.technique().to_owned()).collect();
    tags.sort_unstable();
    tags.dedup();
    let worst = critical.iter().map(|one| one.rule.purpose).max_by_key(|one| one.priority());
    Some(Alert {
        time_ns,
        rule: AWAY.to_owned(),
        source: AlertSource::File,
        // A package that was upgraded meanwhile looks the same: told less loudly than a change
        // that was seen.
        priority: worst.map_or(Priority::Notice, Purpose::priority).min(Priority::Warning),
        tags,
        text: format!("changed while the agent was away: {}{more}", names.join(", ")),
        fields: [("fd.name".to_owned(), Some(first.path.clone()))].into(),
        initiator: None,
        container: None,
        image: None,
        node: node.to_owned(),
        times: critical.len() as u64,
    })
}

fn note(details: &mut BTreeMap<String, String>, when: &str, state: Option<&FileState>) {
    let Some(state) = state else {
        details.insert(format!("exists_{when}"), "false".to_owned());
        return;
    };
    if !state.sha256.is_empty() {
        details.insert(format!("sha256_{when}"), state.sha256.clone());
    }
    details.insert(format!("size_{when}"), state.size_bytes.to_string());
    details.insert(format!("mode_{when}"), format!("{:o}", state.mode & 0o7777));
    details.insert(format!("owner_{when}"), format!("{}:{}", state.uid, state.gid));
}
