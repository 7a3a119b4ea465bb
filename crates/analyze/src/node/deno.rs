//! `deno.lock` of Deno, versions 2 to 5: the packages it takes from npm. What it takes from JSR
//! and from URLs has no advisories and no package URL type here, and is not told.

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, json};
use crate::value::{Entries, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

use super::{exact_version, is_project_file, split_descriptor};

/// Locked npm packages of Deno.
pub(super) const DENO_LOCK: TextAnalyzer = TextAnalyzer {
    name: "deno-lock",
    version: 1,
    patterns: &[Pattern::Name("deno.lock")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read,
};

record! {
    Lock {
        npm = "npm": Entries<'a, Entries<'a, Text<'a>>>,
        packages = "packages": Versioned<'a>,
    }
}

record! {
    /// Where version 3 keeps its packages.
    Versioned {
        npm = "npm": Entries<'a, Entries<'a, Text<'a>>>,
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let lock: Lock<'_> = json(text)?;
    let mut pins = Pins::new(PackageKind::Npm, found);
    for (key, value) in lock.npm.0.iter().chain(&lock.packages.npm.0) {
        // Version 2 keeps them one level deeper.
        let inner = value.0.iter().map(|(inner, _)| &**inner).filter(|_| &**key == "packages");
        for key in inner.chain([&**key]) {
            add(key, &mut pins);
        }
    }
    Ok(())
}

/// `name@1.0.0`, with `_peer@2.0.0` for each peer chosen.
fn add(key: &str, pins: &mut Pins<'_>) {
    let Some((name, version)) = split_descriptor(key) else { return };
    let version = version.split('_').next().unwrap_or(version);
    if let Some(version) = exact_version(version) {
        pins.add(name, version, false);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, try_analyze};

    #[test]
    fn every_version() {
        let packages = r#"{"@s/a@1.0.0":{"integrity":"sha512-0"},"b@2.0.0_@s+a@1.0.0":{"dependencies":["@s/a"]}}"#;
        let expect = &["@s/a 1.0.0", "b 2.0.0"];
        for lock in [
            format!(
                r#"{{"version":"5","specifiers":{{}},"npm":{packages},"jsr":{{"@std/x@1.0.0":{{}}}}}}"#
            ),
            format!(
                r#"{{"version":"3","packages":{{"npm":{packages}}},"remote":{{"https://host":"0"}}}}"#
            ),
            format!(
                r#"{{"version":"2","npm":{{"specifiers":{{"a":"@s/a@1.0.0"}},"packages":{packages}}}}}"#
            ),
        ] {
            check("app/deno.lock", lock.as_bytes(), expect);
        }
        check("deno.lock", br#"{"version":"1","https://host/mod.ts":"0"}"#, &[]);
        assert_eq!(try_analyze("deno.lock", b"{\"npm\":[1]}").1.len(), 1);
    }
}
