//! Writing a database: one writer at a time, the old file untouched until the new one is whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use model::{DatabaseVersion, Timestamp};

use super::file::{NewSegment, write_head};
use crate::AdvisoryError;

/// The database in its data directory.
pub(super) const DATABASE_FILE: &str = "advisories.lzdb";

/// The writers' lock in the data directory.
const LOCK_FILE: &str = "advisories.lock";

/// Begin of the names under which a database is written before it has its name.
const PARTIAL_PREFIX: &str = ".advisories-";

/// Everyone may read a database; nobody changes it in place.
const DATABASE_MODE: u32 = 0o444;

/// Longest note of a lock's holder that is repeated, in bytes.
const HOLDER_MAX_BYTES: u64 = 200;

/// The right to write the database of a data directory, until dropped.
#[derive(Debug)]
pub(super) struct WriterLock {
    directory: PathBuf,
    _file: File,
}

impl WriterLock {
    /// Takes the lock, making the directory if need be; does not wait for another writer.
    pub(super) fn take(directory: &Path, now: Timestamp) -> Result<Self, AdvisoryError> {
        std::fs::create_dir_all(directory).map_err(file_error(directory))?;
        let path = directory.join(LOCK_FILE);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(file_error(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&mut file);
                return Err(AdvisoryError::DatabaseBusy { path: directory.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(AdvisoryError::File { path, source }),
        }
        let note = format!("process {} since {now}", std::process::id());
        sign(&mut file, &note).map_err(file_error(&path))?;
        Ok(WriterLock { directory: directory.to_owned(), _file: file })
    }

    /// Writes a database of these segments and puts it in the place of the old one.
    pub(super) fn replace(
        &self,
        segments: &[NewSegment<'_>],
        built: Timestamp,
    ) -> Result<DatabaseVersion, AdvisoryError> {
        let path = self.directory.join(DATABASE_FILE);
        self.remove_partial_files();
        let (head, version) = write_head(segments, built);
        self.write(&head, segments, &path).map_err(file_error(&path))?;
        Ok(version)
    }

    fn write(&self, head: &[u8], segments: &[NewSegment<'_>], path: &Path) -> io::Result<()> {
        let mut partial = tempfile::Builder::new()
            .prefix(PARTIAL_PREFIX)
            .permissions(std::fs::Permissions::from_mode(0o600))
            .tempfile_in(&self.directory)?;
        partial.write_all(head)?;
        for segment in segments {
            partial.write_all(segment.bytes)?;
        }
        let file = partial.as_file();
        file.set_permissions(std::fs::Permissions::from_mode(DATABASE_MODE))?;
        file.sync_all()?;
        partial.persist(path).map_err(|error| error.error)?;
        File::open(&self.directory)?.sync_all()
    }

    /// Removes what a writer that was killed has left behind. Only the lock's holder writes such
    /// files, so none of them is in use.
    fn remove_partial_files(&self) {
        let Ok(entries) = std::fs::read_dir(&self.directory) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(PARTIAL_PREFIX) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

fn sign(file: &mut File, note: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(note.as_bytes())
}

fn holder(file: &mut File) -> String {
    let mut note = String::new();
    let _ = file.take(HOLDER_MAX_BYTES).read_to_string(&mut note);
    let known = !note.is_empty() && !note.contains(char::is_control);
    if known { note } else { "another process".to_owned() }
}

/// The error of a file or directory.
pub(super) fn file_error(path: &Path) -> impl FnOnce(io::Error) -> AdvisoryError {
    let path = path.to_owned();
    move |source| AdvisoryError::File { path, source }
}
