//! `LayerCache`: what was read from a layer, kept between scans.
//!
//! One file a layer, named by the layer's diff id and a stamp of everything that shapes the
//! result, so that nothing stale is ever read and nothing has to be invalidated. Files appear by
//! rename: any number of scans may share the directory. Only layers whose bytes were hashed and
//! read to their end are kept, so an image cannot plant a result under another layer's name.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use image::Limits;
use model::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::eyes::Eyes;
use crate::inspect::KnownImage;
use crate::layer::LayerAnalysis;

/// Raised when the stored shape changes.
const FORMAT: u32 = 2;
/// The kinds of entry, as the ends of their file names.
const LAYER: &str = "layer";
const IMAGE: &str = "image";
/// zstd level: the cache is written on the way of a scan, so speed counts.
const COMPRESSION_LEVEL: i32 = 1;
/// Largest file that is read back, in bytes of its uncompressed form.
const MAX_ENTRY_BYTES: usize = 1 << 30;
/// Bytes that all entries together may have; the longest unused go first.
const MAX_CACHE_BYTES: u64 = 4 << 30;

/// What was read from layers, kept between scans.
#[derive(Debug)]
pub struct LayerCache {
    directory: PathBuf,
    stamp: String,
}

impl LayerCache {
    /// Opens the cache in a directory, which is made when missing.
    pub fn open(directory: &Path, eyes: &Eyes<'_>, limits: &Limits) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let shape = format!("{FORMAT} {:?} {limits:?}", eyes.versions());
        let stamp = blake3::hash(shape.as_bytes()).to_hex()[..16].to_owned();
        Ok(LayerCache { directory: directory.to_owned(), stamp })
    }

    fn path(&self, key: &Digest, what: &str) -> PathBuf {
        let name = format!("{}-{}-{what}", key.hex(), self.stamp);
        self.directory.join(&key.hex()[..2]).join(name)
    }

    /// What was read from a layer, if it is here.
    pub fn load(&self, diff_id: &Digest) -> Option<LayerAnalysis> {
        self.read(&self.path(diff_id, LAYER))
    }

    /// Keeps what was read from a layer. A cache that cannot be written only costs time, so
    /// nothing is said of it.
    pub fn save(&self, diff_id: &Digest, analysis: &LayerAnalysis) {
        let _ = self.write(&self.path(diff_id, LAYER), analysis);
    }

    /// What a daemon's image of this id was last time: for a daemon that tells it only by
    /// exporting the whole image.
    pub(crate) fn load_image(&self, id: &Digest) -> Option<KnownImage> {
        self.read(&self.path(id, IMAGE))
    }

    /// Keeps what a daemon's image of this id is.
    pub(crate) fn save_image(&self, id: &Digest, image: &KnownImage) {
        let _ = self.write(&self.path(id, IMAGE), image);
    }

    /// An entry. A file that does not read back counts as missing: what it was made from is read
    /// again and the file replaced.
    fn read<T: DeserializeOwned>(&self, path: &Path) -> Option<T> {
        let compressed = fs::read(path).ok()?;
        let bytes = zstd::bulk::decompress(&compressed, size_of_entry(&compressed)?).ok()?;
        let entry = rmp_serde::from_slice(&bytes).ok()?;
        // The modification time is when it was last used: eviction goes by it.
        let _ = fs::File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(entry)
    }

    fn write(&self, path: &Path, entry: &impl Serialize) -> io::Result<()> {
        let bytes = rmp_serde::to_vec_named(entry).map_err(io::Error::other)?;
        if bytes.len() > MAX_ENTRY_BYTES {
            return Ok(());
        }
        let compressed = zstd::bulk::compress(&bytes, COMPRESSION_LEVEL)?;
        let parent = path.parent().unwrap_or(&self.directory);
        fs::create_dir_all(parent)?;
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        file.write_all(&compressed)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes the longest unused entries until the rest fits the bound. Called after a scan that
    /// wrote.
    pub fn trim(&self) -> io::Result<u64> {
        self.trim_to(MAX_CACHE_BYTES)
    }

    fn trim_to(&self, bound_bytes: u64) -> io::Result<u64> {
        let mut entries = self.entries()?;
        let mut total: u64 = entries.iter().map(|entry| entry.size_bytes).sum();
        entries.sort_by_key(|entry| entry.used);
        let mut removed = 0;
        for entry in entries {
            if total <= bound_bytes {
                break;
            }
            if fs::remove_file(&entry.path).is_ok() {
                total -= entry.size_bytes;
                removed += entry.size_bytes;
            }
        }
        Ok(removed)
    }

    /// Removes everything. Gives the bytes freed.
    pub fn clear(&self) -> io::Result<u64> {
        self.trim_to(0)
    }

    /// How many layers it holds, and their bytes.
    pub fn usage(&self) -> io::Result<(usize, u64)> {
        let entries = self.entries()?;
        Ok((entries.len(), entries.iter().map(|entry| entry.size_bytes).sum()))
    }

    fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for shard in fs::read_dir(&self.directory)?.flatten() {
            if !shard.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(shard.path())?.flatten() {
                let Ok(metadata) = file.metadata() else { continue };
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                entries.push(Entry { path: file.path(), size_bytes: metadata.len(), used });
            }
        }
        Ok(entries)
    }
}

struct Entry {
    path: PathBuf,
    size_bytes: u64,
    used: SystemTime,
}

/// The uncompressed size that a zstd frame states, within the bound.
fn size_of_entry(compressed: &[u8]) -> Option<usize> {
    let size = zstd::zstd_safe::get_frame_content_size(compressed).ok().flatten()?;
    usize::try_from(size).ok().filter(|&size| size <= MAX_ENTRY_BYTES)
}

#[cfg(test)]
mod tests {
    use model::{Package, PackageKind};

    use super::*;
    use crate::layer::{AnalyzedFile, path_hash};

    fn cache(directory: &Path) -> LayerCache {
        LayerCache::open(directory, &Eyes::default(), &Limits::default()).unwrap()
    }

    fn analysis(path: &str) -> LayerAnalysis {
        let mut file = AnalyzedFile { path: path.into(), ..AnalyzedFile::default() };
        file.analysis.packages.push(Package::new(PackageKind::Deb, "curl", "7.88.1-10"));
        file.owned.push(("curl".into(), [path_hash("usr/bin/curl")].into_iter().collect()));
        let names = ["a", "b", "c"].map(path_hash).into_iter().collect();
        LayerAnalysis { files: vec![file], size_bytes: 7, names, ..LayerAnalysis::default() }
    }

    #[test]
    fn gives_back_what_it_was_given() {
        let directory = tempfile::tempdir().unwrap();
        let cache = cache(directory.path());
        let id = Digest::sha256(&[1; 32]);
        assert_eq!(cache.load(&id), None);
        cache.save(&id, &analysis("a"));
        assert_eq!(cache.load(&id), Some(analysis("a")));
        assert_eq!(cache.load(&Digest::sha256(&[2; 32])), None);
    }

    #[test]
    fn damaged_and_foreign_entries_count_as_missing() {
        let directory = tempfile::tempdir().unwrap();
        let cache = cache(directory.path());
        let id = Digest::sha256(&[1; 32]);
        cache.save(&id, &analysis("a"));
        let path = cache.path(&id, LAYER);
        let whole = fs::read(&path).unwrap();
        for damaged in [&b"no zstd"[..], &whole[..whole.len() / 2], &[]] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(cache.load(&id), None);
        }
        let other_limits = Limits { layers: 1, ..Limits::default() };
        let other = LayerCache::open(directory.path(), &Eyes::default(), &other_limits).unwrap();
        cache.save(&id, &analysis("a"));
        assert_eq!(other.load(&id), None, "other limits may give another result");
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let directory = tempfile::tempdir().unwrap();
        let cache = cache(directory.path());
        let ids = [1, 2, 3].map(|n| Digest::sha256(&[n; 32]));
        for (age, id) in ids.iter().enumerate() {
            cache.save(id, &analysis("a"));
            let file = fs::File::open(cache.path(id, LAYER)).unwrap();
            let used = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(age as u64 * 100);
            file.set_modified(used).unwrap();
        }
        assert!(cache.load(&ids[0]).is_some(), "the oldest is used now");
        let (_, total) = cache.usage().unwrap();
        cache.trim_to(total * 2 / 3).unwrap();
        let left = ids.map(|id| cache.path(&id, LAYER).exists());
        assert_eq!(left, [true, false, true]);
    }

    #[test]
    fn many_scans_share_it() {
        let directory = tempfile::tempdir().unwrap();
        let id = Digest::sha256(&[9; 32]);
        let use_it = || {
            let cache = cache(directory.path());
            for _ in 0..50 {
                cache.save(&id, &analysis("a"));
                assert_eq!(cache.load(&id), Some(analysis("a")));
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(use_it))));
    }
}
