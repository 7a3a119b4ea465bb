//! Alerts and records as lines: JSON in the shape of Falco's outputs, text, RFC 5424, CloudEvents.

use model::{Alert, AuditRecord, Digest, Priority, Severity, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::trail::Entry;

/// The type of CloudEvents that carry an alert, and a record.
const ALERT_TYPE: &str = "io.lazaret.alert.v1";
const RECORD_TYPE: &str = "io.lazaret.audit.v1";
/// Longest message in a datagram of syslog, in bytes: what a receiver must take (RFC 5426, §3.2)
/// and what usually fits without being cut.
const SYSLOG_BYTES: usize = 8192;

/// An entry as one JSON object: an alert as Falco's outputs have it, with what is known beyond.
pub fn json(entry: &Entry) -> Value {
    match entry {
        Entry::Alert(alert) => alert_json(alert),
        Entry::Record(record) => record_json(record),
    }
}

fn alert_json(alert: &Alert) -> Value {
    let time = time_text(alert.time_ns);
    let fields: Map<String, Value> = alert
        .fields
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().map_or(Value::Null, Value::from)))
        .collect();
    json!({
        "hostname": alert.node,
        "output": format!("{time}: {} {}", alert.priority.as_str(), alert.text),
        "output_fields": fields,
        "priority": alert.priority.as_str(),
        "rule": alert.rule,
        "source": alert.source.as_str(),
        "tags": alert.tags,
        "time": time,
        "times": alert.times,
        "container": alert.container,
        "image": alert.image,
        "initiator": alert.initiator,
    })
}

fn record_json(record: &AuditRecord) -> Value {
    let mut value = serde_json::to_value(record).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("time".to_owned(), time_text(record.time_ns).into());
    }
    value
}

/// An entry as one line for people.
pub fn text(entry: &Entry) -> String {
    match entry {
        Entry::Alert(alert) => {
            let place = alert.container.as_ref().map_or("host", |container| &container.name);
            let times = if alert.times > 1 { format!(" ×{}", alert.times) } else { String::new() };
            format!(
                "{} {:<8} {}{times} [{place}] {}",
                clock_text(alert.time_ns),
                word(alert.priority),
                alert.rule,
                alert.text,
            )
        }
        Entry::Record(record) => format!(
            "{} {:<8} {} {} [{}] {}",
            clock_text(record.time_ns),
            record.kind.as_str(),
            record.action,
            record.target,
            record.container.as_ref().map_or("host", |container| &container.name),
            record.text,
        ),
    }
}

/// An entry as a message of syslog (RFC 5424), with the details as structured data.
pub(super) fn syslog(entry: &Entry, facility: u8) -> String {
    let record = entry.to_record();
    let severity = match entry {
        Entry::Alert(alert) => 7 - priority_number(alert.priority),
        Entry::Record(record) if record.severity >= Severity::High => 4,
        Entry::Record(_) => 6,
    };
    let number = u32::from(facility.min(23)) * 8 + severity;
    let name = |text: &str| {
        let printable = text.chars().filter(char::is_ascii_graphic).take(255).collect::<String>();
        if printable.is_empty() { "-".to_owned() } else { printable }
    };
    let mut data = String::from("[lazaret@32473");
    let mut put = |key: &str, value: &str| {
        if !value.is_empty() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
            data.push_str(&format!(" {key}=\"{value}\""));
        }
    };
    put("rule", &record.rule);
    put("action", &record.action);
    put("target", &record.target);
    put("command", &record.initiator.command);
    if let Some(container) = &record.container {
        put("container", &container.name);
        put("containerId", &container.id);
        put("image", &container.image);
        put("pod", &container.pod);
    }
    data.push(']');
    let mut message = format!(
        "<{number}>1 {} {} lazaret {} {} {data} \u{feff}{}",
        time_text(record.time_ns),
        name(&record.node),
        std::process::id(),
        name(record.kind.as_str()),
        record.text.replace(|c: char| c.is_control(), " "),
    );
    message.truncate(message.floor_char_boundary(SYSLOG_BYTES));
    message
}

/// An entry as a CloudEvent (version 1.0, JSON format). The id stays the same when it is sent again.
pub(super) fn cloud_event(entry: &Entry) -> Value {
    let data = json(entry);
    let record = entry.to_record();
    let kind = match entry {
        Entry::Alert(_) => ALERT_TYPE,
        Entry::Record(_) => RECORD_TYPE,
    };
    let subject = record.container.as_ref().map_or("host", |container| &container.id);
    let digest = digest_of(&data.to_string());
    json!({
        "specversion": "1.0",
        "type": kind,
        "source": format!("//{}/lazaret/agent", record.node),
        "id": digest.to_string(),
        "time": time_text(record.time_ns),
        "subject": subject,
        "datacontenttype": "application/json",
        "data": data,
    })
}

/// The digest of a text, as a name for it.
pub(super) fn digest_of(text: &str) -> Digest {
    Digest::sha256(&Sha256::digest(text.as_bytes()).into())
}

/// RFC 3339 with nanoseconds.
fn time_text(time_ns: i64) -> String {
    let time = Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or_default();
    format!("{time:.9}")
}

/// The time of the day, in UTC.
fn clock_text(time_ns: i64) -> String {
    time_text(time_ns).get(11..23).unwrap_or_default().to_owned()
}

fn word(priority: Priority) -> String {
    priority.as_str().to_uppercase()
}

/// From 0 for `Debug` to 7 for `Emergency`.
fn priority_number(priority: Priority) -> u32 {
    let place = Priority::ALL.iter().position(|known| *known == priority).unwrap_or_default();
    u32::try_from(place).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use model::{AlertSource, ContainerRef};

    use super::*;

    fn alert() -> Entry {
        Entry::Alert(Box::new(Alert {
            time_ns: 1_700_000_000_123_456_789,
            rule: "Read \"shadow\"".to_owned(),
            source: AlertSource::Syscall,
            priority: Priority::Warning,
            tags: vec!["T1003".to_owned()],
            text: "cat read /etc/shadow\nin web".to_owned(),
            fields: [("fd.name".to_owned(), Some("/etc/sh]adow".to_owned()))].into(),
            initiator: None,
            container: Some(ContainerRef {
                id: "ab".repeat(32),
                name: "web".to_owned(),
                image: "shop:1.2".to_owned(),
                ..ContainerRef::default()
            }),
            image: None,
            node: "node 1".to_owned(),
            times: 3,
        }))
    }

    #[test]
    fn json_has_the_keys_of_falcos_outputs() {
        let value = json(&alert());
        assert_eq!(value["time"], "2023-11-14T22:13:20.123456789Z");
        assert_eq!(value["priority"], "warning");
        assert_eq!(value["output_fields"]["fd.name"], "/etc/sh]adow");
        for key in ["hostname", "output", "rule", "source", "tags"] {
            assert!(!value[key].is_null(), "{key}");
        }
        assert!(value["output"].as_str().unwrap().contains(": warning cat read"));
    }

    #[test]
    fn syslog_is_one_escaped_line() {
        let line = syslog(&alert(), 16);
        // local0 (16) and warning (4).
        assert!(line.starts_with("<132>1 2023-11-14T22:13:20.123456789Z node1 lazaret "), "{line}");
        assert!(line.contains(r#"rule="Read \"shadow\"""#), "{line}");
        assert!(line.contains(r#"target="/etc/sh\]adow""#), "{line}");
        assert!(!line.contains('\n'));
    }

    #[test]
    fn a_cloud_event_keeps_its_id() {
        let (one, two) = (cloud_event(&alert()), cloud_event(&alert()));
        assert_eq!(one, two);
        assert_eq!(one["type"], "io.lazaret.alert.v1");
        assert_eq!(one["source"], "//node 1/lazaret/agent");
        assert!(one["id"].as_str().unwrap().starts_with("sha256:"));
    }

    #[test]
    fn text_tells_when_what_where_and_how_often() {
        let line = text(&alert());
        assert!(line.starts_with("22:13:20.123 WARNING  Read \"shadow\" ×3 [web] cat"), "{line}");
    }
}
