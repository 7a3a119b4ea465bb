//! `uv.lock`: TOML, one `[[package]]` each, the project's own packages among them. What only the
//! project's dependency groups lead to is for development.

use std::collections::{HashMap, HashSet};

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::reach::reachable;
use crate::text::{TextAnalyzer, toml};
use crate::value::{Entries, List, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

use super::{is_project_file, normalized};

/// Locked packages of uv.
pub(super) const UV_LOCK: TextAnalyzer = TextAnalyzer {
    name: "uv-lock",
    version: 1,
    patterns: &[Pattern::Name("uv.lock")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read,
};

record! {
    Lock {
        packages = "package": List<Locked<'a>>,
    }
}

record! {
    Locked {
        name = "name": Text<'a>,
        version = "version": Text<'a>,
        source = "source": Entries<'a, Text<'a>>,
        dependencies = "dependencies": List<Dependency<'a>>,
        optional = "optional-dependencies": Entries<'a, List<Dependency<'a>>>,
    }
}

record! {
    Dependency {
        name = "name": Text<'a>,
    }
}

impl Locked<'_> {
    /// Whether it is a directory of the project, not a published package.
    fn is_local(&self) -> bool {
        let locals = ["editable", "virtual", "directory"];
        locals.iter().any(|local| self.source.last(local).is_some())
    }

    /// Names of what it needs, extras included, dependency groups not.
    fn needs(&self) -> impl Iterator<Item = &str> {
        let optional = self.optional.0.iter().flat_map(|(_, extra)| &extra.0);
        self.dependencies.0.iter().chain(optional).map(|dependency| &*dependency.name)
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let lock: Lock<'_> = toml(text)?;
    let packages = &lock.packages.0;
    let needed = needed(packages);
    let has_project = packages.iter().any(Locked::is_local);
    let mut pins = Pins::new(PackageKind::Pypi, found);
    for locked in packages.iter().filter(|locked| !locked.is_local()) {
        let dev = has_project && !needed.contains(&*locked.name);
        pins.add(&normalized(&locked.name), &locked.version, dev);
    }
    Ok(())
}

/// Names of everything the project's own packages lead to without dependency groups.
fn needed<'l>(packages: &'l [Locked<'_>]) -> HashSet<&'l str> {
    let mut by_name: HashMap<&str, Vec<&Locked<'_>>> = HashMap::new();
    for locked in packages {
        by_name.entry(&*locked.name).or_default().push(locked);
    }
    let roots = packages.iter().filter(|locked| locked.is_local()).map(|locked| &*locked.name);
    reachable(roots, |name, needs| {
        let locked = by_name.get(name).into_iter().flatten();
        needs.extend(locked.flat_map(|locked| locked.needs()));
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, packages, try_analyze};

    const LOCK: &[u8] = br#"
version = 1
[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "web" }, { name = "member" }]
[package.optional-dependencies]
extra = [{ name = "rich" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "member"
version = "0.1.0"
source = { editable = "packages/member" }
dependencies = [{ name = "deep" }]
[[package]]
name = "web"
version = "1.0"
source = { registry = "https://host/simple" }
dependencies = [{ name = "loop" }]
[[package]]
name = "loop"
version = "1.1"
source = { registry = "https://host/simple" }
dependencies = [{ name = "web" }]
[[package]]
name = "rich"
version = "2.0"
source = { git = "https://host/rich?rev=1#0" }
[[package]]
name = "deep"
version = "3.0"
source = { path = "deep-3.0-py3-none-any.whl" }
[[package]]
name = "pytest"
version = "4.0"
source = { registry = "https://host/simple" }
dependencies = [{ name = "pluggy" }, { name = "web" }]
[[package]]
name = "pluggy"
version = "5.0"
[[package]]
name = "dynamic"
source = { directory = "dynamic" }
"#;

    #[test]
    fn groups_are_development_and_the_project_is_none() {
        let found = analyze("app/uv.lock", LOCK);
        assert_eq!(
            packages(&found),
            ["deep 3.0", "loop 1.1", "pluggy 5.0", "pytest 4.0", "rich 2.0", "web 1.0"]
        );
        let dev: Vec<_> = found.packages.iter().filter(|p| p.dev).map(|p| &*p.name).collect();
        assert_eq!(dev, ["pytest", "pluggy"]);
    }

    #[test]
    fn without_a_project_nothing_is_development() {
        let found = analyze("uv.lock", b"[[package]]\nname = 'a'\nversion = '1'\n");
        assert_eq!(packages(&found), ["a 1"]);
        assert!(!found.packages[0].dev);
        assert_eq!(try_analyze("uv.lock", b"[[package]]\nsource = 3\n").1.len(), 1);
    }
}
