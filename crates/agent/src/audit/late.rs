//! `LateLog`: the audit log, opened as soon as the disk lets it. A node is watched while it does not.

use std::path::{Path, PathBuf};

use store::audit::{AuditError, AuditLog, AuditOptions};

/// The log, or what is needed to open it later.
#[derive(Debug)]
pub struct LateLog {
    folder: PathBuf,
    options: AuditOptions,
    log: Option<AuditLog>,
}

impl LateLog {
    /// Opens the log of a folder. Where the disk has no room or refuses, it is tried again with
    /// each record.
    ///
    /// # Errors
    /// Another process writes the log, or a part of it is damaged.
    pub fn open(folder: &Path, options: AuditOptions) -> Result<LateLog, AuditError> {
        let log = match AuditLog::open(folder, options.clone()) {
            Ok(log) => Some(log),
            Err(AuditError::Full { .. } | AuditError::System { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(LateLog { folder: folder.to_path_buf(), options, log })
    }

    /// The log, if it is open.
    pub(super) fn opened(&mut self) -> Option<&mut AuditLog> {
        self.log.as_mut()
    }

    /// The log, opened now where it is not yet.
    pub(super) fn get(&mut self) -> Result<&mut AuditLog, AuditError> {
        let log = match self.log.take() {
            Some(log) => log,
            None => AuditLog::open(&self.folder, self.options.clone())?,
        };
        Ok(self.log.insert(log))
    }
}

impl From<AuditLog> for LateLog {
    fn from(log: AuditLog) -> Self {
        // An open log is never opened again: neither is asked for.
        LateLog { folder: PathBuf::new(), options: AuditOptions::default(), log: Some(log) }
    }
}
