//! `Images`: what the stored report of a container's image says, for alerts.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use model::{ContainerRef, Decision, Digest, ImageContext, Report, Severity};
use store::{ReportId, Store};

use super::Drift;
use crate::attribute::Directory;

/// Reports whose counts are remembered.
const CONTEXTS: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// What stored reports say of images. Threads share it.
pub struct Images {
    store: Arc<Store>,
    containers: Directory,
    drift: Arc<Drift>,
    contexts: Mutex<LruCache<ReportId, ImageContext>>,
}

impl Images {
    /// Over a store of reports. `containers` and `drift` tell whether a program is in the image.
    pub fn new(store: Arc<Store>, containers: Directory, drift: Arc<Drift>) -> Self {
        Images { store, containers, drift, contexts: Mutex::new(LruCache::new(CONTEXTS)) }
    }

    /// What is known of the image of a container and of a program in it; `None` where there is no
    /// report. A report that was saved a moment ago speaks at once. It is read once; only its counts are
    /// kept. Asks the disk: of a thread that may wait.
    pub fn context(&self, container: &ContainerRef, exe: &str) -> Option<ImageContext> {
        let id = self.report(container)?;
        let contexts = || self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = contexts().get(&id).cloned();
        let mut context = match known {
            Some(known) => known,
            None => {
                let counted = counts(&self.store.report(id).ok()??);
                contexts().put(id, counted.clone());
                counted
            }
        };
        context.program_in_image = self.has_program(container, exe);
        Some(context)
    }

    /// A digest is the image's id with Docker and the manifest's with others.
    fn report(&self, container: &ContainerRef) -> Option<ReportId> {
        let digest: Digest = container.image_digest.parse().ok()?;
        let by_image = self.store.newest_of_image(&digest).ok().flatten();
        by_image.or_else(|| self.store.newest_of_manifest(&digest).ok().flatten())
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
