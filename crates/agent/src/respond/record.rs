//! What the hands did, as records of the trail.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use model::{Alert, AuditKind, AuditOutcome, AuditRecord, Initiator};

use super::config::ResponseRule;
use super::ledger::InForce;
use super::target::own_process;
pub(super) use crate::clock::now_ns;

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// Done; what more there is to tell.
    Done(Vec<(&'static str, String)>),
    /// Not done: why.
    Failed(String),
    /// A rule of the configuration holds it back: a word for it, and why.
    Held(&'static str, String),
    /// It would have been done.
    Trial,
}

/// An answer to an alert.
pub(super) fn answered(alert: &Alert, rule: &ResponseRule, ended: Ended) -> AuditRecord {
    let action = rule.action.as_str();
    let target = target(alert, rule);
    let mut details = BTreeMap::from([("response".to_owned(), rule.name.clone())]);
    let (outcome, text) = match ended {
        Ended::Done(more) => {
            let after_ms = now_ns().saturating_sub(alert.time_ns) / 1_000_000;
            details.insert("milliseconds_after_the_act".to_owned(), after_ms.to_string());
            details.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
            (AuditOutcome::Success, format!("{action} {target}"))
        }
        Ended::Failed(why) => {
            let text = format!("{action} {target} failed: {why}");
            details.insert("why".to_owned(), why);
            (AuditOutcome::Failure, text)
        }
        Ended::Held(word, why) => {
            let text = format!("{action} {target} held back: {why}");
            details.insert("held_back".to_owned(), word.to_owned());
            details.insert("why".to_owned(), why);
            (AuditOutcome::Denied, text)
        }
        Ended::Trial => (AuditOutcome::Trial, format!("{action} {target}: a trial, not done")),
    };
    AuditRecord {
        time_ns: now_ns(),
        kind: AuditKind::Response,
        action: action.to_owned(),
        outcome,
        initiator: own_initiator(),
        container: alert.container.clone(),
        target,
        text,
        severity: alert.priority.severity(),
        rule: alert.rule.clone(),
        node: alert.node.clone(),
        details,
    }
}

/// A response that was undone, or could not be.
pub(super) fn undone(entry: &InForce, by: &str, result: &Result<(), String>) -> AuditRecord {
    let (action, name) = (entry.action.as_str(), &entry.container.id);
    let mut details = BTreeMap::from([
        ("response".to_owned(), entry.rule.clone()),
        ("id".to_owned(), entry.id.clone()),
        ("by".to_owned(), by.to_owned()),
    ]);
    let (outcome, text) = match result {
        Ok(()) => (AuditOutcome::Success, format!("{action} of container {name} undone, {by}")),
        Err(why) => {
            details.insert("why".to_owned(), why.clone());
            let text = format!("{action} of container {name} cannot be undone: {why}");
            (AuditOutcome::Failure, text)
        }
    };
    AuditRecord {
        time_ns: now_ns(),
        kind: AuditKind::Response,
        action: format!("undo_{action}"),
        outcome,
        initiator: own_initiator(),
        container: Some(entry.container.clone()),
        target: format!("container {name}"),
        text,
        rule: entry.alert.clone(),
        node: node(),
        details,
        ..AuditRecord::default()
    }
}

/// Something of the hands' own, not of one answer.
pub(super) fn told(action: &str, outcome: AuditOutcome, text: String) -> AuditRecord {
    AuditRecord {
        time_ns: now_ns(),
        kind: AuditKind::Response,
        action: action.to_owned(),
        outcome,
        initiator: own_initiator(),
        text,
        node: node(),
        ..AuditRecord::default()
    }
}

fn target(alert: &Alert, rule: &ResponseRule) -> String {
    let process = alert.initiator.as_ref().map(|initiator| initiator.process);
    match (&alert.container, process) {
        (_, Some(process)) if rule.action == super::Action::Kill => format!("process {process}"),
        (Some(container), _) => format!("container {}", container.id),
        _ => "the host".to_owned(),
    }
}

/// The process that acts: the agent, or whoever runs `lazaret agent undo`.
pub(super) fn own_initiator() -> Initiator {
    static OWN: OnceLock<Initiator> = OnceLock::new();
    OWN.get_or_init(read_own).clone()
}

fn read_own() -> Initiator {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).ok();
    let exe = std::fs::read_link("/proc/self/exe").unwrap_or_default();
    let login_uid = read("loginuid").and_then(|text| text.trim().parse().ok());
    let words: Vec<String> = std::env::args().collect();
    Initiator {
        process: own_process(),
        exe: exe.to_string_lossy().into_owned(),
        command: words.join(" "),
        uid: Some(rustix::process::getuid().as_raw()),
        // The kernel's word for nobody.
        login_uid: login_uid.filter(|uid| *uid != u32::MAX),
        ..Initiator::default()
    }
}

fn node() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}
