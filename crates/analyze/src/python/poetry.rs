//! `poetry.lock` and `pdm.lock`: TOML, one `[[package]]` each, with the groups it belongs to.
//! Poetry writes `category` before 1.5 and `groups` from 2.0; in between the lock does not tell.

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, toml};
use crate::value::{List, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

use super::{is_archive, is_project_file, normalized};

/// Locked packages of Poetry.
pub(super) const POETRY_LOCK: TextAnalyzer = TextAnalyzer {
    name: "poetry-lock",
    version: 1,
    patterns: &[Pattern::Name("poetry.lock")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read: read_poetry,
};

/// Locked packages of PDM.
pub(super) const PDM_LOCK: TextAnalyzer = TextAnalyzer {
    name: "pdm-lock",
    version: 1,
    patterns: &[Pattern::Name("pdm.lock")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read: read_pdm,
};

/// Groups that are for development by custom. PDM's lock does not tell groups of extras from
/// groups of development, only their names do.
const DEV_GROUPS: [&str; 8] = ["dev", "test", "tests", "lint", "docs", "doc", "typing", "style"];

record! {
    Lock {
        packages = "package": List<Locked<'a>>,
    }
}

record! {
    Locked {
        name = "name": Text<'a>,
        version = "version": Text<'a>,
        category = "category": Text<'a>,
        groups = "groups": List<Text<'a>>,
        source = "source": Source<'a>,
        path = "path": Text<'a>,
        editable = "editable": Text<'a>,
    }
}

record! {
    Source {
        kind = "type": Text<'a>,
    }
}

fn read_poetry(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let lock: Lock<'_> = toml(text)?;
    let mut pins = Pins::new(PackageKind::Pypi, found);
    for locked in lock.packages.0.iter().filter(|locked| &*locked.source.kind != "directory") {
        let groups = &locked.groups.0;
        let dev = &*locked.category == "dev"
            || !groups.is_empty() && groups.iter().all(|group| &**group != "main");
        pins.add(&normalized(&locked.name), &locked.version, dev);
    }
    Ok(())
}

fn read_pdm(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let lock: Lock<'_> = toml(text)?;
    let mut pins = Pins::new(PackageKind::Pypi, found);
    for locked in &lock.packages.0 {
        let is_local = !locked.path.is_empty() && !is_archive(&locked.path);
        if is_local || locked.editable.is_true() {
            continue;
        }
        let groups = &locked.groups.0;
        let dev = !groups.is_empty() && groups.iter().all(|group| DEV_GROUPS.contains(&&**group));
        pins.add(&normalized(&locked.name), &locked.version, dev);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, packages, try_analyze};

    #[test]
    fn poetry_of_every_age() {
        let lock = br#"
[[package]]
name = "Old_Dev"
version = "1.0"
category = "dev"
[package.dependencies]
x = {version = ">=1", optional = true}
[[package]]
name = "new-dev"
version = "2.0"
groups = ["test"]
[[package]]
name = "both"
version = "3.0"
groups = ["main", "test"]
[[package]]
name = "repo"
version = "4.0"
[package.source]
type = "git"
url = "https://host/x"
[[package]]
name = "local"
version = "5.0"
[package.source]
type = "directory"
url = "../local"
[metadata]
lock-version = "2.1"
"#;
        let found = analyze("app/poetry.lock", lock);
        assert_eq!(packages(&found), ["both 3.0", "new-dev 2.0", "old-dev 1.0", "repo 4.0"]);
        let dev: Vec<_> = found.packages.iter().filter(|p| p.dev).map(|p| &*p.name).collect();
        assert_eq!(dev, ["old-dev", "new-dev"]);
    }

    #[test]
    fn pdm_with_extras_and_local_paths() {
        let lock = br#"
[metadata]
groups = ["default", "dev", "socks"]
[[package]]
name = "requests"
version = "2.32.0"
groups = ["default"]
[[package]]
name = "requests"
version = "2.32.0"
extras = ["socks"]
groups = ["dev"]
[[package]]
name = "pytest"
version = "8.0"
groups = ["dev"]
[[package]]
name = "pysocks"
version = "1.7"
groups = ["socks"]
[[package]]
name = "me"
version = "0.1"
path = "./me"
[[package]]
name = "wheel-file"
version = "0.2"
path = "./wheel_file-0.2-py3-none-any.whl"
"#;
        let found = analyze("app/pdm.lock", lock);
        assert_eq!(
            packages(&found),
            ["pysocks 1.7", "pytest 8.0", "requests 2.32.0", "wheel-file 0.2"]
        );
        let dev: Vec<_> = found.packages.iter().filter(|p| p.dev).map(|p| &*p.name).collect();
        assert_eq!(dev, ["pytest"]);
    }

    #[test]
    fn hostile() {
        for path in ["poetry.lock", "pdm.lock"] {
            for good in [&b""[..], b"\xef\xbb\xbf[[package]]\r\nname = 'a'\r\n"] {
                assert!(analyze(path, good).packages.is_empty());
            }
            let deep = format!("a = {}", "[".repeat(100_000));
            for bad in ["package = 1", "[[package]\n", "a = 1\na = 2", &deep] {
                assert_eq!(try_analyze(path, bad.as_bytes()).1.len(), 1, "{bad:.20}");
            }
        }
    }
}
