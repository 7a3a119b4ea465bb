//! The walk over a directory tree, one open directory a level.

use std::ffi::{CStr, CString};
use std::path::Path;

use model::{FileEntry, FileKind, Progress, SkipReason};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstatfs, openat, readlinkat, statat};
use rustix::io::Errno;

use super::body::Body;
use crate::layer::Skips;
use crate::source::EntryVisitor;
use crate::stop::Stop;
use crate::{LayerOutcome, Limits};

/// Directories of the kernel's that a running system has in its root. They are passed over when
/// something is mounted on them; in an unpacked image they are directories like any other.
const KERNEL_DIRECTORIES: [&str; 3] = ["dev", "proc", "sys"];
/// File systems without files of their own, by the magic number of statfs(2).
const KERNEL_FILE_SYSTEMS: [u64; 12] = [
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x1cd1,      // devpts
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0xcafe_4a11, // bpf
    0x6165_676c, // pstore
    0x6265_6570, // configfs
    0x1980_0202, // mqueue
];

const DIRECTORY_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// An open directory of the walk.
struct Level {
    directory: Dir,
    device: u64,
    /// Bytes of the path up to and with this directory.
    path_bytes: usize,
}

struct Walk<'a> {
    limits: &'a Limits,
    progress: &'a dyn Progress,
    levels: Vec<Level>,
    entry: FileEntry,
    buffer: Vec<u8>,
    size_bytes: u64,
    entries: u64,
    skips: Skips,
}

/// Walks everything below `root`, in the order the file system gives it.
pub(super) fn walk(
    root: &Path,
    limits: &Limits,
    progress: &dyn Progress,
    visit: EntryVisitor<'_>,
) -> LayerOutcome {
    let entry = FileEntry {
        path: String::new(),
        kind: FileKind::Directory,
        size_bytes: 0,
        mode: 0,
        uid: 0,
        gid: 0,
    };
    let mut walk = Walk {
        limits,
        progress,
        levels: Vec::new(),
        entry,
        buffer: Vec::new(),
        size_bytes: 0,
        entries: 0,
        skips: Skips::new(limits.skips_per_layer),
    };
    if let Err(stop) = walk.run(root, visit) {
        walk.skips.push(stop.into_skip(""));
    }
    LayerOutcome {
        diff_id: None,
        size_bytes: walk.size_bytes,
        entries: walk.entries,
        skipped: walk.skips.finish(),
    }
}

impl Walk<'_> {
    fn run(&mut self, root: &Path, visit: EntryVisitor<'_>) -> Result<(), Stop> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(root, flags, Mode::empty()).map_err(unreadable)?;
        let directory = Dir::new(root).map_err(unreadable)?;
        let device = directory.stat().map_err(unreadable)?.st_dev;
        self.levels.push(Level { directory, device, path_bytes: 0 });
        while let Some(level) = self.levels.last_mut() {
            self.entry.path.truncate(level.path_bytes);
            match level.directory.read() {
                None => {
                    self.levels.pop();
                }
                Some(Ok(found)) => {
                    let name = found.file_name();
                    if name != c"." && name != c".." {
                        let name = name.to_owned();
                        self.name(&name, visit)?;
                    }
                }
                Some(Err(error)) => {
                    self.skip(unreadable(error));
                    self.levels.pop();
                }
            }
        }
        Ok(())
    }

    /// Takes one name of the innermost directory.
    fn name(&mut self, name: &CStr, visit: EntryVisitor<'_>) -> Result<(), Stop> {
        if self.entries >= self.limits.entries_per_layer {
            let detail = format!("more than {} entries, the limit", self.entries);
            return Err(Stop::new(SkipReason::TooMany, detail));
        }
        self.entries += 1;
        if !self.entry.path.is_empty() {
            self.entry.path.push('/');
        }
        self.entry.path.push_str(&String::from_utf8_lossy(name.to_bytes()));
        if self.entry.path.len() > self.limits.path_bytes {
            let (length, most) = (self.entry.path.len(), self.limits.path_bytes);
            let detail = format!("a path of {length} bytes; the limit is {most}");
            self.entry.path.truncate(self.entry.path.floor_char_boundary(200));
            self.skip(Stop::new(SkipReason::UnsafePath, detail));
            return Ok(());
        }
        let Some(level) = self.levels.last() else { return Ok(()) };
        let stat = level.directory.fd().and_then(|parent| {
            let stat = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
            let link = match FileType::from_raw_mode(stat.st_mode) {
                FileType::Symlink => Some(readlinkat(parent, name, Vec::new())?),
                _ => None,
            };
            Ok((stat, link))
        });
        match stat {
            Ok((stat, link)) => self.describe(&stat, link),
            Err(error) => {
                self.skip(unreadable(error));
                return Ok(());
            }
        }
        self.visit(name, visit)
    }

    /// Writes what the name is to the entry.
    fn describe(&mut self, stat: &Stat, link: Option<CString>) {
        self.entry.kind = match (FileType::from_raw_mode(stat.st_mode), link) {
            (_, Some(target)) => FileKind::Symlink(target.to_string_lossy().into_owned()),
            (FileType::RegularFile, _) => FileKind::Regular,
            (FileType::Directory, _) => FileKind::Directory,
            _ => FileKind::Special,
        };
        let regular = self.entry.kind == FileKind::Regular;
        self.entry.size_bytes = if regular { stat.st_size.try_into().unwrap_or(0) } else { 0 };
        self.entry.mode = stat.st_mode & 0o7777;
        (self.entry.uid, self.entry.gid) = (stat.st_uid, stat.st_gid);
    }

    /// Shows the entry, and goes down when it is a directory.
    fn visit(&mut self, name: &CStr, visit: EntryVisitor<'_>) -> Result<(), Stop> {
        let Some(level) = self.levels.last() else { return Ok(()) };
        let parent = match level.directory.fd() {
            Ok(parent) => parent,
            Err(error) => {
                self.skips.push(unreadable(error).into_skip(&self.entry.path));
                return Ok(());
            }
        };
        let mut body = Body::new(parent, name, &self.entry, &mut self.buffer, self.limits);
        visit(&self.entry, &mut body);
        self.size_bytes += self.entry.size_bytes;
        self.progress.advance(self.entry.size_bytes);
        if self.entry.kind != FileKind::Directory {
            return Ok(());
        }
        if self.levels.len() >= self.limits.path_depth {
            let detail = format!("directories {} deep, the limit", self.levels.len());
            self.skip(Stop::new(SkipReason::TooDeep, detail));
            return Ok(());
        }
        match self.go_down(name) {
            Ok(Some(level)) => self.levels.push(level),
            Ok(None) => {}
            Err(error) => self.skip(unreadable(error)),
        }
        Ok(())
    }

    /// Opens a directory; `None` when it is one of the kernel's.
    fn go_down(&self, name: &CStr) -> Result<Option<Level>, Errno> {
        let Some(parent) = self.levels.last() else { return Ok(None) };
        let opened = openat(parent.directory.fd()?, name, DIRECTORY_FLAGS, Mode::empty())?;
        let directory = Dir::new(opened)?;
        let device = directory.stat()?.st_dev;
        if device != parent.device {
            let magic = fstatfs(directory.fd()?)?.f_type as u64;
            let top = KERNEL_DIRECTORIES.contains(&self.entry.path.as_str());
            if top || KERNEL_FILE_SYSTEMS.contains(&magic) {
                return Ok(None);
            }
        }
        Ok(Some(Level { directory, device, path_bytes: self.entry.path.len() }))
    }

    fn skip(&mut self, stop: Stop) {
        self.skips.push(stop.into_skip(&self.entry.path));
    }
}

/// The stop of what the operating system would not let be read.
pub(super) fn unreadable(error: Errno) -> Stop {
    std::io::Error::from(error).into()
}
