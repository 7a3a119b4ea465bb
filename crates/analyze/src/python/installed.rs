//! Installed distributions: `*.dist-info/METADATA` (PEP 376, PEP 427) and the older forms of
//! setuptools, `*.egg-info` as directory and as file, `EGG-INFO` of unpacked eggs.
//!
//! Copies that a package carries inside itself (`setuptools/_vendor/…dist-info`) are told too:
//! `pip list` does not know them, but they are installed code with a name and a version.

use model::FileEntry;

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::text::TextAnalyzer;
use crate::{Analysis, AnalyzeError, Pattern};

use super::metadata;

/// Installed Python distributions.
pub(super) const INSTALLED: TextAnalyzer = TextAnalyzer {
    name: "python-installed",
    version: 1,
    patterns: &[Pattern::Name("METADATA"), Pattern::Name("PKG-INFO"), Pattern::Suffix(".egg-info")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts,
    read,
};

fn accepts(entry: &FileEntry) -> bool {
    let (parent, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
    let directory = parent.rsplit_once('/').map_or(parent, |(_, last)| last);
    // pip renames a distribution so while it replaces it; what is left of a failed attempt is
    // not installed.
    if directory.starts_with('~') || name.starts_with('~') {
        return false;
    }
    match name {
        "METADATA" => directory.ends_with(".dist-info"),
        "PKG-INFO" => directory.ends_with(".egg-info") || directory == "EGG-INFO",
        _ => true,
    }
}

fn read(entry: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let package = metadata::package(text).ok_or_else(|| {
        AnalyzeError::Malformed(format!(
            "{} has no Name and Version: the distribution cannot be identified",
            entry.name()
        ))
    })?;
    found.packages.push(package);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, try_analyze};

    const HEADER: &[u8] = b"Metadata-Version: 2.1\nName: Flask_Login\nVersion: 0.6.3\n";

    #[test]
    fn every_place_of_an_installed_distribution() {
        let expect = &["flask-login 0.6.3"][..];
        for (path, expect) in [
            ("usr/lib/python3/dist-packages/Flask_Login-0.6.3.dist-info/METADATA", expect),
            ("app/x.egg-info/PKG-INFO", expect),
            ("usr/lib/python3/dist-packages/Flask_Login-0.6.3.egg-info", expect),
            ("site-packages/Flask_Login-0.6.3-py3.8.egg/EGG-INFO/PKG-INFO", expect),
            ("site-packages/setuptools/_vendor/x-1.dist-info/METADATA", expect),
            ("site-packages/~lask_Login-0.6.3.dist-info/METADATA", &[]),
            ("src/Flask-Login-0.6.3/PKG-INFO", &[]),
            ("src/METADATA", &[]),
            ("x.dist-info/RECORD", &[]),
        ] {
            check(path, HEADER, expect);
        }
    }

    #[test]
    fn a_header_that_identifies_nothing_is_said() {
        for bytes in [&b""[..], b"Version: 1\n", b"\xff\xfe\0", &[b'x'; 100_000]] {
            let (found, errors) = try_analyze("a/b-1.dist-info/METADATA", bytes);
            assert!(found.packages.is_empty());
            assert_eq!(errors.len(), 1);
        }
    }
}
