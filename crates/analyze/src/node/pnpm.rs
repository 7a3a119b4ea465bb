//! `pnpm-lock.yaml` of pnpm, lock file versions 5 to 9.
//!
//! Packages are told by their key: `/name/1.0.0_peers` (5), `/name@1.0.0(peers)` (6),
//! `name@1.0.0` (9). Up to version 8 each says whether it is for development; in version 9 what
//! only the importers' `devDependencies` lead to is.

use std::collections::{HashMap, HashSet};

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::reach::reachable;
use crate::text::{TextAnalyzer, yaml_documents};
use crate::value::{Entries, Loose, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

use super::{exact_version, is_project_file, split_descriptor};

/// Locked packages of pnpm.
pub(super) const PNPM_LOCK: TextAnalyzer = TextAnalyzer {
    name: "pnpm-lock",
    version: 1,
    patterns: &[Pattern::Name("pnpm-lock.yaml")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read,
};

record! {
    Lock {
        version = "lockfileVersion": Text<'a>,
        importers = "importers": Entries<'a, Importer<'a>>,
        packages = "packages": Entries<'a, Locked<'a>>,
        snapshots = "snapshots": Entries<'a, Snapshot<'a>>,
    }
}

record! {
    /// A project of the workspace; before version 6 its values are versions, not maps.
    Importer {
        dependencies = "dependencies": Entries<'a, Loose<Resolved<'a>>>,
        optional = "optionalDependencies": Entries<'a, Loose<Resolved<'a>>>,
    }
}

record! {
    Resolved {
        version = "version": Text<'a>,
    }
}

record! {
    Locked {
        name = "name": Text<'a>,
        version = "version": Text<'a>,
        dev = "dev": Text<'a>,
        resolution = "resolution": Resolution<'a>,
    }
}

record! {
    Resolution {
        kind = "type": Text<'a>,
    }
}

record! {
    /// A package with its peers chosen.
    Snapshot {
        dependencies = "dependencies": Entries<'a, Text<'a>>,
        optional = "optionalDependencies": Entries<'a, Text<'a>>,
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let mut pins = Pins::new(PackageKind::Npm, found);
    // pnpm 11 writes the package manager's own packages as a document before the project's.
    for lock in yaml_documents::<Lock<'_>>(text)? {
        add_packages(&lock, &mut pins)?;
    }
    Ok(())
}

fn add_packages(lock: &Lock<'_>, pins: &mut Pins<'_>) -> Result<(), AnalyzeError> {
    let major: u32 = lock.version.split('.').next().unwrap_or_default().parse().map_err(|_| {
        AnalyzeError::Malformed("not a pnpm-lock.yaml: no lockfileVersion".to_owned())
    })?;
    let needed = (major >= 9).then(|| needed(lock));
    for (key, locked) in &lock.packages.0 {
        // A directory of the project, or an archive in it.
        if &*locked.resolution.kind == "directory" || key.contains("file:") {
            continue;
        }
        let dev = match &needed {
            Some(needed) => !needed.contains(without_peers(key)),
            None => locked.dev.is_true(),
        };
        let keyed = if major < 6 { split_old_key(key) } else { split_key(key) };
        let (name, version) = keyed.unwrap_or_default();
        let name = if locked.name.is_empty() { name } else { &locked.name };
        let version = exact_version(&locked.version).or_else(|| exact_version(version));
        if let Some(version) = version {
            pins.add(name, version, dev);
        }
    }
    Ok(())
}

/// `name@1.0.0(peers)`, with a leading `/` before version 9.
fn split_key(key: &str) -> Option<(&str, &str)> {
    split_descriptor(without_peers(key.trim_start_matches('/')))
}

/// `/name/1.0.0_peers`; a package of another registry has its host before the first `/`.
fn split_old_key(key: &str) -> Option<(&str, &str)> {
    let (path, version) = key.rsplit_once('/')?;
    let (_, name) = path.split_once('/')?;
    Some((name, version.split('_').next().unwrap_or(version)))
}

fn without_peers(key: &str) -> &str {
    key.split('(').next().unwrap_or(key)
}

/// Keys, without peers, of what the importers lead to without their `devDependencies`.
fn needed<'l>(lock: &'l Lock<'_>) -> HashSet<&'l str> {
    let nodes: HashMap<&str, &Snapshot<'_>> =
        lock.snapshots.0.iter().map(|(key, snapshot)| (&**key, snapshot)).collect();
    let find = |name: &str, reference: &str| {
        let key = format!("{name}@{reference}");
        // An alias refers to its target by the whole key.
        let found = nodes.get_key_value(&*key).or_else(|| nodes.get_key_value(reference));
        found.map(|(key, _)| *key)
    };
    let projects = lock.importers.0.iter().map(|(_, importer)| importer);
    let roots =
        projects.flat_map(|project| project.dependencies.0.iter().chain(&project.optional.0));
    let roots = roots.filter_map(|(name, resolved)| find(name, &resolved.0.version));
    let reached = reachable(roots, |key, needs| {
        if let Some(snapshot) = nodes.get(key) {
            let all = snapshot.dependencies.0.iter().chain(&snapshot.optional.0);
            needs.extend(all.filter_map(|(name, reference)| find(name, reference)));
        }
    });
    reached.into_iter().map(without_peers).collect()
}

#[cfg(test)]
mod tests {
    use crate::Analysis;
    use crate::testing::{analyze, check, packages, try_analyze};

    fn dev(found: &Analysis) -> Vec<&str> {
        found.packages.iter().filter(|p| p.dev).map(|p| &*p.name).collect()
    }

    #[test]
    fn version_5() {
        let lock = b"lockfileVersion: 5.4
specifiers: {a: ^1.0.0}
dependencies:
  a: 1.0.0
packages:
  /a/1.0.0:
    resolution: {integrity: sha512-0}
    dev: false
  /@s/b/2.0.0_react@17.0.2+a@1.0.0:
    dev: true
  registry.host/c/3.0.0:
    dev: false
  github.com/user/d/0123:
    name: d
    version: 4.0.0
  file:../local:
    resolution: {directory: ../local, type: directory}
    name: local
    version: 5.0.0
";
        let found = analyze("app/pnpm-lock.yaml", lock);
        assert_eq!(packages(&found), ["@s/b 2.0.0", "a 1.0.0", "c 3.0.0", "d 4.0.0"]);
        assert_eq!(dev(&found), ["@s/b"]);
    }

    #[test]
    fn version_6() {
        let lock = b"lockfileVersion: '6.0'
importers:
  .:
    dependencies:
      a: {specifier: ^1.0.0, version: 1.0.0}
packages:
  /a@1.0.0:
    resolution: {integrity: sha512-0}
    dev: false
  /@s/b@2.0.0(react@17.0.2)(x@1.0.0):
    dev: true
  '@host.example/tar.gz/1':
    name: d
    version: 4.0.0
";
        let found = analyze("pnpm-lock.yaml", lock);
        assert_eq!(packages(&found), ["@s/b 2.0.0", "a 1.0.0", "d 4.0.0"]);
        assert_eq!(dev(&found), ["@s/b"]);
    }

    const VERSION_9: &[u8] = b"lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      a: {specifier: ^1, version: 1.0.0(peer@1.0.0)}
      alias: {specifier: 'npm:real@2', version: real@2.0.0}
      one: {specifier: 'workspace:*', version: link:packages/one}
    devDependencies:
      tool: {specifier: ^3, version: 3.0.0}
  packages/one:
    optionalDependencies:
      repo: {specifier: user/repo, version: https://host/tar.gz/0}
packages:
  a@1.0.0:
    resolution: {integrity: sha512-0}
  peer@1.0.0: {}
  real@2.0.0: {}
  tool@3.0.0: {}
  '@s/tool-only@3.1.0': {}
  repo@https://host/tar.gz/0:
    resolution: {tarball: https://host/tar.gz/0}
    version: 4.0.0
  local@file:local.tgz:
    version: 5.0.0
snapshots:
  a@1.0.0(peer@1.0.0):
    dependencies: {peer: 1.0.0}
  peer@1.0.0:
    dependencies: {a: 1.0.0(peer@1.0.0)}
  real@2.0.0: {}
  tool@3.0.0:
    dependencies: {'@s/tool-only': 3.1.0, real: 2.0.0}
  '@s/tool-only@3.1.0': {}
  repo@https://host/tar.gz/0: {}
";

    #[test]
    fn version_9_by_what_is_reached() {
        let found = analyze("pnpm-lock.yaml", VERSION_9);
        assert_eq!(
            packages(&found),
            [
                "@s/tool-only 3.1.0",
                "a 1.0.0",
                "peer 1.0.0",
                "real 2.0.0",
                "repo 4.0.0",
                "tool 3.0.0"
            ]
        );
        assert_eq!(dev(&found), ["tool", "@s/tool-only"]);
    }

    #[test]
    fn several_documents() {
        let mut lock = b"---\nlockfileVersion: '9.0'\npackages: {pnpm@11.0.0: {}}\n---\n".to_vec();
        lock.extend_from_slice(VERSION_9);
        let found = analyze("pnpm-lock.yaml", &lock);
        assert_eq!(found.packages.len(), 7);
    }

    #[test]
    fn hostile() {
        check("pnpm-lock.yaml", b"\xef\xbb\xbflockfileVersion: '9.0'\r\n", &[]);
        check("pnpm-lock.yaml", b"lockfileVersion: 6.0\npackages: {'(': , /: , '@': {}}", &[]);
        let deep = "[".repeat(100_000);
        for bad in ["packages: {}", "lockfileVersion: x", "- 1", "a: b: c", &deep] {
            assert_eq!(try_analyze("pnpm-lock.yaml", bad.as_bytes()).1.len(), 1, "{bad:.20}");
        }
    }
}
