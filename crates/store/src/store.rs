//! `Store`: the open file.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::StoreError;
use crate::limits::{BUSY_TIMEOUT_MS, WAL_ATTEMPTS, WAL_PAUSE_MS};
use crate::schema::{self, Owner};

/// State on disk. Threads may share it; processes may open the same file at the same time.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the store, making the file, its directory and its tables where they are missing.
    ///
    /// The file is readable by its owner only, since reports tell where an image is weak.
    /// Errors on a file that is damaged, another program's, or from a newer version.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        create(path).map_err(|error| StoreError::Open {
            path: path.to_path_buf(),
            why: error.to_string(),
        })?;
        let connection = connect(path)?;
        Ok(Store { path: path.to_path_buf(), connection: Mutex::new(connection) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` on the connection.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.lock()).map_err(|error| StoreError::from_sqlite(&self.path, error))
    }

    /// Runs `work` as one transaction that holds the write lock from its beginning, so that it
    /// waits for other writers instead of failing on them.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let run = || {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        run().map_err(|error| StoreError::from_sqlite(&self.path, error))
    }

    /// A transaction is rolled back when a panic drops it, so a poisoned lock holds a sound
    /// connection.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the file with narrow permissions; SQLite gives its side files the same ones.
fn create(path: &Path) -> std::io::Result<()> {
    if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(directory)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let wrong = |error| StoreError::from_sqlite(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(wrong)?;
    connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS)).map_err(wrong)?;
    match schema::owner(&connection).map_err(wrong)? {
        Owner::Other => return Err(StoreError::Foreign { path: path.to_path_buf() }),
        Owner::Us(found) if found > schema::newest() => {
            let (path, known) = (path.to_path_buf(), schema::newest());
            return Err(StoreError::Newer { path, found, known });
        }
        Owner::Us(_) | Owner::Nobody => {}
    }
    configure(&connection).map_err(wrong)?;
    schema::migrate(&mut connection).map_err(wrong)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    use_write_ahead_log(connection)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // The file may have been tampered with: nothing in its schema may call functions.
    connection.pragma_update(None, "trusted_schema", false)
}

/// Readers then do not block the writer. SQLite refuses the switch at once while another process
/// opens the same file; that passes.
fn use_write_ahead_log(connection: &Connection) -> rusqlite::Result<()> {
    let mut attempt = 0;
    loop {
        let switched = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
        match switched {
            Err(error) if is_busy(&error) && attempt < WAL_ATTEMPTS => {
                attempt += 1;
                thread::sleep(Duration::from_millis(WAL_PAUSE_MS));
            }
            decided => return decided,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

#[cfg(test)]
mod tests;
