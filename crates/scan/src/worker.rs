//! `Worker`: walks layers and runs the analyzers over each file once. The only place that does.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use analyze::{Analysis, Analyzer, HEAD_BYTES};
use image::{LayerBody, LayerStream, LayerVisitor};
use model::{Content, Digest, FileEntry, FileKind, Skip, SkipReason};

use crate::cache::LayerCache;
use crate::eyes::Eyes;
use crate::layer::{AnalyzedFile, LayerAnalysis, owner_hash, path_hash};

/// Analyses the layers that a source hands on; keeps the results until the layers are merged.
pub(crate) struct Worker<'a> {
    eyes: &'a Eyes<'a>,
    cache: Option<&'a LayerCache>,
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
    pub(crate) fn new(eyes: &'a Eyes<'a>, cache: Option<&'a LayerCache>) -> Self {
        Worker { eyes, cache, results: Mutex::default() }
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
        let outcome = layer.walk(&mut |entry, body| walk.entry(entry, body));
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
    analyzed: HashSet<String>,
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
            analyzed: HashSet::new(),
            names: Vec::new(),
            directories: Vec::new(),
            whiteouts: Vec::new(),
            opaque: Vec::new(),
        }
    }

    fn entry(&mut self, entry: &FileEntry, body: &mut dyn LayerBody) {
        let hash = path_hash(&entry.path);
        match &entry.kind {
            FileKind::Whiteout => self.whiteouts.push(hash),
            FileKind::OpaqueDirectory => self.opaque.push(hash),
            FileKind::Directory => self.directories.push(hash),
            FileKind::HardLink(target) => {
                self.names.push(hash);
                if self.analyzed.contains(target) {
                    self.layer.links.push((entry.path.clone(), target.clone()));
                }
            }
            FileKind::Symlink(_) | FileKind::Special => self.names.push(hash),
            FileKind::Regular => {
                self.names.push(hash);
                self.regular(entry, body);
            }
        }
    }

    fn regular(&mut self, entry: &FileEntry, body: &mut dyn LayerBody) {
        let mut wanted = self.eyes.analyzers.for_name(entry);
        if entry.size_bytes > HEAD_BYTES as u64 && may_be_executable(entry) {
            // The walk itself says what broke.
            let Ok(head) = body.head(HEAD_BYTES) else { return };
            let also = self.eyes.analyzers.for_executable(head).into_iter();
            let known: Vec<&str> = wanted.iter().map(|analyzer| analyzer.name()).collect();
            wanted.extend(also.filter(|analyzer| !known.contains(&analyzer.name())));
        }
        let malware = self.eyes.malware.as_ref().filter(|malware| malware.wants(entry));
        let secrets = self.eyes.secrets.filter(|secrets| secrets.wants(entry));
        if wanted.is_empty() && malware.is_none() && secrets.is_none() {
            return;
        }
        let content = match body.content() {
            Ok(content) => content,
            Err(skip) => {
                self.layer.skipped.push(skip);
                return;
            }
        };
        let mut file = analyze(entry, content, &wanted);
        if let Some(malware) = malware {
            let found = malware.scan(entry, content);
            file.samples = found.samples;
            file.analysis.skipped.extend(found.skipped);
        }
        if let Some(secrets) = secrets {
            let found = secrets.scan_file(entry, content);
            file.secrets = found.secrets;
            self.layer.skipped.extend(found.skipped);
        }
        self.keep(file, !wanted.is_empty());
    }

    /// Keeps a file of which there is something to tell.
    fn keep(&mut self, file: AnalyzedFile, analyzed: bool) {
        let told = !file.analysis.skipped.is_empty()
            || !file.samples.is_empty()
            || !file.secrets.is_empty();
        if analyzed || told {
            self.analyzed.insert(file.path.clone());
            self.layer.files.push(file);
        }
    }

    fn finish(mut self) -> LayerAnalysis {
        self.layer.names = self.names.into_iter().collect();
        self.layer.directories = self.directories.into_iter().collect();
        self.layer.whiteouts = self.whiteouts.into_iter().collect();
        self.layer.opaque = self.opaque.into_iter().collect();
        self.layer
    }
}

/// Runs the analyzers over one file.
fn analyze(entry: &FileEntry, content: &dyn Content, wanted: &[&dyn Analyzer]) -> AnalyzedFile {
    let mut whole = Analysis::default();
    for analyzer in wanted {
        let mut found = Analysis::default();
        if let Err(error) = analyzer.analyze(entry, content, &mut found) {
            let detail = format!("{}: {error}", analyzer.name());
            found.skipped.push((String::new(), error.reason(), detail));
        }
        merge_analyses(&mut whole, found, analyzer.name());
    }
    analyzed_file(entry, whole)
}

/// Only what may be run or linked is worth a look at its magic: the rest is never executed.
fn may_be_executable(entry: &FileEntry) -> bool {
    entry.is_executable()
        || entry.name().contains(".so")
        || entry.name().ends_with(".exe")
        || entry.name().ends_with(".dll")
}

fn merge_analyses(whole: &mut Analysis, mut found: Analysis, analyzer: &str) {
    for package in &mut found.packages {
        if package.found_by.is_empty() {
            package.found_by = analyzer.to_owned();
        }
    }
    whole.packages.append(&mut found.packages);
    whole.is_database |= found.is_database;
    if found.distro.as_ref().map(|(rank, _)| *rank) > whole.distro.as_ref().map(|(rank, _)| *rank) {
        whole.distro = found.distro;
    }
    whole.owned.append(&mut found.owned);
    whole.content_sets.append(&mut found.content_sets);
    whole.skipped.append(&mut found.skipped);
}

/// Joins a file to its analysis; owned paths become hashes, package paths become whole.
fn analyzed_file(entry: &FileEntry, mut analysis: Analysis) -> AnalyzedFile {
    let owned = std::mem::take(&mut analysis.owned)
        .into_iter()
        .map(|owned| (owned.package, owned.paths.iter().map(|path| owner_hash(path)).collect()))
        .collect();
    for package in &mut analysis.packages {
        if package.path.is_empty() {
            package.path.clone_from(&entry.path);
        }
    }
    AnalyzedFile { path: entry.path.clone(), analysis, owned, ..AnalyzedFile::default() }
}
