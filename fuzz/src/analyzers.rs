//! Runs analyzers on a file, as `scan` does.

use std::sync::LazyLock;

use analyze::{Analysis, Analyzers, HEAD_BYTES};
use model::{Content, Distro, Purl};

use crate::names::{self, entry, pick};

/// The analyzers, checked once to have a name in a table each.
static ANALYZERS: LazyLock<Analyzers> = LazyLock::new(|| {
    let analyzers = Analyzers::default();
    names::check(&analyzers);
    analyzers
});

/// Reads the input as the file that its first byte picks from the table.
///
/// Laws: no analyzer panics; the same bytes give the same whether they lie in memory or are read
/// in pieces; a package has a name and is either given a package URL that reads back, or refused.
pub fn analyze(table: &[&str], input: &[u8]) {
    let Some((path, bytes)) = pick(table, input) else { return };
    let whole = run(path, &bytes);
    let paged = run(path, &Paged(bytes));
    assert_eq!(whole, paged, "{path}: in memory and in pieces differ");
    check_packages(&whole.0);
}

/// What is found and what the errors are.
fn run(path: &str, content: &dyn Content) -> (Analysis, Vec<String>) {
    let entry = entry(path, content.size_bytes() as usize);
    let mut head = [0; HEAD_BYTES];
    let count = content.read_at(0, &mut head).unwrap_or(0);
    let mut found = Analysis::default();
    let mut errors = Vec::new();
    let mut wanting = ANALYZERS.for_name(&entry);
    wanting.extend(ANALYZERS.for_executable(&head[..count]));
    for analyzer in wanting {
        let result = analyzer.analyze(&entry, content, &mut found);
        errors.extend(result.err().map(|error| error.to_string()));
    }
    (found, errors)
}

fn check_packages(found: &Analysis) {
    let distro = Distro { id: "debian".into(), version: "12".into(), ..Distro::default() };
    for package in &found.packages {
        assert!(!package.name.is_empty(), "a package without a name: {package:?}");
        if let Ok(purl) = Purl::of(package, Some(&distro)) {
            assert_eq!(purl.as_str().parse(), Ok(purl.clone()), "{package:?}");
        }
    }
}

/// Content that does not lie in memory, as the large files of a layer.
pub struct Paged<'a>(pub &'a [u8]);

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
