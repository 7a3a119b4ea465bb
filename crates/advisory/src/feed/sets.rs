//! Which snapshots a path holds: one, or a folder of several (archives, or folders of sources).
//!
//! A folder is one snapshot unless its parts are of different kinds. That is found by looking into
//! a few files of each part.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::detect::{Format, detect};
use super::limits::{PROBE_MAX_BYTES, PROBE_MEMBERS};
use super::osv;
use super::snapshot::{Member, Snapshot, children, is_archive, is_candidate};
use crate::AdvisoryError;

/// Subdirectories of one directory that are probed.
const PROBE_BRANCHES: usize = 3;
/// Loose files of a directory that are told apart one by one; more are one snapshot.
const TOLD_APART: usize = 64;
/// Depth to which subdirectories are probed and told apart.
const MAX_DEPTH: usize = 16;

/// The snapshots at a path.
pub(super) fn snapshots(path: &Path) -> Result<Vec<Snapshot>, AdvisoryError> {
    let failed = |source| AdvisoryError::File { path: path.to_owned(), source };
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![Snapshot::open(path)?]);
    }
    let mut found = Vec::new();
    split(path, MAX_DEPTH, &mut found)?;
    Ok(found)
}

/// What lies in a directory.
#[derive(Default)]
struct Parts {
    archives: Vec<PathBuf>,
    directories: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

fn parts(directory: &Path) -> Result<Parts, AdvisoryError> {
    let mut parts = Parts::default();
    for (path, kind) in children(directory)? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if kind.is_dir() {
            parts.directories.push(path);
        } else if kind.is_file() && is_archive(&name) {
            parts.archives.push(path);
        } else if kind.is_file() && is_candidate(&name) {
            parts.files.push(path);
        }
    }
    Ok(parts)
}

fn split(root: &Path, depth: usize, found: &mut Vec<Snapshot>) -> Result<(), AdvisoryError> {
    let parts = parts(root)?;
    let kinds_of_files = kinds_of(spread(&parts.files, PROBE_MEMBERS));
    let mut kinds: BTreeSet<String> = kinds_of_files.clone();
    if parts.archives.is_empty() && depth > 0 {
        for directory in &parts.directories {
            kinds.extend(probe(directory, depth)?);
        }
    }
    if parts.archives.is_empty() && (kinds.len() < 2 || depth == 0) {
        found.push(Snapshot::open(root)?);
        return Ok(());
    }
    for archive in &parts.archives {
        found.push(Snapshot::open(archive)?);
    }
    for directory in &parts.directories {
        split(directory, depth - 1, found)?;
    }
    if kinds_of_files.is_empty() {
        return Ok(());
    }
    let told_apart = kinds_of_files.len() > 1 && parts.files.len() <= TOLD_APART;
    let groups = if told_apart { by_kind(parts.files) } else { vec![parts.files] };
    for files in groups {
        let members = files.iter().map(|file| Member::file(root, file)).collect();
        found.push(Snapshot::of_files(root, members)?);
    }
    Ok(())
}

fn by_kind(files: Vec<PathBuf>) -> Vec<Vec<PathBuf>> {
    let mut groups: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in files {
        if let Some(kind) = kind(&file) {
            groups.entry(kind).or_default().push(file);
        }
    }
    groups.into_values().collect()
}

/// The kinds of some files below a directory.
fn probe(directory: &Path, depth: usize) -> Result<BTreeSet<String>, AdvisoryError> {
    let parts = parts(directory)?;
    let mut kinds = kinds_of(spread(&parts.files, PROBE_MEMBERS / PROBE_BRANCHES));
    kinds.extend(parts.archives.iter().map(|archive| archive.to_string_lossy().into_owned()));
    if depth > 0 {
        for branch in spread(&parts.directories, PROBE_BRANCHES) {
            kinds.extend(probe(branch, depth - 1)?);
        }
    }
    Ok(kinds)
}

fn spread(paths: &[PathBuf], wanted: usize) -> impl Iterator<Item = &Path> {
    let step = paths.len().div_ceil(wanted.max(1)).max(1);
    paths.iter().step_by(step).map(PathBuf::as_path)
}

fn kinds_of<'a>(files: impl Iterator<Item = &'a Path>) -> BTreeSet<String> {
    files.filter_map(kind).collect()
}

/// What a file is, as far as belonging together goes; `None` for what is no advisory.
fn kind(path: &Path) -> Option<String> {
    let member = Member::file(path, path);
    if member.size_bytes > PROBE_MAX_BYTES {
        return Some("large".to_owned());
    }
    let name = member.name.clone();
    let bytes = member.into_bytes().ok()?;
    match detect(&name, &bytes).ok()?? {
        Format::Aside => None,
        Format::OsvJson => osv::Glance::of(&osv::parse(&bytes).ok()?).kin(),
        format => Some(format!("{format:?}")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const KEV: &str = r#"{"vulnerabilities":[{"cveID":"CVE-1","dateAdded":"x"}]}"#;
    const EPSS: &str = "cve,epss,percentile\n";

    fn osv(ecosystem: &str) -> String {
        format!(
            r#"{{"id":"X-1","modified":"x","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"a"}}}}]}}"#
        )
    }

    fn names(files: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().expect("a directory");
        for (name, content) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            fs::write(path, content).expect("written");
        }
        let found = snapshots(root.path()).expect("readable");
        let below = |snapshot: &Snapshot| {
            let path = snapshot.path().strip_prefix(root.path()).expect("below").to_owned();
            path.to_string_lossy().into_owned()
        };
        found.iter().map(below).collect()
    }

    #[test]
    fn parts_of_one_kind_are_one_snapshot() {
        let (debian, alpine) = (osv("Debian:12"), osv("Alpine:v3.1"));
        let files =
            [("CVE/1/a.json", debian.as_str()), ("DSA/b.json", &debian), ("CVE/2/c.json", &alpine)];
        assert_eq!(names(&files), [""]);
        assert_eq!(names(&[("a.json", KEV), ("README.md", "# x"), ("x.json", "{}")]), [""]);
    }

    #[test]
    fn parts_of_different_kinds_are_snapshots_of_their_own() {
        let (debian, suse) = (osv("Debian:12"), osv("SUSE:Linux Enterprise Server 15"));
        let files = [
            ("debian/CVE/a.json", debian.as_str()),
            ("suse/SU/b.json", &suse),
            ("kev/data/kev.json", KEV),
            ("kev/data/epss.csv", EPSS),
        ];
        assert_eq!(names(&files), ["debian", "kev/data", "kev/data", "suse"]);
        assert_eq!(names(&[("a.tar.zst", "x"), ("b.zip", "PK\x03\x04")]), ["a.tar.zst", "b.zip"]);
    }
}
