//! `Image`: what of a running container comes from its image, told by the layers of its overlay.
//!
//! A program counts as the image's when no file of the container's own layer stands in its place,
//! or when that file is the image's byte for byte: changing a file's mode copies it up unchanged.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};

use super::target::Target;

/// Largest `mountinfo` that is read, in bytes.
const MOUNTS_MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Layers of one image.
const MAX_LAYERS: usize = 512;
/// Bytes that are compared at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// Filesystems from which no program is started, or only the kernel's.
const NO_PROGRAMS: [&str; 9] =
    ["proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "securityfs", "debugfs", "bpf"];

/// The layers of a container, and its mounts.
#[derive(Debug)]
pub(super) struct Image {
    /// The number of the mount that is its root.
    root_mount: u64,
    /// Its root, as its processes see it.
    pub(super) root: OwnedFd,
    own: OwnedFd,
    /// The image's, the uppermost first.
    layers: Vec<OwnedFd>,
    /// The other mounts from which programs can be started.
    pub(super) others: Vec<Mount>,
}

/// A line of `mountinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// The mount's number.
    pub(super) id: u64,
    /// Where it is.
    pub(super) place: String,
    kind: String,
    options: String,
}

impl Image {
    /// The image of a container, by one of its processes.
    pub(super) fn of(process: &Target) -> Result<Image, String> {
        let path = format!("/proc/{}/mountinfo", process.pid);
        let text = read_text(Path::new(&path))?;
        let mut mounts: Vec<Mount> = text.lines().filter_map(mount).collect();
        let at = mounts.iter().rposition(|mount| mount.place == "/");
        let root_mount = mounts.remove(at.ok_or("the container has no root")?);
        if root_mount.kind != "overlay" {
            let kind = &root_mount.kind;
            return Err(format!("its root is {kind} and no overlay: its image cannot be told"));
        }
        let (own, layers) = folders(&root_mount.options)?;
        let root = Path::new("/proc").join(process.pid.to_string()).join("root");
        let image = Image {
            root_mount: root_mount.id,
            root: folder(&root)?,
            own: folder(&own)?,
            layers: layers.iter().map(|path| folder(path)).collect::<Result<_, _>>()?,
            others: mounts
                .into_iter()
                .filter(|mount| !NO_PROGRAMS.contains(&mount.kind.as_str()))
                .collect(),
        };
        if process.has_ended(0) { Err("the container has ended".to_owned()) } else { Ok(image) }
    }

    /// Opens the place of another mount, as the container sees it; `None` when something else is
    /// there now. A link in the container cannot lead out of it.
    pub(super) fn open_mount(&self, mount: &Mount) -> Option<OwnedFd> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let opened = openat2(&self.root, &mount.place, flags, Mode::empty(), resolve).ok()?;
        (mount_of(opened.as_fd()) == Some(mount.id)).then_some(opened)
    }

    /// Whether an opened program is the image's, and its path.
    pub(super) fn has(&self, program: BorrowedFd<'_>) -> (bool, String) {
        let link = format!("/proc/self/fd/{}", program.as_raw_fd());
        let path = fs::read_link(link).unwrap_or_default();
        let shown = path.to_string_lossy().into_owned();
        let Ok(below) = path.strip_prefix("/") else { return (false, shown) };
        let Ok(layer_file) = self.in_layers(below) else { return (false, shown) };
        let root_mounted = mount_of(program) == Some(self.root_mount);
        let untouched = root_mounted && find(&self.own, below).is_none();
        (untouched || is_same(program, layer_file), shown)
    }

    /// The image's file of a path: the uppermost layer that has the name decides.
    fn in_layers(&self, path: &Path) -> Result<File, ()> {
        let found = self.layers.iter().find_map(|layer| find(layer, path)).ok_or(())?;
        let metadata = found.metadata().map_err(|_| ())?;
        if !metadata.is_file() {
            return Err(());
        }
        // Opened for looking only so far: a device in a layer must not be opened for reading.
        let link = format!("/proc/self/fd/{}", found.as_raw_fd());
        File::open(link).map_err(|_| ())
    }
}

/// What has this name in a layer, a whiteout too; no link is followed.
fn find(layer: &OwnedFd, path: &Path) -> Option<File> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat2(layer, path, flags, Mode::empty(), resolve).ok().map(File::from)
}

/// Whether both are the same, byte for byte.
fn is_same(program: BorrowedFd<'_>, mut other: File) -> bool {
    let Ok(mut program) = program.try_clone_to_owned().map(File::from) else { return false };
    let sizes = (program.metadata().map(|it| it.size()), other.metadata().map(|it| it.size()));
    let (Ok(size), Ok(other_size)) = sizes else { return false };
    if size != other_size {
        return false;
    }
    let (mut one, mut two) = (vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]);
    let mut left = size;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        let (Some(one), Some(two)) = (one.get_mut(..length), two.get_mut(..length)) else {
            return false;
        };
        if program.read_exact(one).is_err() || other.read_exact(two).is_err() || one != two {
            return false;
        }
        left -= length as u64;
    }
    true
}

/// The number of the mount that a file was opened through.
fn mount_of(file: BorrowedFd<'_>) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).ok()?;
    text.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim().parse().ok()
}

fn read_text(path: &Path) -> Result<String, String> {
    let fault = |why: std::io::Error| format!("{}: {why}", path.display());
    let mut text = String::new();
    let file = File::open(path).map_err(fault)?;
    file.take(MOUNTS_MAX_BYTES).read_to_string(&mut text).map_err(fault)?;
    Ok(text)
}

fn folder(path: &Path) -> Result<OwnedFd, String> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).map_err(|why| format!("{}: {why}", path.display()))
}

/// A line of `proc_pid_mountinfo(5)`.
fn mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ');
    let id = before.next()?.parse().ok()?;
    let place = unescaped(before.nth(3)?);
    let mut after = after.split(' ');
    let kind = after.next()?.to_owned();
    let options = after.nth(1).map(unescaped).unwrap_or_default();
    Some(Mount { id, place, kind, options })
}

/// The container's own folder and the image's, the uppermost first, of an overlay's options.
fn folders(options: &str) -> Result<(PathBuf, Vec<PathBuf>), String> {
    let values =
        |name: &'static str| options.split(',').filter_map(move |option| option.strip_prefix(name));
    let own = values("upperdir=").next().ok_or("its root is read only and has no own layer")?;
    let own = PathBuf::from(own);
    // Long lists are relative to the folder that all layers are in.
    let base = own.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    let listed = values("lowerdir=").flat_map(|list| list.split(':'));
    let layers = listed.chain(values("lowerdir+=")).take(MAX_LAYERS).map(|path| base.join(path));
    let layers: Vec<PathBuf> = layers.collect();
    if layers.is_empty() { Err("its overlay has no layers".to_owned()) } else { Ok((own, layers)) }
}

/// Without the octal escapes of blanks.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (code, letter)| text.replace(code, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlay_tells_its_layers() {
        let line = "52 40 0:47 / / rw,relatime master:7 - overlay overlay rw,lowerdir=/d/l/A:l/B,\
                    upperdir=/d/x/diff,workdir=/d/x/work";
        let mount = mount(line).unwrap();
        assert_eq!((mount.id, mount.place.as_str(), mount.kind.as_str()), (52, "/", "overlay"));
        let (own, layers) = folders(&mount.options).unwrap();
        assert_eq!(own, Path::new("/d/x/diff"));
        assert_eq!(layers, [Path::new("/d/l/A"), Path::new("/d/l/B")]);
        let (_, layers) = folders("rw,upperdir=/u/d,lowerdir+=/a,lowerdir+=/b").unwrap();
        assert_eq!(layers, [Path::new("/a"), Path::new("/b")]);
        assert!(folders("ro,lowerdir=/a:/b").is_err());
        assert!(super::mount("nonsense").is_none());
    }

    #[test]
    fn a_copy_is_the_images_and_a_change_is_not() {
        let folder_of = tempfile::tempdir().unwrap();
        let at = |name: &str| folder_of.path().join(name);
        for name in ["own", "upper", "lower"] {
            fs::create_dir_all(at(name).join("bin")).unwrap();
        }
        fs::write(at("lower/bin/tool"), "tool").unwrap();
        fs::write(at("lower/bin/hidden"), "hidden").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", at("lower/bin/link")).unwrap();
        fs::write(at("same"), "tool").unwrap();
        fs::write(at("other"), "evil").unwrap();
        let image = Image {
            root_mount: 0,
            root: folder(folder_of.path()).unwrap(),
            own: folder(&at("own")).unwrap(),
            layers: vec![folder(&at("upper")).unwrap(), folder(&at("lower")).unwrap()],
            others: Vec::new(),
        };
        let of = |name: &str| File::open(at(name)).unwrap();
        let tool = || image.in_layers(Path::new("bin/tool")).unwrap();
        assert!(is_same(of("same").as_fd(), tool()) && !is_same(of("other").as_fd(), tool()));
        assert!(image.in_layers(Path::new("bin/none")).is_err());
        assert!(image.in_layers(Path::new("bin/link")).is_err());
        assert!(image.in_layers(Path::new("../same")).is_err());
        assert!(!image.has(of("same").as_fd()).0);
    }
}
