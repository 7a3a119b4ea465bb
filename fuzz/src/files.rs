//! Input as files, for readers that open them by their path.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::fs::{MemfdFlags, memfd_create};

/// A file in memory that holds these bytes, and a path by which it can be opened.
pub fn file(bytes: &[u8]) -> io::Result<(File, PathBuf)> {
    let mut file = File::from(memfd_create("input", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd()).into();
    Ok((file, path))
}

/// A folder for this run, the same for all inputs. It goes with the folder for temporary files of
/// `run.sh`.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"))).path()
}

/// Puts a file into [`folder`]; the folders on its way are made.
pub fn put(name: &str, bytes: &[u8]) {
    let path = folder().join(name);
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(&path, bytes))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
