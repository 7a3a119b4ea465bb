//! `Standing`: how far each stream has been read, kept over a restart of the agent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::AgentError;
use crate::config::read_text;

/// Largest file, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// How far each stream has been read.
pub(super) struct Standing {
    path: PathBuf,
    kept: Mutex<Kept>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// By stream: nanoseconds since 1970 of the last event.
    last_ns: BTreeMap<String, i64>,
    /// By file: where reading goes on.
    files: BTreeMap<String, Place>,
    #[serde(skip)]
    changed: bool,
}

/// Where reading a file goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    pub(super) inode: u64,
    pub(super) offset_bytes: u64,
}

impl Standing {
    /// Reads the file; what cannot be read stands at the beginning.
    pub(super) fn open(path: &Path) -> Self {
        let text = read_text(path, MAX_BYTES).ok().flatten();
        let kept = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Standing { path: path.to_path_buf(), kept: Mutex::new(kept) }
    }

    /// The last event of a stream, in nanoseconds since 1970.
    pub(super) fn last_ns(&self, stream: &str) -> Option<i64> {
        self.with(|kept| kept.last_ns.get(stream).copied())
    }

    /// A stream has been read up to here.
    pub(super) fn reached(&self, stream: &str, time_ns: i64) {
        self.with(|kept| {
            let last = kept.last_ns.entry(stream.to_owned()).or_default();
            kept.changed |= *last < time_ns;
            *last = time_ns.max(*last);
        });
    }

    /// Where reading a file goes on.
    pub(super) fn place(&self, file: &str) -> Option<Place> {
        self.with(|kept| kept.files.get(file).copied())
    }

    /// A file has been read up to here.
    pub(super) fn read_to(&self, file: &str, place: Place) {
        self.with(|kept| kept.changed |= kept.files.insert(file.to_owned(), place) != Some(place));
    }

    /// Writes what has changed since the last time.
    pub(super) fn keep(&self) -> Result<(), AgentError> {
        let Some(text) = self.with(|kept| {
            let changed = std::mem::take(&mut kept.changed);
            changed.then(|| serde_json::to_vec(kept).unwrap_or_default())
        }) else {
            return Ok(());
        };
        let kept = crate::kept::replace(&self.path, &text);
        kept.map_err(|error| AgentError::File { path: self.path.clone(), why: error.to_string() })
    }

    fn with<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/standing.json");
        let standing = Standing::open(&path);
        assert_eq!(standing.last_ns("docker"), None);
        standing.reached("docker", 7);
        standing.reached("docker", 5);
        standing.read_to("/log", Place { inode: 1, offset_bytes: 9 });
        standing.keep().unwrap();
        let again = Standing::open(&path);
        assert_eq!(again.last_ns("docker"), Some(7));
        assert_eq!(again.place("/log"), Some(Place { inode: 1, offset_bytes: 9 }));
        std::fs::write(&path, "{broken").unwrap();
        assert_eq!(Standing::open(&path).last_ns("docker"), None);
    }
}
