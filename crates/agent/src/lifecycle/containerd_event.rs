//! One event of containerd, in the words of the trail. Pure.
//!
//! Source: containerd `api/events`, `api/services/events/v1`.

use containerd_client::events::{
    ContainerCreate, ContainerDelete, ContainerUpdate, NamespaceCreate, NamespaceDelete,
    NamespaceUpdate, TaskCheckpointed, TaskExecAdded, TaskExecStarted, TaskExit, TaskOom,
    TaskPaused, TaskResumed, TaskStart,
};
use containerd_client::services::v1::{ImageCreate, ImageDelete, ImageUpdate};
use containerd_client::types::Envelope;
use model::{AuditKind, AuditRecord, Severity};
use prost::Message;

use super::cut;

/// What an event says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Told {
    pub(super) time_ns: i64,
    pub(super) namespace: String,
    pub(super) kind: AuditKind,
    pub(super) action: &'static str,
    /// The container, image or namespace.
    pub(super) object: String,
    pub(super) image: String,
    exec_id: String,
    exit_code: Option<u32>,
    pid: u32,
}

/// Reads an event; `None` for what is not told: snapshots, content, tasks between two states.
pub(super) fn read(envelope: &Envelope) -> Option<Told> {
    let mut event = envelope.event.clone()?;
    // containerd leaves the slash out that `Any` wants before a type's name.
    if !event.type_url.starts_with('/') {
        event.type_url.insert(0, '/');
    }
    let container =
        |action, object| Told { action, object, kind: AuditKind::Container, ..Told::default() };
    let image = |action, object| Told { action, object, kind: AuditKind::Image, ..Told::default() };
    let space =
        |action, object| Told { action, object, kind: AuditKind::Platform, ..Told::default() };
    let told = match envelope.topic.as_str() {
        "/containers/create" => {
            let created: ContainerCreate = event.to_msg().ok()?;
            Told { image: created.image, ..container("create", created.id) }
        }
        "/containers/update" => container("update", event.to_msg::<ContainerUpdate>().ok()?.id),
        "/containers/delete" => container("destroy", event.to_msg::<ContainerDelete>().ok()?.id),
        "/tasks/start" => {
            let started: TaskStart = event.to_msg().ok()?;
            Told { pid: started.pid, ..container("start", started.container_id) }
        }
        "/tasks/exit" => exited(event.to_msg().ok()?),
        "/tasks/oom" => container("oom", event.to_msg::<TaskOom>().ok()?.container_id),
        "/tasks/exec-added" => {
            let added: TaskExecAdded = event.to_msg().ok()?;
            Told { exec_id: added.exec_id, ..container("exec_create", added.container_id) }
        }
        "/tasks/exec-started" => {
            let started: TaskExecStarted = event.to_msg().ok()?;
            let told = container("exec_start", started.container_id);
            Told { exec_id: started.exec_id, pid: started.pid, ..told }
        }
        "/tasks/paused" => container("pause", event.to_msg::<TaskPaused>().ok()?.container_id),
        "/tasks/resumed" => container("unpause", event.to_msg::<TaskResumed>().ok()?.container_id),
        "/tasks/checkpointed" => {
            container("checkpoint", event.to_msg::<TaskCheckpointed>().ok()?.container_id)
        }
        "/images/create" => image("pull", event.to_msg::<ImageCreate>().ok()?.name),
        "/images/update" => image("update", event.to_msg::<ImageUpdate>().ok()?.name),
        "/images/delete" => image("delete", event.to_msg::<ImageDelete>().ok()?.name),
        "/namespaces/create" => space("create", event.to_msg::<NamespaceCreate>().ok()?.name),
        "/namespaces/update" => space("update", event.to_msg::<NamespaceUpdate>().ok()?.name),
        "/namespaces/delete" => space("delete", event.to_msg::<NamespaceDelete>().ok()?.name),
        _ => return None,
    };
    let time = envelope.timestamp.unwrap_or_default();
    let time_ns = time.seconds.saturating_mul(1_000_000_000).saturating_add(time.nanos.into());
    Some(Told { time_ns, namespace: envelope.namespace.clone(), ..told })
}

fn exited(exit: TaskExit) -> Told {
    let is_first = exit.id.is_empty() || exit.id == exit.container_id;
    Told {
        kind: AuditKind::Container,
        action: if is_first { "die" } else { "exec_die" },
        object: exit.container_id,
        exec_id: if is_first { String::new() } else { exit.id },
        exit_code: Some(exit.exit_status),
        pid: exit.pid,
        ..Told::default()
    }
}

impl Told {
    /// Whether it also happens without anybody asking.
    pub(super) fn is_spontaneous(&self) -> bool {
        matches!(self.action, "die" | "oom" | "exec_die")
    }

    /// As a record, without who asked for it.
    pub(super) fn record(&self) -> AuditRecord {
        let noun = match self.kind {
            AuditKind::Container => "container",
            AuditKind::Image => "image",
            _ => "namespace",
        };
        let mut text = format!("{noun} {} {}", self.object, self.action.replace('_', " "));
        let mut record = AuditRecord {
            time_ns: self.time_ns,
            kind: self.kind,
            action: self.action.to_owned(),
            target: self.object.clone(),
            severity: if self.action == "oom" { Severity::Medium } else { Severity::Unknown },
            ..AuditRecord::default()
        };
        let mut detail = |name: &str, value: String| record.details.insert(name.to_owned(), value);
        detail("engine", "containerd".to_owned());
        detail("namespace", cut(&self.namespace));
        if !self.exec_id.is_empty() {
            detail("exec_id", cut(&self.exec_id));
        }
        if let Some(code) = self.exit_code {
            detail("exit_code", code.to_string());
            text.push_str(&format!(", exit code {code}"));
        }
        if self.pid != 0 {
            detail("pid", self.pid.to_string());
        }
        if !self.image.is_empty() {
            text.push_str(&format!(", image {}", self.image));
        }
        record.text = text;
        record
    }
}

/// Reads an event as it comes over the wire. For fuzzing; `None` when it is none that is told.
pub fn read_containerd_event(bytes: &[u8]) -> Option<AuditRecord> {
    read(&Envelope::decode(bytes).ok()?).map(|told| told.record())
}

#[cfg(test)]
mod tests {
    use containerd_client::to_any;

    use super::*;

    #[test]
    fn events_are_read_by_their_topic() {
        let exit = |id: &str| TaskExit {
            container_id: "web".to_owned(),
            id: id.to_owned(),
            exit_status: 137,
            ..TaskExit::default()
        };
        let envelope = |topic: &str, event| Envelope {
            topic: topic.to_owned(),
            namespace: "default".to_owned(),
            event: Some(event),
            ..Envelope::default()
        };
        let died = read(&envelope("/tasks/exit", to_any(&exit("web")))).unwrap();
        assert_eq!((died.action, died.exit_code), ("die", Some(137)));
        let record = died.record();
        assert_eq!(record.text, "container web die, exit code 137");
        assert_eq!(record.details["namespace"], "default");
        let exec = read(&envelope("/tasks/exit", to_any(&exit("e1")))).unwrap();
        assert_eq!((exec.action, exec.record().details["exec_id"].as_str()), ("exec_die", "e1"));
        // Another type than the topic promises, and a topic that is not told.
        assert_eq!(read(&envelope("/images/create", to_any(&exit("web")))), None);
        assert_eq!(read(&envelope("/snapshot/prepare", to_any(&exit("web")))), None);
    }
}
