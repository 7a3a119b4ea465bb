//! pacman, the package manager of Arch Linux: `var/lib/pacman/local/NAME-VERSION-RELEASE/`.
//!
//! Each package has a directory with `desc` (what it is) and `files` (what it owns): lines after
//! a `%HEADING%`, a blank line at the end (pacman's `lib/libalpm/be_local.c` writes them). There
//! is no file that lists all packages.

use model::{Content, FileEntry, Package, PackageKind, SourcePackage};

use super::bytes::{field, lines, quoted, whole, word};
use super::ledger::Ledger;
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Where pacman keeps one directory a package.
const LOCAL: &str = "var/lib/pacman/local";

/// Reads pacman's local database.
pub(crate) struct Pacman;

impl Analyzer for Pacman {
    fn name(&self) -> &'static str {
        "pacman"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Below(LOCAL)]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let inner = entry.path.strip_prefix(LOCAL).unwrap_or("").trim_start_matches('/');
        let mut ledger = Ledger::new(found);
        let result = match inner.split_once('/') {
            Some((_, "desc")) => read_desc(&whole(content)?, &mut ledger),
            Some((directory, "files")) => {
                read_files(name_of(directory), &whole(content)?, &mut ledger);
                Ok(())
            }
            _ => Ok(()),
        };
        ledger.close();
        result
    }
}

/// `NAME` of `NAME-VERSION-RELEASE`: version and release hold no hyphen.
fn name_of(directory: &str) -> &str {
    directory.rsplitn(3, '-').nth(2).unwrap_or(directory)
}

/// Every value with the heading it stands below.
fn values(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut heading: &[u8] = b"";
    lines(bytes).filter_map(move |line| {
        let value = line.trim_ascii();
        if let [b'%', name @ .., b'%'] = value {
            heading = name;
            return None;
        }
        (!value.is_empty()).then_some((heading, value))
    })
}

fn read_desc(bytes: &[u8], ledger: &mut Ledger<'_>) -> Result<(), AnalyzeError> {
    let first = |name: &[u8]| {
        values(bytes).find(|(heading, _)| *heading == name).map_or(&b""[..], |(_, value)| value)
    };
    let (Some(name), Some(version)) = (word(first(b"NAME")), word(first(b"VERSION"))) else {
        return Err(AnalyzeError::Malformed(format!(
            "%NAME% is {} and %VERSION% is {}",
            quoted(first(b"NAME")),
            quoted(first(b"VERSION"))
        )));
    };
    let mut package = Package::new(PackageKind::Alpm, name, version);
    package.arch = word(first(b"ARCH"));
    package.vendor = field(first(b"PACKAGER"));
    package.licenses =
        values(bytes).filter(|(h, _)| *h == b"LICENSE").filter_map(|(_, v)| field(v)).collect();
    package.source = word(first(b"BASE"))
        .filter(|base| *base != package.name)
        .map(|name| SourcePackage { name, version: package.version.clone() });
    ledger.package(package)
}

fn read_files(owner: &str, bytes: &[u8], ledger: &mut Ledger<'_>) {
    ledger.owner(owner);
    for (_, path) in values(bytes).filter(|(heading, _)| *heading == b"FILES") {
        ledger.path(b"", path);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, packages, try_analyze};

    #[test]
    fn a_package_is_read_from_its_desc() {
        let text = "%NAME%\nlibcurl-gnutls\n\n%VERSION%\n1:8.5.0-1\n\n%BASE%\ncurl\n\n\
                    %ARCH%\nx86_64\n\n%LICENSE%\nMIT\ncustom:x\n\n%PACKAGER%\nAnn <a@example.org>\n\n";
        let found = analyze("var/lib/pacman/local/libcurl-gnutls-1:8.5.0-1/desc", text.as_bytes());
        assert_eq!(packages(&found), ["libcurl-gnutls 1:8.5.0-1"]);
        let package = &found.packages[0];
        assert_eq!(package.licenses, ["MIT", "custom:x"]);
        assert_eq!(package.arch.as_deref(), Some("x86_64"));
        assert_eq!(package.source.as_ref().unwrap().name, "curl");
        assert_eq!(package.vendor.as_deref(), Some("Ann <a@example.org>"));
        assert!(!found.is_database);
    }

    #[test]
    fn its_files_are_read_without_directories_and_backups() {
        let text = b"%FILES%\nusr/\nusr/bin/\nusr/bin/my app\n\n%BACKUP%\netc/a\t00\n";
        let found = analyze("var/lib/pacman/local/my-app-2-1.1-3/files", text);
        assert_eq!(found.owned[0].package, "my-app-2");
        assert_eq!(found.owned[0].paths, ["usr/bin/my app"]);
    }

    #[test]
    fn other_files_are_passed_over_and_broken_ones_told() {
        assert!(analyze("var/lib/pacman/local/a-1-1/mtree", b"\x1f\x8b").is_empty());
        assert!(analyze("var/lib/pacman/local/ALPM_DB_VERSION", b"9\n").is_empty());
        for text in [&b""[..], b"%NAME%\n\n%VERSION%\n1-1\n", b"%NAME%\na b\n%VERSION%\n1-1\n"] {
            assert_eq!(try_analyze("var/lib/pacman/local/a-1-1/desc", text).1.len(), 1);
        }
    }
}
