//! Packages installed by conda: one JSON record each in `conda-meta/`. Conda's names are its own,
//! not PyPI's; a Python package it installs has its `dist-info` as well and is told as PyPI's.

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, json};
use crate::value::{Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

/// Installed conda packages.
pub(super) const CONDA: TextAnalyzer = TextAnalyzer {
    name: "conda-installed",
    version: 1,
    patterns: &[Pattern::Shape { directory: "conda-meta", prefix: "", suffix: ".json" }],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: TextAnalyzer::ANY,
    read,
};

record! {
    Record {
        name = "name": Text<'a>,
        version = "version": Text<'a>,
        license = "license": Text<'a>,
        subdir = "subdir": Text<'a>,
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let record: Record<'_> = json(text)?;
    let mut pins = Pins::new(PackageKind::Conda, found);
    let package = pins.add(&record.name, &record.version, false).ok_or_else(|| {
        AnalyzeError::Malformed("the conda record has no name and version".to_owned())
    })?;
    if !record.license.is_empty() {
        package.licenses.push(record.license.to_string());
    }
    if !record.subdir.is_empty() {
        package.arch = Some(record.subdir.to_string());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use model::PackageKind;

    use crate::testing::{analyze, try_analyze};

    #[test]
    fn reads_a_record() {
        let record = br#"{"build":"h1","name":"zlib","version":"1.2.13","license":"Zlib",
            "subdir":"linux-64","files":["lib/libz.so"],"depends":["libgcc-ng >=12"]}"#;
        let found = analyze("opt/conda/conda-meta/zlib-1.2.13-h1.json", record);
        let package = &found.packages[0];
        assert_eq!((&*package.name, &*package.version), ("zlib", "1.2.13"));
        assert_eq!(package.kind, PackageKind::Conda);
        assert_eq!((&*package.licenses[0], package.arch.as_deref()), ("Zlib", Some("linux-64")));
        for bad in ["{}", "[]", "{\"name\":{\"a\":1},\"version\":\"1\"}"] {
            assert_eq!(try_analyze("conda-meta/x.json", bad.as_bytes()).1.len(), 1, "{bad}");
        }
    }
}
