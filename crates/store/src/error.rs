//! `StoreError`: state could not be read or written.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// State could not be read or written. One line: what, where, what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file or its directory cannot be used.
    #[error("cannot open the store {path}: {why}; check that the directory exists and is writable")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why, in the system's words.
        why: String,
    },
    /// The file is damaged or is no database.
    #[error(
        "the store {path} is damaged ({why}); move it away, with its -wal and -shm files, and run \
         again: a new one is made and only the history of reports is lost"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        why: String,
    },
    /// The file is a database of another program.
    #[error("{path} is a database of another program; name another file for the store")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "the store {path} has version {found}, this program knows {known}; use the newer program \
         or another file"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// Another process held the file for too long.
    #[error("the store {path} is in use by another process; try again when it has finished")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full or a file may not grow.
    #[error("no space left to write the store {path}; free some space and try again")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// A stored report cannot be read back.
    #[error("report {id} in the store {path} cannot be read ({why}); scan the image again")]
    Report {
        /// The file.
        path: PathBuf,
        /// The report's number.
        id: i64,
        /// Why.
        why: String,
    },
    /// A stored decision cannot be read back.
    #[error(
        "decision {number} in the store {path} cannot be read ({why}); the log was changed: see \
         `lazaret policy decisions --verify`"
    )]
    Decision {
        /// The file.
        path: PathBuf,
        /// The decision's number.
        number: i64,
        /// Why.
        why: String,
    },
    /// A report cannot be written.
    #[error("a report cannot be written to the store {path}: {why}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Anything else that SQLite refuses.
    #[error("the store {path} failed: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// The mistake behind an error of SQLite.
    pub(crate) fn from_sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        let why = source.to_string();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                StoreError::Corrupt { path, why }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
            Some(ErrorCode::DiskFull) => StoreError::Full { path },
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                StoreError::Open { path, why }
            }
            _ => StoreError::Sqlite { path, source },
        }
    }
}
