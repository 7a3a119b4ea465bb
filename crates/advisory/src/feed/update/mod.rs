//! `update`: fetches what has changed at the sources into a cache and reads it from there.
//!
//! A source that cannot be fetched fails alone; the others go on.

mod download;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use model::{Progress, Timestamp};

use self::download::{Downloader, Fetch};
use super::import::import_source;
use super::sources::{Endpoint, Source, sources};
use crate::{AdvisoryError, RecordSink, SourceSummary};

/// Name in the cache of the file that names an archive.
const POINTER_FILE: &str = "latest.txt";
/// Length of the name of an archive, in bytes.
const POINTER_MAX_BYTES: usize = 200;

/// What to fetch, and from where.
#[derive(Debug, Clone, Default)]
pub struct UpdateOptions {
    /// Names of sources or groups; empty for those that are on by default.
    pub sources: Vec<String>,
    /// Directory in which downloads are kept between updates.
    pub cache_dir: PathBuf,
    /// Address that holds copies of all sources, laid out `<mirror>/<host>/<path>` as mirroring
    /// programs do; upstream when none.
    pub mirror: Option<String>,
    /// Other addresses of single sources, by name.
    pub urls: BTreeMap<String, Vec<String>>,
}

/// A source whose files are in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The source.
    pub source: &'static Source,
    /// Its file, or the directory that holds its files.
    pub path: PathBuf,
    /// Where the first of them came from.
    pub url: String,
    /// Whether any of them changed since the last update.
    pub changed: bool,
}

/// What came of updating one source.
#[derive(Debug)]
pub struct SourceUpdate {
    /// The source's name.
    pub source: &'static str,
    /// What was fetched and read, or why not.
    pub outcome: Result<(Fetched, Vec<SourceSummary>), AdvisoryError>,
}

impl Fetched {
    /// Reads the files into `sink`.
    pub fn import(
        &self,
        sink: &mut dyn RecordSink,
        progress: &dyn Progress,
    ) -> Result<Vec<SourceSummary>, AdvisoryError> {
        import_source(self.source.name, &self.path, sink, progress)
    }
}

/// Takes a source that has been fetched; usually [`Fetched::import`] into the database's builder.
pub type Deliver<'a> = dyn FnMut(&Fetched) -> Result<Vec<SourceSummary>, AdvisoryError> + 'a;

/// Fetches the chosen sources one after the other and gives each to `deliver`.
///
/// Asks whether a file has changed before it fetches it, resumes what was broken off, tries again
/// what fails for the moment. Proxies are taken from the environment (`HTTPS_PROXY`, `NO_PROXY`).
///
/// # Errors
/// When a name is no source's or the cache cannot be written; a source that fails is in the list.
pub fn update(
    options: &UpdateOptions,
    deliver: &mut Deliver<'_>,
    progress: &dyn Progress,
) -> Result<Vec<SourceUpdate>, AdvisoryError> {
    let chosen = select(&options.sources)?;
    let mut downloader = Downloader::new();
    let mut updates = Vec::new();
    for source in chosen {
        let fetched = fetch(source, options, &mut downloader, progress);
        let outcome = fetched.and_then(|fetched| {
            let summaries = deliver(&fetched)?;
            Ok((fetched, summaries))
        });
        updates.push(SourceUpdate { source: source.name, outcome });
    }
    Ok(updates)
}

/// The sources that these names mean; those that are on by default for none.
fn select(names: &[String]) -> Result<Vec<&'static Source>, AdvisoryError> {
    if names.is_empty() {
        return Ok(sources().iter().filter(|source| source.default_on).collect());
    }
    for name in names {
        let mut meant = sources().iter().filter(|source| source.answers_to(name));
        if !meant.any(|source| source.endpoint != Endpoint::ImportOnly) {
            let fetched = sources().iter().filter(|s| s.endpoint != Endpoint::ImportOnly);
            let known: Vec<&str> = fetched.map(|source| source.name).collect();
            let known = known.join(", ");
            return Err(AdvisoryError::SourceUnknown { name: name.clone(), known });
        }
    }
    let meant = |source: &&Source| {
        source.endpoint != Endpoint::ImportOnly && names.iter().any(|name| source.answers_to(name))
    };
    Ok(sources().iter().filter(meant).collect())
}

/// Brings the files of a source into the cache.
fn fetch(
    source: &'static Source,
    options: &UpdateOptions,
    downloader: &mut Downloader,
    progress: &dyn Progress,
) -> Result<Fetched, AdvisoryError> {
    let directory = options.cache_dir.join(source.name);
    std::fs::create_dir_all(&directory)
        .map_err(|error| AdvisoryError::File { path: directory.clone(), source: error })?;
    let mut visit = Visit { source, directory, downloader, progress };
    let urls = urls(source, options);
    let url = urls.first().cloned().unwrap_or_default();
    let (kept, mut changed) = match source.endpoint {
        Endpoint::Latest(_) if !options.urls.contains_key(source.name) => visit.latest(&url)?,
        _ => visit.files(&urls)?,
    };
    changed |= sweep(&visit.directory, &kept)?;
    // An archive is opened by its own path; several files are the snapshot together.
    let alone = kept.iter().next().filter(|_| kept.len() == 1);
    let path = alone.cloned().unwrap_or(visit.directory);
    Ok(Fetched { source, path, url, changed })
}

/// The fetching of one source.
struct Visit<'a> {
    source: &'static Source,
    directory: PathBuf,
    downloader: &'a mut Downloader,
    progress: &'a dyn Progress,
}

impl Visit<'_> {
    /// Fetches files; tells which there are and whether any changed.
    fn files(&mut self, urls: &[String]) -> Result<(BTreeSet<PathBuf>, bool), AdvisoryError> {
        let optional =
            matches!(self.source.endpoint, Endpoint::FilesThere(_) | Endpoint::Yearly { .. });
        let mut kept = BTreeSet::new();
        let mut changed = false;
        let mut missing = None;
        for url in urls {
            let file = self.directory.join(file_name(url));
            match self.downloader.fetch(self.source.name, url, &file, self.progress) {
                Ok(fetch) => changed |= fetch == Fetch::Fresh,
                Err(error) if optional && download::is_missing(&error) => {
                    missing = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            }
            kept.insert(file);
        }
        match missing {
            Some(error) if kept.is_empty() => Err(error),
            _ => Ok((kept, changed)),
        }
    }

    /// Fetches the archive that a small file names.
    fn latest(&mut self, pointer: &str) -> Result<(BTreeSet<PathBuf>, bool), AdvisoryError> {
        let file = self.directory.join(POINTER_FILE);
        self.downloader.fetch(self.source.name, pointer, &file, self.progress)?;
        let text = std::fs::read_to_string(&file)
            .map_err(|source| AdvisoryError::File { path: file.clone(), source })?;
        let name = text.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.is_empty() || name.len() > POINTER_MAX_BYTES || !name.chars().all(plain) {
            return Err(AdvisoryError::FetchFailed {
                source_name: self.source.name.to_owned(),
                url: pointer.to_owned(),
                why: "it does not hold the name of an archive".to_owned(),
            });
        }
        let base = pointer.rsplit_once('/').map_or("", |(base, _)| base);
        self.files(&[format!("{base}/{name}")])
    }
}

/// The addresses to ask: the user's, the mirror's, or the source's own.
fn urls(source: &Source, options: &UpdateOptions) -> Vec<String> {
    if let Some(urls) = options.urls.get(source.name) {
        return urls.clone();
    }
    let year = Timestamp::now().to_string().get(..4).and_then(|year| year.parse().ok());
    let urls = source.urls(year.unwrap_or_default());
    let Some(mirror) = &options.mirror else {
        return urls;
    };
    let mirror = mirror.trim_end_matches('/');
    let at_mirror = |url: &String| {
        let path = url.split_once("://").map_or(url.as_str(), |(_, path)| path);
        format!("{mirror}/{path}")
    };
    urls.iter().map(at_mirror).collect()
}

/// The name of a file in the cache: the address without its scheme, made one file name.
fn file_name(url: &str) -> String {
    let path = url.split_once("://").map_or(url, |(_, path)| path);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
    let name: String = path.chars().map(safe).collect();
    // A name that ends in a known way is read as what it is; the tracker's has no ending at all.
    if name.rsplit('_').next().is_some_and(|last| last.contains('.')) {
        name.trim_start_matches('.').to_owned()
    } else {
        format!("{name}.json")
    }
}

/// Removes files of earlier updates that are no longer part of the source. Tells whether there
/// were any.
fn sweep(directory: &Path, kept: &BTreeSet<PathBuf>) -> Result<bool, AdvisoryError> {
    let failed = |source| AdvisoryError::File { path: directory.to_owned(), source };
    let mut swept = false;
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if !kept.iter().any(|file| state::belongs_to(&path, file)) {
            std::fs::remove_file(&path).map_err(failed)?;
            swept = true;
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests;
