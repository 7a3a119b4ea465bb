//! The package manifest of Azure Linux (CBL-Mariner) distroless images, which have no rpm
//! database: `var/lib/rpmmanifest/container-manifest-2`.
//!
//! One package a line, ten fields parted by tabs, as `rpm -qa` printed them at the build: name,
//! version-release, time of installation, of build, vendor, epoch (text), size, architecture,
//! epoch (number), source rpm. `container-manifest-1` beside it lists the same packages as bare
//! `name-version-release.arch`; it is not read, since each package would count twice.

use model::{Content, FileEntry, Package, PackageKind};

use super::super::bytes::{field, lines, quoted, whole, word};
use super::super::ledger::Ledger;
use super::{PUBLIC_KEY, full_version, source};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// What rpm prints for a tag that a package does not have.
const NONE: &[u8] = b"(none)";

/// Reads the manifest.
pub(crate) struct RpmManifest;

impl Analyzer for RpmManifest {
    fn name(&self) -> &'static str {
        "rpm-manifest"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Path("var/lib/rpmmanifest/container-manifest-2")]
    }

    fn analyze(
        &self,
        _entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let mut ledger = Ledger::new(found);
        ledger.database();
        let bytes = whole(content)?;
        for line in lines(&bytes).filter(|line| !line.trim_ascii().is_empty()) {
            match package(line) {
                Some(package) if package.name == PUBLIC_KEY => {}
                Some(package) => ledger.package(package)?,
                None => {
                    ledger.broken(|| format!("not ten fields of a package: {}", quoted(line)))?;
                }
            }
        }
        ledger.close();
        Ok(())
    }
}

fn package(line: &[u8]) -> Option<Package> {
    let mut fields = line.split(|&b| b == b'\t').map(|text| if text == NONE { b"" } else { text });
    let mut next = || fields.next();
    let (name, version_release) = (next()?, next()?);
    let (_installed, _built, vendor) = (next()?, next()?, next()?);
    let (_epoch, _size_bytes, arch) = (next()?, next()?, next()?);
    let (epoch, source_rpm) = (next()?, next()?);
    let epoch = word(epoch).and_then(|text| text.parse().ok());
    let version = full_version(epoch, &word(version_release)?);
    let mut package = Package::new(PackageKind::Rpm, word(name)?, version);
    package.vendor = field(vendor);
    package.arch = word(arch);
    package.source = source(&package, source_rpm);
    Some(package)
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, packages};

    const PATH: &str = "var/lib/rpmmanifest/container-manifest-2";

    #[test]
    fn ten_fields_make_a_package() {
        let text = "glibc\t2.35-2.cm2\t1653816591\t1653628955\tMicrosoft Corporation\t(none)\t\
                    10855265\tx86_64\t0\tglibc-2.35-2.cm2.src.rpm\n\
                    ca-certificates-base\t2.0.0-1.cm2\t1\t1\tMicrosoft Corporation\t1\t5\tnoarch\t1\t\
                    ca-certificates-2.0.0-1.cm2.src.rpm\r\n\
                    gpg-pubkey\t3135ce90-5e6fda74\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)\n\
                    short\t1-1\n";
        let found = analyze(PATH, text.as_bytes());
        assert_eq!(packages(&found), ["ca-certificates-base 1:2.0.0-1.cm2", "glibc 2.35-2.cm2"]);
        assert_eq!(found.skipped.len(), 1);
        assert!(found.is_database);
        assert_eq!(found.packages[0].source, None);
        assert_eq!(found.packages[0].vendor.as_deref(), Some("Microsoft Corporation"));
        let source = found.packages[1].source.as_ref().unwrap();
        assert_eq!(
            (source.name.as_str(), source.version.as_str()),
            ("ca-certificates", "1:2.0.0-1.cm2")
        );
        assert_eq!(found.packages[1].arch.as_deref(), Some("noarch"));
    }
}
