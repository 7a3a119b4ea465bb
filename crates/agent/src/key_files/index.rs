//! `Index`: the key files that are there, by path and by object, and what they were last.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::pattern::{Patterns, Rule};
use super::state::FileState;

/// Key files that are followed; more are told by their events alone.
const FILES: usize = 16_384;
/// Entries of folders that are looked at in one round.
const ENTRIES: usize = 65_536;

/// The key files that are there. Cheap to clone.
#[derive(Clone)]
pub(super) struct Index(Arc<Shared>);

struct Shared {
    patterns: Patterns,
    /// Below which nothing is hashed: what the agent itself writes all the time.
    own: PathBuf,
    files: RwLock<Files>,
}

#[derive(Default)]
struct Files {
    by_path: HashMap<String, FileState>,
    by_object: HashMap<(u32, u64), String>,
}

impl Index {
    pub(super) fn of(patterns: Patterns, own: &Path) -> Self {
        let (own, files) = (own.to_path_buf(), RwLock::default());
        Index(Arc::new(Shared { patterns, own, files }))
    }

    /// What is said of a path.
    pub(super) fn rule(&self, path: &str) -> Option<Rule> {
        self.0.patterns.rule(path)
    }

    /// The path of an object that is a key file, whatever it is called where it was touched.
    pub(super) fn path_of(&self, object: (u32, u64)) -> Option<String> {
        self.read(|files| files.by_object.get(&object).cloned())
    }

    /// What a file was last.
    pub(super) fn state(&self, path: &str) -> Option<FileState> {
        self.read(|files| files.by_path.get(path).cloned())
    }

    /// Puts in what a file is; `None` when it is gone.
    pub(super) fn put(&self, path: &str, state: Option<FileState>) {
        let mut files = self.0.files.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = files.by_path.remove(path)
            && files.by_object.get(&old.object()).is_some_and(|known| known == path)
        {
            files.by_object.remove(&old.object());
        }
        if let Some(state) = state
            && files.by_path.len() < FILES
        {
            files.by_object.insert(state.object(), path.to_owned());
            files.by_path.insert(path.to_owned(), state);
        }
    }

    /// Every file with what it was last.
    pub(super) fn all(&self) -> Vec<(String, FileState)> {
        self.read(|files| {
            files.by_path.iter().map(|(path, state)| (path.clone(), state.clone())).collect()
        })
    }

    /// Whether a file's content is followed.
    pub(super) fn is_hashed(&self, path: &str) -> bool {
        !Path::new(path).starts_with(&self.0.own)
    }

    /// The key files that are there now.
    pub(super) fn look(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut looked = 0;
        for pattern in &self.0.patterns.all {
            let place = pattern.place();
            if !place.starts_with(&self.0.own) {
                self.look_below(&place, pattern.depth(), &mut looked, &mut found);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn look_below(&self, place: &Path, depth: usize, looked: &mut usize, found: &mut Vec<String>) {
        *looked += 1;
        let Ok(metadata) = std::fs::symlink_metadata(place) else { return };
        let path = place.to_string_lossy();
        if metadata.is_file() && found.len() < FILES && self.rule(&path).is_some() {
            found.push(path.into_owned());
            return;
        }
        // A link's own folder is not left: what it leads to has a pattern of its own.
        if !metadata.is_dir() || depth == 0 || *looked > ENTRIES {
            return;
        }
        let Ok(entries) = std::fs::read_dir(place) else { return };
        for entry in entries.flatten() {
            self.look_below(&entry.path(), depth - 1, looked, found);
        }
    }

    fn read<T>(&self, look: impl FnOnce(&Files) -> T) -> T {
        look(&self.0.files.read().unwrap_or_else(PoisonError::into_inner))
    }
}
