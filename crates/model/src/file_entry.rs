//! `FileEntry`: one name in a layer.

use serde::{Deserialize, Serialize};

/// One name in a layer or a root filesystem, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path from the root, without a leading `/`, `.` or `..`; bytes that are not UTF-8 are
    /// replaced by U+FFFD.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// Bytes of content; 0 unless a regular file.
    pub size_bytes: u64,
    /// Permission bits, set-user-id and sticky included (`0o7777`).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// What a name in a layer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A regular file with content.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link; the target as written.
    Symlink(String),
    /// Another name for a file of the same layer; the target normalised like `path`.
    HardLink(String),
    /// A device, FIFO or socket.
    Special,
    /// The name was deleted: `path` is the deleted name, the `.wh.` marker removed.
    Whiteout,
    /// Everything that lower layers have below this directory is hidden.
    OpaqueDirectory,
}

impl FileEntry {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(&self.path, |(_, name)| name)
    }

    /// Whether anybody may execute it.
    pub fn is_executable(&self) -> bool {
        self.mode & 0o111 != 0
    }
}
