//! `Spool`: what a destination could not be told waits on disk, the oldest first, within a size.
//!
//! Files of JSON lines with rising numbers. What was told leaves with its file, so that after a
//! fall a part of one file is told a second time, never lost.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use model::{Alert, AuditRecord};

use crate::AgentError;
use crate::limits::{SPOOL_FILE_BYTES, SPOOL_LINE_BYTES};
use crate::trail::Entry;

/// Entries on disk.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    max_bytes: u64,
    files: VecDeque<Waiting>,
    next: u64,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    number: u64,
    bytes: u64,
    entries: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Alert(Box<Alert>),
    Record(Box<AuditRecord>),
}

impl Spool {
    /// What is left there from before is told first.
    pub(super) fn open(folder: &Path, max_bytes: u64) -> Result<Self, AgentError> {
        let wrong = |error: std::io::Error| AgentError::File {
            path: folder.into(),
            why: error.to_string(),
        };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(wrong)?;
        let mut files: Vec<Waiting> = fs::read_dir(folder)
            .map_err(wrong)?
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name();
                let number = name.to_str()?.strip_suffix(".jsonl")?.parse().ok()?;
                let bytes = entry.metadata().ok()?.len();
                Some(Waiting { number, bytes, entries: count(&entry.path()) })
            })
            .collect();
        files.sort_by_key(|file| file.number);
        let next = files.last().map_or(1, |file| file.number + 1);
        Ok(Spool { folder: folder.to_path_buf(), max_bytes, files: files.into(), next })
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many entries wait.
    pub(super) fn len(&self) -> u64 {
        self.files.iter().map(|file| file.entries).sum()
    }

    /// Puts entries at the end. Gives how many had to leave, or found no room.
    pub(super) fn push(&mut self, entries: &[Entry]) -> u64 {
        let mut left = 0;
        for entry in entries {
            let line = match entry {
                Entry::Alert(alert) => Line::Alert(alert.clone()),
                Entry::Record(record) => Line::Record(record.clone()),
            };
            let Ok(mut line) = serde_json::to_vec(&line) else { continue };
            line.push(b'\n');
            left += self.make_room(line.len() as u64);
            if self.append(&line).is_err() {
                left += 1;
            }
        }
        left
    }

    /// The entries of the oldest file.
    pub(super) fn front(&self) -> Vec<Entry> {
        let Some(first) = self.files.front() else { return Vec::new() };
        read(&self.path(first.number))
    }

    /// The oldest file was told.
    pub(super) fn pop(&mut self) {
        if let Some(first) = self.files.pop_front() {
            let _ = fs::remove_file(self.path(first.number));
        }
    }

    fn make_room(&mut self, bytes: u64) -> u64 {
        let mut left = 0;
        while self.files.iter().map(|file| file.bytes).sum::<u64>() + bytes > self.max_bytes {
            let Some(first) = self.files.front() else { break };
            left += first.entries;
            self.pop();
        }
        left
    }

    fn append(&mut self, line: &[u8]) -> std::io::Result<()> {
        let is_full = |file: &Waiting| file.bytes + line.len() as u64 > SPOOL_FILE_BYTES;
        if self.files.back().is_none_or(is_full) {
            self.files.push_back(Waiting { number: self.next, bytes: 0, entries: 0 });
            self.next += 1;
        }
        let number = self.files.back().map(|file| file.number).unwrap_or_default();
        let mut file =
            File::options().create(true).append(true).mode(0o600).open(self.path(number))?;
        file.write_all(line)?;
        if let Some(last) = self.files.back_mut() {
            last.bytes += line.len() as u64;
            last.entries += 1;
        }
        Ok(())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:012}.jsonl"))
    }
}

fn read(path: &Path) -> Vec<Entry> {
    lines(path)
        .filter_map(|line| serde_json::from_slice(&line).ok())
        .map(|line| match line {
            Line::Alert(alert) => Entry::Alert(alert),
            Line::Record(record) => Entry::Record(record),
        })
        .collect()
}

fn count(path: &Path) -> u64 {
    lines(path).count() as u64
}

/// The whole lines of a file; a torn one at its end is left out.
fn lines(path: &Path) -> impl Iterator<Item = Vec<u8>> {
    let mut reader =
        File::open(path).ok().map(|file| BufReader::new(file.take(SPOOL_FILE_BYTES * 2)));
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        let reader = reader.as_mut()?;
        reader.by_ref().take(SPOOL_LINE_BYTES).read_until(b'\n', &mut line).ok()?;
        (line.last() == Some(&b'\n')).then_some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: usize) -> Entry {
        let target = number.to_string();
        Entry::Record(Box::new(AuditRecord { target, ..AuditRecord::default() }))
    }

    fn numbers(spool: &mut Spool) -> Vec<usize> {
        let mut all = Vec::new();
        while !spool.is_empty() {
            let entries = spool.front();
            all.extend(
                entries.iter().map(|entry| entry.to_record().target.parse::<usize>().unwrap()),
            );
            spool.pop();
        }
        all
    }

    #[test]
    fn what_waits_outlives_the_agent_and_keeps_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), u64::MAX).unwrap();
        let entries: Vec<Entry> = (0..500).map(entry).collect();
        assert_eq!(spool.push(&entries), 0);
        drop(spool);
        let torn = folder.path().join("000000000002.jsonl");
        let mut file = File::options().create(true).append(true).open(torn).unwrap();
        file.write_all(b"{\"record\":{\"tar").unwrap();
        let mut spool = Spool::open(folder.path(), u64::MAX).unwrap();
        assert_eq!(spool.len(), 500);
        assert_eq!(numbers(&mut spool), (0..500).collect::<Vec<_>>());
    }

    #[test]
    fn the_oldest_leave_and_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 3 * SPOOL_FILE_BYTES).unwrap();
        let mut left = 0;
        let mut pushed = 0;
        while left == 0 {
            let entries: Vec<Entry> = (pushed..pushed + 1000).map(entry).collect();
            left = spool.push(&entries);
            pushed += 1000;
        }
        assert_eq!(spool.len() + left, pushed as u64);
        let kept = numbers(&mut spool);
        assert_eq!(kept.last(), Some(&(pushed - 1)));
        assert_eq!(kept.first(), Some(&usize::try_from(left).unwrap()));
    }
}
