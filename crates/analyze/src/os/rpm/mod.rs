//! rpm: the database of installed packages in its three formats, and Azure Linux's manifest.
//!
//! The formats differ in how they store one blob a package; the blob is the same header in all
//! of them ([`header`]). [`bdb`] reads Berkeley DB hashes (up to RHEL 8), [`ndb`] SUSE's own
//! format, [`sqlite`] the format of Fedora 33, RHEL 9 and later. All three read [`pages`] through
//! `Content::read_at`, so that a database of any size costs little memory.
//!
//! `gpg-pubkey` entries are keys that were imported, no software; they are left out, though
//! `rpm -qa` prints them.

mod bdb;
mod header;
mod manifest;
mod ndb;
mod pages;
mod sqlite;

use std::fmt;

use model::{Content, FileEntry, Package, PackageKind, SourcePackage};

pub(crate) use manifest::RpmManifest;

use self::header::Header;
use super::bytes::{field, word};
use super::ledger::Ledger;
use crate::limits::MAX_RPM_DATABASE_BYTES;
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// The name of the entries that hold a public key.
const PUBLIC_KEY: &str = "gpg-pubkey";

/// Reads rpm databases.
pub(crate) struct RpmDatabase;

impl Analyzer for RpmDatabase {
    fn name(&self) -> &'static str {
        "rpm"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[
            Pattern::Path("var/lib/rpm/Packages"),
            Pattern::Path("var/lib/rpm/Packages.db"),
            Pattern::Path("var/lib/rpm/rpmdb.sqlite"),
            Pattern::Path("var/lib/rpm/rpmdb.sqlite-wal"),
            Pattern::Path("usr/lib/sysimage/rpm/Packages"),
            Pattern::Path("usr/lib/sysimage/rpm/Packages.db"),
            Pattern::Path("usr/lib/sysimage/rpm/rpmdb.sqlite"),
            Pattern::Path("usr/lib/sysimage/rpm/rpmdb.sqlite-wal"),
            Pattern::Path("usr/share/rpm/Packages"),
            Pattern::Path("usr/share/rpm/Packages.db"),
            Pattern::Path("usr/share/rpm/rpmdb.sqlite"),
            Pattern::Path("usr/share/rpm/rpmdb.sqlite-wal"),
        ]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        if entry.name() == "rpmdb.sqlite-wal" {
            return sqlite::check_log(content);
        }
        let size_bytes = content.size_bytes();
        let mut ledger = Ledger::new(found);
        ledger.database();
        if size_bytes == 0 {
            return Ok(());
        }
        if size_bytes > MAX_RPM_DATABASE_BYTES {
            return Err(AnalyzeError::TooLarge(format!(
                "an rpm database of {size_bytes} bytes; at most {MAX_RPM_DATABASE_BYTES} are read"
            )));
        }
        let mut installed = Installed(ledger);
        let result = match entry.name() {
            "Packages" => bdb::read(content, &mut installed),
            "Packages.db" => ndb::read(content, &mut installed),
            _ => sqlite::read(content, &mut installed),
        };
        installed.0.close();
        result
    }
}

/// Where the three formats put the headers they find.
struct Installed<'a>(Ledger<'a>);

/// Where in a database something lies, for a message.
#[derive(Clone, Copy)]
enum Record {
    Bucket(u32),
    Page(u32),
    Item { page: u32, item: usize },
    Slot(u32),
    Table,
    Row(u64),
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Record::Bucket(bucket) => write!(f, "bucket {bucket}"),
            Record::Page(page) => write!(f, "page {page}"),
            Record::Item { page, item } => write!(f, "page {page}, item {item}"),
            Record::Slot(package) => write!(f, "package {package}"),
            Record::Table => write!(f, "table Packages"),
            Record::Row(row) => write!(f, "row {row}"),
        }
    }
}

impl Installed<'_> {
    /// Takes the blob of one package. One that could not be read is noted; an error ends the file.
    fn blob(
        &mut self,
        record: Record,
        blob: Result<impl AsRef<[u8]>, AnalyzeError>,
    ) -> Result<(), AnalyzeError> {
        match blob {
            Ok(blob) => self.header(record, blob.as_ref()),
            Err(AnalyzeError::TooLarge(why)) => self.broken(record, &why),
            Err(error) => self.survive(record, Err(error)),
        }
    }

    /// Notes damage and goes on, unless the bytes could not be had or a limit ends the file.
    fn survive(
        &mut self,
        record: Record,
        result: Result<(), AnalyzeError>,
    ) -> Result<(), AnalyzeError> {
        match result {
            Err(AnalyzeError::Malformed(why)) => self.broken(record, &why),
            other => other,
        }
    }

    fn header(&mut self, record: Record, blob: &[u8]) -> Result<(), AnalyzeError> {
        let header = match Header::parse(blob) {
            Ok(header) => header,
            Err(why) => return self.broken(record, why),
        };
        let Some(package) = package(&header) else {
            return self.broken(record, "the header has no usable name, version and release");
        };
        if package.name == PUBLIC_KEY {
            return Ok(());
        }
        self.0.owner(&package.name);
        header.files(|directory, name| self.0.path(directory, name));
        self.0.package(package)
    }

    fn broken(&mut self, record: Record, why: &str) -> Result<(), AnalyzeError> {
        self.0.broken(|| format!("{record}: {why}"))
    }
}

fn package(header: &Header<'_>) -> Option<Package> {
    let text = |tag| header.string(tag).unwrap_or_default();
    let name = word(text(header::NAME))?;
    let release = word(text(header::VERSION)).zip(word(text(header::RELEASE)));
    let (version, release) = release?;
    let epoch = header.number(header::EPOCH);
    let mut package =
        Package::new(PackageKind::Rpm, name, full_version(epoch, &format!("{version}-{release}")));
    package.arch = word(text(header::ARCH));
    package.vendor = field(text(header::VENDOR));
    package.licenses = field(text(header::LICENSE)).into_iter().collect();
    package.module = word(text(header::MODULARITYLABEL));
    package.source = source(&package, text(header::SOURCERPM));
    Some(package)
}

/// `EPOCH:VERSION-RELEASE`. An epoch that is absent and one that is 0 are the same to rpm when it
/// compares; both are left out, so that a version has one spelling.
fn full_version(epoch: Option<u32>, version_release: &str) -> String {
    match epoch {
        None | Some(0) => version_release.to_owned(),
        Some(epoch) => format!("{epoch}:{version_release}"),
    }
}

/// The source package that `NAME-VERSION-RELEASE.src.rpm` names, when it differs. The file name
/// has no epoch: the source has that of the package when both have the same version and release.
fn source(package: &Package, file: &[u8]) -> Option<SourcePackage> {
    let file = word(file)?;
    let stem = file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-').filter(|(name, _)| !name.is_empty())?;
    let mut version = format!("{version}-{release}");
    if package.version.split_once(':').is_some_and(|(_, own)| own == version) {
        version.clone_from(&package.version);
    }
    let differs = name != package.name || version != package.version;
    differs.then(|| SourcePackage { name: name.to_owned(), version })
}

#[cfg(test)]
mod tests;
