//! `Root`: the host's filesystem as it is seen from here: `/`, or a folder where it is mounted.
//!
//! Symbolic links are resolved as the host would, below that folder.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};

/// The host's filesystem.
#[derive(Debug)]
pub(crate) struct Root {
    path: PathBuf,
    directory: File,
}

/// A file as it was found.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Where it really is, links followed, as the host names it.
    pub(crate) resolved: PathBuf,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Permission bits, setuid and its like too.
    pub(crate) mode: u32,
    pub(crate) is_directory: bool,
    pub(crate) is_regular: bool,
    pub(crate) is_socket: bool,
    pub(crate) modified_s: i64,
}

impl Root {
    pub(crate) fn open(path: &Path) -> io::Result<Root> {
        // Opened by the path that was given: a process's root (`/proc/<pid>/root`) is another
        // directory than the one that its link reads as.
        Ok(Root { directory: File::open(path)?, path: fs::canonicalize(path)? })
    }

    /// A file; `None` when it is not there.
    pub(crate) fn look(&self, path: &Path) -> io::Result<Option<Seen>> {
        match self.resolve(path, OFlags::PATH) {
            Ok((file, resolved)) => Ok(Some(Seen::of(&file.metadata()?, resolved))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A regular file's bytes; `None` when it is not there.
    pub(crate) fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
        // A FIFO in the place of a file must not make us wait.
        let opened = self.resolve(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY);
        let file = match opened {
            Ok((file, _)) => file,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        bounded(file, max_bytes).map(Some)
    }

    /// A text file; what is not UTF-8 becomes U+FFFD.
    pub(crate) fn text(&self, path: &Path, max_bytes: u64) -> io::Result<Option<String>> {
        let bytes = self.read(path, max_bytes)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The names in a directory, sorted, at most `max`; none when it is not there.
    pub(crate) fn names(&self, path: &Path, max: usize) -> io::Result<Vec<String>> {
        let (folder, _) = match self.resolve(path, OFlags::PATH | OFlags::DIRECTORY) {
            Ok(found) => found,
            Err(error) if is_absent(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(format!("/proc/self/fd/{}", folder.as_raw_fd()))?.take(max) {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// A path with its links followed; the path itself where it is not there.
    pub(crate) fn resolved(&self, path: &Path) -> PathBuf {
        self.resolve(path, OFlags::PATH).map_or_else(|_| path.to_path_buf(), |(_, path)| path)
    }

    fn resolve(&self, path: &Path, flags: OFlags) -> io::Result<(File, PathBuf)> {
        let flags = flags | OFlags::CLOEXEC;
        let opened = openat2(&self.directory, path, flags, Mode::empty(), ResolveFlags::IN_ROOT);
        let file = File::from(opened?);
        let outside = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        let below = outside.strip_prefix(&self.path).map_err(|_| {
            io::Error::other(format!("{} leads out of the host's filesystem", path.display()))
        })?;
        Ok((file, Path::new("/").join(below)))
    }
}

impl Seen {
    fn of(metadata: &Metadata, resolved: PathBuf) -> Seen {
        Seen {
            resolved,
            uid: metadata.uid(),
            gid: metadata.gid(),
            mode: metadata.mode() & 0o7777,
            is_directory: metadata.is_dir(),
            is_regular: metadata.is_file(),
            is_socket: metadata.file_type().is_socket(),
            modified_s: metadata.mtime(),
        }
    }
}

/// Reads a file that must not be longer than `max_bytes`.
pub(crate) fn bounded(file: impl Read, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(io::Error::other(format!("it is longer than {max_bytes} bytes")));
    }
    Ok(bytes)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_stay_below_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("etc/real")).unwrap();
        fs::write(at("etc/real/file"), "inside").unwrap();
        symlink("/etc/real", at("etc/absolute")).unwrap();
        symlink("../../../../etc/real/file", at("etc/up")).unwrap();
        symlink("loop", at("etc/loop")).unwrap();
        let root = Root::open(folder.path()).unwrap();
        for path in ["/etc/absolute/file", "/etc/up", "etc/real/file"] {
            let seen = root.look(Path::new(path)).unwrap().unwrap();
            assert_eq!(seen.resolved, Path::new("/etc/real/file"), "{path}");
            assert_eq!(root.text(Path::new(path), 100).unwrap().unwrap(), "inside");
        }
        assert!(root.look(Path::new("/etc/none")).unwrap().is_none());
        assert!(root.look(Path::new("/etc/real/file/x")).unwrap().is_none());
        assert!(root.look(Path::new("/etc/loop")).is_err());
        assert!(root.read(Path::new("/etc/up"), 3).is_err(), "too long");
        assert!(root.read(Path::new("/etc/real"), 100).is_err(), "a directory");
        assert_eq!(root.names(Path::new("/etc/absolute"), 9).unwrap(), ["file"]);
    }
}
