//! `Layers`: the folders that a container's root filesystem is made of, and one path looked up in
//! them as overlayfs does: the topmost layer that has it, unless a whiteout or an opaque folder
//! hides what is below.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, fgetxattr, openat};
use rustix::io::Errno;

use crate::attribute::read_regular;

/// Largest `lower` file or table of mounts that is read, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// The mark of a folder that hides the layers below it.
const OPAQUE: [&str; 2] = ["trusted.overlay.opaque", "user.overlay.opaque"];

/// What the layers below the upper one have of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Below {
    /// A file with the same bytes.
    Same,
    /// A file with other bytes.
    Other,
    /// Nothing.
    Nothing,
}

/// The folders that a root filesystem is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layers {
    /// The image's, the topmost first.
    lower: Vec<PathBuf>,
    /// Where the container writes.
    upper: Option<PathBuf>,
}

/// What one layer says of a path.
enum Found {
    File(OwnedFd),
    /// It is not there, and the layers below are not to be asked.
    Hidden,
    Absent,
}

impl Layers {
    /// The layers of a root filesystem, from the files that Docker's overlay2 and containers/storage
    /// keep beside it, else from the tables of mounts: the agent's own, that of the process.
    pub(super) fn of(root: &str, pid: u32) -> Option<Layers> {
        let beside = (!root.is_empty()).then(|| from_folder(Path::new(root))).flatten();
        beside
            .or_else(|| {
                let table = read(Path::new("/proc/self/mountinfo"))?;
                (!root.is_empty()).then(|| from_mounts(&table, root)).flatten()
            })
            .or_else(|| {
                let table = read(Path::new(&format!("/proc/{pid}/mountinfo")))?;
                (pid != 0).then(|| from_mounts(&table, "/")).flatten()
            })
    }

    /// The image's file of a path, as the container's first process would see it.
    pub(super) fn find(&self, path: &str) -> Option<File> {
        for layer in &self.lower {
            match look(layer, path) {
                Found::File(fd) => return Some(File::from(fd)),
                Found::Hidden => return None,
                Found::Absent => {}
            }
        }
        None
    }

    /// What the container has written at a path.
    pub(super) fn upper(&self, path: &str) -> Option<File> {
        match look(self.upper.as_ref()?, path) {
            Found::File(fd) => Some(File::from(fd)),
            _ => None,
        }
    }
}

/// `…/ID/merged`, with `…/ID/lower` beside it: `l/SHORT:l/SHORT`, relative to the folder above.
fn from_folder(root: &Path) -> Option<Layers> {
    let own = root.parent()?;
    let home = own.parent()?;
    let text = read(&own.join("lower"))?;
    let lower: Vec<PathBuf> = text.trim().split(':').map(|short| home.join(short)).collect();
    let there = lower.first().is_some_and(|first| first.is_dir());
    there.then(|| Layers { lower, upper: Some(own.join("diff")) })
}

/// From `/proc/PID/mountinfo`: the overlay that is mounted at a place.
fn from_mounts(table: &str, place: &str) -> Option<Layers> {
    let mut lines = table.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let target = before.split(' ').nth(4)?;
        let mut after = after.splitn(3, ' ');
        let (kind, options) = (after.next()?, after.nth(1)?);
        (kind == "overlay" && plain(target) == place).then(|| options.to_owned())
    });
    // The last one mounted lies on top.
    let options = lines.next_back()?;
    let (mut lower, mut upper) = (Vec::new(), None);
    // Long lists are written relative to the storage's home, which the mount does not tell.
    let home = Path::new(place).parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    for option in options.split(',') {
        match option.split_once('=') {
            Some(("lowerdir", list)) => {
                lower.extend(list.split(':').map(|one| home.join(plain(one))))
            }
            Some(("lowerdir+", one)) => lower.push(home.join(plain(one))),
            Some(("upperdir", one)) => upper = Some(home.join(plain(one))),
            _ => {}
        }
    }
    (!lower.is_empty()).then_some(Layers { lower, upper })
}

/// A word of the table of mounts without its escapes: `\040` is a blank.
fn plain(word: &str) -> String {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| first == b'\\');
        let number = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        out.push(number.unwrap_or(first));
        rest = if number.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn read(path: &Path) -> Option<String> {
    String::from_utf8(read_regular(path, MAX_BYTES).ok()?).ok()
}

/// Walks down a layer name by name. A symbolic link is never followed: the kernel has resolved the
/// path, and a link in an image must not lead the agent elsewhere.
fn look(layer: &Path, path: &str) -> Found {
    let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(mut at) = openat(CWD, layer, folder, Mode::empty()) else { return Found::Absent };
    let names: Vec<_> = Path::new(path)
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        })
        .collect();
    let Some((leaf, folders)) = names.split_last() else { return Found::Absent };
    let mut opaque = false;
    for name in folders {
        match openat(at.as_fd(), *name, folder | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(next) => at = next,
            Err(Errno::NOENT) => return if opaque { Found::Hidden } else { Found::Absent },
            // Something else than a folder: a whiteout, a file, a link.
            Err(_) => return Found::Hidden,
        }
        opaque |= is_opaque(&at);
    }
    // Without O_NONBLOCK a pipe of the image would hold the agent.
    let leaf_flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match openat(at.as_fd(), *leaf, leaf_flags, Mode::empty()) {
        Ok(fd) if is_file(&fd) => Found::File(fd),
        Err(Errno::NOENT) if !opaque => Found::Absent,
        _ => Found::Hidden,
    }
}

fn is_opaque(folder: &OwnedFd) -> bool {
    let mut value = [0u8; 4];
    OPAQUE.iter().any(|name| {
        matches!(fgetxattr(folder, *name, &mut value), Ok(length) if length == 1 && value[0] == b'y')
    })
}

fn is_file(fd: &OwnedFd) -> bool {
    let Ok(copy) = fd.try_clone() else { return false };
    let kind = File::from(copy).metadata().map(|metadata| metadata.file_type());
    kind.is_ok_and(|kind| kind.is_file() && !kind.is_char_device())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn text(file: Option<File>) -> Option<String> {
        let mut text = String::new();
        file?.read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// A home as Docker's overlay2 has it: two layers of an image, and a container.
    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        for folder in
            ["a/diff/bin", "a/diff/opt", "b/diff/bin", "b/diff/etc", "c/diff/bin", "c/merged", "l"]
        {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        for (path, content) in [
            ("a/diff/bin/cat", "old"),
            ("b/diff/bin/cat", "new"),
            ("a/diff/opt/x", "x"),
            ("c/diff/bin/cat", "mine"),
        ] {
            std::fs::write(at(path), content).unwrap();
        }
        std::os::unix::fs::symlink("/etc/hostname", at("b/diff/etc/link")).unwrap();
        for (short, id) in [("A", "a"), ("B", "b")] {
            std::os::unix::fs::symlink(format!("../{id}/diff"), at(&format!("l/{short}"))).unwrap();
        }
        std::fs::write(at("c/lower"), "l/B:l/A").unwrap();
        home
    }

    #[test]
    fn the_topmost_layer_that_has_a_path_speaks() {
        let home = home();
        let root = home.path().join("c/merged");
        let layers = Layers::of(root.to_str().unwrap(), 0).unwrap();
        let find = |path: &str| text(layers.find(path));
        assert_eq!(find("/bin/cat").as_deref(), Some("new"));
        assert_eq!(find("/opt/x").as_deref(), Some("x"));
        assert_eq!(text(layers.upper("/bin/cat")).as_deref(), Some("mine"));
        // Neither folders nor links nor what is above the root.
        for path in ["/bin/dog", "/bin", "/etc/link", "/../a/diff/opt/x", "/", ""] {
            assert_eq!(find(path), None, "{path}");
        }
    }

    #[test]
    fn a_pipe_beside_the_root_holds_nobody() {
        let home = home();
        let lower = home.path().join("c/lower");
        std::fs::remove_file(&lower).unwrap();
        rustix::fs::mknodat(CWD, &lower, rustix::fs::FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert_eq!(Layers::of(home.path().join("c/merged").to_str().unwrap(), 0), None);
    }

    #[test]
    fn a_table_of_mounts_tells_the_layers() {
        let table = "22 1 0:20 / /proc rw - proc proc rw\n\
            30 1 0:31 / /run/x\\040y/rootfs rw,relatime shared:1 - overlay overlay rw,lowerdir=/s/2:/s/1,upperdir=/s/3,workdir=/s/w\n\
            31 1 0:32 / /new rw - overlay overlay rw,lowerdir+=/s/5,lowerdir+=/s/4\n";
        let layers = from_mounts(table, "/run/x y/rootfs").unwrap();
        assert_eq!(layers.lower, [PathBuf::from("/s/2"), PathBuf::from("/s/1")]);
        assert_eq!(layers.upper, Some(PathBuf::from("/s/3")));
        assert_eq!(from_mounts(table, "/new").unwrap().lower.len(), 2);
        assert_eq!(from_mounts(table, "/proc"), None);
    }

    #[test]
    fn what_a_layer_has_deleted_is_not_the_images() {
        let home = home();
        // A whiteout is a device 0:0; only root can make one.
        let whiteout = home.path().join("b/diff/opt");
        let made = rustix::fs::mknodat(
            CWD,
            &whiteout,
            rustix::fs::FileType::CharacterDevice,
            Mode::empty(),
            0,
        );
        if made.is_err() {
            eprintln!("skipped: only root can make a whiteout");
            return;
        }
        let root = home.path().join("c/merged");
        let layers = Layers::of(root.to_str().unwrap(), 0).unwrap();
        assert!(layers.find("/opt/x").is_none() && layers.find("/bin/cat").is_some());
    }
}
