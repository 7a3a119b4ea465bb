//! `Alert`: something on a node that somebody should look at, whoever noticed it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AuditKind, AuditOutcome, AuditRecord, ContainerRef, Initiator, Priority};

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// When it happened, in nanoseconds since 1970; of several, the first.
    pub time_ns: i64,
    /// The rule, or the monitor's condition, that speaks.
    pub rule: String,
    /// Who noticed it.
    pub source: AlertSource,
    /// How urgent.
    pub priority: Priority,
    /// Tags, ATT&CK technique ids among them.
    pub tags: Vec<String>,
    /// What happened, in one line.
    pub text: String,
    /// The fields of the text with their values; `None` where there was none.
    pub fields: BTreeMap<String, Option<String>>,
    /// Who did it; `None` when no process did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiator: Option<Initiator>,
    /// The container; `None` for the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerRef>,
    /// What the stored report says of the image; `None` where there is no report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageContext>,
    /// The node.
    pub node: String,
    /// How often it happened alike since it was last told; 1 when once.
    pub times: u64,
}

/// Who noticed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertSource {
    /// A rule over events of the kernel.
    Syscall,
    /// Resources of a container or the host: processor, memory, processes, disk.
    Isolation,
    /// The network: what is not in a workload's baseline.
    Network,
    /// Comparison with the image.
    Drift,
    /// The sensor lost sight.
    Sensor,
    /// The life cycle of containers, images and pods.
    Platform,
    /// A key file.
    File,
}

impl AlertSource {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            AlertSource::Syscall => "syscall",
            AlertSource::Isolation => "isolation",
            AlertSource::Network => "network",
            AlertSource::Drift => "drift",
            AlertSource::Sensor => "sensor",
            AlertSource::Platform => "platform",
            AlertSource::File => "file",
        }
    }
}

/// What a stored report says of an alert's image and program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageContext {
    /// The verdict on the image: `allow`, `warn`, `deny`.
    pub verdict: String,
    /// Whether the program's file is in the image; `None` when the report does not tell.
    pub program_in_image: Option<bool>,
    /// Malicious files found in the image.
    pub malicious_files: u32,
    /// Vulnerabilities of severity critical and high.
    pub severe_vulnerabilities: u32,
}

impl From<&Alert> for AuditRecord {
    fn from(alert: &Alert) -> Self {
        let mut details: BTreeMap<String, String> = alert
            .fields
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
            .collect();
        details.insert("priority".to_owned(), alert.priority.as_str().to_owned());
        if !alert.tags.is_empty() {
            details.insert("tags".to_owned(), alert.tags.join(","));
        }
        if alert.times > 1 {
            details.insert("times".to_owned(), alert.times.to_string());
        }
        if let Some(image) = &alert.image {
            details.insert("image.verdict".to_owned(), image.verdict.clone());
        }
        AuditRecord {
            time_ns: alert.time_ns,
            kind: AuditKind::Alert,
            action: alert.source.as_str().to_owned(),
            outcome: AuditOutcome::Success,
            initiator: alert.initiator.clone().unwrap_or_default(),
            container: alert.container.clone(),
            target: alert.fields.get("fd.name").cloned().flatten().unwrap_or_default(),
            text: alert.text.clone(),
            severity: alert.priority.severity(),
            rule: alert.rule.clone(),
            node: alert.node.clone(),
            details,
        }
    }
}
