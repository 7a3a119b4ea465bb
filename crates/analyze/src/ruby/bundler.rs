//! `Gemfile.lock` and `gems.locked` of Bundler: sections (`GEM`, `GIT`, `PATH`), in each a list
//! `specs:` of `name (version)`, indented by four. A platform follows the version after `-`; gem
//! versions have no `-` of their own. The lock does not say what is for development.

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::TextAnalyzer;
use crate::{Analysis, AnalyzeError, Pattern};

/// Locked gems of Bundler.
pub(super) const BUNDLER_LOCK: TextAnalyzer = TextAnalyzer {
    name: "bundler-lock",
    version: 1,
    patterns: &[Pattern::Name("Gemfile.lock"), Pattern::Name("gems.locked")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read,
};

/// Sections whose `specs:` are gems.
const SOURCES: [&str; 4] = ["GEM", "GIT", "PATH", "PLUGIN SOURCE"];

/// Whether a lock belongs to a project. Gems carry the lock they were developed with
/// (`gems/rack-3.0.0/Gemfile.lock`), which says nothing of what is installed.
fn is_project_file(entry: &FileEntry) -> bool {
    let parts = || entry.path.split('/');
    !parts().zip(parts().skip(1)).any(|(directory, gem)| {
        directory == "gems" && gem.rsplit_once('-').is_some_and(|(_, version)| is_version(version))
    })
}

/// Whether it is a version, or the commit by which Bundler names a gem from a repository.
fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        || text.len() >= 7 && text.chars().all(|c| c.is_ascii_hexdigit())
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let mut pins = Pins::new(PackageKind::Gem, found);
    let (mut in_source, mut has_source) = (false, false);
    for line in text.lines() {
        if line.starts_with(|c: char| !c.is_whitespace()) {
            in_source = SOURCES.contains(&line.trim_end());
            has_source |= in_source;
        } else if let Some((name, version)) = spec(line).filter(|_| in_source) {
            pins.add(name, version, false);
        }
    }
    if has_source || text.trim().is_empty() {
        Ok(())
    } else {
        Err(AnalyzeError::Malformed("not a Bundler lock: no GEM, GIT or PATH section".to_owned()))
    }
}

/// `    name (1.0.0-x86_64-linux)`, indented by exactly four: deeper lines are what it needs.
fn spec(line: &str) -> Option<(&str, &str)> {
    let spec = line.strip_prefix("    ").filter(|rest| !rest.starts_with(' '))?;
    let (name, rest) = spec.trim_end().split_once(" (")?;
    let version = rest.strip_suffix(')')?;
    Some((name, version.split('-').next().unwrap_or(version)))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, try_analyze};

    const LOCK: &str = "GIT
  remote: https://host/repo.git
  revision: 0123
  specs:
    repo (0.1.0)
      rack (>= 1)

PATH
  remote: engines/own
  specs:
    own (0.2.0)

GEM
  remote: https://rubygems.org/
  specs:
    nokogiri (1.15.0-arm64-darwin)
      racc (~> 1.4)
    nokogiri (1.15.0-x86_64-linux)
      racc (~> 1.4)
    racc (1.7.1.pre1)
    racc (1.7.1.pre1-java)

PLATFORMS
  x86_64-linux

DEPENDENCIES
  nokogiri
    odd (9.9.9)
  repo!

CHECKSUMS
  nokogiri (1.15.0) sha256=0

BUNDLED WITH
   2.3.15
";

    #[test]
    fn every_source() {
        let expect = &["nokogiri 1.15.0", "own 0.2.0", "racc 1.7.1.pre1", "repo 0.1.0"];
        check("app/Gemfile.lock", LOCK.as_bytes(), expect);
        check("gems.locked", LOCK.replace('\n', "\r\n").as_bytes(), expect);
        check("app/gems/own/Gemfile.lock", LOCK.as_bytes(), expect);
        for path in [
            "usr/local/bundle/gems/rack-3.0.0/Gemfile.lock",
            "usr/local/bundle/bundler/gems/repo-0123abc/Gemfile.lock",
            "gems/x-y-1.0.0.pre/test/Gemfile.lock",
        ] {
            check(path, LOCK.as_bytes(), &[]);
        }
    }

    #[test]
    fn hostile() {
        check(
            "Gemfile.lock",
            b"\xef\xbb\xbfGEM\n  specs:\n    a (1\xff)\n    b (\n    (1)\n    c ()\n",
            &["a 1\u{fffd}"],
        );
        check("Gemfile.lock", b"", &[]);
        check("Gemfile.lock", "GEM\n    ".repeat(1 << 20).as_bytes(), &[]);
        let line = " ".repeat(10 << 20) + "x";
        for bad in ["{}", &line] {
            assert_eq!(try_analyze("Gemfile.lock", bad.as_bytes()).1.len(), 1);
        }
    }
}
