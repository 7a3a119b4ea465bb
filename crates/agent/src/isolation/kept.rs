//! `KeptFile`: a small file of the kernel that is read again and again.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Bytes that are read of one file.
pub(super) const MAX_BYTES: usize = 16 * 1024;

/// A file that is read from its beginning each time, opened once where the number of open files
/// allows it.
#[derive(Debug)]
pub(super) struct KeptFile {
    path: PathBuf,
    file: Option<File>,
    keep: bool,
}

impl KeptFile {
    /// A file; `None` when it is not there.
    pub(super) fn open(path: PathBuf, keep: bool) -> Option<Self> {
        let file = open(&path)?;
        Some(KeptFile { path, file: keep.then_some(file), keep })
    }

    /// Its text now; `None` when it is gone. More than [`MAX_BYTES`] is cut.
    pub(super) fn text<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Option<&'b str> {
        let opened;
        let file = match &self.file {
            Some(file) => file,
            None => {
                opened = open(&self.path)?;
                &opened
            }
        };
        let read = read_from_start(file, buffer);
        if read.is_none() && self.keep {
            self.file = None;
        }
        read
    }
}

/// A file's text, once.
pub(super) fn text_of<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> Option<&'b str> {
    read_from_start(&open(path)?, buffer)
}

/// Never waits for whoever should be at a pipe's other end.
pub(super) fn open(path: &Path) -> Option<File> {
    let flags = OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path).ok()
}

fn read_from_start<'b>(file: &File, buffer: &'b mut Vec<u8>) -> Option<&'b str> {
    buffer.resize(MAX_BYTES, 0);
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        let at = u64::try_from(length).ok()?;
        match file.read_at(rest, at).ok()? {
            0 => break,
            // The kernel gives what fits at once: a short answer is all.
            read => length += read,
        }
        if length < MAX_BYTES / 2 {
            break;
        }
    }
    std::str::from_utf8(buffer.get(..length)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_file_tells_what_is_in_it_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value");
        std::fs::write(&path, "1\n").unwrap();
        let mut buffer = Vec::new();
        let mut kept = KeptFile::open(path.clone(), true).unwrap();
        let mut other = KeptFile::open(path.clone(), false).unwrap();
        assert_eq!(kept.text(&mut buffer), Some("1\n"));
        std::fs::write(&path, "22\n").unwrap();
        assert_eq!(kept.text(&mut buffer), Some("22\n"));
        std::fs::write(&path, "x".repeat(MAX_BYTES + 1)).unwrap();
        assert_eq!(kept.text(&mut buffer).map(str::len), Some(MAX_BYTES));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(other.text(&mut buffer), None);
        assert!(KeptFile::open(path, true).is_none());
    }
}
