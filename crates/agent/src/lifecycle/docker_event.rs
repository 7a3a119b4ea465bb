//! One event of Docker's stream, in the words of the trail. Pure.
//!
//! Source: Docker Engine API, `GET /events`. Podman's service speaks the same.

use std::collections::BTreeMap;

use model::{AuditKind, AuditOutcome, AuditRecord, Container, ContainerRef, Engine, Severity};
use serde::Deserialize;

use super::cut;

/// Labels that are told; an image may have hundreds.
const LABELS: usize = 16;
/// Attributes that are told elsewhere in the record.
const ELSEWHERE: [&str; 5] = ["name", "image", "execID", "exitCode", "signal"];

/// One line of the engine's events.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct DockerEvent {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    #[serde(rename = "Action")]
    pub(super) action: String,
    #[serde(rename = "Actor")]
    pub(super) actor: Actor,
    /// Seconds since 1970.
    time: i64,
    /// Nanoseconds since 1970.
    #[serde(rename = "timeNano")]
    time_ns: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Actor {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename = "Attributes")]
    pub(super) attributes: BTreeMap<String, String>,
}

impl DockerEvent {
    /// When, in nanoseconds since 1970.
    pub(super) fn time_ns(&self) -> i64 {
        if self.time_ns != 0 { self.time_ns } else { self.time.saturating_mul(1_000_000_000) }
    }

    /// The action's word: `exec_create: sh -c id` is an `exec_create`.
    pub(super) fn verb(&self) -> &str {
        self.action.split_once(':').map_or(self.action.as_str(), |(verb, _)| verb)
    }

    /// What stands after the action's word: a command, a state of health.
    pub(super) fn rest(&self) -> &str {
        self.action.split_once(": ").map_or("", |(_, rest)| rest)
    }

    pub(super) fn attribute(&self, name: &str) -> &str {
        self.actor.attributes.get(name).map(String::as_str).unwrap_or_default()
    }

    /// What names the object: id, name, image and the container of a network.
    pub(super) fn names(&self) -> Vec<&str> {
        let attributes = ["name", "image", "container", "execID"].map(|name| self.attribute(name));
        let mut names = vec![self.actor.id.as_str()];
        names.extend(attributes);
        names.retain(|name| !name.is_empty());
        names
    }

    /// Whether it also happens without anybody asking: a program ends, a policy starts it again.
    pub(super) fn is_spontaneous(&self) -> bool {
        const BY_ITSELF: [&str; 12] = [
            "die",
            "died",
            "oom",
            "destroy",
            "start",
            "health_status",
            "exec_die",
            "unmount",
            "disconnect",
            "cleanup",
            "reload",
            "connect",
        ];
        BY_ITSELF.contains(&self.verb())
    }

    /// The container that it is about.
    pub(super) fn container_id(&self) -> Option<&str> {
        let id = match self.kind.as_str() {
            "container" => self.actor.id.as_str(),
            _ => self.attribute("container"),
        };
        (!id.is_empty()).then_some(id)
    }

    /// As a record, without who asked for it.
    pub(super) fn record(&self, engine: Engine, known: Option<&Container>) -> AuditRecord {
        AuditRecord {
            time_ns: self.time_ns(),
            kind: self.audit_kind(),
            action: self.verb().to_owned(),
            outcome: AuditOutcome::Success,
            container: self.container(engine, known),
            target: self.target().to_owned(),
            text: self.text(),
            severity: if self.verb() == "oom" { Severity::Medium } else { Severity::Unknown },
            details: self.details(engine),
            ..AuditRecord::default()
        }
    }

    fn audit_kind(&self) -> AuditKind {
        match self.kind.as_str() {
            "container" => AuditKind::Container,
            "image" => AuditKind::Image,
            "network" => AuditKind::Network,
            "volume" => AuditKind::Volume,
            "pod" => AuditKind::Pod,
            _ => AuditKind::Platform,
        }
    }

    fn target(&self) -> &str {
        let name = self.attribute("name");
        match self.kind.as_str() {
            "image" if !name.is_empty() => name,
            "network" if !name.is_empty() => name,
            _ => &self.actor.id,
        }
    }

    fn container(&self, engine: Engine, known: Option<&Container>) -> Option<ContainerRef> {
        let id = self.container_id()?;
        let mut told = known.map(ContainerRef::from).unwrap_or_default();
        id.clone_into(&mut told.id);
        told.engine = engine;
        if self.kind == "container" {
            self.attribute("name").clone_into(&mut told.name);
            self.attribute("image").clone_into(&mut told.image);
        }
        Some(told)
    }

    fn text(&self) -> String {
        let name = Some(self.attribute("name")).filter(|name| !name.is_empty());
        let name = name.unwrap_or(&self.actor.id);
        let mut text = format!("{} {name} {}", self.kind, self.verb().replace('_', " "));
        if !self.rest().is_empty() {
            text.push_str(": ");
            text.push_str(&cut(self.rest().trim()));
        }
        for (attribute, word) in
            [("image", "image"), ("signal", "signal"), ("exitCode", "exit code")]
        {
            let value = self.attribute(attribute);
            if !value.is_empty() {
                text.push_str(&format!(", {word} {value}"));
            }
        }
        text
    }

    fn details(&self, engine: Engine) -> BTreeMap<String, String> {
        let attributes = self.actor.attributes.iter();
        let told = attributes.filter(|(name, _)| !ELSEWHERE.contains(&name.as_str())).take(LABELS);
        let mut details: BTreeMap<String, String> =
            told.map(|(name, value)| (cut(name), cut(value))).collect();
        for (attribute, name) in
            [("execID", "exec_id"), ("exitCode", "exit_code"), ("signal", "signal")]
        {
            let value = self.attribute(attribute);
            if !value.is_empty() {
                details.insert(name.to_owned(), cut(value));
            }
        }
        let engine = format!("{engine:?}").to_lowercase();
        details.insert("engine".to_owned(), engine);
        details
    }
}

/// Reads a line of the stream as the listener does. For fuzzing; `None` when it is no event.
pub fn read_docker_event(line: &[u8]) -> Option<AuditRecord> {
    let event: DockerEvent = serde_json::from_slice(line).ok()?;
    let _ = (event.names(), event.is_spontaneous());
    Some(event.record(Engine::Docker, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> DockerEvent {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_exec_is_a_command_in_a_container() {
        let exec = event(
            r#"{"status":"exec_create: sh -c id","id":"abc","from":"shop:1","Type":"container",
            "Action":"exec_create: sh -c id","Actor":{"ID":"abc","Attributes":{"execID":"e1",
            "image":"shop:1","name":"web","team":"a"}},"scope":"local","time":7,"timeNano":7000000009}"#,
        );
        let record = exec.record(Engine::Docker, None);
        assert_eq!((record.kind, record.action.as_str()), (AuditKind::Container, "exec_create"));
        assert_eq!(record.text, "container web exec create: sh -c id, image shop:1");
        assert_eq!(record.time_ns, 7_000_000_009);
        let container = record.container.unwrap();
        assert_eq!((container.name.as_str(), container.image.as_str()), ("web", "shop:1"));
        assert_eq!(record.details["exec_id"], "e1");
        assert_eq!(record.details["team"], "a");
        assert!(!record.details.contains_key("name"));
    }

    #[test]
    fn a_death_says_how() {
        let died = event(
            r#"{"Type":"container","Action":"die","Actor":{"ID":"abc","Attributes":
            {"exitCode":"137","name":"web"}},"time":7}"#,
        );
        assert!(died.is_spontaneous());
        let record = died.record(Engine::Docker, None);
        assert_eq!(record.text, "container web die, exit code 137");
        assert_eq!((record.details["exit_code"].as_str(), record.time_ns), ("137", 7_000_000_000));
    }

    #[test]
    fn other_objects_have_their_kinds() {
        for (line, kind, target) in [
            (
                r#"{"Type":"image","Action":"pull","Actor":{"ID":"shop:1","Attributes":{"name":"shop"}}}"#,
                AuditKind::Image,
                "shop",
            ),
            (
                r#"{"Type":"volume","Action":"create","Actor":{"ID":"data"}}"#,
                AuditKind::Volume,
                "data",
            ),
            (
                r#"{"Type":"network","Action":"connect","Actor":{"ID":"n","Attributes":{"container":"abc","name":"front"}}}"#,
                AuditKind::Network,
                "front",
            ),
            (r#"{"Type":"daemon","Action":"reload","Actor":{"ID":"d"}}"#, AuditKind::Platform, "d"),
        ] {
            let record = event(line).record(Engine::Docker, None);
            assert_eq!((record.kind, record.target.as_str()), (kind, target));
        }
    }
}
