//! `Worker`: walks layers and runs the analyzers over each file once. The only place that does.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use analyze::HEAD_BYTES;
use image::{LayerBody, LayerStream, LayerVisitor};
use model::{Digest, FileEntry, FileKind, Skip, SkipReason};

use crate::cache::LayerCache;
use crate::eyes::Eyes;
use crate::layer::{LayerAnalysis, path_hash};
use crate::look::{Looked, look};
use crate::pool::{HANDED_BYTES, Jobs, with_pool};

/// Analyses the layers that a source hands on; keeps the results until the layers are merged.
pub(crate) struct Worker<'a> {
    eyes: &'a Eyes<'a>,
    cache: Option<&'a LayerCache>,
    threads: usize,
    results: Mutex<Results>,
}

/// The layers seen so far.
#[derive(Default)]
pub(crate) struct Results {
    /// By the diff id that the configuration claims or, for streams, that the bytes have.
    pub(crate) by_diff_id: HashMap<Digest, LayerAnalysis>,
    /// Layers without a diff id: root filesystems, and layers of a stream that broke off.
    pub(crate) nameless: Vec<LayerAnalysis>,
}

impl<'a> Worker<'a> {
    /// `threads` look into the files of one layer.
    pub(crate) fn new(eyes: &'a Eyes<'a>, cache: Option<&'a LayerCache>, threads: usize) -> Self {
        Worker { eyes, cache, threads: threads.max(1), results: Mutex::default() }
    }

    pub(crate) fn into_results(self) -> Results {
        self.results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn keep(&self, diff_id: Option<Digest>, analysis: LayerAnalysis) {
        let mut results = self.results.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match diff_id {
            Some(diff_id) => {
                results.by_diff_id.insert(diff_id, analysis);
            }
            None => results.nameless.push(analysis),
        }
    }

    fn known(&self, diff_id: &Digest) -> bool {
        let results = self.results.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        results.by_diff_id.contains_key(diff_id)
    }
}

impl LayerVisitor for Worker<'_> {
    fn wants(&self, claimed: Option<&Digest>) -> bool {
        let Some(diff_id) = claimed else { return true };
        if self.known(diff_id) {
            return false;
        }
        match self.cache.and_then(|cache| cache.load(diff_id)) {
            Some(analysis) => {
                self.keep(Some(diff_id.clone()), analysis);
                false
            }
            None => true,
        }
    }

    fn visit(&self, claimed: Option<&Digest>, layer: &mut dyn LayerStream) {
        let mut walk = LayerWalk::new(self.eyes);
        // Analyzers alone are quicker than handing files over.
        let outcome = if self.eyes.malware.is_none() && self.eyes.secrets.is_none() {
            layer.walk(&mut |entry, body| walk.entry(entry, body, None))
        } else {
            let (outcome, seen) = with_pool(self.eyes, self.threads, |jobs| {
                layer.walk(&mut |entry, body| walk.entry(entry, body, Some(jobs)))
            });
            walk.seen.extend(seen);
            outcome
        };
        let mut analysis = walk.finish();
        analysis.size_bytes = outcome.size_bytes;
        analysis.skipped.extend(outcome.skipped);
        let mismatch = match (claimed, &outcome.diff_id) {
            (Some(claimed), Some(real)) if claimed != real => Some(format!(
                "the configuration says {claimed}, the layer's bytes are {real}; its content was looked at as it is"
            )),
            _ => None,
        };
        if let Some(detail) = mismatch {
            let reason = SkipReason::DigestMismatch;
            analysis.skipped.push(Skip { layer: None, path: String::new(), reason, detail });
        } else if let (Some(real), Some(cache), None) =
            (&outcome.diff_id, self.cache, self.eyes.failed())
        {
            cache.save(real, &analysis);
        }
        self.keep(claimed.cloned().or(outcome.diff_id), analysis);
    }
}

/// One layer being walked.
struct LayerWalk<'a> {
    eyes: &'a Eyes<'a>,
    layer: LayerAnalysis,
    /// Files looked at, or handed over to be.
    looked_at: HashSet<String>,
    seen: Vec<Looked>,
    names: Vec<analyze::PathHash>,
    directories: Vec<analyze::PathHash>,
    whiteouts: Vec<analyze::PathHash>,
    opaque: Vec<analyze::PathHash>,
}

impl<'a> LayerWalk<'a> {
    fn new(eyes: &'a Eyes<'a>) -> Self {
        LayerWalk {
            eyes,
            layer: LayerAnalysis::default(),
            looked_at: HashSet::new(),
            seen: Vec::new(),
            names: Vec::new(),
            directories: Vec::new(),
            whiteouts: Vec::new(),
            opaque: Vec::new(),
        }
    }

    fn entry(&mut self, entry: &FileEntry, body: &mut dyn LayerBody, jobs: Option<&Jobs>) {
        let hash = path_hash(&entry.path);
        match &entry.kind {
            FileKind::Whiteout => self.whiteouts.push(hash),
            FileKind::OpaqueDirectory => self.opaque.push(hash),
            FileKind::Directory => self.directories.push(hash),
            FileKind::HardLink(target) => {
                self.names.push(hash);
                if self.looked_at.contains(target) {
                    self.layer.links.push((entry.path.clone(), target.clone()));
                }
            }
            FileKind::Symlink(_) | FileKind::Special => self.names.push(hash),
            FileKind::Regular => {
                self.names.push(hash);
                self.regular(entry, body, jobs);
            }
        }
    }

    fn regular(&mut self, entry: &FileEntry, body: &mut dyn LayerBody, jobs: Option<&Jobs>) {
        let mut wanted = self.eyes.analyzers.for_name(entry);
        if entry.size_bytes > HEAD_BYTES as u64 && may_be_executable(entry) {
            // The walk itself says what broke.
            let Ok(head) = body.head(HEAD_BYTES) else { return };
            let also = self.eyes.analyzers.for_executable(head).into_iter();
            let known: Vec<&str> = wanted.iter().map(|analyzer| analyzer.name()).collect();
            wanted.extend(also.filter(|analyzer| !known.contains(&analyzer.name())));
        }
        if wanted.is_empty() && !self.eyes.wants_content(entry) {
            return;
        }
        let content = match body.content() {
            Ok(content) => content,
            Err(skip) => {
                self.layer.skipped.push(skip);
                return;
            }
        };
        self.looked_at.insert(entry.path.clone());
        let order = self.names.len();
        match (jobs, content.bytes()) {
            (Some(jobs), Some(bytes)) if entry.size_bytes <= HANDED_BYTES => {
                jobs.hand(order, entry, bytes, wanted);
            }
            _ => self.seen.push(look(self.eyes, (order, entry), content, &wanted)),
        }
    }

    fn finish(mut self) -> LayerAnalysis {
        self.seen.sort_by_key(|looked| looked.order);
        for looked in self.seen {
            let kept = looked.is_kept();
            self.layer.skipped.extend(looked.skipped);
            if kept {
                self.layer.files.push(looked.file);
            }
        }
        let kept: HashSet<&str> = self.layer.files.iter().map(|file| &*file.path).collect();
        self.layer.links.retain(|(_, target)| kept.contains(&**target));
        self.layer.names = self.names.into_iter().collect();
        self.layer.directories = self.directories.into_iter().collect();
        self.layer.whiteouts = self.whiteouts.into_iter().collect();
        self.layer.opaque = self.opaque.into_iter().collect();
        self.layer
    }
}

/// Only what may be run or linked is worth a look at its magic: the rest is never executed.
fn may_be_executable(entry: &FileEntry) -> bool {
    entry.is_executable()
        || entry.name().contains(".so")
        || entry.name().ends_with(".exe")
        || entry.name().ends_with(".dll")
}
