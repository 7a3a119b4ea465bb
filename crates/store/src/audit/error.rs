//! `AuditError`: the audit log could not be read or written.

use std::io;
use std::path::{Path, PathBuf};

/// The audit log could not be read or written. One line: what, where, what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// There is no log.
    #[error("no audit log is in {folder}; name the folder that the agent writes to")]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process writes the log.
    #[error("the audit log {folder} is written by another process; only one may")]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// There is no room on the disk.
    #[error(
        "no space left to write the audit log {path}: nothing more is kept until there is room; \
         free some space or let it keep less"
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses something else.
    #[error("cannot {what} {path}: {why}; check the folder's disk and permissions")]
    System {
        /// What.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why, in the system's words.
        why: String,
    },
    /// A part of the log is not as it was written.
    #[error(
        "the audit log is damaged at {path}: {why}; see `lazaret audit verify`, and move the \
         folder away to begin a new log"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the place.
        why: String,
    },
}

impl AuditError {
    /// The mistake behind an error of the system.
    pub(crate) fn of(what: &'static str, path: &Path, error: &io::Error) -> AuditError {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let path = path.to_path_buf();
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => AuditError::Full { path },
            _ => AuditError::System { what, path, why: error.to_string() },
        }
    }

    pub(crate) fn damaged(path: &Path, why: impl Into<String>) -> AuditError {
        AuditError::Damaged { path: path.to_path_buf(), why: why.into() }
    }
}
