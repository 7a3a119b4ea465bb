//! Walking a tree for templates, and the files beside them. Symbolic links are not followed: what
//! they name lies in the tree itself, or out of it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use analyze::template::{self, TemplateKind, Tree};
use model::{Skip, SkipReason};

use super::limits::{MAX_DEPTH, MAX_ENTRIES, MAX_FILE_BYTES, MAX_TEMPLATES, MAX_TOTAL_BYTES};
use super::root_of;
use crate::error::ScanError;

/// Folders of other people's files, and of version control.
const NOT_ENTERED: [&str; 6] = [".git", ".hg", ".svn", "node_modules", ".terraform", "__pycache__"];
/// Folders and files that tell a root filesystem.
const OF_ROOTS: [&str; 8] = [
    "etc/os-release",
    "usr/lib/os-release",
    "etc/passwd",
    "lib/apk/db",
    "var/lib/dpkg",
    "usr/bin",
    "bin/sh",
    "lib64",
];
/// How many of them suffice.
const ENOUGH_OF_ROOTS: usize = 2;
/// Entries looked at when a folder is asked whether it has any template.
const MAX_ASKED_ENTRIES: usize = 20_000;

/// A template, read.
#[derive(Debug)]
pub(super) struct TemplateFile {
    /// Its path from the root.
    pub(super) name: String,
    pub(super) kind: TemplateKind,
    pub(super) text: String,
}

/// What a tree holds.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) root: PathBuf,
    pub(super) files: Vec<TemplateFile>,
    pub(super) skipped: Vec<Skip>,
}

/// Reads a template, or all below a folder, in the order of their paths.
pub(super) fn walk(path: &Path) -> Result<Walked, ScanError> {
    let failed = |source| ScanError::Read { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_dir() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = read(path).map_err(failed)?;
        let mut walked = Walked { root: root_of(path), ..Walked::default() };
        let kind = template::classify(&name, &bytes).or_else(|| template::guess(&bytes));
        if let Some(kind) = kind {
            walked.keep(name, kind, &bytes);
        }
        return Ok(walked);
    }
    let mut walked = Walked { root: path.to_owned(), ..Walked::default() };
    let mut total_bytes = 0_u64;
    let mut visit = |walked: &mut Walked, path: &Path, name: &str| {
        if walked.files.len() >= MAX_TEMPLATES || total_bytes > MAX_TOTAL_BYTES {
            walked.skip(name, SkipReason::TooMany, "more templates than are looked at".into());
            return false;
        }
        match kind_of(path, name) {
            Ok(Some((kind, bytes))) => {
                total_bytes = total_bytes.saturating_add(bytes.len() as u64);
                walked.keep(name.to_owned(), kind, &bytes);
            }
            Ok(None) => {}
            Err(error) => walked.skip(name, SkipReason::Unreadable, error.to_string()),
        }
        true
    };
    let mut told = Vec::new();
    each_file(path, MAX_ENTRIES, &mut |path, name| visit(&mut walked, path, name), &mut told)
        .map_err(failed)?;
    walked.skipped.append(&mut told);
    walked.files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(walked)
}

/// Whether a file is a template by its name and first bytes.
pub fn is_template(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.is_file() && matches!(kind_of(path, &name), Ok(Some(_)))
}

/// Whether a folder is a tree of templates: one lies in it, and it does not look like the root
/// filesystem of a system.
pub fn has_template(path: &Path) -> bool {
    let of_root = OF_ROOTS.iter().filter(|part| path.join(part).symlink_metadata().is_ok()).count();
    if of_root >= ENOUGH_OF_ROOTS || !path.is_dir() {
        return false;
    }
    let mut any = false;
    let mut visit = |path: &Path, name: &str| {
        any |= matches!(kind_of(path, name), Ok(Some(_)));
        !any
    };
    let _ = each_file(path, MAX_ASKED_ENTRIES, &mut visit, &mut Vec::new());
    any
}

/// What a file is, with its content; `None` when it is no template.
fn kind_of(path: &Path, name: &str) -> io::Result<Option<(TemplateKind, Vec<u8>)>> {
    if !template::may_be(name) {
        return Ok(None);
    }
    let bytes = read(path)?;
    Ok(template::classify(name, &bytes).map(|kind| (kind, bytes)))
}

/// Shows every regular file below a folder, folders in the order of their names, until `visit`
/// says that it is enough.
fn each_file(
    root: &Path,
    most: usize,
    visit: &mut dyn FnMut(&Path, &str) -> bool,
    skipped: &mut Vec<Skip>,
) -> io::Result<()> {
    let mut open = vec![(root.to_owned(), String::new(), 0_usize)];
    let mut seen = 0_usize;
    while let Some((folder, prefix, depth)) = open.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(error),
            Err(error) => {
                skipped.push(skip(&prefix, SkipReason::Unreadable, error.to_string()));
                continue;
            }
        };
        let mut entries: Vec<_> = entries.filter_map(Result::ok).take(most).collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        let mut below = Vec::new();
        for entry in entries {
            seen += 1;
            if seen > most {
                let detail = format!("more than {most} files and folders");
                skipped.push(skip(&prefix, SkipReason::TooMany, detail));
                return Ok(());
            }
            let base = entry.file_name().to_string_lossy().into_owned();
            let name = if prefix.is_empty() { base.clone() } else { format!("{prefix}/{base}") };
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && !NOT_ENTERED.contains(&base.as_str()) {
                if depth >= MAX_DEPTH {
                    let detail = format!("more than {MAX_DEPTH} folders deep");
                    skipped.push(skip(&name, SkipReason::TooDeep, detail));
                } else {
                    below.push((entry.path(), name, depth + 1));
                }
            } else if kind.is_file() && !visit(&entry.path(), &name) {
                return Ok(());
            }
        }
        open.extend(below.into_iter().rev());
    }
    Ok(())
}

/// A regular file's bytes, at most [`MAX_FILE_BYTES`] and one more.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn skip(path: &str, reason: SkipReason, detail: String) -> Skip {
    Skip { layer: None, path: path.to_owned(), reason, detail }
}

impl Walked {
    fn keep(&mut self, name: String, kind: TemplateKind, bytes: &[u8]) {
        match template::text(&name, bytes) {
            Ok(text) => self.files.push(TemplateFile { name, kind, text: text.into_owned() }),
            Err(skip) => self.skipped.push(skip),
        }
    }

    fn skip(&mut self, name: &str, reason: SkipReason, detail: String) {
        self.skipped.push(skip(name, reason, detail));
    }
}

/// The files beside templates: those below one folder, whatever links say.
pub(super) struct Folder {
    root: Option<PathBuf>,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Folder { root: root.canonicalize().ok() }
    }
}

impl Tree for Folder {
    fn text(&self, path: &str) -> Option<String> {
        let root = self.root.as_ref()?;
        let real = root.join(path).canonicalize().ok()?;
        let inside = real.starts_with(root);
        let metadata = std::fs::metadata(&real).ok().filter(|_| inside)?;
        if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
            return None;
        }
        let bytes = read(&real).ok()?;
        template::text(path, &bytes).ok().map(std::borrow::Cow::into_owned)
    }
}
