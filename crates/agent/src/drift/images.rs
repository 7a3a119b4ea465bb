//! `Images`: what the stored report of a container's image says, for alerts.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use model::{ContainerRef, Decision, Digest, ImageContext, Report, Severity};
use store::{CachedReports, ReportId, Store, StoredReport};

use super::Drift;
use crate::attribute::Directory;
use crate::limits::REPORTS_CACHED_BYTES;

/// Reports whose counts are remembered.
const CONTEXTS: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// What stored reports say of images. Threads share it.
pub struct Images {
    reports: CachedReports,
    containers: Directory,
    drift: Arc<Drift>,
    contexts: Mutex<LruCache<ReportId, ImageContext>>,
}

impl Images {
    /// Over a store of reports. `containers` and `drift` tell whether a program is in the image.
    pub fn new(store: Arc<Store>, containers: Directory, drift: Arc<Drift>) -> Self {
        let reports = CachedReports::bounded(store, REPORTS_CACHED_BYTES);
        Images { reports, containers, drift, contexts: Mutex::new(LruCache::new(CONTEXTS)) }
    }

    /// What is known of the image of a container and of a program in it; `None` where there is no
    /// report. A report that was saved a moment ago speaks at once.
    pub fn context(&self, container: &ContainerRef, exe: &str) -> Option<ImageContext> {
        let stored = self.report(container)?;
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = contexts.get_or_insert(stored.id, || counts(&stored.report));
        let mut context = known.clone();
        drop(contexts);
        context.program_in_image = self.has_program(container, exe);
        Some(context)
    }

    /// A digest is the image's id with Docker and the manifest's with others.
    fn report(&self, container: &ContainerRef) -> Option<Arc<StoredReport>> {
        let digest: Digest = container.image_digest.parse().ok()?;
        let by_image = self.reports.by_image(&digest).ok().flatten();
        by_image.or_else(|| self.reports.by_manifest(&digest).ok().flatten())
    }

    /// A report lists packages and what is wrong, not every file: the image's own layers are asked.
    fn has_program(&self, container: &ContainerRef, exe: &str) -> Option<bool> {
        if !exe.starts_with('/') {
            return None;
        }
        self.drift.in_image(&*self.containers.find(&container.id)?, exe)
    }
}

fn counts(report: &Report) -> ImageContext {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let malicious = report.findings.iter().filter(|finding| finding.malware().is_some());
    let severe = report
        .findings
        .iter()
        .filter(|finding| finding.vulnerability().is_some() && finding.severity >= Severity::High);
    let verdict = match report.verdict.decision {
        Decision::Allow => "allow",
        Decision::Warn => "warn",
        Decision::Deny => "deny",
    };
    ImageContext {
        verdict: verdict.to_owned(),
        program_in_image: None,
        malicious_files: count(malicious.count()),
        severe_vulnerabilities: count(severe.count()),
    }
}
