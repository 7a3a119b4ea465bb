//! `KeyFilesConfig`: which files matter.

use std::path::PathBuf;

use serde::Deserialize;

/// Which files matter, and how they are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyFilesConfig {
    /// The root that every path is below; `/` but for tests and for a host mounted elsewhere.
    pub root: PathBuf,
    /// Whether the built-in list counts.
    pub built_in: bool,
    /// More of them.
    pub more: Vec<KeyFile>,
    /// Patterns of what does not count after all.
    pub leave_out: Vec<String>,
    /// Programs, by their paths, that may change any of them beside the built-in ones.
    pub tools: Vec<String>,
    /// How often it is looked whether something changed that no event showed, in seconds.
    pub look_every_s: u64,
    /// How often everything is hashed again, in seconds.
    pub hash_every_s: u64,
    /// Larger files are told by size and times and not by hash, in bytes.
    pub hash_max_bytes: u64,
    /// Whether the kernel's file notifications are used beside the sensor, where they are allowed.
    pub fanotify: bool,
}

/// Files that matter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyFile {
    /// A file; everything below a folder with `/` at the end; `*` stands for anything within one
    /// name.
    pub path: String,
    /// Whether a change by anybody but the known tools is an alert.
    pub critical: bool,
    /// Whether reading it is recorded too.
    pub reads: bool,
}

impl Default for KeyFile {
    fn default() -> Self {
        KeyFile { path: String::new(), critical: true, reads: false }
    }
}

impl Default for KeyFilesConfig {
    fn default() -> Self {
        KeyFilesConfig {
            root: "/".into(),
            built_in: true,
            more: Vec::new(),
            leave_out: Vec::new(),
            tools: Vec::new(),
            look_every_s: 30,
            hash_every_s: 3600,
            hash_max_bytes: 256 * 1024 * 1024,
            fanotify: true,
        }
    }
}
