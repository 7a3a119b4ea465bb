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

mod images;
mod layers;
mod packed;

use std::fs::File;
use std::num::NonZeroUsize;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use model::{Container, FileObject};

pub use images::Images;
use layers::{Below, Layers};
pub use packed::is_packed;

/// Containers whose layers are remembered.
const CONTAINERS: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// Programs that were looked at and are remembered.
const PROGRAMS: NonZeroUsize = NonZeroUsize::new(8192).expect("not zero");
/// The largest program that is compared byte by byte; larger ones by size and time.
const COMPARED_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes of a program that are looked at for packing.
const PACKED_HEAD_BYTES: u64 = 256 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;
const OVERLAY: u32 = 0x794c_7630;

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

/// Holds programs against images. Threads share it.
pub struct Drift {
    layers: Mutex<LruCache<String, Option<Arc<Layers>>>>,
    programs: Mutex<LruCache<Key, Look>>,
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
            programs: Mutex::new(LruCache::new(PROGRAMS)),
        }
    }
}

impl Drift {
    /// Takes in where a container's root filesystem lies, as soon as that is known: a moment later
    /// the container may be gone, and what is beside its root with it. The image's layers stay.
    pub fn begins(&self, container: &Container) {
        if let Some(layers) = Layers::of(&container.root, 0) {
            let mut known = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
            known.put(container.id.clone(), Some(Arc::new(layers)));
        }
    }

    /// Where a program that a process of a container runs comes from; `None` when the container's
    /// layers are not known or its root filesystem is no overlay.
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
            return Some(Origin::Volume);
        }
        if !exe.flags.upper_layer {
            return Some(Origin::Image);
        }
        let layers = self.layers(container, pid)?;
        let look = self.look(exe, container, |look| {
            look.below.get_or_insert_with(|| compare(&layers, exe));
        });
        Some(match look.below? {
            Below::Same => Origin::Image,
            Below::Other => Origin::Changed,
            Below::Nothing => Origin::Added,
        })
    }

    /// Whether a program's file is packed, as UPX does it; `None` when it cannot be read any more.
    pub fn is_packed(&self, exe: &FileObject, container: &Container, pid: u32) -> Option<bool> {
        let layers = self.layers(container, pid);
        let look = self.look(exe, container, |look| {
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

    fn layers(&self, container: &Container, pid: u32) -> Option<Arc<Layers>> {
        let mut known = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(layers) = known.get(&container.id)
            && (layers.is_some() || pid == 0)
        {
            return layers.clone();
        }
        let layers = Layers::of(&container.root, pid).map(Arc::new);
        known.put(container.id.clone(), layers.clone());
        layers
    }

    /// What is remembered of a program, after `ask` has made sure that it is there. What changed a
    /// moment ago is not remembered: within one second it may change again and look the same.
    fn look(&self, exe: &FileObject, container: &Container, ask: impl FnOnce(&mut Look)) -> Look {
        let key = Key {
            container: container.id.clone(),
            path: exe.path.clone(),
            inode: exe.inode,
            size_bytes: exe.size_bytes,
            changed_s: exe.changed_s,
            modified_s: exe.modified_s,
        };
        let lock = || self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut look = lock().get(&key).copied().unwrap_or_default();
        ask(&mut look);
        if model::Timestamp::now().as_second().saturating_sub(exe.changed_s) > 1 {
            lock().put(key, look);
        }
        look
    }
}

/// What the image has where a program on the upper layer lies.
fn compare(layers: &Layers, exe: &FileObject) -> Below {
    let Some(lower) = layers.find(&exe.path) else { return Below::Nothing };
    let Ok(metadata) = lower.metadata() else { return Below::Other };
    let size_bytes = metadata.len();
    if size_bytes != exe.size_bytes {
        return Below::Other;
    }
    let Some(upper) = layers.upper(&exe.path) else {
        // The container is gone already. A copy that only its mode was changed of keeps its time.
        return if metadata.mtime() == exe.modified_s { Below::Same } else { Below::Other };
    };
    if same(&lower, &upper, size_bytes.min(COMPARED_BYTES)) { Below::Same } else { Below::Other }
}

fn same(one: &File, other: &File, length: u64) -> bool {
    let (mut a, mut b) = (vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]);
    let mut at = 0;
    while at < length {
        let wanted = usize::try_from(length - at).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        let (a, b) = (&mut a[..wanted], &mut b[..wanted]);
        if one.read_exact_at(a, at).is_err() || other.read_exact_at(b, at).is_err() || a != b {
            return false;
        }
        at += wanted as u64;
    }
    true
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
