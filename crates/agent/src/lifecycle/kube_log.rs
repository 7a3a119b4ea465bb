//! The API server's audit log, followed as it grows and is rotated.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::kube_audit::Entry;
use super::standing::Place;
use crate::limits::EVENT_MAX_BYTES;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Bytes read at once.
const READ_BYTES: u64 = 256 * 1024;

/// A file that grows, and is put away for a new one of the same name.
struct Growing {
    path: PathBuf,
    open: Option<(File, Place)>,
    /// The line that is not complete yet.
    line: Vec<u8>,
    /// Whether a line is being left out because it is too long.
    too_long: bool,
}

/// Follows the log until the task is dropped.
pub(super) async fn follow(shared: Arc<Shared>, path: PathBuf) {
    let name = path.to_string_lossy().into_owned();
    let mut growing = Growing { path, open: None, line: Vec::new(), too_long: false };
    growing.begin(shared.standing.place(&name));
    loop {
        let mut lines = Vec::new();
        let more = growing.read(&mut lines);
        for line in &lines {
            take(&shared, line);
        }
        if let Some((_, place)) = &growing.open {
            let unread = growing.line.len() as u64;
            let offset_bytes = place.offset_bytes.saturating_sub(unread);
            shared.standing.read_to(&name, Place { offset_bytes, ..*place });
        }
        if more {
            // A backlog must not hold up the other streams of this thread.
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn take(shared: &Shared, line: &[u8]) {
    let Ok(entry) = serde_json::from_slice::<Entry>(line) else {
        shared.malformed();
        return;
    };
    if entry.is_told(&shared.config.kubernetes.quiet_users) {
        let mut record = entry.record();
        record.node.clone_from(&shared.node);
        shared.trail.record(record);
    }
    let Some(asked) = entry.pod_exec() else { return };
    if let Some(session) = shared.execs.asked(asked.clone()) {
        shared.trail.record(identified(shared, &session, &asked));
    }
}

/// A session began before the log told whose it is.
fn identified(shared: &Shared, session: &str, asked: &super::PodExec) -> model::AuditRecord {
    let mut record = model::AuditRecord {
        time_ns: asked.time_ns,
        kind: model::AuditKind::Command,
        action: "session_identified".to_owned(),
        node: shared.node.clone(),
        target: session.to_owned(),
        text: format!("the session in pod {}/{} is {}'s", asked.pod.0, asked.pod.1, asked.user),
        ..model::AuditRecord::default()
    };
    record.initiator.user.clone_from(&asked.user);
    for (name, value) in
        [("session", session), ("addresses", &asked.addresses), ("audit_id", &asked.audit_id)]
    {
        record.details.insert(name.to_owned(), value.to_owned());
    }
    record
}

impl Growing {
    /// Goes on where reading ended, when it is still the same file; else at the end of what is
    /// there: what was logged before the agent first came is not news.
    fn begin(&mut self, kept: Option<Place>) {
        let Some((mut file, mut place)) = open(&self.path) else { return };
        let length = file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        place.offset_bytes = match kept {
            Some(kept) if kept.inode == place.inode && kept.offset_bytes <= length => {
                kept.offset_bytes
            }
            // Rotated meanwhile: the new file is read from its beginning.
            Some(_) => 0,
            None => length,
        };
        if file.seek(SeekFrom::Start(place.offset_bytes)).is_ok() {
            self.open = Some((file, place));
        }
    }

    /// Reads some. Gives whether there may be more at once.
    fn read(&mut self, lines: &mut Vec<Vec<u8>>) -> bool {
        let Some((file, place)) = &mut self.open else {
            self.open = open(&self.path);
            return self.open.is_some();
        };
        let mut bytes = Vec::new();
        let read = file.take(READ_BYTES).read_to_end(&mut bytes).unwrap_or_default();
        place.offset_bytes += read as u64;
        if read > 0 {
            self.split(&bytes, lines);
            return true;
        }
        self.rotated()
    }

    /// At the end: goes on to the new file when there is one, or to the beginning of a file that
    /// was emptied.
    fn rotated(&mut self) -> bool {
        let Some((file, place)) = &mut self.open else { return false };
        let Ok(named) = std::fs::metadata(&self.path) else { return false };
        if named.ino() != place.inode {
            self.open = open(&self.path);
            self.line.clear();
            self.too_long = false;
            return self.open.is_some();
        }
        if named.len() < place.offset_bytes && file.seek(SeekFrom::Start(0)).is_ok() {
            place.offset_bytes = 0;
            self.line.clear();
            return true;
        }
        false
    }

    fn split(&mut self, bytes: &[u8], lines: &mut Vec<Vec<u8>>) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends = part.ends_with(b"\n");
            if !self.too_long {
                self.line.extend_from_slice(part);
            }
            if self.line.len() > EVENT_MAX_BYTES {
                // What cannot be kept cannot be read: it is handed on cut, and counted there.
                self.line.truncate(1);
                self.too_long = true;
            }
            if ends {
                lines.push(std::mem::take(&mut self.line));
                self.too_long = false;
            }
        }
    }
}

fn open(path: &Path) -> Option<(File, Place)> {
    let file = File::open(path).ok()?;
    let inode = file.metadata().ok()?.ino();
    Some((file, Place { inode, offset_bytes: 0 }))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn all(growing: &mut Growing) -> Vec<String> {
        let mut lines = Vec::new();
        while growing.read(&mut lines) {}
        lines.iter().map(|line| String::from_utf8_lossy(line).trim().to_owned()).collect()
    }

    #[test]
    fn it_follows_a_file_through_its_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        std::fs::write(&path, "old\n").unwrap();
        let growing =
            || Growing { path: path.clone(), open: None, line: Vec::new(), too_long: false };
        let mut log = growing();
        log.begin(None);
        let append = |text: &str| {
            let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
            file.unwrap().write_all(text.as_bytes()).unwrap();
        };
        assert!(all(&mut log).is_empty());
        append("one\ntw");
        assert_eq!(all(&mut log), ["one"]);
        append("o\n");
        assert_eq!(all(&mut log), ["two"]);
        append("last\n");
        std::fs::rename(&path, folder.path().join("audit-1.log")).unwrap();
        append("new\n");
        assert_eq!(all(&mut log), ["last", "new"]);
        let place = log.open.as_ref().map(|(_, place)| *place);
        append("while away\n");
        let mut again = growing();
        again.begin(place);
        assert_eq!(all(&mut again), ["while away"]);
        std::fs::write(&path, "x\n").unwrap();
        assert_eq!(all(&mut again), ["x"]);
    }

    #[test]
    fn a_line_without_an_end_takes_no_memory() {
        let mut log =
            Growing { path: PathBuf::new(), open: None, line: Vec::new(), too_long: false };
        let mut lines = Vec::new();
        for _ in 0..5 {
            log.split(&vec![b'x'; EVENT_MAX_BYTES], &mut lines);
        }
        assert!(log.line.len() <= EVENT_MAX_BYTES);
        log.split(b"\nnext\n", &mut lines);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1], b"next\n");
    }
}
