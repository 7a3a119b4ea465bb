//! What the tests of every analyzer share: one file in, its `Analysis` out.

#![allow(dead_code)] // each folder uses the parts it needs

use std::path::PathBuf;

use model::{Content, FileEntry, FileKind};

use crate::{Analysis, AnalyzeError, Analyzer, Analyzers, HEAD_BYTES};

/// Runs every analyzer that wants `path` (executables by their first bytes); panics on an error.
pub(crate) fn analyze(path: &str, bytes: &[u8]) -> Analysis {
    let (found, errors) = try_analyze(path, bytes);
    assert!(errors.is_empty(), "{path}: {errors:?}");
    found
}

/// The same, giving the errors beside what was found.
pub(crate) fn try_analyze(path: &str, bytes: &[u8]) -> (Analysis, Vec<AnalyzeError>) {
    analyze_content(path, &bytes)
}

/// The same for a content that may not lie in memory.
pub(crate) fn analyze_content(path: &str, content: &dyn Content) -> (Analysis, Vec<AnalyzeError>) {
    let entry = entry(path, content.size_bytes());
    let mut head = [0; HEAD_BYTES];
    let length = content.read_at(0, &mut head).unwrap();
    let mut found = Analysis::default();
    let mut errors = Vec::new();
    for analyzer in wanting(&entry, &head[..length]) {
        errors.extend(analyzer.analyze(&entry, content, &mut found).err());
    }
    (found, errors)
}

/// The names of the analyzers that want `path` by its name alone, sorted.
pub(crate) fn wanted_by(path: &str) -> Vec<&'static str> {
    let mut names: Vec<_> = wanting(&entry(path, 0), &[]).iter().map(|a| a.name()).collect();
    names.sort_unstable();
    names
}

/// The packages as `name version` lines, sorted.
pub(crate) fn packages(found: &Analysis) -> Vec<String> {
    let mut lines: Vec<_> =
        found.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
    lines.sort();
    lines
}

/// One table row: the file, its bytes and the `name version` lines it must give.
pub(crate) fn check(path: &str, bytes: &[u8], expect: &[&str]) {
    assert_eq!(packages(&analyze(path, bytes)), expect, "{path}");
}

/// A content that never lies in memory whole, as large files of a layer.
pub(crate) struct Paged<'a>(pub(crate) &'a [u8]);

impl Content for Paged<'_> {
    fn size_bytes(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read_at(offset, buffer)
    }

    fn bytes(&self) -> Option<&[u8]> {
        None
    }
}

/// A file below this crate's `testdata/`; one called `….gz` is unpacked.
pub(crate) fn testdata(path: &str) -> Vec<u8> {
    use std::io::Read;
    let whole = format!("{}/testdata/{path}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&whole).unwrap_or_else(|e| panic!("{whole}: {e}"));
    if !path.ends_with(".gz") {
        return bytes;
    }
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).unwrap();
    unpacked
}

/// A file of the shared test data, or `None` (said on standard output) when it is not there.
pub(crate) fn shared(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("LAZARET_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let bytes = std::fs::read(root.join(path)).ok();
    if bytes.is_none() {
        println!("skipped: shared/{path} not there");
    }
    bytes
}

fn entry(path: &str, size_bytes: u64) -> FileEntry {
    FileEntry {
        path: path.to_owned(),
        kind: FileKind::Regular,
        size_bytes,
        mode: 0o755,
        uid: 0,
        gid: 0,
    }
}

fn wanting(entry: &FileEntry, head: &[u8]) -> Vec<&'static dyn Analyzer> {
    let index = Analyzers::default();
    let mut wanting = index.for_name(entry);
    for analyzer in index.for_executable(head) {
        if wanting.iter().all(|other| other.name() != analyzer.name()) {
            wanting.push(analyzer);
        }
    }
    wanting
}
