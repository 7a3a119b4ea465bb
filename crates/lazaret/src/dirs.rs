//! Where state and caches live: flags, then the environment, then the XDG directories.

use std::env;
use std::path::PathBuf;

/// Where root keeps state and caches, as the file system hierarchy standard has it.
const SYSTEM_DATA_DIR: &str = "/var/lib/lazaret";
const SYSTEM_CACHE_DIR: &str = "/var/cache/lazaret";

/// Where the advisory database and the reports are kept.
pub(crate) fn data_dir(flag: Option<PathBuf>) -> PathBuf {
    flag.unwrap_or_else(|| user_dir("XDG_DATA_HOME", ".local/share", SYSTEM_DATA_DIR))
}

/// Where layer results and downloads are kept; may be deleted at any time.
pub(crate) fn cache_dir(flag: Option<PathBuf>) -> PathBuf {
    flag.unwrap_or_else(|| user_dir("XDG_CACHE_HOME", ".cache", SYSTEM_CACHE_DIR))
}

fn user_dir(variable: &str, below_home: &str, system: &str) -> PathBuf {
    if let Some(xdg) = env::var_os(variable).filter(|value| !value.is_empty()) {
        return PathBuf::from(xdg).join("lazaret");
    }
    match env::var_os("HOME").filter(|home| !home.is_empty() && home != "/root") {
        Some(home) => PathBuf::from(home).join(below_home).join("lazaret"),
        None => PathBuf::from(system),
    }
}
