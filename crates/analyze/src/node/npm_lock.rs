//! `package-lock.json` and `npm-shrinkwrap.json` of npm, lock file versions 1 to 3.
//!
//! Version 1 nests `dependencies`; 2 and 3 list `packages` by path, and 2 repeats them as
//! `dependencies` for older readers. The file is read as it comes, nothing of it is held: such
//! files reach tens of megabytes. The copy in `node_modules/.package-lock.json` is not read, the
//! tree beside it is.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};

use model::{FileEntry, PackageKind};

use crate::licenses::Licenses;
use crate::limits::MAX_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, json_with};
use crate::value::{Loose, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

use super::{exact_version, is_project_file, split_descriptor};

/// Locked packages of npm.
pub(super) const NPM_LOCK: TextAnalyzer = TextAnalyzer {
    name: "npm-lock",
    version: 1,
    patterns: &[Pattern::Name("package-lock.json"), Pattern::Name("npm-shrinkwrap.json")],
    max_bytes: MAX_TEXT_BYTES,
    accepts: is_project_file,
    read,
};

record! {
    /// One entry of `packages`.
    Entry {
        name = "name": Text<'a>,
        version = "version": Text<'a>,
        resolved = "resolved": Text<'a>,
        link = "link": Text<'a>,
        dev = "dev": Text<'a>,
        license = "license": Licenses,
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let mut pins = Pins::new(PackageKind::Npm, found);
    json_with(text, Lock { part: Part::Top, pins: &mut pins, has_packages: false })
}

/// Adds one entry of `packages`: its key is the path it is installed at.
fn add_entry(key: &str, entry: Entry<'_>, pins: &mut Pins<'_>) {
    // Paths outside node_modules are the project and its workspaces.
    let Some((_, place)) = key.rsplit_once("node_modules/") else { return };
    if entry.link.is_true() || entry.resolved.starts_with("file:") {
        return;
    }
    let Some(version) = exact_version(&entry.version) else { return };
    let name = if entry.name.is_empty() { place } else { &entry.name };
    if let Some(package) = pins.add(name, version, entry.dev.is_true()) {
        package.licenses = entry.license.0;
    }
}

/// Adds one of the nested `dependencies` of version 1.
fn add_dependency(name: &str, version: &str, dev: bool, pins: &mut Pins<'_>) {
    let (name, version) =
        version.strip_prefix("npm:").and_then(split_descriptor).unwrap_or((name, version));
    if let Some(version) = exact_version(version) {
        pins.add(name, version, dev);
    }
}

/// Which map of the file is read.
enum Part<'n> {
    /// The file itself.
    Top,
    /// `packages`: entries by path.
    Packages,
    /// `dependencies`: entries by name, on any level.
    Dependencies,
    /// One of `dependencies`, of this name.
    Dependency(&'n str),
}

/// Reads one map of the file and adds what it names.
struct Lock<'p, 'f, 'n> {
    part: Part<'n>,
    pins: &'p mut Pins<'f>,
    has_packages: bool,
}

impl<'f> Lock<'_, 'f, '_> {
    fn inner<'n>(&mut self, part: Part<'n>) -> Lock<'_, 'f, 'n> {
        Lock { part, pins: self.pins, has_packages: self.has_packages }
    }

    fn read_top<'a, A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text<'a>>()? {
            match &*key {
                "packages" => {
                    map.next_value_seed(self.inner(Part::Packages))?;
                    self.has_packages = true;
                }
                "dependencies" if !self.has_packages => {
                    map.next_value_seed(self.inner(Part::Dependencies))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn read_packages<'a, A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, entry)) = map.next_entry::<Text<'a>, Loose<Entry<'a>>>()? {
            add_entry(&key, entry.0, self.pins);
        }
        Ok(())
    }

    fn read_dependencies<'a, A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Text<'a>>()? {
            map.next_value_seed(self.inner(Part::Dependency(&name)))?;
        }
        Ok(())
    }

    fn read_dependency<'a, A: MapAccess<'a>>(
        mut self,
        name: &str,
        mut map: A,
    ) -> Result<(), A::Error> {
        let (mut version, mut dev) = (Text::default(), Text::default());
        while let Some(key) = map.next_key::<Text<'a>>()? {
            match &*key {
                "version" => version = map.next_value()?,
                "dev" => dev = map.next_value()?,
                "dependencies" => map.next_value_seed(self.inner(Part::Dependencies))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        add_dependency(name, &version, dev.is_true(), self.pins);
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for Lock<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Lock<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<(), A::Error> {
        match self.part {
            Part::Top => self.read_top(map),
            Part::Packages => self.read_packages(map),
            Part::Dependencies => self.read_dependencies(map),
            Part::Dependency(name) => self.read_dependency(name, map),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Analysis;
    use crate::testing::{analyze, check, packages, try_analyze, wanted_by};

    fn dev(found: &Analysis) -> Vec<&str> {
        found.packages.iter().filter(|p| p.dev).map(|p| &*p.name).collect()
    }

    #[test]
    fn packages_by_path() {
        let lock = br#"{"name":"app","version":"1.0.0","lockfileVersion":2,"packages":{
            "":{"name":"app","version":"1.0.0"},
            "packages/one":{"name":"one","version":"2.0.0"},
            "node_modules/one":{"resolved":"packages/one","link":true},
            "node_modules/a":{"version":"1.0.0","license":"MIT"},
            "node_modules/b":{"version":"1.0.0","dev":true},
            "node_modules/b/node_modules/@s/a":{"version":"0.9.0","dev":true},
            "node_modules/c/node_modules/b":{"version":"1.0.0"},
            "packages/one/node_modules/d":{"version":"3.0.0","devOptional":true},
            "node_modules/alias":{"name":"real","version":"4.0.0"},
            "node_modules/local":{"version":"5.0.0","resolved":"file:../local.tgz"},
            "node_modules/repo":{"version":"6.0.0","resolved":"git+ssh://git@host/repo.git#0"},
            "node_modules/odd":7,
            "node_modules/none":{}},
            "dependencies":{"a":{"version":"1.0.0"},"ghost":{"version":"9.9.9"}}}"#;
        let found = analyze("app/package-lock.json", lock);
        assert_eq!(
            packages(&found),
            ["@s/a 0.9.0", "a 1.0.0", "b 1.0.0", "d 3.0.0", "real 4.0.0", "repo 6.0.0"]
        );
        assert_eq!(dev(&found), ["@s/a"]);
        assert_eq!(found.packages[0].licenses, ["MIT"]);
    }

    #[test]
    fn dependencies_nested() {
        let lock = br#"{"lockfileVersion":1,"requires":true,"dependencies":{
            "a":{"version":"1.0.0","requires":{"b":"^1"},"dependencies":{
                "b":{"version":"1.1.0","dependencies":{"c":{"version":"1.2.0","dev":true}}}}},
            "alias":{"version":"npm:@s/real@2.0.0"},
            "local":{"version":"file:../local"},
            "repo":{"version":"git+https://host/repo.git#0123","from":"repo@1"},
            "null":null,
            "tar":{"version":"https://host/tar-1.0.0.tgz"}}}"#;
        let found = analyze("npm-shrinkwrap.json", lock);
        assert_eq!(packages(&found), ["@s/real 2.0.0", "a 1.0.0", "b 1.1.0", "c 1.2.0"]);
        assert_eq!(dev(&found), ["c"]);
    }

    #[test]
    fn which_files() {
        assert_eq!(wanted_by("app/package-lock.json"), ["npm-lock"]);
        assert!(wanted_by("app/node_modules/.package-lock.json").is_empty());
        let lock = br#"{"packages":{"node_modules/a":{"version":"1.0.0"}}}"#;
        check("app/node_modules/x/npm-shrinkwrap.json", lock, &[]);
        check("npm-shrinkwrap.json", lock, &["a 1.0.0"]);
    }

    #[test]
    fn hostile() {
        for empty in ["{}", "{\"packages\":{}}", "{\"packages\":null}", "\u{feff}{\r\n}"] {
            check("package-lock.json", empty.as_bytes(), &[]);
        }
        let nested = format!("{{{}", r#""dependencies":{"a":{"#.repeat(100_000));
        for bad in ["", "[]", "{\"packages\":[1]}", "{\"dependencies\":\"x\"}", &nested] {
            assert_eq!(try_analyze("package-lock.json", bad.as_bytes()).1.len(), 1, "{bad:.20}");
        }
        let cut = br#"{"packages":{"node_modules/a":{"version":"1.0.0"},"node_modules/b":{"#;
        let (found, errors) = try_analyze("package-lock.json", cut);
        assert_eq!((packages(&found), errors.len()), (vec!["a 1.0.0".to_owned()], 1));
    }
}
