//! Drift: what a container runs, held against its own image.
//!
//! ```text
//! exec ─→ on the upper layer? ─no→ image
//!          └ yes → the same path in the image's layers? ─no→ added
//!                   └ the same bytes? ─yes→ image (a copy that chmod made), no → changed
//! ```
//!
//! An image's layers never change, so they are looked up without a race. Only programs that do not
//! come straight from the image cost a look at the disk, each once. Nothing is asked of any engine.
//! A program of more than a MiB is compared beside the events: its origin is known a moment later,
//! and whoever asked is told by [`Drift::answered`].

mod compared;
mod images;
mod layers;
mod masks;
mod packed;

use std::collections::HashMap;
use std::fs::File;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use model::{Container, FileObject};

use compared::{Begun, Comparing, same};
pub use images::Images;
use layers::{Below, Layers};
pub use packed::is_packed;

/// Containers whose layers are remembered.
const CONTAINERS: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// Programs that were looked at and are remembered.
const PROGRAMS: NonZeroUsize = NonZeroUsize::new(8192).expect("not zero");
/// Bytes of a program that are looked at for packing.
const PACKED_HEAD_BYTES: u64 = 256 * 1024;
/// Bytes that are compared of a file that is known by its path alone.
const GIVEN_BYTES: u64 = 1024 * 1024;
/// Programs that are begun to be compared for one event.
const BEGUN: usize = 16;
const OVERLAY: u32 = 0x794c_7630;
const TMPFS: u32 = 0x0102_1994;

/// Where a program comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From the image, unchanged.
    Image,
    /// The image has a file of this path with other content.
    Changed,
    /// The image has no file of this path: it came after the container began.
    Added,
    /// From a volume or another mount.
    Volume,
    /// From memory only.
    Memory,
    /// A file that has no name any more.
    Deleted,
    /// From outside of the container.
    Outside,
}

impl Origin {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Image => "image",
            Origin::Changed => "changed",
            Origin::Added => "added",
            Origin::Volume => "volume",
            Origin::Memory => "memory",
            Origin::Deleted => "deleted",
            Origin::Outside => "outside",
        }
    }
}

/// Holds programs against images. Threads share it; origins are asked by one of them.
pub struct Drift {
    layers: Mutex<LruCache<String, Option<Arc<Layers>>>>,
    /// What the bundles of containers hide.
    masked: Mutex<LruCache<String, Vec<String>>>,
    programs: Mutex<LruCache<Key, Look>>,
    comparing: Comparing,
    /// Comparisons that are not done yet, by program.
    waiting: Mutex<HashMap<Key, u64>>,
    /// What was begun for the event that is asked about, its own program and its ancestors'; no
    /// number where it cannot be compared.
    begun: Mutex<Vec<(Key, Option<u64>)>>,
    uncompared: AtomicU64,
}

/// A program as it was at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    container: String,
    path: String,
    inode: u64,
    size_bytes: u64,
    changed_s: i64,
    modified_s: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Look {
    below: Option<Below>,
    packed: Option<bool>,
}

impl Default for Drift {
    fn default() -> Self {
        Drift {
            layers: Mutex::new(LruCache::new(CONTAINERS)),
            masked: Mutex::new(LruCache::new(CONTAINERS)),
            programs: Mutex::new(LruCache::new(PROGRAMS)),
            comparing: Comparing::default(),
            waiting: Mutex::default(),
            begun: Mutex::default(),
            uncompared: AtomicU64::new(0),
        }
    }
}

impl Drift {
    /// Takes in where a container's root filesystem lies, as soon as that is known: a moment later
    /// the container may be gone, and what is beside its root with it. The image's layers stay.
    pub fn begins(&self, container: &Container) {
        if let Some(layers) = Layers::of(&container.root, 0) {
            let mut known = lock(&self.layers);
            known.put(container.id.clone(), Some(Arc::new(layers)));
        }
    }

    /// Takes in which paths of the kernel a container's bundle hides.
    pub fn hides(&self, id: &str, paths: &[String]) {
        lock(&self.masked).put(id.to_owned(), paths.to_vec());
    }

    /// Those of the hidden paths that a process of a container sees all the same, and its console
    /// where that is no terminal. Nothing is hidden where the bundle is not known.
    pub fn open_paths(&self, container: &Container, pid: u32) -> Vec<String> {
        let masked = lock(&self.masked).get(&container.id).cloned().unwrap_or_default();
        masks::open_paths(pid, &masked)
    }

    /// Where a program that a process of a container runs comes from; `None` when the container's
    /// layers are not known, or the answer is not known yet ([`Drift::handed_in`]).
    pub fn origin(&self, exe: &FileObject, container: &Container, pid: u32) -> Option<Origin> {
        if exe.is_memfd() {
            return Some(Origin::Memory);
        }
        if exe.links == 0 {
            return Some(Origin::Deleted);
        }
        if (exe.flags.foreign_mount && !exe.flags.detached) || exe.flags.outside_root {
            return Some(Origin::Outside);
        }
        if exe.filesystem != OVERLAY {
            // The root itself may be btrfs, zfs or a plain folder: then nothing tells image and change.
            let is_volume = exe.filesystem == TMPFS || is_below_mount(container, &exe.path);
            return is_volume.then_some(Origin::Volume);
        }
        if !exe.flags.upper_layer {
            return Some(Origin::Image);
        }
        let layers = self.layers(container, pid)?;
        let look = self.look(exe, container, |look, key| {
            if look.below.is_none() {
                look.below = self.compare(&layers, exe, key);
            }
        });
        Some(match look.below? {
            Below::Same => Origin::Image,
            Below::Other => Origin::Changed,
            Below::Nothing => Origin::Added,
        })
    }

    /// Where a file comes from that is known by its path alone, as the container's root has it; a
    /// symbolic link is not followed. `None` when it is in no layer: in no volume either, or gone.
    pub fn origin_of_path(&self, path: &str, container: &Container, pid: u32) -> Option<Origin> {
        if is_below_mount(container, path) {
            return Some(Origin::Volume);
        }
        let layers = self.layers(container, pid)?;
        let (lower, upper) = (layers.find(path), layers.upper(path));
        match (lower, upper) {
            (Some(_), None) => Some(Origin::Image),
            (None, Some(_)) => Some(Origin::Added),
            (Some(lower), Some(upper)) => Some(origin_of_two(&lower, &upper)),
            (None, None) => None,
        }
    }

    /// Whether a program's file is packed, as UPX does it; `None` when it cannot be read any more.
    pub fn is_packed(&self, exe: &FileObject, container: &Container, pid: u32) -> Option<bool> {
        let layers = self.layers(container, pid);
        let look = self.look(exe, container, |look, _| {
            if look.packed.is_none() {
                look.packed = head_of(exe, layers.as_deref(), pid).map(|head| is_packed(&head));
            }
        });
        look.packed
    }

    /// Whether a container's image has a file of a path; `None` when its layers are not known.
    pub fn in_image(&self, container: &Container, path: &str) -> Option<bool> {
        let layers = self.layers(container, 0)?;
        Some(layers.find(path).is_some())
    }

    /// The number of the comparison that the last event's questions wait for, if they do: the last
    /// of several, as they end in the order of their numbers. To be asked after each event whose
    /// origin may have been asked.
    pub fn handed_in(&self) -> Option<u64> {
        std::mem::take(&mut *lock(&self.begun)).into_iter().filter_map(|(_, ticket)| ticket).max()
    }

    /// Calls `again` with the number of each comparison that has ended: the origin is known now.
    pub fn answered(&self, mut again: impl FnMut(u64)) {
        while let Some(answer) = self.comparing.answer() {
            lock(&self.waiting).remove(&answer.key);
            let mut programs = lock(&self.programs);
            let packed = programs.peek(&answer.key).and_then(|look| look.packed);
            programs.put(answer.key.clone(), Look { below: Some(answer.below), packed });
            drop(programs);
            again(answer.ticket);
            if answer.is_fresh {
                lock(&self.programs).pop(&answer.key);
            }
        }
    }

    /// Starts of programs that were not held against the image: too large, too many at once, or of
    /// a container that was gone already.
    pub fn uncompared(&self) -> u64 {
        self.uncompared.load(Ordering::Relaxed)
    }

    /// Counts starts of programs whose answer nobody waits for.
    pub(crate) fn give_up(&self, starts: usize) {
        self.uncompared.fetch_add(starts as u64, Ordering::Relaxed);
    }

    /// What the image has where a program on the upper layer lies; `None` when that is not known yet.
    fn compare(&self, layers: &Layers, exe: &FileObject, key: &Key) -> Option<Below> {
        let mut begun = lock(&self.begun);
        if begun.iter().any(|(known, _)| known == key) {
            return None;
        }
        if begun.len() >= BEGUN {
            self.give_up(1);
            return None;
        }
        let is_fresh = is_fresh(key);
        let ticket = lock(&self.waiting).get(key).copied().filter(|_| !is_fresh);
        let outcome = match ticket {
            Some(ticket) => Begun::Later(ticket),
            None => self.comparing.begin(layers, exe, key, is_fresh),
        };
        let ticket = match outcome {
            Begun::Known(below) => return Some(below),
            Begun::Later(ticket) => Some(ticket),
            Begun::Not => None,
        };
        match ticket {
            Some(ticket) if !is_fresh => drop(lock(&self.waiting).insert(key.clone(), ticket)),
            Some(_) => {}
            None => self.give_up(1),
        }
        begun.push((key.clone(), ticket));
        None
    }

    fn layers(&self, container: &Container, pid: u32) -> Option<Arc<Layers>> {
        if let Some(layers) = lock(&self.layers).get(&container.id)
            && (layers.is_some() || pid == 0)
        {
            return layers.clone();
        }
        // Nobody else waits for this one's disk.
        let layers = Layers::of(&container.root, pid).map(Arc::new);
        lock(&self.layers).put(container.id.clone(), layers.clone());
        layers
    }

    /// What is remembered of a program, after `ask` has made sure that it is there. What changed a
    /// moment ago is not remembered: within one second it may change again and look the same.
    fn look(
        &self,
        exe: &FileObject,
        container: &Container,
        ask: impl FnOnce(&mut Look, &Key),
    ) -> Look {
        let key = Key {
            container: container.id.clone(),
            path: exe.path.clone(),
            inode: exe.inode,
            size_bytes: exe.size_bytes,
            changed_s: exe.changed_s,
            modified_s: exe.modified_s,
        };
        let mut look = lock(&self.programs).get(&key).copied().unwrap_or_default();
        ask(&mut look, &key);
        if !is_fresh(&key) {
            lock(&self.programs).put(key, look);
        }
        look
    }
}

/// Whether a path lies below what was mounted into a container.
fn is_below_mount(container: &Container, path: &str) -> bool {
    container.spec.mounts.iter().any(|mount| {
        let rest = path.strip_prefix(mount.target.trim_end_matches('/'));
        mount.target != "/" && rest.is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
    })
}

/// Whether a program was changed so lately that it may change again and look the same.
fn is_fresh(key: &Key) -> bool {
    model::Timestamp::now().as_second().saturating_sub(key.changed_s) <= 1
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The image's file or another, when the container has written one of the same path: by size and
/// the first MiB.
fn origin_of_two(lower: &File, upper: &File) -> Origin {
    let size = |file: &File| file.metadata().map(|metadata| metadata.len()).ok();
    match (size(lower), size(upper)) {
        (Some(a), Some(b)) if a == b && same(lower, upper, 0, a.min(GIVEN_BYTES)) => Origin::Image,
        _ => Origin::Changed,
    }
}

/// The first bytes of a program: of the file that the process runs, while it does, else of the
/// layer that has it.
fn head_of(exe: &FileObject, layers: Option<&Layers>, pid: u32) -> Option<Vec<u8>> {
    let running = File::open(format!("/proc/{pid}/exe"))
        .ok()
        .filter(|file| file.metadata().is_ok_and(|metadata| metadata.len() == exe.size_bytes));
    let file = running.or_else(|| {
        let layers = layers?;
        layers.upper(&exe.path).or_else(|| layers.find(&exe.path))
    })?;
    let mut head = Vec::new();
    let read =
        std::io::Read::read_to_end(&mut std::io::Read::take(file, PACKED_HEAD_BYTES), &mut head);
    read.ok().map(|_| head)
}

#[cfg(test)]
mod tests {
    use model::ObjectFlags;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    /// A container as Docker's overlay2 keeps it, with a program of so many bytes in its image, and
    /// a copy of it with one byte changed at a place.
    fn container(home: &std::path::Path, length: u64, changed_at: Option<u64>) -> Container {
        for folder in ["a/diff/bin", "c/diff/bin", "c/merged", "l"] {
            std::fs::create_dir_all(home.join(folder)).unwrap();
        }
        for (layer, byte) in [("a", None), ("c", changed_at)] {
            let file = File::create(home.join(layer).join("diff/bin/tool")).unwrap();
            file.set_len(length).unwrap();
            if let Some(at) = byte {
                std::os::unix::fs::FileExt::write_all_at(&file, b"x", at).unwrap();
            }
        }
        let _ = std::os::unix::fs::symlink("../a/diff", home.join("l/A"));
        std::fs::write(home.join("c/lower"), "l/A").unwrap();
        let root = home.join("c/merged").to_string_lossy().into_owned();
        Container { id: "c".to_owned(), root, ..Container::default() }
    }

    fn program(size_bytes: u64) -> FileObject {
        FileObject {
            path: "/bin/tool".to_owned(),
            inode: 7,
            size_bytes,
            links: 1,
            filesystem: OVERLAY,
            flags: ObjectFlags { upper_layer: true, ..ObjectFlags::default() },
            ..FileObject::default()
        }
    }

    /// What is said at once, whether a comparison goes on, and what is said when it has ended.
    fn check(length: u64, changed_at: Option<u64>) -> (Option<Origin>, bool, Option<Origin>) {
        let home = tempfile::tempdir().unwrap();
        let container = container(home.path(), length, changed_at);
        let (drift, exe) = (Drift::default(), program(length));
        let at_once = drift.origin(&exe, &container, 0);
        // The next rule asks the same of the same event.
        assert_eq!(drift.origin(&exe, &container, 0), at_once);
        let ticket = drift.handed_in();
        let mut ended = None;
        while ticket.is_some() && ended.is_none() {
            drift.answered(|number| ended = Some(number));
            std::thread::yield_now();
        }
        assert_eq!(ended, ticket);
        (at_once, ticket.is_some(), drift.origin(&exe, &container, 0))
    }

    #[test]
    fn without_an_overlay_only_what_is_mounted_is_a_volume() {
        let mount = model::Mount { target: "/data".to_owned(), ..model::Mount::default() };
        let spec = model::ContainerSpec { mounts: vec![mount], ..Default::default() };
        let container = Container { spec, ..Container::default() };
        let check = |path: &str, filesystem, expected| {
            let exe = FileObject { path: path.to_owned(), filesystem, ..program(1) };
            assert_eq!(Drift::default().origin(&exe, &container, 0), expected, "{path}");
        };
        const BTRFS: u32 = 0x9123_683e;
        check("/usr/bin/su", BTRFS, None);
        check("/data/tool", BTRFS, Some(Origin::Volume));
        check("/database/tool", BTRFS, None);
        check("/tmp/tool", TMPFS, Some(Origin::Volume));
    }

    #[test]
    fn a_large_program_is_compared_beside_the_events() {
        let (same, other) = (Some(Origin::Image), Some(Origin::Changed));
        assert_eq!(check(MIB, None), (same, false, same));
        assert_eq!(check(MIB, Some(MIB - 1)), (other, false, other));
        assert_eq!(check(40 * MIB, Some(9)), (other, false, other));
        assert_eq!(check(40 * MIB, None), (None, true, same));
        assert_eq!(check(40 * MIB, Some(40 * MIB - 1)), (None, true, other));
    }

    #[test]
    fn what_is_not_compared_is_counted_once_for_each_start() {
        let home = tempfile::tempdir().unwrap();
        let length = 2048 * MIB;
        let (container, exe) = (container(home.path(), length, None), program(length));
        let drift = Drift::default();
        for starts in 1..4 {
            for _ in 0..2 {
                assert_eq!(drift.origin(&exe, &container, 0), None);
            }
            assert_eq!((drift.handed_in(), drift.uncompared()), (None, starts));
        }
    }

    #[test]
    fn an_event_waits_for_every_program_that_is_asked_about() {
        let home = tempfile::tempdir().unwrap();
        let length = 40 * MIB;
        let container = container(home.path(), length, None);
        let child = program(length);
        let parent = FileObject { inode: 8, ..child.clone() };
        let drift = Drift::default();
        for exe in [&child, &parent, &child, &parent] {
            assert_eq!(drift.origin(exe, &container, 0), None);
        }
        let ticket = drift.handed_in().unwrap();
        let (mut ended, mut count) = (None, 0);
        while ended != Some(ticket) {
            drift.answered(|number| (ended, count) = (Some(number), count + 1));
            std::thread::yield_now();
        }
        assert_eq!((count, drift.handed_in(), drift.uncompared()), (2, None, 0));
        for exe in [&child, &parent] {
            assert_eq!(drift.origin(exe, &container, 0), Some(Origin::Image));
        }
    }
}
