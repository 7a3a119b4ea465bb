//! apk, the package manager of Alpine, Wolfi and Chainguard: `lib/apk/db/installed`.
//!
//! Text of one-letter fields, a blank line between packages (apk-package(5), and the Alpine wiki's
//! "Apk spec"). Version 3 of apk moved the file below `usr/` and kept its form. Advisories speak
//! of the origin, which always has the version of the package.

use model::{Content, FileEntry, Package, PackageKind, SourcePackage};

use super::bytes::{field, lines, quoted, whole, word};
use super::ledger::Ledger;
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Reads apk's database of installed packages.
pub(crate) struct Apk;

/// The package that is being read.
#[derive(Default)]
struct Record<'a> {
    name: &'a [u8],
    version: &'a [u8],
    arch: &'a [u8],
    origin: &'a [u8],
    license: &'a [u8],
    maintainer: &'a [u8],
    /// The directory of the files that follow.
    directory: &'a [u8],
    /// Whether the ledger knows that the files that follow are this package's.
    owns: bool,
}

impl Analyzer for Apk {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Path("lib/apk/db/installed"), Pattern::Path("usr/lib/apk/db/installed")]
    }

    fn analyze(
        &self,
        _entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let mut ledger = Ledger::new(found);
        ledger.database();
        let result = read_installed(&whole(content)?, &mut ledger);
        ledger.close();
        result
    }
}

impl<'a> Record<'a> {
    fn is_empty(&self) -> bool {
        self.name.is_empty() && self.version.is_empty()
    }

    /// Takes one `X:value` line; what an inventory does not need is passed over.
    fn take(&mut self, key: u8, value: &'a [u8], ledger: &mut Ledger<'_>) {
        match key {
            b'P' => self.name = value,
            b'V' => self.version = value,
            b'A' => self.arch = value,
            b'o' => self.origin = value,
            b'L' => self.license = value,
            b'm' => self.maintainer = value,
            b'F' => self.directory = value,
            b'R' => self.take_file(value, ledger),
            _ => {}
        }
    }

    /// A file in the directory named last. The name of the package stands before its files.
    fn take_file(&mut self, file: &[u8], ledger: &mut Ledger<'_>) {
        if !self.owns {
            let Some(name) = word(self.name) else { return };
            ledger.owner(&name);
            self.owns = true;
        }
        let parent = [self.directory, b"/"].concat();
        ledger.path(if self.directory.is_empty() { b"" } else { &parent }, file);
    }

    fn package(&self) -> Option<Package> {
        let mut package = Package::new(PackageKind::Apk, word(self.name)?, word(self.version)?);
        package.arch = word(self.arch);
        package.vendor = field(self.maintainer);
        package.licenses = field(self.license).into_iter().collect();
        package.source = word(self.origin)
            .filter(|origin| *origin != package.name)
            .map(|name| SourcePackage { name, version: package.version.clone() });
        Some(package)
    }

    /// Writes the package and begins the next.
    fn finish(&mut self, ledger: &mut Ledger<'_>) -> Result<(), AnalyzeError> {
        let record = std::mem::take(self);
        match record.package() {
            Some(package) => ledger.package(package),
            None => ledger.broken(|| {
                let (name, version) = (quoted(record.name), quoted(record.version));
                format!("a package with name {name} and version {version}")
            }),
        }
    }
}

fn read_installed(bytes: &[u8], ledger: &mut Ledger<'_>) -> Result<(), AnalyzeError> {
    let mut record = Record::default();
    let mut known = false;
    for line in lines(bytes) {
        match line {
            [key, b':', value @ ..] => record.take(*key, value.trim_ascii(), ledger),
            _ if line.trim_ascii().is_empty() && !record.is_empty() => {
                record.finish(ledger)?;
            }
            _ => {}
        }
        known |= !record.is_empty();
    }
    if !record.is_empty() {
        record.finish(ledger)?;
    }
    if !known && !bytes.trim_ascii().is_empty() {
        return Err(AnalyzeError::Malformed(format!(
            "no P: or V: line; it begins with {}",
            quoted(bytes.trim_ascii_start())
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, check, packages, shared, try_analyze};

    const PATH: &str = "lib/apk/db/installed";

    #[test]
    fn fields_files_and_origin_are_read() {
        let text = "C:Q1x=\nP:libcrypto3\nV:3.1.4-r2\nA:x86_64\no:openssl\nL:Apache-2.0\n\
                    m:Ann <a@example.org>\nr:other\nF:lib\nR:libcrypto.so.3\na:0:0:755\n\
                    F:usr/lib\nR:libcrypto.so.3\nF:\nR:root\nF:var\n\n\n\
                    P:musl\r\nV:1.2.4-r2\r\no:musl\r\n\r\nP:zlib\nV:1.3-r2";
        let found = analyze(PATH, text.as_bytes());
        assert_eq!(packages(&found), ["libcrypto3 3.1.4-r2", "musl 1.2.4-r2", "zlib 1.3-r2"]);
        let crypto = &found.packages[0];
        let source = crypto.source.as_ref().unwrap();
        assert_eq!((source.name.as_str(), source.version.as_str()), ("openssl", "3.1.4-r2"));
        assert_eq!(crypto.licenses, ["Apache-2.0"]);
        assert_eq!(crypto.vendor.as_deref(), Some("Ann <a@example.org>"));
        assert_eq!(crypto.arch.as_deref(), Some("x86_64"));
        assert_eq!(found.packages[1].source, None);
        assert_eq!(found.owned.len(), 1);
        assert_eq!(found.owned[0].paths, ["lib/libcrypto.so.3", "usr/lib/libcrypto.so.3", "root"]);
        assert!(found.is_database);
        check("usr/lib/apk/db/installed", b"P:a\nV:1-r0\n", &["a 1-r0"]);
    }

    #[test]
    fn broken_records_are_told() {
        let found = analyze(PATH, b"P:a\n\nV:1\n\nP:b c\nV:1\n\nP:d\nV:1\n");
        assert_eq!(packages(&found), ["d 1"]);
        assert_eq!(found.skipped.len(), 3);
        assert_eq!(try_analyze(PATH, b"\x00\x01garbage\n").1.len(), 1);
        assert!(analyze(PATH, b"").packages.is_empty());
    }

    #[test]
    fn a_real_image_has_its_fourteen_packages() {
        let Some(archive) = shared("fixtures/images/alpine-3.10.docker-archive.tar.gz") else {
            return;
        };
        let Some(installed) = file_of_archive(&archive, PATH) else {
            panic!("no {PATH} in the image");
        };
        let found = analyze(PATH, &installed);
        let expect = [
            "alpine-baselayout 3.1.2-r0",
            "alpine-keys 2.1-r2",
            "apk-tools 2.10.4-r2",
            "busybox 1.30.1-r3",
            "ca-certificates-cacert 20190108-r0",
            "libc-utils 0.7.1-r0",
            "libcrypto1.1 1.1.1d-r2",
            "libssl1.1 1.1.1d-r2",
            "libtls-standalone 2.9.1-r0",
            "musl 1.1.22-r3",
            "musl-utils 1.1.22-r3",
            "scanelf 1.2.3-r0",
            "ssl_client 1.30.1-r3",
            "zlib 1.2.11-r1",
        ];
        assert_eq!(packages(&found), expect);
        assert!(found.skipped.is_empty());
        let owner = |path: &str| {
            let owned = found.owned.iter().find(|o| o.paths.iter().any(|p| p == path));
            owned.map(|o| o.package.as_str())
        };
        assert_eq!(owner("bin/busybox"), Some("busybox"));
        assert_eq!(owner("sbin/apk"), Some("apk-tools"));
    }

    /// A file of the last layer that has it, in a gzip-compressed `docker save` archive.
    fn file_of_archive(archive: &[u8], path: &str) -> Option<Vec<u8>> {
        use std::io::Read;
        let mut outer = Vec::new();
        flate2::read::GzDecoder::new(archive).read_to_end(&mut outer).ok()?;
        let layer = |name: &str| name.ends_with("layer.tar");
        tar_files(&outer)
            .filter(|(name, _)| layer(name))
            .flat_map(|(_, bytes)| tar_files(bytes))
            .filter(|(name, _)| name.trim_start_matches("./") == path)
            .last()
            .map(|(_, bytes)| bytes.to_vec())
    }

    /// Name and bytes of every entry of a tar whose names fit their headers.
    fn tar_files(tar: &[u8]) -> impl Iterator<Item = (String, &[u8])> {
        const BLOCK: usize = 512;
        let mut at = 0;
        std::iter::from_fn(move || {
            let header = tar.get(at..at + BLOCK).filter(|header| header[0] != 0)?;
            let text = |from: usize, to: usize| {
                String::from_utf8_lossy(&header[from..to]).trim_end_matches(['\0', ' ']).to_owned()
            };
            let size = usize::from_str_radix(&text(124, 135), 8).ok()?;
            let bytes = tar.get(at + BLOCK..at + BLOCK + size)?;
            at += BLOCK + size.div_ceil(BLOCK) * BLOCK;
            Some((text(0, 100), bytes))
        })
    }
}
