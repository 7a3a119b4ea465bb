//! `CachedReports`: the reports that gates ask for again and again, read back once.
//!
//! Every question goes to the store for the number of the newest report, which costs a look into an
//! index; only a number that is not in memory is read and parsed. So a report that another process
//! saves speaks at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::Digest;

use crate::limits::CACHED_MAX_BYTES;
use crate::{ReportId, Store, StoreError, StoredReport};

/// Reports in memory, the least used thrown out when they grow too large together. Threads share it.
#[derive(Debug)]
pub struct CachedReports {
    store: Arc<Store>,
    max_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    reports: HashMap<ReportId, (Arc<StoredReport>, u64)>,
    size_bytes: usize,
    /// Counts questions: the larger, the later.
    now: u64,
}

impl CachedReports {
    /// A cache over a store, with the usual bound.
    pub fn new(store: Arc<Store>) -> Self {
        CachedReports::bounded(store, CACHED_MAX_BYTES)
    }

    /// A cache that keeps at most so many bytes of reports, counted as JSON.
    pub fn bounded(store: Arc<Store>, max_bytes: usize) -> Self {
        CachedReports { store, max_bytes, kept: Mutex::default() }
    }

    /// The store behind it.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The newest report of an image, by the digest of its configuration.
    pub fn by_image(&self, image_id: &Digest) -> Result<Option<Arc<StoredReport>>, StoreError> {
        self.by_number(self.store.newest_of_image(image_id)?)
    }

    /// The newest report of an image, by the digest of its manifest.
    pub fn by_manifest(&self, manifest: &Digest) -> Result<Option<Arc<StoredReport>>, StoreError> {
        self.by_number(self.store.newest_of_manifest(manifest)?)
    }

    fn by_number(&self, id: Option<ReportId>) -> Result<Option<Arc<StoredReport>>, StoreError> {
        let Some(id) = id else { return Ok(None) };
        if let Some(report) = self.lock().recall(id) {
            return Ok(Some(report));
        }
        // Read without the lock: two threads may read the same report, none waits for another's.
        let Some(report) = self.store.stored_report(id)? else { return Ok(None) };
        let report = Arc::new(report);
        self.lock().keep(&report, self.max_bytes);
        Ok(Some(report))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn recall(&mut self, id: ReportId) -> Option<Arc<StoredReport>> {
        self.now += 1;
        let (report, used) = self.reports.get_mut(&id)?;
        *used = self.now;
        Some(Arc::clone(report))
    }

    fn keep(&mut self, report: &Arc<StoredReport>, max_bytes: usize) {
        if report.size_bytes > max_bytes {
            return;
        }
        let replaced = self.reports.insert(report.id, (Arc::clone(report), self.now));
        if replaced.is_none() {
            self.size_bytes += report.size_bytes;
        }
        while self.size_bytes > max_bytes {
            let oldest = self.reports.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(id, _)| *id) else { break };
            if let Some((gone, _)) = self.reports.remove(&oldest) {
                self.size_bytes = self.size_bytes.saturating_sub(gone.size_bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{digest, report};

    #[test]
    fn the_newest_report_speaks_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&directory.path().join("s.db")).unwrap());
        let cache = CachedReports::new(Arc::clone(&store));
        assert!(cache.by_image(&digest(1)).unwrap().is_none());
        store.save_report(&report("a", 1, 10)).unwrap();
        let first = cache.by_image(&digest(1)).unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &cache.by_image(&digest(1)).unwrap().unwrap()));
        store.save_report(&report("b", 1, 20)).unwrap();
        assert_eq!(cache.by_image(&digest(1)).unwrap().unwrap().report.source.name, "b");
    }

    #[test]
    fn keeps_within_its_bound() {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&directory.path().join("s.db")).unwrap());
        for image in 0..4 {
            store.save_report(&report("a", image, 10)).unwrap();
        }
        let one = store.stored_report(ReportId(1)).unwrap().unwrap().size_bytes;
        let cache = CachedReports::bounded(store, one * 2 + 10);
        for image in 0..4 {
            cache.by_image(&digest(image)).unwrap().unwrap();
            let kept = cache.lock();
            assert!(kept.size_bytes <= one * 2 + 10 && kept.reports.len() <= 2);
        }
        let last = cache.by_image(&digest(3)).unwrap().unwrap();
        assert!(Arc::ptr_eq(&last, &cache.by_image(&digest(3)).unwrap().unwrap()));
        let nothing = CachedReports::bounded(Arc::clone(cache.store()), 1);
        assert!(nothing.by_image(&digest(1)).unwrap().is_some());
        assert!(nothing.lock().reports.is_empty());
    }
}
