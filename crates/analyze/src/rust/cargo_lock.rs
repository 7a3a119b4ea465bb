//! `Cargo.lock`, versions 1 to 4: every crate it locks.
//!
//! Crates without a source (workspace members, path dependencies) are listed too; they are part of
//! what is built. The file does not say which crates only tests or build scripts need.
//! Source: the Cargo book and cargo's `core/resolver/encode.rs`; the versions differ in how they
//! write dependencies and checksums, not in the package table.

use model::{Content, FileEntry, Package, PackageKind};
use serde::Deserialize;

use crate::content_reader::whole;
use crate::limits::{MAX_PACKAGES, MAX_TEXT_BYTES};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Reads `Cargo.lock` files.
pub(super) struct CargoLock;

#[derive(Deserialize)]
struct LockFile {
    #[serde(default)]
    package: Vec<Locked>,
    /// Version 1 of old cargo wrote the project apart from its packages.
    root: Option<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
}

impl Analyzer for CargoLock {
    fn name(&self) -> &'static str {
        "cargo-lock"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Name("Cargo.lock")]
    }

    fn analyze(
        &self,
        _entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let bytes = whole(content, MAX_TEXT_BYTES)?;
        let file: LockFile = toml::from_slice(&bytes)
            .map_err(|error| AnalyzeError::Malformed(format!("Cargo.lock: {}", error.message())))?;
        let locked = file.root.into_iter().chain(file.package).take(MAX_PACKAGES);
        found
            .packages
            .extend(locked.map(|one| Package::new(PackageKind::Cargo, one.name, one.version)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::AnalyzeError;
    use crate::testing::{check, try_analyze};

    #[test]
    fn every_version_lists_the_same_crates() {
        let registry = "source = \"registry+https://example.org/index\"\n";
        let packages = format!(
            "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"libc\"]\n\n\
             [[package]]\nname = \"libc\"\nversion = \"0.2.150\"\n{registry}\n\
             [[package]]\nname = \"mine\"\nversion = \"0.3.0\"\n\
             source = \"git+https://example.org/mine?branch=main#0a1b2c3d\"\n\n"
        );
        let metadata = "[metadata]\n\"checksum libc 0.2.150 (registry+x)\" = \"abc\"\n";
        let expect = ["app 0.1.0", "libc 0.2.150", "mine 0.3.0"];
        check("src/Cargo.lock", format!("{packages}{metadata}").as_bytes(), &expect);
        for version in [2, 3, 4] {
            let head =
                if version == 2 { String::new() } else { format!("version = {version}\n\n") };
            check("src/Cargo.lock", format!("# generated\n{head}{packages}").as_bytes(), &expect);
        }
        let old = "[root]\nname = \"app\"\nversion = \"0.1.0\"\n";
        check("Cargo.lock", old.as_bytes(), &["app 0.1.0"]);
        check("Cargo.lock", b"version = 4\n", &[]);
    }

    #[test]
    fn broken_files_are_said() {
        for text in [&b"[[package]\n"[..], b"[[package]]\nname = 3\n", b"\xff\xfe", b"package = 1"]
        {
            let (_, errors) = try_analyze("Cargo.lock", text);
            assert!(matches!(errors[..], [AnalyzeError::Malformed(_)]), "{text:?}");
        }
    }
}
