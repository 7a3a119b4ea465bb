//! Looking into one file with every eye that wants it.

use analyze::{Analysis, Analyzer};
use model::{Content, FileEntry, Skip};

use crate::eyes::Eyes;
use crate::layer::{AnalyzedFile, owner_hash};

/// What was seen in one file.
pub(crate) struct Looked {
    /// Its place in the layer.
    pub(crate) order: usize,
    pub(crate) file: AnalyzedFile,
    /// What was not looked at, `layer` not set.
    pub(crate) skipped: Vec<Skip>,
    /// Whether an analyzer read it: then it is kept, whatever it holds, since it hides what the
    /// same file said in a lower layer.
    analyzed: bool,
}

impl Looked {
    /// Whether there is anything to keep of it.
    pub(crate) fn is_told(&self) -> bool {
        self.is_kept() || !self.skipped.is_empty()
    }

    /// Whether the file itself is kept.
    pub(crate) fn is_kept(&self) -> bool {
        let AnalyzedFile { analysis, samples, secrets, .. } = &self.file;
        self.analyzed || !analysis.skipped.is_empty() || !samples.is_empty() || !secrets.is_empty()
    }
}

/// Looks into one file. `wanted` are the analyzers that want it.
pub(crate) fn look(
    eyes: &Eyes<'_>,
    (order, entry): (usize, &FileEntry),
    content: &dyn Content,
    wanted: &[&dyn Analyzer],
) -> Looked {
    let mut file = analyze(entry, content, wanted);
    let mut skipped = Vec::new();
    if let Some(malware) = eyes.malware.as_ref().filter(|malware| malware.wants(entry)) {
        let found = malware.scan(entry, content);
        file.samples = found.samples;
        file.analysis.skipped.extend(found.skipped);
    }
    if let Some(secrets) = eyes.secrets.filter(|secrets| secrets.wants(entry)) {
        let found = secrets.scan_file(entry, content);
        file.secrets = found.secrets;
        skipped = found.skipped;
    }
    Looked { order, file, skipped, analyzed: !wanted.is_empty() }
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
    if found.accounts.is_some() {
        whole.accounts = found.accounts;
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
