//! How records look on a terminal.

use std::io::Write;

use agent::audit::{self, Numbered, TreeLine};
use anstyle::{AnsiColor, Style};
use model::{AuditOutcome, AuditRecord, Severity, Timestamp};

use crate::cli::writing::Looks;

/// The head of the table.
pub(super) fn head(out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(
        out,
        "{:>8}  {:<23}  {:<10}  {:<20}  {:<10}  WHAT",
        "NUMBER", "WHEN", "KIND", "WHERE", "WHO"
    )
}

/// A record as a line of the table.
pub(super) fn row(found: &Numbered, looks: &Looks, out: &mut dyn Write) -> std::io::Result<()> {
    let record = &found.record;
    let style = style(record, looks);
    writeln!(
        out,
        "{style}{:>8}  {:<23}  {:<10}  {:<20}  {:<10}  {}{style:#}",
        found.number,
        when(record),
        record.kind.as_str(),
        cut(&place(record), 20),
        cut(&who(record), 10),
        what(record)
    )
}

/// A line of a tree.
pub(super) fn tree_line(
    line: &TreeLine,
    looks: &Looks,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let branches = if looks.ascii { ascii(&line.branches) } else { line.branches.clone() };
    let style = if !looks.color {
        Style::new()
    } else if line.is_process {
        Style::new().fg_color(Some(AnsiColor::Cyan.into()))
    } else {
        let style = of_severity(line.severity);
        if line.is_center { style.bold() } else { style }
    };
    writeln!(out, "{branches}{style}{}{style:#}", line.text)
}

fn ascii(branches: &str) -> String {
    let plain = |c| match c {
        '│' => '|',
        '├' => '|',
        '└' => '`',
        '─' => '-',
        '◆' => '*',
        other => other,
    };
    branches.chars().map(plain).collect()
}

fn style(record: &AuditRecord, looks: &Looks) -> Style {
    if !looks.color {
        return Style::new();
    }
    match (record.severity, record.outcome) {
        (Severity::Unknown, AuditOutcome::Failure | AuditOutcome::Denied) => {
            Style::new().fg_color(Some(AnsiColor::Yellow.into()))
        }
        (severity, _) => of_severity(severity),
    }
}

fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
        Severity::High => Style::new().fg_color(Some(AnsiColor::Red.into())),
        Severity::Medium => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        _ => Style::new(),
    }
}

fn when(record: &AuditRecord) -> String {
    let time = Timestamp::from_nanosecond(i128::from(record.time_ns));
    time.map_or_else(|_| "?".to_owned(), |time| time.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string())
}

fn place(record: &AuditRecord) -> String {
    let Some(container) = &record.container else { return "host".to_owned() };
    let name = if !container.pod.is_empty() {
        format!("{}/{}", container.namespace, container.pod)
    } else if container.name.is_empty() {
        container.id.get(..12).unwrap_or(&container.id).to_owned()
    } else {
        container.name.clone()
    };
    audit::shown(&name)
}

fn who(record: &AuditRecord) -> String {
    let by = &record.initiator;
    match (by.user.as_str(), by.uid) {
        ("", Some(uid)) => uid.to_string(),
        ("", None) => "-".to_owned(),
        (user, _) => audit::shown(user),
    }
}

fn what(record: &AuditRecord) -> String {
    let name = record.initiator.exe.rsplit('/').next().unwrap_or_default();
    match (name, record.kind) {
        ("", _) | (_, model::AuditKind::Command) => audit::says(record),
        (name, _) => format!("{}: {}", audit::shown(name), audit::says(record)),
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
