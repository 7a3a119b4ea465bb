//! `bun.lock` of Bun: JSON with trailing commas; each package a list that begins with
//! `name@version`, under the path it is installed at (`a/b` is `b` below `a`).
//!
//! The older binary `bun.lockb` is not read; that is said, so that silence is not taken for safety.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use model::{Content, FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::reach::reachable;
use crate::text::{TextAnalyzer, json};
use crate::value::{Entries, Loose, Text, record};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

use super::{exact_version, is_project_file, jsonc, split_descriptor};

/// Locked packages of Bun.
pub(super) const BUN_LOCK: TextAnalyzer = TextAnalyzer {
    name: "bun-lock",
    version: 1,
    patterns: &[Pattern::Name("bun.lock")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read,
};

/// Says that the binary lock is not read.
pub(super) struct BunLockb;

/// Most bytes of keys that are built while dependencies are resolved; beyond, nothing is said to
/// be for development.
const MAX_RESOLVE_BYTES: usize = 64 << 20;

record! {
    Lock {
        workspaces = "workspaces": Entries<'a, Needs<'a>>,
        packages = "packages": Entries<'a, Locked<'a>>,
    }
}

record! {
    /// What a package or a workspace needs, development aside.
    Needs {
        name = "name": Text<'a>,
        dependencies = "dependencies": Entries<'a, Text<'a>>,
        optional = "optionalDependencies": Entries<'a, Text<'a>>,
        peers = "peerDependencies": Entries<'a, Text<'a>>,
    }
}

impl Needs<'_> {
    fn names(&self) -> impl Iterator<Item = &str> {
        let all = self.dependencies.0.iter().chain(&self.optional.0).chain(&self.peers.0);
        all.map(|(name, _)| &**name)
    }
}

/// `["name@version", "registry", { needs }, "integrity"]`; what lies elsewhere has other elements.
#[derive(Debug, Default)]
struct Locked<'a> {
    descriptor: Text<'a>,
    needs: Needs<'a>,
}

impl<'a> Deserialize<'a> for Locked<'a> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(LockedVisitor)
    }
}

struct LockedVisitor;

impl<'a> Visitor<'a> for LockedVisitor {
    type Value = Locked<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a package as a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let descriptor = list.next_element()?.unwrap_or_default();
        let mut locked = Locked { descriptor, needs: Needs::default() };
        while let Some(element) = list.next_element::<Loose<Needs<'a>>>()? {
            if element.0.names().next().is_some() {
                locked.needs = element.0;
            }
        }
        Ok(locked)
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let text = jsonc::to_json(text);
    let lock: Lock<'_> = json(&text)?;
    let needed = needed(&lock);
    let mut pins = Pins::new(PackageKind::Npm, found);
    for (place, (_, locked)) in lock.packages.0.iter().enumerate() {
        // Workspaces, links and directories have no version after the `@`.
        let Some((name, version)) = split_descriptor(&locked.descriptor) else { continue };
        if let Some(version) = exact_version(version) {
            let dev = needed.as_ref().is_some_and(|needed| !needed.contains(&place));
            pins.add(name, version, dev);
        }
    }
    Ok(())
}

/// Places in `packages` of what the workspaces lead to without their `devDependencies`; `None`
/// when nothing can be said.
fn needed(lock: &Lock<'_>) -> Option<HashSet<usize>> {
    let packages = &lock.packages.0;
    let work_bytes = |(key, locked): &(Text<'_>, Locked<'_>)| {
        let depth = key.matches('/').count() + 1;
        (key.len() + 1).saturating_mul(depth).saturating_mul(locked.needs.names().count() + 1)
    };
    let total = packages.iter().map(work_bytes).fold(0, usize::saturating_add);
    if total > MAX_RESOLVE_BYTES || lock.workspaces.0.is_empty() {
        return None;
    }
    let places: HashMap<&str, usize> =
        packages.iter().enumerate().map(|(place, (key, _))| (&**key, place)).collect();
    let roots = lock.workspaces.0.iter().flat_map(|(path, workspace)| {
        let prefix = if path.is_empty() { "" } else { &*workspace.name };
        workspace.names().filter_map(|name| resolve(&places, prefix, name)).collect::<Vec<_>>()
    });
    Some(reachable(roots, |place, needs| {
        if let Some((key, locked)) = packages.get(place) {
            needs.extend(locked.needs.names().filter_map(|name| resolve(&places, key, name)));
        }
    }))
}

/// The package that `name` means inside the package at `key`: the nearest above it.
fn resolve(places: &HashMap<&str, usize>, key: &str, name: &str) -> Option<usize> {
    let mut above = key;
    while !above.is_empty() {
        if let Some(&place) = places.get(&*format!("{above}/{name}")) {
            return Some(place);
        }
        above = above.rsplit_once('/').map_or("", |(parent, _)| parent);
        // `@scope` alone is half a name.
        if above.rsplit('/').next().is_some_and(|last| last.starts_with('@')) {
            above = above.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }
    places.get(name).copied()
}

impl Analyzer for BunLockb {
    fn name(&self) -> &'static str {
        "bun-lockb"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Name("bun.lockb")]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        _: &dyn Content,
        _: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        if !is_project_file(entry) {
            return Ok(());
        }
        Err(AnalyzeError::Unsupported(
            "Bun's binary lock is not read; `bun install --save-text-lockfile` writes a bun.lock"
                .to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, check, packages, try_analyze};

    const LOCK: &str = r#"{
  // a comment
  "lockfileVersion": 1,
  "workspaces": {
    "": {
      "name": "app",
      "dependencies": { "a": "^1", "@s/scoped": "^2", "alias": "npm:real@3", },
      "devDependencies": { "tool": "^4", },
    },
    "packages/one": { "name": "one", "version": "1.0.0", "optionalDependencies": { "b": "^5" } },
  },
  "packages": {
    "a": ["a@1.0.0", "", { "dependencies": { "b": "^1" } }, "sha512-0=="],
    "a/b": ["b@1.1.0", "", {}, "sha512-0=="],
    "alias": ["real@3.0.0", "", {}, "sha512-0=="],
    "@s/scoped": ["@s/scoped@2.0.0", "", { "peerDependencies": { "@s/deep": "*" } }, "sha512-0=="],
    "@s/scoped/@s/deep": ["@s/deep@2.1.0", "", { "dependencies": { "c": "*" } }, "sha512-0=="],
    "b": ["b@5.0.0", "", {}, "sha512-0=="],
    "c": ["c@6.0.0", "", {}, "sha512-0=="],
    "one": ["one@workspace:packages/one"],
    "repo": ["repo@github:user/repo#0123", {}, "user-repo-0123"],
    "tool": ["tool@4.0.0", "", { "dependencies": { "b": "^4" }, "bin": { "tool": "x" } }, "sha512-0=="],
    "tool/b": ["b@4.1.0", "", {}, "sha512-0=="],
  }
}
"#;

    #[test]
    fn reads_packages_and_what_is_for_development() {
        let found = analyze("app/bun.lock", LOCK.as_bytes());
        assert_eq!(
            packages(&found),
            [
                "@s/deep 2.1.0",
                "@s/scoped 2.0.0",
                "a 1.0.0",
                "b 1.1.0",
                "b 4.1.0",
                "b 5.0.0",
                "c 6.0.0",
                "real 3.0.0",
                "tool 4.0.0"
            ]
        );
        let dev: Vec<_> = found.packages.iter().filter(|p| p.dev).map(|p| &*p.version).collect();
        assert_eq!(dev, ["4.0.0", "4.1.0"]);
    }

    #[test]
    fn hostile() {
        check("bun.lock", b"{}", &[]);
        check(
            "bun.lock",
            br#"{"packages":{"a":[],"b":[1],"c":["@"],"d":["d@1.0.0",[[]],7]}}"#,
            &["d 1.0.0"],
        );
        for bad in ["", "{\"packages\":{\"a\":{}}}", "[", "/*"] {
            assert_eq!(try_analyze("bun.lock", bad.as_bytes()).1.len(), 1, "{bad}");
        }
        let deep = "a/".repeat(100_000);
        let lock = format!(
            r#"{{"workspaces":{{"":{{}}}},"packages":{{"{deep}":["a@1.0.0",{{"dependencies":{{"x":""}}}}]}}}}"#
        );
        check("bun.lock", lock.as_bytes(), &["a 1.0.0"]);
    }

    #[test]
    fn the_binary_lock_is_said_not_to_be_read() {
        let (_, errors) = try_analyze("app/bun.lockb", b"#!/usr/bin/env bun\n");
        assert_eq!(errors[0].reason(), model::SkipReason::Unsupported);
    }
}
