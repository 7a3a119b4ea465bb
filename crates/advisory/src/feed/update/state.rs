//! What is remembered of a download beside its file: where it came from, and the validators that
//! tell whether it is still the same.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::AdvisoryError;

/// Ending of the file that remembers a finished download.
const STATE_ENDING: &str = ".state";
/// Ending of a download that is not finished.
const PART_ENDING: &str = ".part";
/// Ending of the file that remembers an unfinished download.
const PART_STATE_ENDING: &str = ".part.state";

/// Where a file came from and what the server said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The address.
    pub(super) url: String,
    /// `ETag`, as sent.
    pub(super) etag: Option<String>,
    /// `Last-Modified`, as sent.
    pub(super) last_modified: Option<String>,
}

impl State {
    /// The validator for `If-Range`: an entity tag that is not weak, else the date.
    pub(super) fn if_range(&self) -> Option<&str> {
        let strong = self.etag.as_deref().filter(|etag| !etag.starts_with("W/"));
        strong.or(self.last_modified.as_deref())
    }

    /// What is remembered at a path, if it is about this address.
    pub(super) fn load(path: &Path, url: &str) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let state: State = serde_json::from_slice(&bytes).ok()?;
        (state.url == url).then_some(state)
    }

    /// Remembers it.
    pub(super) fn save(&self, path: &Path) -> Result<(), AdvisoryError> {
        let failed = |source| AdvisoryError::File { path: path.to_owned(), source };
        let bytes = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        std::fs::write(path, bytes).map_err(failed)
    }
}

/// Where the state of a finished download lies.
pub(super) fn state_path(file: &Path) -> PathBuf {
    with_ending(file, STATE_ENDING)
}

/// Where an unfinished download lies.
pub(super) fn part_path(file: &Path) -> PathBuf {
    with_ending(file, PART_ENDING)
}

/// Where the state of an unfinished download lies.
pub(super) fn part_state_path(file: &Path) -> PathBuf {
    with_ending(file, PART_STATE_ENDING)
}

/// Whether a path is a download or what is kept beside it.
pub(super) fn belongs_to(path: &Path, file: &Path) -> bool {
    path == file
        || path == state_path(file)
        || path == part_path(file)
        || path == part_state_path(file)
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
