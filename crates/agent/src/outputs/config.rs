//! `OutputConfig`: where alerts and records go besides the audit log.

use std::collections::BTreeMap;
use std::path::PathBuf;

use model::{AuditKind, Priority};
use serde::Deserialize;

use crate::trail::Entry;

/// One place that is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputConfig {
    /// Where.
    pub to: Destination,
    /// Alerts below are not told.
    #[serde(default = "notice")]
    pub least_priority: Priority,
    /// Which records are told besides alerts.
    #[serde(default)]
    pub records: Vec<AuditKind>,
}

/// A destination of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Destination {
    /// The agent's own output, a line of JSON each.
    Stdout {},
    /// The agent's own output, a line of text each.
    Terminal {},
    /// A file, a line of JSON each.
    File {
        /// Its path.
        path: PathBuf,
        /// At this size it becomes `<path>.1`.
        #[serde(default = "file_bytes")]
        max_bytes: u64,
    },
    /// A syslog server, as RFC 5424 has it.
    Syslog {
        /// `unix:/dev/log`, `udp:host:port` or `tcp:host:port` (octet counting, RFC 6587).
        address: String,
        /// The facility's number (RFC 5424, table 1).
        #[serde(default = "facility")]
        facility: u8,
    },
    /// A web server, in batches of CloudEvents 1.0.
    Webhook {
        /// Where to.
        url: String,
        /// Headers of the request, such as `authorization`.
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
}

fn notice() -> Priority {
    Priority::Notice
}

fn file_bytes() -> u64 {
    64 * 1024 * 1024
}

/// `local0`.
fn facility() -> u8 {
    16
}

impl OutputConfig {
    /// Everything that matters, to one place.
    pub fn of(to: Destination) -> Self {
        OutputConfig { to, least_priority: notice(), records: Vec::new() }
    }

    /// Whether an entry is told.
    pub(super) fn wants(&self, entry: &Entry) -> bool {
        match entry {
            Entry::Alert(alert) => alert.priority >= self.least_priority,
            Entry::Record(record) => self.records.contains(&record.kind),
        }
    }

    /// What it is called in messages and metrics, and its folder in the spool. Of a web server
    /// only scheme, host and port: passwords and tokens stand in the rest.
    pub(super) fn name(&self) -> String {
        match &self.to {
            Destination::Stdout {} => "stdout".to_owned(),
            Destination::Terminal {} => "terminal".to_owned(),
            Destination::File { path, .. } => format!("file:{}", path.display()),
            Destination::Syslog { address, .. } => format!("syslog:{address}"),
            Destination::Webhook { url, .. } => format!("webhook:{}", origin(url)),
        }
    }

    /// Where it tells, in full: never shown.
    pub(super) fn place(&self) -> String {
        match &self.to {
            Destination::Webhook { url, .. } => format!("webhook:{url}"),
            _ => self.name(),
        }
    }
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let rest = if scheme.is_empty() { url } else { rest };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_no_secret() {
        let name = |url: &str| {
            let to = Destination::Webhook { url: url.to_owned(), headers: BTreeMap::new() };
            OutputConfig::of(to).name()
        };
        assert_eq!(
            name("https://u:p@ss@hooks.example:8443/T0/x?k=v"),
            "webhook:https://hooks.example:8443"
        );
        assert_eq!(name("https://hooks.example?k=a@b"), "webhook:https://hooks.example");
        assert_eq!(name("http://[::1]:80/a@b"), "webhook:http://[::1]:80");
        assert_eq!(name("u:p@hooks.example/x"), "webhook:hooks.example");
    }
}
