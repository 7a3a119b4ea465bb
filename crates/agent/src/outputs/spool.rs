//! `Spool`: what a destination could not be told waits on disk, the oldest first, within a size.
//!
//! Files of JSON lines with rising numbers. What was told leaves with its file, so that after a
//! fall a part of one file is told a second time, never lost.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead, BufReader, Read, Write};
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
    /// Whether the newest file ends in a whole line, for certain.
    is_whole: bool,
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
        let (folder, files) = (folder.to_path_buf(), files.into());
        Ok(Spool { folder, max_bytes, files, next, is_whole: false })
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
            let mut line = serde_json::to_vec(&line).unwrap_or_default();
            line.push(b'\n');
            if line.len() == 1 || line.len() as u64 > SPOOL_LINE_BYTES {
                left += 1;
                continue;
            }
            left += self.make_room(line.len() as u64);
            left += u64::from(self.append(&line).is_err());
        }
        left
    }

    /// The entries of the oldest file. After an error it stays, to be read another time.
    pub(super) fn front(&self) -> io::Result<Vec<Entry>> {
        self.files.front().map_or(Ok(Vec::new()), |first| read(&self.path(first.number)))
    }

    /// So many entries of the oldest file were told; it goes. Gives how many of it nobody could
    /// read.
    pub(super) fn pop(&mut self, told: usize) -> u64 {
        let Some(first) = self.files.pop_front() else { return 0 };
        let _ = fs::remove_file(self.path(first.number));
        first.entries.saturating_sub(told as u64)
    }

    fn make_room(&mut self, bytes: u64) -> u64 {
        let mut left = 0;
        while self.files.iter().map(|file| file.bytes).sum::<u64>() + bytes > self.max_bytes
            && !self.files.is_empty()
        {
            left += self.pop(0);
        }
        left
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let bytes = line.len() as u64;
        let has_room = |file: &&Waiting| self.is_whole && file.bytes + bytes <= SPOOL_FILE_BYTES;
        let (number, end) = match self.files.back().filter(has_room) {
            Some(last) => (last.number, last.bytes),
            None => (self.next, 0),
        };
        let path = self.path(number);
        let mut file = File::options().create(true).append(true).mode(0o600).open(&path)?;
        if let Err(error) = file.write_all(line) {
            // Nothing is written behind a part of a line.
            if end == 0 {
                let _ = fs::remove_file(&path);
                self.next += 1;
            } else if file.set_len(end).is_err() {
                self.is_whole = false;
            }
            return Err(error);
        }
        if end == 0 {
            self.next += 1;
            self.is_whole = true;
            self.files.push_back(Waiting { number, bytes: 0, entries: 0 });
        }
        if let Some(last) = self.files.back_mut() {
            last.bytes += bytes;
            last.entries += 1;
        }
        Ok(())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:012}.jsonl"))
    }
}

/// Puts entries into a spool's folder, and gives how many found no room. For fuzzing.
pub fn write_spool(folder: &Path, entries: &[Entry]) -> Result<u64, AgentError> {
    Spool::open(folder, u64::MAX).map(|mut spool| spool.push(entries))
}

/// Takes all entries out of a spool's folder, and gives besides how many nobody could read. For
/// fuzzing.
pub fn read_spool(folder: &Path) -> Result<(Vec<Entry>, u64), AgentError> {
    let mut spool = Spool::open(folder, u64::MAX)?;
    let (mut entries, mut unreadable) = (Vec::new(), 0);
    while !spool.is_empty() {
        let front = spool.front();
        let front = front
            .map_err(|error| AgentError::File { path: folder.into(), why: error.to_string() })?;
        unreadable += spool.pop(front.len());
        entries.extend(front);
    }
    Ok((entries, unreadable))
}

fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    each_line(path, |line| match serde_json::from_slice(line) {
        Ok(Line::Alert(alert)) => entries.push(Entry::Alert(alert)),
        Ok(Line::Record(record)) => entries.push(Entry::Record(record)),
        Err(_) => {}
    })?;
    Ok(entries)
}

fn count(path: &Path) -> u64 {
    let mut lines = 0;
    // What cannot be read now may be later: it is told then, uncounted.
    let _ = each_line(path, |_| lines += 1);
    lines
}

/// The whole lines of a file, if it is there; a torn one at its end is left out, one that is too
/// long is given empty.
fn each_line(path: &Path, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut reader = BufReader::new(file.take(SPOOL_FILE_BYTES + SPOOL_LINE_BYTES));
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.by_ref().take(SPOOL_LINE_BYTES).read_until(b'\n', &mut line)?;
        if line.last() == Some(&b'\n') {
            take(&line);
        } else if (read as u64) < SPOOL_LINE_BYTES {
            return Ok(());
        } else {
            reader.skip_until(b'\n')?;
            take(&[]);
        }
    }
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
            let entries = spool.front().unwrap();
            all.extend(
                entries.iter().map(|entry| entry.to_record().target.parse::<usize>().unwrap()),
            );
            assert_eq!(spool.pop(entries.len()), 0);
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
        assert_eq!(spool.push(&[entry(500)]), 0);
        assert_eq!(numbers(&mut spool), (0..501).collect::<Vec<_>>());
    }

    #[test]
    fn what_nobody_can_read_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let good = "{\"record\":{\"target\":\"7\"}}\n";
        let long = "x".repeat(usize::try_from(SPOOL_LINE_BYTES).unwrap() + 1);
        let text = format!("{good}no entry\n{long}\n{good}torn");
        std::fs::write(folder.path().join("000000000001.jsonl"), text).unwrap();
        let mut spool = Spool::open(folder.path(), u64::MAX).unwrap();
        assert_eq!(spool.len(), 4);
        assert_eq!((spool.front().unwrap().len(), spool.pop(2)), (2, 2));
        let huge = AuditRecord { text: long, ..AuditRecord::default() };
        assert_eq!(spool.push(&[Entry::Record(Box::new(huge)), entry(8)]), 1);
        assert_eq!(numbers(&mut spool), [8]);
        assert_eq!(spool.push(&[entry(9)]), 0);
        // A folder in its place: it can be opened but not read.
        let path = spool.path(spool.files[0].number);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(spool.front().is_err() && spool.len() == 1);
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
