//! `RecordFacts`: what a record of the log answers to the fields of `policy::filter::tables::audit`,
//! and which columns of the log each of them needs.

use std::sync::LazyLock;

use model::Ancestor;
use policy::filter::{Condition, Facts, Field, Value, tables};
use store::audit::{Column, Seen};

/// Digits of a container's short id.
const SHORT_ID: usize = 12;
/// What stands for the host where a container's name or id is asked for.
const HOST: &str = "host";

/// A record of the log by the columns that were read.
#[derive(Debug, Clone, Copy)]
pub struct RecordFacts<'a>(pub Seen<'a>);

/// Where a field's answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// A text; none when it is empty.
    Text(Column),
    /// A number.
    Number(Column),
    /// A number that may be unknown.
    Known(Column),
    /// The last part of a path.
    Name(Column),
    /// The target, of records of files and connections.
    Object,
    ObjectName,
    ObjectDirectory,
    /// The address and the port of a connection's target.
    Address,
    Port,
    Details,
    /// A word that is always the same.
    Source,
    Failed,
    /// A process by its number and its start.
    Process,
    /// Something of an ancestor.
    Above(Of, Which),
    ShortId,
    ContainerName,
}

/// What is asked of an ancestor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Pid,
    Name,
    File,
    Command,
}

/// Which ancestor is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Parent,
    Any,
}

/// By the numbers of the fields in their table.
static ANSWERS: LazyLock<Vec<Option<Answer>>> =
    LazyLock::new(|| tables::audit().fields().map(|field| answer(&field.name)).collect());

/// The columns that a condition looks at.
pub fn columns(condition: &Condition) -> Vec<Column> {
    let mut columns: Vec<Column> = condition
        .fields()
        .into_iter()
        .filter_map(answer)
        .flat_map(|from| needed(from).iter().copied())
        .collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

impl Facts for RecordFacts<'_> {
    fn value<'a>(&'a self, field: &Field, argument: Option<&str>) -> Option<Value<'a>> {
        let from = (*ANSWERS.get(usize::from(field.number))?)?;
        let seen = self.0;
        match from {
            Answer::Text(column) => text(seen.text(column)),
            Answer::Number(column) => Some(Value::Int(seen.number(column))),
            Answer::Known(Column::LoginUid) => Some(Value::Int(seen.number(Column::LoginUid))),
            Answer::Known(column) => {
                Some(seen.number(column)).filter(|number| *number >= 0).map(Value::Int)
            }
            Answer::Name(column) => text(name(seen.text(column))),
            Answer::Object => object(seen).and_then(text),
            Answer::ObjectName => object(seen).map(name).and_then(text),
            Answer::ObjectDirectory => object(seen).map(directory).and_then(text),
            Answer::Address => address(seen).map(|address| Value::Ip(address.ip())),
            Answer::Port => address(seen).map(|address| Value::Int(i64::from(address.port()))),
            Answer::Details => details(seen.text(Column::Details), argument),
            Answer::Source => Some(Value::from("audit")),
            Answer::Failed => {
                Some(Value::Bool(matches!(seen.text(Column::Outcome), "failure" | "denied")))
            }
            Answer::Process => {
                let start_ns = seen.number(Column::StartNs).cast_unsigned();
                Some(Value::from(format!("{}@{start_ns}", seen.number(Column::Pid))))
            }
            Answer::Above(of, which) => above(seen, of, which, argument),
            Answer::ShortId => {
                let id = seen.text(Column::ContainerId);
                let id = id.get(..SHORT_ID).unwrap_or(id);
                if is_on_host(seen) { text(HOST) } else { text(id) }
            }
            Answer::ContainerName if is_on_host(seen) => text(HOST),
            Answer::ContainerName => text(seen.text(Column::ContainerName)),
        }
    }
}

fn answer(field: &str) -> Option<Answer> {
    Some(match field {
        "audit.kind" => Answer::Text(Column::Kind),
        "audit.action" => Answer::Text(Column::Action),
        "audit.outcome" => Answer::Text(Column::Outcome),
        "audit.target" => Answer::Text(Column::Target),
        "audit.text" => Answer::Text(Column::Text),
        "audit.rule" => Answer::Text(Column::Rule),
        "audit.severity" => Answer::Text(Column::Severity),
        "audit.details" => Answer::Details,
        "evt.num" => Answer::Number(Column::Number),
        "evt.time" | "evt.rawtime" => Answer::Number(Column::Time),
        "evt.hostname" | "k8s.node.name" => Answer::Text(Column::Node),
        "evt.source" => Answer::Source,
        "evt.failed" => Answer::Failed,
        "proc.name" => Answer::Name(Column::Exe),
        "proc.exe" | "proc.exepath" => Answer::Text(Column::Exe),
        "proc.cmdline" => Answer::Text(Column::Command),
        "proc.cwd" => Answer::Text(Column::Cwd),
        "proc.pid" => Answer::Number(Column::Pid),
        "proc.ppid" => Answer::Number(Column::ParentPid),
        "proc.id" => Answer::Process,
        "proc.pid.start" => Answer::Number(Column::StartNs),
        "proc.apid" => Answer::Above(Of::Pid, Which::Any),
        "proc.pname" => Answer::Above(Of::Name, Which::Parent),
        "proc.pexepath" => Answer::Above(Of::File, Which::Parent),
        "proc.pcmdline" => Answer::Above(Of::Command, Which::Parent),
        "proc.aname" => Answer::Above(Of::Name, Which::Any),
        "proc.aexepath" => Answer::Above(Of::File, Which::Any),
        "proc.acmdline" => Answer::Above(Of::Command, Which::Any),
        "proc.sid" => Answer::Number(Column::Session),
        "proc.tty" => Answer::Number(Column::Tty),
        "fd.name" => Answer::Object,
        "fd.directory" => Answer::ObjectDirectory,
        "fd.filename" => Answer::ObjectName,
        "fd.rip" => Answer::Address,
        "fd.rport" => Answer::Port,
        "user.uid" => Answer::Known(Column::Uid),
        "user.name" => Answer::Text(Column::User),
        "user.loginuid" => Answer::Known(Column::LoginUid),
        "container.id" => Answer::ShortId,
        "container.full_id" => Answer::Text(Column::ContainerId),
        "container.name" => Answer::ContainerName,
        "container.image" => Answer::Text(Column::Image),
        "container.image.digest" => Answer::Text(Column::ImageDigest),
        "container.type" => Answer::Text(Column::Engine),
        "k8s.ns.name" => Answer::Text(Column::Namespace),
        "k8s.pod.name" => Answer::Text(Column::Pod),
        _ => return None,
    })
}

fn needed(from: Answer) -> &'static [Column] {
    match from {
        Answer::Text(column) | Answer::Number(column) | Answer::Known(column) => one(column),
        Answer::Name(column) => one(column),
        Answer::Object | Answer::ObjectName | Answer::ObjectDirectory => {
            &[Column::Kind, Column::Target]
        }
        Answer::Address | Answer::Port => &[Column::Kind, Column::Target],
        Answer::Details => &[Column::Details],
        Answer::Source => &[],
        Answer::Failed => &[Column::Outcome],
        Answer::Process => &[Column::Pid, Column::StartNs],
        Answer::Above(..) => &[Column::Ancestors],
        Answer::ShortId => &[Column::ContainerId, Column::Engine],
        Answer::ContainerName => &[Column::ContainerName, Column::Engine],
    }
}

fn one(column: Column) -> &'static [Column] {
    Column::ALL
        .iter()
        .position(|one| *one == column)
        .map_or(&[], |at| Column::ALL.get(at..at.saturating_add(1)).unwrap_or_default())
}

fn text(text: &str) -> Option<Value<'_>> {
    (!text.is_empty()).then(|| Value::from(text))
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn directory(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((directory, _)) => directory,
        None => "",
    }
}

fn is_on_host(seen: Seen<'_>) -> bool {
    seen.text(Column::Engine).is_empty()
}

fn object(seen: Seen<'_>) -> Option<&str> {
    let has_one = matches!(seen.text(Column::Kind), "file" | "connection" | "alert" | "response");
    has_one.then(|| seen.text(Column::Target))
}

/// `10.0.0.1:80`, `[::1]:80`, or the end after an arrow, as in `client->server`.
fn address(seen: Seen<'_>) -> Option<std::net::SocketAddr> {
    let target = object(seen)?;
    target.rsplit_once("->").map_or(target, |(_, to)| to).parse().ok()
}

fn details(json: &str, argument: Option<&str>) -> Option<Value<'static>> {
    match argument {
        None => (!json.is_empty()).then(|| Value::from(json.to_owned())),
        Some(name) => {
            let all: std::collections::BTreeMap<String, String> =
                serde_json::from_str(json).ok()?;
            all.get(name).cloned().map(Value::from)
        }
    }
}

fn above<'a>(seen: Seen<'_>, of: Of, which: Which, argument: Option<&str>) -> Option<Value<'a>> {
    let json = seen.text(Column::Ancestors);
    if json.is_empty() {
        return None;
    }
    let ancestors: Vec<Ancestor> = serde_json::from_str(json).ok()?;
    let asked = |one: &Ancestor| match of {
        Of::Pid => Value::Int(i64::from(one.process.pid)),
        Of::Name => Value::from(name(&one.exe).to_owned()),
        Of::File => Value::from(one.exe.clone()),
        Of::Command => Value::from(one.command.clone()),
    };
    match (which, argument) {
        (Which::Parent, _) => ancestors.first().map(asked),
        // The process itself is number 0, its parent 1.
        (Which::Any, Some(argument)) => {
            let number: usize = argument.parse().ok()?;
            ancestors.get(number.checked_sub(1)?).map(asked)
        }
        (Which::Any, None) => Some(Value::List(ancestors.iter().map(asked).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_table_is_answered() {
        for field in tables::audit().fields() {
            let from = answer(&field.name).unwrap_or_else(|| panic!("{}", field.name));
            assert!(from == Answer::Source || !needed(from).is_empty(), "{}", field.name);
        }
    }

    #[test]
    fn a_path_has_a_name_and_a_directory() {
        for (path, expected) in [
            ("/usr/bin/sh", ("/usr/bin", "sh")),
            ("/x", ("/", "x")),
            ("x", ("", "x")),
            ("", ("", "")),
        ] {
            assert_eq!((directory(path), name(path)), expected);
        }
    }
}
