//! `AuditRecord`: something that somebody did, kept for whoever has to find out later.
//!
//! The words are those of CADF (DMTF DSP0262): an initiator does an action to a target, with an
//! outcome.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Container, Engine, ProcessId, Severity};

/// Something that somebody did. Appended, never changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditRecord {
    /// When, in nanoseconds since 1970.
    pub time_ns: i64,
    /// Which part of the trail it belongs to.
    pub kind: AuditKind,
    /// What was done, one word: `exec`, `create`, `start`, `write`, `rename`, `kill` …
    pub action: String,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Who did it, as far as it is known.
    pub initiator: Initiator,
    /// The container it happened in, or happened to; `None` on the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerRef>,
    /// To what: a path, the id or name of an object, an address.
    pub target: String,
    /// What it says, for people: a command line, a typed line, an alert's text.
    pub text: String,
    /// How bad, of alerts and of what is bad by itself.
    pub severity: Severity,
    /// The rule that spoke, of alerts and responses; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// The node it happened on.
    pub node: String,
    /// What else is known, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// Which part of the trail a record belongs to.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// A program was started.
    #[default]
    Command,
    /// A line was typed at a terminal.
    Line,
    /// A key file was touched.
    File,
    /// A container came, changed or went.
    Container,
    /// An image came or went.
    Image,
    /// A network came, changed or went.
    Network,
    /// A volume came or went.
    Volume,
    /// A pod came, changed or went.
    Pod,
    /// Another object of the platform: a plugin, a service, the daemon, a Kubernetes object.
    Platform,
    /// A connection.
    Connection,
    /// A rule spoke.
    Alert,
    /// The agent acted on an alert.
    Response,
    /// The agent itself: it began, ended, was configured, was blind.
    Agent,
}

impl AuditKind {
    /// Every kind.
    pub const ALL: [AuditKind; 13] = [
        AuditKind::Command,
        AuditKind::Line,
        AuditKind::File,
        AuditKind::Container,
        AuditKind::Image,
        AuditKind::Network,
        AuditKind::Volume,
        AuditKind::Pod,
        AuditKind::Platform,
        AuditKind::Connection,
        AuditKind::Alert,
        AuditKind::Response,
        AuditKind::Agent,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            AuditKind::Command => "command",
            AuditKind::Line => "line",
            AuditKind::File => "file",
            AuditKind::Container => "container",
            AuditKind::Image => "image",
            AuditKind::Network => "network",
            AuditKind::Volume => "volume",
            AuditKind::Pod => "pod",
            AuditKind::Platform => "platform",
            AuditKind::Connection => "connection",
            AuditKind::Alert => "alert",
            AuditKind::Response => "response",
            AuditKind::Agent => "agent",
        }
    }
}

/// How an action ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was done.
    #[default]
    Success,
    /// It was tried and did not work.
    Failure,
    /// It was refused by a rule.
    Denied,
    /// It would have been done, had it not been a trial.
    Trial,
    /// Nobody knows.
    Unknown,
}

impl AuditOutcome {
    /// Every outcome.
    pub const ALL: [AuditOutcome; 5] = [
        AuditOutcome::Success,
        AuditOutcome::Failure,
        AuditOutcome::Denied,
        AuditOutcome::Trial,
        AuditOutcome::Unknown,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            AuditOutcome::Success => "success",
            AuditOutcome::Failure => "failure",
            AuditOutcome::Denied => "denied",
            AuditOutcome::Trial => "trial",
            AuditOutcome::Unknown => "unknown",
        }
    }
}

/// Who did something: a process and whose it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Initiator {
    /// The process; zero when none is known.
    pub process: ProcessId,
    /// Its parent.
    pub parent: ProcessId,
    /// The program's file, as the kernel opened it.
    pub exe: String,
    /// Its arguments in one line, quoted as a shell would read them, cut.
    pub command: String,
    /// Its working directory.
    pub cwd: String,
    /// The user's number; `None` when not known.
    pub uid: Option<u32>,
    /// The user's name where it is known, in the platform's or the host's words.
    pub user: String,
    /// Who logged in, by number; `None` when nobody did.
    pub login_uid: Option<u32>,
    /// The terminal's device number, major << 20 | minor; 0 for none.
    pub tty: u32,
    /// The session's number.
    pub session: u32,
    /// Who started it, the nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ancestors: Vec<Ancestor>,
}

/// A process above the initiator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ancestor {
    /// Which.
    pub process: ProcessId,
    /// The program's file.
    pub exe: String,
    /// Its arguments in one line, cut.
    pub command: String,
}

/// A container by its names, as records and alerts carry it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerRef {
    /// Its id, all digits.
    pub id: String,
    /// Its name; empty when not known.
    pub name: String,
    /// Who runs it.
    pub engine: Engine,
    /// The image by the name it was asked for; empty when not known.
    pub image: String,
    /// The image's id or digest; empty when not known.
    pub image_digest: String,
    /// The pod's namespace; empty outside of Kubernetes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The pod's name; empty outside of Kubernetes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pod: String,
}

impl From<&Container> for ContainerRef {
    fn from(container: &Container) -> Self {
        let image = &container.spec.image;
        let digest = image.image_id.as_ref().or(image.manifest_digest.as_ref());
        let pod = container.pod.as_ref();
        ContainerRef {
            id: container.id.clone(),
            name: container.name.clone(),
            engine: container.engine,
            image: image.reference.clone(),
            image_digest: digest.map(ToString::to_string).unwrap_or_default(),
            namespace: pod.map(|pod| pod.namespace.clone()).unwrap_or_default(),
            pod: pod.map(|pod| pod.name.clone()).unwrap_or_default(),
        }
    }
}
