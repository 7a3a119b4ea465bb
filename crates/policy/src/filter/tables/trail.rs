//! Table: records of the audit trail. What means the same as in a kernel event has its name there.
//!
//! A record keeps less than an event: fields of which it knows nothing are not here.

use super::SEVERITIES;
use crate::filter::Argument::{OptionalIndex, OptionalKey};
use crate::filter::Field;
use crate::filter::FieldType::{Bool, Integer, Ip, Path, Port, Ranked, Text, Time};

/// Values of `audit.kind`: [`model::AuditKind`].
const KINDS: &[&str] = &[
    "command",
    "line",
    "file",
    "container",
    "image",
    "network",
    "volume",
    "pod",
    "platform",
    "connection",
    "alert",
    "response",
    "agent",
];
/// Values of `audit.outcome`: [`model::AuditOutcome`].
const OUTCOMES: &[&str] = &["success", "failure", "denied", "trial", "unknown"];

/// The fields.
pub(super) static FIELDS: &[Field] = &[
    Field::new("audit.kind", Text, "Which part of the trail it belongs to.").one_of(KINDS),
    Field::new("audit.action", Text, "What was done, one word: `exec`, `create`, `write` …."),
    Field::new("audit.outcome", Text, "How it ended.").one_of(OUTCOMES),
    Field::new("audit.target", Path, "To what: a path, the id or name of an object, an address."),
    Field::new("audit.text", Text, "What it says: a command line, a typed line, an alert."),
    Field::new("audit.rule", Text, "The rule that spoke, of alerts and responses."),
    Field::new("audit.severity", Ranked(SEVERITIES), "How bad."),
    Field::new("audit.details", Text, "What else is known, as JSON; with a name, the value.")
        .with(OptionalKey),
    Field::new("evt.num", Integer, "Number of the record, from 1 without gaps."),
    Field::new("evt.time", Time, "When: compared with a day or a moment."),
    Field::new("evt.rawtime", Time, "The same."),
    Field::new("evt.hostname", Text, "The node."),
    Field::new("evt.source", Text, "`audit`."),
    Field::new("evt.failed", Bool, "Whether it did not work or was refused."),
    Field::new("proc.name", Text, "The program's file without its directory."),
    Field::new("proc.exe", Path, "The file the process runs, as the kernel opened it."),
    Field::new("proc.exepath", Path, "The same."),
    Field::new("proc.cmdline", Text, "Its arguments in one line, quoted as for a shell."),
    Field::new("proc.cwd", Path, "Its working directory."),
    Field::new("proc.pid", Integer, "Its id on the host."),
    Field::new("proc.ppid", Integer, "Its parent's id."),
    Field::new("proc.id", Text, "The process for certain: its id and its start, `pid@start`."),
    Field::new("proc.pid.start", Integer, "When it started, nanoseconds since boot."),
    Field::new("proc.apid", Integer, "Ids of its ancestors; with a number, of that one.")
        .with(OptionalIndex)
        .any(),
    Field::new("proc.pname", Text, "Its parent's file without the directory."),
    Field::new("proc.pexepath", Path, "The file its parent runs."),
    Field::new("proc.pcmdline", Text, "Its parent's arguments in one line."),
    Field::new("proc.aname", Text, "Files of its ancestors without directories.")
        .with(OptionalIndex)
        .any(),
    Field::new("proc.aexepath", Path, "Files its ancestors run.").with(OptionalIndex).any(),
    Field::new("proc.acmdline", Text, "Command lines of its ancestors.").with(OptionalIndex).any(),
    Field::new("proc.sid", Integer, "Its session."),
    Field::new("proc.tty", Integer, "Its terminal; 0 for none."),
    Field::new("fd.name", Path, "The target of a file or connection record."),
    Field::new("fd.directory", Path, "The directory of the file."),
    Field::new("fd.filename", Text, "The file's name without its directory."),
    Field::new("fd.rip", Ip, "Address that a connection goes to."),
    Field::new("fd.rport", Port, "Port that a connection goes to."),
    Field::new("user.uid", Integer, "The user's number."),
    Field::new("user.name", Text, "The user's name."),
    Field::new("user.loginuid", Integer, "Number of the user who logged in; -1 for none."),
    Field::new("container.id", Text, "The container: 12 digits, or `host`."),
    Field::new("container.full_id", Text, "The container: all digits."),
    Field::new("container.name", Text, "The container's name, or `host`."),
    Field::new("container.image", Text, "The image, as it was asked for."),
    Field::new("container.image.digest", Text, "The image's id or digest."),
    Field::new("container.type", Text, "`docker`, `containerd`, `cri-o`, `podman` …."),
    Field::new("k8s.ns.name", Text, "The pod's namespace."),
    Field::new("k8s.pod.name", Text, "The pod's name."),
    Field::new("k8s.node.name", Text, "The node."),
];
