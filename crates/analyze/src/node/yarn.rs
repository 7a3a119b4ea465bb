//! `yarn.lock` of Yarn 1 and of Yarn 2 and later ("Berry").
//!
//! Both are lists of entries: a line of descriptors, then fields indented by two. Yarn 1 writes
//! `version "1.0.0"`, Berry YAML, `version: 1.0.0`, with the `resolution` that names the package.
//! The lock does not say what is for development.

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::TextAnalyzer;
use crate::{Analysis, AnalyzeError, Pattern};

use super::{exact_version, is_project_file, split_descriptor};

/// Locked packages of Yarn.
pub(super) const YARN_LOCK: TextAnalyzer = TextAnalyzer {
    name: "yarn-lock",
    version: 1,
    patterns: &[Pattern::Name("yarn.lock")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read,
};

/// Protocols of packages that lie in the project.
const LOCAL_PROTOCOLS: [&str; 4] = ["workspace:", "link:", "portal:", "file:"];

/// One entry as written.
#[derive(Default)]
struct Entry<'a> {
    descriptor: &'a str,
    version: &'a str,
    resolution: &'a str,
}

impl Entry<'_> {
    fn add_to(&self, pins: &mut Pins<'_>) {
        let identity = if self.resolution.is_empty() { self.descriptor } else { self.resolution };
        let Some((name, range)) = split_descriptor(identity) else { return };
        if LOCAL_PROTOCOLS.iter().any(|protocol| range.starts_with(protocol)) {
            return;
        }
        // Yarn 1 names an alias by what it is called here, its target follows `npm:`.
        let target = range.strip_prefix("npm:").and_then(split_descriptor);
        let name = target.map_or(name, |(name, _)| name);
        if let Some(version) = exact_version(self.version) {
            pins.add(name, version, false);
        }
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let mut pins = Pins::new(PackageKind::Npm, found);
    let mut entry = Entry::default();
    let mut is_lock = false;
    for line in text.lines() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') || line == ":" {
            continue;
        }
        if let Some(field) = line.strip_prefix("  ") {
            set_field(&mut entry, field);
            continue;
        }
        entry.add_to(&mut pins);
        is_lock |= line.ends_with(':') || line.starts_with("? ");
        entry = Entry { descriptor: first_descriptor(line), ..Entry::default() };
    }
    entry.add_to(&mut pins);
    if is_lock || text.lines().all(|line| line.is_empty() || line.starts_with('#')) {
        Ok(())
    } else {
        Err(AnalyzeError::Malformed("not a yarn.lock: no line names a package".to_owned()))
    }
}

fn set_field<'a>(entry: &mut Entry<'a>, field: &'a str) {
    let Some((key, value)) = field.split_once([' ', ':']) else { return };
    let value = value.trim_start().trim_matches('"');
    match key {
        "version" => entry.version = value,
        "resolution" => entry.resolution = value,
        _ => {}
    }
}

/// The first of the descriptors that an entry answers to: `"a@^1, a@^2":`, `"a@^1", "a@^2":`.
/// YAML writes keys beyond 1,024 characters as `? "…"` with the colon on its own line.
fn first_descriptor(line: &str) -> &str {
    let line = line.strip_prefix("? ").unwrap_or(line);
    let line = line.strip_suffix(':').unwrap_or(line).trim_start_matches('"');
    let end = line.find("\",").or_else(|| line.find(", ")).unwrap_or(line.len());
    let first = line.get(..end).unwrap_or_default();
    first.split(", ").next().unwrap_or(first).trim_matches('"')
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, try_analyze};

    #[test]
    fn yarn_1() {
        let lock = b"# yarn lockfile v1\n\n\n\
\"@s/a@^1.0.0\", \"@s/a@^1.1.0\":\r\n  version \"1.1.0\"\r\n  resolved \"https://host/a.tgz#0\"\r\n\
  dependencies:\n    version \"9.9.9\"\n    b \"^2.0.0\"\n\n\
b@2.0.0, b@^2.0.0:\n  version \"2.0.0\"\n\n\
\"alias@npm:real@^3.0.0\":\n  version \"3.0.0\"\n\n\
\"repo@user/repo#1\":\n  version \"4.0.0\"\n  resolved \"https://host/repo.tar.gz\"\n\n\
\"local@file:./local\":\n  version \"5.0.0\"\n\n\
\"none@1\":\n  resolved \"https://host/none.tgz\"\n\n\
\"c@>=1 <2, c@1 || 2\":\n  version \"1.5.0\"\n";
        check(
            "app/yarn.lock",
            lock,
            &["@s/a 1.1.0", "b 2.0.0", "c 1.5.0", "real 3.0.0", "repo 4.0.0"],
        );
    }

    #[test]
    fn berry() {
        let lock = br#"# This file is generated

__metadata:
  version: 8
  cacheKey: 10c0

"@s/a@npm:^1.0.0, @s/a@npm:^1.1.0":
  version: 1.1.0
  resolution: "@s/a@npm:1.1.0"
  dependencies:
    version: "npm:^9.9.9"
  checksum: 10c0/0
  languageName: node
  linkType: hard

"alias@npm:real@^3.0.0":
  version: 3.0.0
  resolution: "real@npm:3.0.0"

"app@workspace:.":
  version: 0.0.0-use.local
  resolution: "app@workspace:."
  linkType: soft

"local@file:./local::locator=app%40workspace%3A.":
  version: 5.0.0
  resolution: "local@file:./local#./local::hash=0&locator=app%40workspace%3A."

"p@patch:p@npm%3A^2.0.0#~builtin<x>":
  version: 2.1.0
  resolution: "p@patch:p@npm%3A2.1.0#~builtin<x>::version=2.1.0&hash=0"

"repo@https://host/repo.git#commit=0":
  version: 6.0.0
  resolution: "repo@https://host/repo.git#commit=0"

? "long@npm:^7.0.0, long@npm:^7.1.0"
:
  version: 7.1.0
  resolution: "long@npm:7.1.0"
"#;
        check(
            "yarn.lock",
            lock,
            &["@s/a 1.1.0", "long 7.1.0", "p 2.1.0", "real 3.0.0", "repo 6.0.0"],
        );
    }

    #[test]
    fn hostile() {
        check("yarn.lock", b"", &[]);
        check("yarn.lock", b"\xef\xbb\xbf# yarn lockfile v1\r\n\r\n", &[]);
        check("yarn.lock", b"a@1:\n  version \"1.0\xff\"\n", &["a 1.0\u{fffd}"]);
        check("yarn.lock", b"@:\n  version\n:::\n  version \"1\"\n\"\":\n  version: 1\n", &[]);
        check("app/node_modules/x/yarn.lock", b"a@1:\n  version \"1.0.0\"\n", &[]);
        let line = "x".repeat(10 << 20);
        for bad in ["hello", "<html>\n<body>", &line] {
            assert_eq!(try_analyze("yarn.lock", bad.as_bytes()).1.len(), 1, "{bad:.20}");
        }
    }
}
