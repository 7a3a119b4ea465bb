//! A file as the kernel opened it, whatever the caller called it.

use serde::{Deserialize, Serialize};

/// A file as the kernel opened it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileObject {
    /// Its path below the root of the task, resolved. Relative when names nearer to the root were
    /// cut or it lies outside that root.
    pub path: String,
    /// Inode number.
    pub inode: u64,
    /// Device, major << 20 | minor.
    pub device: u32,
    /// Device that a device file stands for.
    pub rdev: u32,
    /// Type and mode, as `inode(7)` has them.
    pub mode: u32,
    /// Names it has; 0 when it is deleted or never had one.
    pub links: u32,
    /// Owner.
    pub uid: u32,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Filesystem's magic number, as `statfs(2)` lists them.
    pub filesystem: u32,
    /// Mount namespace that its mount belongs to; 0 when it belongs to none.
    pub mount_namespace: u32,
    /// When its inode changed, in seconds since 1970.
    pub changed_s: i64,
    /// When its content changed, in seconds since 1970.
    pub modified_s: i64,
    /// With what it was opened: `open(2)`'s flags.
    pub open_flags: u32,
    /// What stands out.
    pub flags: ObjectFlags,
}

/// What stands out of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectFlags {
    /// Its names do not lead to the task's root.
    pub outside_root: bool,
    /// Its mount belongs to another mount namespace than the task.
    pub foreign_mount: bool,
    /// Its mount belongs to no namespace: a pipe, a memfd.
    pub detached: bool,
    /// On the upper layer of an overlay: written since the container began.
    pub upper_layer: bool,
    /// Names nearer to the root are missing.
    pub cut: bool,
}

impl FileObject {
    /// Whether it lives in memory only and never had a name.
    pub fn is_memfd(&self) -> bool {
        self.path.starts_with("memfd:") || (self.links == 0 && self.path.contains("/memfd:"))
    }
}
