//! `Row`: a record as flat columns, and the bytes that the chain of hashes goes over.
//!
//! The bytes are of the columns and not of the noun, so that a noun that grows does not change
//! what was hashed. A row is its numbers, zigzag and LEB128, then its texts, each with its length
//! in LEB128, in the order of [`Column::ALL`].

use std::borrow::Cow;

use model::{
    Ancestor, AuditKind, AuditOutcome, AuditRecord, ContainerRef, Engine, Initiator, ProcessId,
    Severity,
};

use crate::limits::{AUDIT_DETAILS_MAX_BYTES, AUDIT_TEXT_MAX_BYTES};

/// Columns that are numbers; they come first.
pub(crate) const NUMBERS: usize = 10;
/// Columns that are texts.
pub(crate) const TEXTS: usize = 21;
/// What stands for a number that is not known.
pub(crate) const NOT_KNOWN: i64 = -1;
/// Most bytes of one LEB128 number.
const LEB_MAX_BYTES: u32 = 10;

/// Engines and their words.
const ENGINES: [(Engine, &str); 6] = [
    (Engine::Docker, "docker"),
    (Engine::Podman, "podman"),
    (Engine::Containerd, "containerd"),
    (Engine::CriO, "cri-o"),
    (Engine::Kubernetes, "kubernetes"),
    (Engine::Unknown, "unknown"),
];

/// A column of the log, named alike in its Parquet files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Column {
    /// The record's number, from 1 without gaps.
    Number,
    /// When, nanoseconds since 1970.
    Time,
    /// The process that did it, by its number.
    Pid,
    /// When that process started, nanoseconds since boot.
    StartNs,
    /// Its parent.
    ParentPid,
    /// When the parent started.
    ParentStartNs,
    /// The user's number; null when not known.
    Uid,
    /// The number of the user who logged in; null for nobody.
    LoginUid,
    /// The terminal.
    Tty,
    /// The session.
    Session,
    /// Which part of the trail.
    Kind,
    /// What was done.
    Action,
    /// How it ended.
    Outcome,
    /// The container's id; empty on the host.
    ContainerId,
    /// The container's name.
    ContainerName,
    /// Who runs the container; empty on the host.
    Engine,
    /// The image by name.
    Image,
    /// The image's digest.
    ImageDigest,
    /// The pod's namespace.
    Namespace,
    /// The pod.
    Pod,
    /// The program's file.
    Exe,
    /// The command line.
    Command,
    /// The working directory.
    Cwd,
    /// The user's name.
    User,
    /// The processes above, as JSON; empty for none.
    Ancestors,
    /// To what it was done.
    Target,
    /// What it says.
    Text,
    /// How bad.
    Severity,
    /// The rule that spoke.
    Rule,
    /// The node.
    Node,
    /// What else is known, as JSON; empty for nothing.
    Details,
}

impl Column {
    /// Every column: numbers, then texts.
    pub const ALL: [Column; NUMBERS + TEXTS] = [
        Column::Number,
        Column::Time,
        Column::Pid,
        Column::StartNs,
        Column::ParentPid,
        Column::ParentStartNs,
        Column::Uid,
        Column::LoginUid,
        Column::Tty,
        Column::Session,
        Column::Kind,
        Column::Action,
        Column::Outcome,
        Column::ContainerId,
        Column::ContainerName,
        Column::Engine,
        Column::Image,
        Column::ImageDigest,
        Column::Namespace,
        Column::Pod,
        Column::Exe,
        Column::Command,
        Column::Cwd,
        Column::User,
        Column::Ancestors,
        Column::Target,
        Column::Text,
        Column::Severity,
        Column::Rule,
        Column::Node,
        Column::Details,
    ];

    /// Its name in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Column::Number => "number",
            Column::Time => "time",
            Column::Pid => "pid",
            Column::StartNs => "start_ns",
            Column::ParentPid => "parent_pid",
            Column::ParentStartNs => "parent_start_ns",
            Column::Uid => "uid",
            Column::LoginUid => "login_uid",
            Column::Tty => "tty",
            Column::Session => "session",
            Column::Kind => "kind",
            Column::Action => "action",
            Column::Outcome => "outcome",
            Column::ContainerId => "container_id",
            Column::ContainerName => "container_name",
            Column::Engine => "engine",
            Column::Image => "image",
            Column::ImageDigest => "image_digest",
            Column::Namespace => "namespace",
            Column::Pod => "pod",
            Column::Exe => "exe",
            Column::Command => "command",
            Column::Cwd => "cwd",
            Column::User => "user",
            Column::Ancestors => "ancestors",
            Column::Target => "target",
            Column::Text => "text",
            Column::Severity => "severity",
            Column::Rule => "rule",
            Column::Node => "node",
            Column::Details => "details",
        }
    }

    /// Whether it is a number.
    pub fn is_number(self) -> bool {
        (self as usize) < NUMBERS
    }

    /// Whether it may be null.
    pub(crate) fn is_optional(self) -> bool {
        matches!(self, Column::Uid | Column::LoginUid)
    }

    /// Its place among the numbers or the texts.
    pub(crate) fn place(self) -> usize {
        let place = self as usize;
        place.checked_sub(NUMBERS).unwrap_or(place)
    }
}

/// A record as flat columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) numbers: [i64; NUMBERS],
    pub(crate) texts: [Cow<'a, str>; TEXTS],
}

impl<'a> Row<'a> {
    /// A record's row. Texts longer than the limits are cut, and end in `…` then.
    pub(crate) fn of(number: u64, record: &'a AuditRecord) -> Row<'a> {
        let by = &record.initiator;
        let mut row = Row {
            numbers: [
                number.cast_signed(),
                record.time_ns,
                i64::from(by.process.pid),
                by.process.start_ns.cast_signed(),
                i64::from(by.parent.pid),
                by.parent.start_ns.cast_signed(),
                by.uid.map_or(NOT_KNOWN, i64::from),
                by.login_uid.map_or(NOT_KNOWN, i64::from),
                i64::from(by.tty),
                i64::from(by.session),
            ],
            texts: Default::default(),
        };
        row.put(Column::Kind, record.kind.as_str());
        row.put(Column::Action, &record.action);
        row.put(Column::Outcome, record.outcome.as_str());
        if let Some(container) = &record.container {
            row.put_container(container);
        }
        row.put(Column::Exe, &by.exe);
        row.put(Column::Command, &by.command);
        row.put(Column::Cwd, &by.cwd);
        row.put(Column::User, &by.user);
        row.put(Column::Target, &record.target);
        row.put(Column::Text, &record.text);
        row.put(Column::Severity, record.severity.as_str());
        row.put(Column::Rule, &record.rule);
        row.put(Column::Node, &record.node);
        row.put_json(Column::Ancestors, ancestors(&by.ancestors));
        row.put_json(Column::Details, details(record));
        row
    }

    fn put_container(&mut self, container: &'a ContainerRef) {
        self.put(Column::ContainerId, &container.id);
        self.put(Column::ContainerName, &container.name);
        let word = ENGINES.iter().find(|(engine, _)| *engine == container.engine);
        self.put(Column::Engine, word.map_or("unknown", |(_, word)| word));
        self.put(Column::Image, &container.image);
        self.put(Column::ImageDigest, &container.image_digest);
        self.put(Column::Namespace, &container.namespace);
        self.put(Column::Pod, &container.pod);
    }

    fn put(&mut self, column: Column, text: &'a str) {
        if let Some(place) = self.texts.get_mut(column.place()) {
            *place = clipped(text);
        }
    }

    fn put_json(&mut self, column: Column, text: String) {
        if let Some(place) = self.texts.get_mut(column.place()) {
            *place = Cow::Owned(text);
        }
    }

    pub(crate) fn number(&self, column: Column) -> i64 {
        self.numbers.get(column.place()).copied().unwrap_or(0)
    }

    pub(crate) fn text(&self, column: Column) -> &str {
        self.texts.get(column.place()).map_or("", |text| text)
    }

    /// Appends the row's bytes.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        for number in self.numbers {
            put_leb(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
        }
        for text in &self.texts {
            put_leb(out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
    }

    /// Reads a row's bytes, all of them.
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Row<'a>, String> {
        let mut rest = bytes;
        let mut row = Row::default();
        for number in &mut row.numbers {
            let zigzag = take_leb(&mut rest)?;
            *number = (zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed());
        }
        for text in &mut row.texts {
            let length = usize::try_from(take_leb(&mut rest)?).map_err(|e| e.to_string())?;
            let (own, after) =
                rest.split_at_checked(length).ok_or("a text reaches past its end")?;
            *text = Cow::Borrowed(std::str::from_utf8(own).map_err(|_| "a text is no UTF-8")?);
            rest = after;
        }
        if rest.is_empty() { Ok(row) } else { Err("something follows its last column".into()) }
    }

    /// The row as a record.
    pub(crate) fn record(&self) -> Result<AuditRecord, String> {
        let by = Initiator {
            process: self.process(Column::Pid, Column::StartNs)?,
            parent: self.process(Column::ParentPid, Column::ParentStartNs)?,
            exe: self.owned(Column::Exe),
            command: self.owned(Column::Command),
            cwd: self.owned(Column::Cwd),
            uid: self.known(Column::Uid)?,
            user: self.owned(Column::User),
            login_uid: self.known(Column::LoginUid)?,
            tty: self.small(Column::Tty)?,
            session: self.small(Column::Session)?,
            ancestors: self.json(Column::Ancestors)?,
        };
        Ok(AuditRecord {
            time_ns: self.number(Column::Time),
            kind: self.word(Column::Kind, AuditKind::ALL, AuditKind::as_str)?,
            action: self.owned(Column::Action),
            outcome: self.word(Column::Outcome, AuditOutcome::ALL, AuditOutcome::as_str)?,
            initiator: by,
            container: self.container()?,
            target: self.owned(Column::Target),
            text: self.owned(Column::Text),
            severity: self.word(Column::Severity, Severity::ALL, Severity::as_str)?,
            rule: self.owned(Column::Rule),
            node: self.owned(Column::Node),
            details: self.json(Column::Details)?,
        })
    }

    fn container(&self) -> Result<Option<ContainerRef>, String> {
        if self.text(Column::Engine).is_empty() {
            return Ok(None);
        }
        Ok(Some(ContainerRef {
            id: self.owned(Column::ContainerId),
            name: self.owned(Column::ContainerName),
            engine: self.word(Column::Engine, ENGINES, |(_, word)| word)?.0,
            image: self.owned(Column::Image),
            image_digest: self.owned(Column::ImageDigest),
            namespace: self.owned(Column::Namespace),
            pod: self.owned(Column::Pod),
        }))
    }

    fn owned(&self, column: Column) -> String {
        self.text(column).to_owned()
    }

    fn small(&self, column: Column) -> Result<u32, String> {
        let number = self.number(column);
        u32::try_from(number).map_err(|_| format!("{} is {number}", column.name()))
    }

    fn known(&self, column: Column) -> Result<Option<u32>, String> {
        if self.number(column) == NOT_KNOWN { Ok(None) } else { self.small(column).map(Some) }
    }

    fn process(&self, pid: Column, start: Column) -> Result<ProcessId, String> {
        let start_ns = self.number(start).cast_unsigned();
        Ok(ProcessId { pid: self.small(pid)?, start_ns })
    }

    fn word<T: Copy, const N: usize>(
        &self,
        column: Column,
        all: [T; N],
        word: impl Fn(T) -> &'static str,
    ) -> Result<T, String> {
        let text = self.text(column);
        let found = all.into_iter().find(|one| word(*one) == text);
        found.ok_or_else(|| format!("{} is `{text}`, which is not known", column.name()))
    }

    fn json<T: Default + serde::de::DeserializeOwned>(&self, column: Column) -> Result<T, String> {
        match self.text(column) {
            "" => Ok(T::default()),
            text => serde_json::from_str(text).map_err(|e| format!("{}: {e}", column.name())),
        }
    }
}

fn ancestors(all: &[Ancestor]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut kept = all;
    loop {
        let text = serde_json::to_string(kept).unwrap_or_default();
        match kept.split_last() {
            // The farthest go first.
            Some((_, nearer)) if text.len() > AUDIT_DETAILS_MAX_BYTES => kept = nearer,
            Some(_) => return text,
            None => return String::new(),
        }
    }
}

fn details(record: &AuditRecord) -> String {
    if record.details.is_empty() {
        return String::new();
    }
    let text = serde_json::to_string(&record.details).unwrap_or_default();
    if text.len() <= AUDIT_DETAILS_MAX_BYTES {
        return text;
    }
    let mut kept = std::collections::BTreeMap::from([("cut", "true")]);
    let mut bytes = 0;
    for (name, value) in &record.details {
        // Escaped, a byte is at most six.
        bytes += 6 * (name.len() + value.len() + 1);
        if bytes <= AUDIT_DETAILS_MAX_BYTES {
            kept.insert(name, value);
        }
    }
    serde_json::to_string(&kept).unwrap_or_default()
}

fn clipped(text: &str) -> Cow<'_, str> {
    if text.len() <= AUDIT_TEXT_MAX_BYTES {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(AUDIT_TEXT_MAX_BYTES);
    Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default()))
}

fn put_leb(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_leb(rest: &mut &[u8]) -> Result<u64, &'static str> {
    let mut number = 0_u64;
    for place in 0..LEB_MAX_BYTES {
        let (&byte, after) = rest.split_first().ok_or("a number reaches past its end")?;
        *rest = after;
        let bits = u64::from(byte & 0x7f);
        let shifted = bits << (7 * place);
        if shifted >> (7 * place) != bits {
            return Err("a number is too large");
        }
        number |= shifted;
        if byte & 0x80 == 0 {
            // One way to write a number only, so that a row has one form.
            return if byte == 0 && place > 0 { Err("a number is padded") } else { Ok(number) };
        }
    }
    Err("a number is too large")
}
