//! Installed packages: `package.json`.
//!
//! Below `node_modules` only a package's own description counts, where npm puts it
//! (`node_modules/name`, `node_modules/@scope/name`); those deeper in a package are its tests and
//! build variants. Elsewhere a description counts unless it is `private`, which no registry
//! accepts: a private application must not be taken for the public package of the same name.

use model::{FileEntry, PackageKind};

use crate::licenses::Licenses;
use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, json};
use crate::value::{Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

use super::{exact_version, is_project_file};

/// Installed Node packages.
pub(super) const INSTALLED: TextAnalyzer = TextAnalyzer {
    name: "node-installed",
    version: 1,
    patterns: &[Pattern::Name("package.json")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts,
    read,
};

record! {
    Description {
        name = "name": Text<'a>,
        version = "version": Text<'a>,
        private = "private": Text<'a>,
        license = "license": Licenses,
        licenses = "licenses": Licenses,
    }
}

fn accepts(entry: &FileEntry) -> bool {
    let Some(start) = after_last_node_modules(&entry.path) else { return true };
    let place = entry.path.get(start..).unwrap_or_default().strip_suffix("/package.json");
    match place.map(|place| place.split_once('/').unwrap_or(("", place))) {
        Some(("", name)) => !name.starts_with(['.', '@']),
        Some((scope, name)) => scope.starts_with('@') && !name.contains('/'),
        None => false,
    }
}

/// Where the part of a path begins that follows its last `node_modules`.
fn after_last_node_modules(path: &str) -> Option<usize> {
    const INNER: &str = "/node_modules/";
    const FIRST: &str = "node_modules/";
    let inner = path.rfind(INNER).map(|at| at + INNER.len());
    inner.or_else(|| path.starts_with(FIRST).then_some(FIRST.len()))
}

fn read(entry: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let description: Description<'_> = json(text)?;
    if description.private.is_true() && is_project_file(entry) {
        return Ok(());
    }
    let Some(version) = exact_version(&description.version) else { return Ok(()) };
    let mut pins = Pins::new(PackageKind::Npm, found);
    if let Some(package) = pins.add(&description.name, version, false) {
        package.licenses = description.license.0;
        package.licenses.extend(description.licenses.0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, check, packages, try_analyze};

    #[test]
    fn only_where_npm_puts_a_package() {
        let json = br#"{"name":"@s/a","version":"1.2.3"}"#;
        for (path, is_package) in [
            ("app/node_modules/a/package.json", true),
            ("node_modules/@s/a/package.json", true),
            ("app/node_modules/b/node_modules/a/package.json", true),
            ("app/node_modules/.pnpm/a@1.2.3/node_modules/a/package.json", true),
            ("usr/share/nodejs/a/package.json", true),
            ("package.json", true),
            ("app/node_modules/a/test/package.json", false),
            ("app/node_modules/@s/a/esm/package.json", false),
            ("app/node_modules/@s/package.json", false),
            ("app/node_modules/package.json", false),
            ("app/node_modules/.cache/package.json", false),
            ("app/node_modules/.cache/x/package.json", false),
        ] {
            let expect: &[&str] = if is_package { &["@s/a 1.2.3"] } else { &[] };
            check(path, json, expect);
        }
    }

    #[test]
    fn what_a_description_says() {
        let inner = "app/node_modules/a/package.json";
        for (json, expect) in [
            (r#"{"name":"a","version":"v1.0.0"}"#, &["a 1.0.0"][..]),
            (r#"{"name":"b","name":"a","version":"0","version":"1.0.0"}"#, &["a 1.0.0"]),
            ("\u{feff}{\r\n\"name\":\"a\",\"version\":\"1.0.0\",\"private\":true}", &["a 1.0.0"]),
            (r#"{"type":"module"}"#, &[]),
            (r#"{"name":"a"}"#, &[]),
            (r#"{"name":"a","version":""}"#, &[]),
            (r#"{"name":"a","version":{"x":[1]}}"#, &[]),
            (r#"{"name":["a"],"version":"1.0.0"}"#, &[]),
            (r#"{"name":"a b","version":"1.0.0"}"#, &[]),
            (r#"{"name":"a","version":"file:../a"}"#, &[]),
        ] {
            check(inner, json.as_bytes(), expect);
        }
        check("app/package.json", br#"{"name":"a","version":"1.0.0","private":true}"#, &[]);
        check(
            inner,
            b"{\"name\":\"a\",\"description\":\"caf\xe9\",\"version\":\"1.0.0\"}",
            &["a 1.0.0"],
        );
    }

    #[test]
    fn licences_of_every_age() {
        let json = br#"{"name":"a","version":"1.0.0","license":{"type":"MIT"},
                        "licenses":[{"type":"BSD","url":"x"}]}"#;
        assert_eq!(analyze("a/package.json", json).packages[0].licenses, ["MIT", "BSD"]);
    }

    #[test]
    fn hostile() {
        let deep = format!(r#"{{"name":"a","version":"1.0.0","x":{}"#, "[".repeat(1 << 20));
        let closed = format!("{deep}{}}}", "]".repeat(1 << 20));
        assert_eq!(packages(&analyze("a/package.json", closed.as_bytes())), ["a 1.0.0"]);
        let deep_name = format!(r#"{{"name":{}"#, "[".repeat(1 << 20));
        for bad in [&deep, &deep_name, "", "[]", "{\"name\":", "\0\0\0\0"] {
            assert_eq!(try_analyze("a/package.json", bad.as_bytes()).1.len(), 1, "{bad:.20}");
        }
    }
}
