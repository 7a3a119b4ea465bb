//! `Layer`: a container's writable layer, how large it is and how fast it grows.
//!
//! The layer is found in the container's own table of mounts; its size is added up file by file,
//! some thousand at a look, and only while its filesystem gets fuller.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::kept::text_of;

/// Bytes of a block as `stat(2)` counts them.
const BLOCK_BYTES: u64 = 512;
/// Files that are added up of one layer; of more the sum is told as a least.
const MAX_FILES: usize = 500_000;
/// Folders that wait to be looked into.
const MAX_FOLDERS_WAITING: usize = 65_536;
/// Marks of size that are kept.
const MAX_MARKS: usize = 64;
/// Growth of the filesystem's use that makes a new sum worth its cost.
const WORTH_BYTES: u64 = 1024 * 1024;
/// After so long a layer is added up anyway, in nanoseconds.
const ANYWAY_NS: u64 = 600_000_000_000;

/// A filesystem's room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Room {
    pub total_bytes: u64,
    pub free_bytes: u64,
}

/// Where an overlay's layers are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Overlay {
    pub upper: PathBuf,
    pub lower: Vec<PathBuf>,
}

/// A container's writable layer.
#[derive(Debug)]
pub(super) struct Layer {
    pub overlay: Overlay,
    /// Its size when last added up.
    pub bytes: Option<u64>,
    /// Whether there were more files than are added up.
    pub at_least: bool,
    pub room: Room,
    walk: Option<Walk>,
    walked_ns: u64,
    used_then: u64,
    looked_ns: Option<u64>,
    marks: VecDeque<(u64, u64)>,
}

#[derive(Debug, Default)]
struct Walk {
    folders: Vec<PathBuf>,
    device: u64,
    bytes: u64,
    files: usize,
    cut: bool,
}

impl Overlay {
    /// The root filesystem of a process, where it is an overlay that can be written.
    pub(super) fn of(proc: &Path, pid: u32) -> Option<Self> {
        let mut buffer = Vec::new();
        let text = text_of(&proc.join(format!("{pid}/mountinfo")), &mut buffer)?;
        // Of several mounts on the root the last is seen.
        let line = text.lines().rev().find(|line| line.split(' ').nth(4) == Some("/"))?;
        let (_, filesystem) = line.split_once(" - ")?;
        let mut words = filesystem.split(' ');
        let (kind, _source, options) = (words.next()?, words.next()?, words.next()?);
        if kind != "overlay" {
            return None;
        }
        let option = |name: &str| options.split(',').find_map(|one| one.strip_prefix(name));
        let upper = PathBuf::from(unescaped(option("upperdir=")?));
        // Engines write long lists relative to the folder of all layers.
        let folder = upper.parent().and_then(Path::parent).unwrap_or(Path::new("/")).to_path_buf();
        let lower = option("lowerdir=").or_else(|| option("lowerdir+=")).unwrap_or_default();
        let lower = lower.split(':').filter(|one| !one.is_empty());
        let lower = lower.map(|one| folder.join(unescaped(one))).collect();
        Some(Overlay { upper, lower })
    }

    /// Whether a path of the container is in its image; `None` when the layers cannot be seen.
    pub(super) fn has_in_image(&self, path: &str) -> Option<bool> {
        let path = path.trim_start_matches('/');
        if self.lower.is_empty() || !self.upper.exists() {
            return None;
        }
        Some(self.lower.iter().any(|lower| fs::symlink_metadata(lower.join(path)).is_ok()))
    }
}

impl Layer {
    /// A layer that was not looked at yet.
    pub(super) fn new(overlay: Overlay) -> Self {
        Layer {
            overlay,
            bytes: None,
            at_least: false,
            room: Room::default(),
            walk: None,
            walked_ns: 0,
            used_then: 0,
            looked_ns: None,
            marks: VecDeque::new(),
        }
    }

    /// Looks at the filesystem's room every `every_ns`, and adds up with what is left of `budget`.
    pub(super) fn look(&mut self, now_ns: u64, every_ns: u64, budget: &mut usize) {
        let due = self.looked_ns.is_none_or(|at| now_ns.saturating_sub(at) >= every_ns);
        if due && self.walk.is_none() {
            self.looked_ns = Some(now_ns);
            self.begin(now_ns);
        }
        let Some(walk) = &mut self.walk else { return };
        if walk.advance(budget) {
            (self.bytes, self.at_least) = (Some(walk.bytes), walk.cut);
            self.walk = None;
            self.mark(now_ns);
        }
    }

    fn begin(&mut self, now_ns: u64) {
        let Ok(room) = rustix::fs::statvfs(&self.overlay.upper) else { return };
        self.room = Room {
            total_bytes: room.f_blocks.saturating_mul(room.f_frsize),
            free_bytes: room.f_bavail.saturating_mul(room.f_frsize),
        };
        let used = self.room.total_bytes.saturating_sub(self.room.free_bytes);
        let old = now_ns.saturating_sub(self.walked_ns) >= ANYWAY_NS;
        let changed = used.abs_diff(self.used_then) >= WORTH_BYTES;
        if self.bytes.is_some() && !changed && !old {
            self.mark(now_ns);
            return;
        }
        (self.used_then, self.walked_ns) = (used, now_ns);
        let device = fs::symlink_metadata(&self.overlay.upper).map(|found| found.dev());
        let folders = vec![self.overlay.upper.clone()];
        self.walk = device.ok().map(|device| Walk { folders, device, ..Walk::default() });
    }

    fn mark(&mut self, now_ns: u64) {
        let Some(bytes) = self.bytes else { return };
        self.marks.push_back((now_ns, bytes));
        if self.marks.len() > MAX_MARKS {
            self.marks.pop_front();
        }
    }

    /// By how many bytes it grew within about `within_ns`, and in how many seconds.
    pub(super) fn growth(&self, now_ns: u64, within_ns: u64) -> Option<(u64, f64)> {
        let (last, now_bytes) = self.marks.back()?;
        let young = |(at, _): &&(u64, u64)| now_ns.saturating_sub(*at) <= within_ns;
        let (first, bytes) = self.marks.iter().find(young).filter(|(at, _)| at < last)?;
        let seconds = last.saturating_sub(*first) as f64 / 1e9;
        Some((now_bytes.saturating_sub(*bytes), seconds))
    }
}

impl Walk {
    /// Adds up until the budget is used up; whether all is added up.
    fn advance(&mut self, budget: &mut usize) -> bool {
        while let Some(folder) = self.folders.pop() {
            // A folder is added up whole, so that none is counted twice.
            self.folder(&folder, budget);
            if self.files >= MAX_FILES {
                self.cut = true;
                return true;
            }
            if *budget == 0 {
                break;
            }
        }
        self.folders.is_empty()
    }

    fn folder(&mut self, folder: &Path, budget: &mut usize) {
        let Ok(entries) = fs::read_dir(folder) else {
            self.cut = true;
            return;
        };
        for entry in entries.flatten() {
            *budget = budget.saturating_sub(1);
            self.files += 1;
            if self.files >= MAX_FILES {
                return;
            }
            let Ok(found) = entry.metadata() else { continue };
            // The container can put a link in a folder's place meanwhile: only its own filesystem
            // is counted, and nothing but sizes is read.
            if found.dev() != self.device {
                continue;
            }
            if found.is_dir() && self.folders.len() < MAX_FOLDERS_WAITING {
                self.folders.push(entry.path());
            }
            // A file with several names is counted by a share for each.
            let names = if found.is_dir() { 1 } else { found.nlink().max(1) };
            let bytes = found.blocks().saturating_mul(BLOCK_BYTES) / names;
            self.bytes = self.bytes.saturating_add(bytes);
        }
    }
}

/// `\040` and the like, as `proc_pid_mountinfo(5)` writes blanks.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn layer_of(folder: &Path) -> Layer {
        fs::create_dir_all(folder.join("proc/7")).unwrap();
        let upper = folder.join("overlay2/abc/diff");
        fs::create_dir_all(&upper).unwrap();
        fs::create_dir_all(folder.join("overlay2/l/ONE/bin")).unwrap();
        fs::write(folder.join("overlay2/l/ONE/bin/sh"), "").unwrap();
        let line = format!(
            "1 0 0:1 / /proc rw - proc proc rw\n2 1 0:50 / / rw - overlay overlay rw,lowerdir=l/ONE:/gone,upperdir={},workdir=/w\n",
            upper.display()
        );
        fs::write(folder.join("proc/7/mountinfo"), line).unwrap();
        Layer::new(Overlay::of(&folder.join("proc"), 7).unwrap())
    }

    #[test]
    fn a_layer_is_found_by_the_mounts_and_added_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut layer = layer_of(folder.path());
        assert_eq!(layer.overlay.has_in_image("/bin/sh"), Some(true));
        assert_eq!(layer.overlay.has_in_image("/tmp/x"), Some(false));
        let upper = layer.overlay.upper.clone();
        fs::create_dir_all(upper.join("var/deep")).unwrap();
        let write = |name: &str| fs::write(upper.join(name), vec![1; 4 << 20]).unwrap();
        write("var/one");
        write("var/deep/two");
        fs::hard_link(upper.join("var/one"), upper.join("var/again")).unwrap();
        let mut budget = 1000;
        layer.look(S, 10 * S, &mut budget);
        let bytes = layer.bytes.unwrap();
        assert!((8 << 20..9 << 20).contains(&bytes) && !layer.at_least, "{bytes}");
        assert!(layer.room.total_bytes > 0 && budget < 1000);
        assert_eq!(layer.growth(S, 60 * S), None);
        write("three");
        // Too early to look again.
        layer.look(2 * S, 10 * S, &mut budget);
        assert_eq!(layer.bytes, Some(bytes));
        layer.used_then = 0;
        layer.look(11 * S, 10 * S, &mut budget);
        let (grown, seconds) = layer.growth(11 * S, 60 * S).unwrap();
        assert!((4 << 20..5 << 20).contains(&grown) && (seconds - 10.0).abs() < 0.1, "{grown}");
    }

    #[test]
    fn a_large_layer_is_added_up_over_several_looks() {
        let folder = tempfile::tempdir().unwrap();
        let mut layer = layer_of(folder.path());
        for number in 0..20 {
            let below = layer.overlay.upper.join(format!("{number}"));
            fs::create_dir_all(&below).unwrap();
            (0..5).for_each(|file| fs::write(below.join(file.to_string()), "x").unwrap());
        }
        let mut looks = 0;
        while layer.bytes.is_none() {
            layer.look(S, S, &mut 10);
            looks += 1;
        }
        assert!((5..30).contains(&looks), "{looks}");
    }
}
