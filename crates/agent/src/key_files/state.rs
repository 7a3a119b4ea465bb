//! `FileState`: what a key file is at a moment, and `Kept`: what all of them were, written down so
//! that a change while the agent was away is found.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::AgentError;
use crate::config::read_text;

/// Largest file of states, in bytes.
const STATES_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes read at once.
const PIECE_BYTES: usize = 256 * 1024;

/// What a file is at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FileState {
    /// SHA-256, hexadecimal; empty when it is too large.
    pub(super) sha256: String,
    pub(super) size_bytes: u64,
    /// Type and mode.
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Device, major << 20 | minor, as the kernel's events have it.
    pub(super) device: u32,
    pub(super) inode: u64,
    pub(super) modified_ns: i64,
    pub(super) changed_ns: i64,
}

/// What all files were.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// When this was written, in nanoseconds since 1970.
    pub(super) time_ns: i64,
    pub(super) files: BTreeMap<String, FileState>,
}

impl FileState {
    /// What a file is now; `None` when it is not there or no file. A link is not followed.
    pub(super) fn of(path: &Path, hash_max_bytes: u64) -> Option<FileState> {
        let (file, mut state) = Self::open(path)?;
        if state.size_bytes <= hash_max_bytes {
            state.sha256 = hash(file, hash_max_bytes)?;
        }
        Some(state)
    }

    /// The same without its hash.
    pub(super) fn outside_of(path: &Path) -> Option<FileState> {
        let metadata = std::fs::symlink_metadata(path).ok()?;
        metadata.is_file().then(|| Self::from_metadata(&metadata))
    }

    fn open(path: &Path) -> Option<(File, FileState)> {
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).ok()?;
        let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
        let metadata = file.metadata().ok()?;
        let state = Self::from_metadata(&metadata);
        metadata.is_file().then_some((file, state))
    }

    fn from_metadata(metadata: &std::fs::Metadata) -> FileState {
        let ns =
            |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        let (major, minor) = (rustix::fs::major(metadata.dev()), rustix::fs::minor(metadata.dev()));
        FileState {
            sha256: String::new(),
            size_bytes: metadata.size(),
            mode: metadata.mode(),
            uid: metadata.uid(),
            gid: metadata.gid(),
            device: major << 20 | minor,
            inode: metadata.ino(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether nothing speaks for a change, the content not looked at.
    pub(super) fn looks_like(&self, other: &FileState) -> bool {
        FileState { sha256: String::new(), ..self.clone() }
            == FileState { sha256: String::new(), ..other.clone() }
    }

    /// Whether content, mode and owner are the same, whatever the times.
    pub(super) fn is_same(&self, other: &FileState) -> bool {
        let of = |state: &FileState| {
            let times = if state.sha256.is_empty() { state.modified_ns } else { 0 };
            (state.sha256.clone(), state.size_bytes, state.mode, state.uid, state.gid, times)
        };
        of(self) == of(other)
    }

    /// The object, as the kernel's events name it.
    pub(super) fn object(&self) -> (u32, u64) {
        (self.device, self.inode)
    }
}

fn hash(file: File, max_bytes: u64) -> Option<String> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    // One byte more than allowed: a file that grows meanwhile is too large after all.
    let mut file = file.take(max_bytes.saturating_add(1));
    let mut total = 0_u64;
    loop {
        let read = file.read(&mut piece).ok()?;
        if read == 0 {
            break;
        }
        total += read as u64;
        hasher.update(piece.get(..read)?);
    }
    let digest = hasher.finalize();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(if total > max_bytes { String::new() } else { hex })
}

impl Kept {
    /// Reads the file; `None` when there is none or it is broken.
    pub(super) fn read(path: &Path) -> Option<Kept> {
        let text = read_text(path, STATES_MAX_BYTES).ok().flatten()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes the file.
    pub(super) fn write(&self, path: &Path) -> Result<(), AgentError> {
        let wrong = |why: String| AgentError::File { path: path.to_path_buf(), why };
        let text = serde_json::to_vec(self).map_err(|error| wrong(error.to_string()))?;
        crate::kept::replace(path, &text).map_err(|error| wrong(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_tells_content_and_mode() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "abc").unwrap();
        let first = FileState::of(&path, 100).unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(first.sha256, expected);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o4755)).unwrap();
        let second = FileState::of(&path, 100).unwrap();
        assert!(!first.is_same(&second) && !first.looks_like(&second));
        assert_eq!(FileState::of(&path, 2).unwrap().sha256, "");
        std::os::unix::fs::symlink(&path, folder.path().join("l")).unwrap();
        assert_eq!(FileState::of(&folder.path().join("l"), 100), None);
        let kept = Kept { time_ns: 7, files: [("/f".to_owned(), second)].into() };
        kept.write(&folder.path().join("kept.json")).unwrap();
        assert_eq!(Kept::read(&folder.path().join("kept.json")), Some(kept));
    }
}
