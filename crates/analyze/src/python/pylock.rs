//! `pylock.toml` and `pylock.<name>.toml`: the lock file of every installer (PEP 751).

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, toml};
use crate::value::{Entries, List, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

use super::{is_project_file, normalized};

/// Most default groups that are looked for in a marker.
const MAX_GROUPS: usize = 64;

/// Locked packages of the standard lock file.
pub(super) const PYLOCK: TextAnalyzer = TextAnalyzer {
    name: "pylock",
    version: 1,
    patterns: &[
        Pattern::Name("pylock.toml"),
        Pattern::Shape { directory: "", prefix: "pylock.", suffix: ".toml" },
    ],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read,
};

record! {
    Lock {
        default_groups = "default-groups": List<Text<'a>>,
        packages = "packages": List<Locked<'a>>,
    }
}

record! {
    Locked {
        name = "name": Text<'a>,
        version = "version": Text<'a>,
        marker = "marker": Text<'a>,
        directory = "directory": Entries<'a, Text<'a>>,
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let lock: Lock<'_> = toml(text)?;
    let mut pins = Pins::new(PackageKind::Pypi, found);
    for locked in lock.packages.0.iter().filter(|locked| locked.directory.0.is_empty()) {
        let dev = only_in_groups(&locked.marker, &lock.default_groups.0);
        pins.add(&normalized(&locked.name), &locked.version, dev);
    }
    Ok(())
}

/// Whether a marker lets a package in only for dependency groups that are not installed unless
/// asked for: it speaks of groups, of no extra, and names no default group.
fn only_in_groups(marker: &str, default_groups: &[Text<'_>]) -> bool {
    let is_quoted = |group: &Text<'_>| {
        marker.contains(&format!("'{}'", &**group)) || marker.contains(&format!("\"{}\"", &**group))
    };
    marker.contains("in dependency_groups")
        && !marker.contains("in extras")
        && !default_groups.iter().take(MAX_GROUPS).any(is_quoted)
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, packages, try_analyze, wanted_by};

    #[test]
    fn reads_the_standard_lock() {
        let lock = br#"
lock-version = '1.0'
dependency-groups = ['dev', 'run']
default-groups = ['run']
[[packages]]
name = 'Attrs_X'
version = '25.1.0'
wheels = [{url = 'https://host/a.whl', upload-time = 2025-01-25T11:30:10Z, hashes = {sha256 = '0'}}]
[[packages]]
name = 'pytest'
version = '8.0'
marker = "'dev' in dependency_groups"
[[packages]]
name = 'server'
version = '1.0'
marker = "'run' in dependency_groups or 'dev' in dependency_groups"
[[packages]]
name = 'win'
version = '1'
marker = "sys_platform == 'win32'"
[[packages]]
name = 'local'
version = '1'
directory = {path = '.', editable = true}
[[packages]]
name = 'no-version'
vcs = {type = 'git', url = 'https://host/x', commit-id = '0'}
"#;
        let found = analyze("app/pylock.toml", lock);
        assert_eq!(packages(&found), ["attrs-x 25.1.0", "pytest 8.0", "server 1.0", "win 1"]);
        let dev: Vec<_> = found.packages.iter().filter(|p| p.dev).map(|p| &*p.name).collect();
        assert_eq!(dev, ["pytest"]);
        assert_eq!(wanted_by("app/pylock.dev.toml"), ["pylock"]);
        assert!(wanted_by("app/mypylock.toml").is_empty());
        assert_eq!(try_analyze("pylock.toml", b"packages = 1").1.len(), 1);
    }
}
