//! Software outside every package manager: programs and libraries known by a version string.
//!
//! `classifiers` is the table, `search` looks through a file in windows. Only files whose name
//! fits a row are read. Packages are of kind generic, named as Bitnami's advisories name them
//! where those speak of the software (`node`, `apache`, `golang`), else as the project does.
//! Files of an operating system package are found too; the merge of the layers marks them.

mod classifiers;
mod search;

use model::{Content, FileEntry, Package, PackageKind};

use crate::{Analysis, AnalyzeError, Analyzer, Pattern};
use classifiers::{Classifier, EXECUTABLES, TEXTS};

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[&VersionString, &VersionFile];

/// ELF, PE and Mach-O files with a version string in them.
struct VersionString;

/// Text files by which a distribution of software tells its version.
struct VersionFile;

impl Analyzer for VersionString {
    fn name(&self) -> &'static str {
        "binary-version"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Executable]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        identify(&EXECUTABLES, entry, content, found)
    }
}

impl Analyzer for VersionFile {
    fn name(&self) -> &'static str {
        "version-file"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[
            Pattern::Name("OTP_VERSION"),
            Pattern::Name("VERSION"),
            Pattern::Name("elixir.app"),
            Pattern::Name("rabbit.app"),
            Pattern::Name("release"),
            Pattern::Name("version.php"),
        ]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        identify(&TEXTS, entry, content, found)
    }
}

/// Adds the package of each row that fits the file's name and finds its version.
fn identify(
    rows: &[Classifier],
    entry: &FileEntry,
    content: &dyn Content,
    found: &mut Analysis,
) -> Result<(), AnalyzeError> {
    for row in rows.iter().filter(|row| row.wants(&entry.path)) {
        let Some(version) = search::version(row, entry.name(), content)? else { continue };
        found.packages.push(Package::new(PackageKind::Generic, row.package, version.as_str()));
        if let Some((kind, name)) = row.also {
            found.packages.push(Package::new(kind, name, version));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
