//! Records as lines for other programs: JSON and CSV (RFC 4180).

use model::{AuditRecord, Timestamp};
use serde::Serialize;

use super::search::Numbered;

/// The columns of a CSV file, as they are called in the log.
const COLUMNS: [&str; 28] = [
    "number",
    "time",
    "kind",
    "action",
    "outcome",
    "severity",
    "node",
    "container_id",
    "container_name",
    "image",
    "image_digest",
    "namespace",
    "pod",
    "pid",
    "start_ns",
    "parent_pid",
    "parent_start_ns",
    "exe",
    "command",
    "cwd",
    "uid",
    "user",
    "login_uid",
    "session",
    "target",
    "rule",
    "text",
    "details",
];

/// A record as a line of JSON, with its number and its time in words (RFC 3339).
#[derive(Serialize)]
struct Line<'a> {
    number: u64,
    time: String,
    #[serde(flatten)]
    record: &'a AuditRecord,
}

/// A record as one line of JSON, without the line's end.
pub fn json_line(found: &Numbered) -> String {
    let line = Line { number: found.number, time: moment(&found.record), record: &found.record };
    serde_json::to_string(&line).unwrap_or_default()
}

/// The first line of a CSV file.
pub fn csv_head() -> String {
    COLUMNS.join(",")
}

/// A record as a line of CSV, without the line's end. Texts keep what they have, line ends too, in
/// quotes.
pub fn csv_line(found: &Numbered) -> String {
    let record = &found.record;
    let by = &record.initiator;
    let container = record.container.clone().unwrap_or_default();
    let known = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let details = if record.details.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&record.details).unwrap_or_default()
    };
    let values: [String; COLUMNS.len()] = [
        found.number.to_string(),
        moment(record),
        record.kind.as_str().to_owned(),
        record.action.clone(),
        record.outcome.as_str().to_owned(),
        record.severity.as_str().to_owned(),
        record.node.clone(),
        container.id,
        container.name,
        container.image,
        container.image_digest,
        container.namespace,
        container.pod,
        by.process.pid.to_string(),
        by.process.start_ns.to_string(),
        by.parent.pid.to_string(),
        by.parent.start_ns.to_string(),
        by.exe.clone(),
        by.command.clone(),
        by.cwd.clone(),
        known(by.uid),
        by.user.clone(),
        known(by.login_uid),
        by.session.to_string(),
        record.target.clone(),
        record.rule.clone(),
        record.text.clone(),
        details,
    ];
    values.map(quoted).join(",")
}

fn quoted(text: String) -> String {
    let is_plain = !text.contains([',', '"', '\r', '\n']);
    if is_plain { text } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

fn moment(record: &AuditRecord) -> String {
    let time = Timestamp::from_nanosecond(i128::from(record.time_ns));
    time.map_or_else(|_| record.time_ns.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_csv_has_every_column_and_quotes_what_needs_it() {
        let record = AuditRecord {
            time_ns: 1,
            text: "a,\"b\"\nc".into(),
            target: "/plain path".into(),
            ..AuditRecord::default()
        };
        let line = csv_line(&Numbered { number: 7, record });
        assert!(line.starts_with("7,1970-01-01T00:00:00.000000001Z,command,,success,unknown,"));
        assert!(line.ends_with(",/plain path,,\"a,\"\"b\"\"\nc\","), "{line}");
        let plain = csv_line(&Numbered { number: 1, record: AuditRecord::default() });
        assert_eq!(plain.split(',').count(), csv_head().split(',').count());
    }
}
