//! dpkg, the package manager of Debian and its kin, and opkg, which keeps the same database.
//!
//! - `var/lib/dpkg/status` lists all packages; only those with files on the disk are taken: every
//!   state except `not-installed` and `config-files` (dpkg(1), "Package states"). That is what
//!   `dpkg-query -W` prints, less the removed packages of which configuration is left.
//! - `var/lib/dpkg/info/NAME[:ARCH].list` lists the files that a package owns.
//! - Distroless images have no database: `var/lib/dpkg/status.d/NAME` holds the control file of
//!   one package and `NAME.md5sums` its files.
//! - Chisel, which cuts Ubuntu packages into slices, leaves a manifest: [`ChiselManifest`].

mod chisel;
mod stanza;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use model::{Content, FileEntry, Package, PackageKind, SourcePackage};

pub(crate) use chisel::ChiselManifest;

use self::stanza::{Stanza, stanzas};
use super::bytes::{field, lines, quoted, whole, word};
use super::ledger::Ledger;
use crate::limits::MAX_PACKAGES;
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Where distroless images keep one file a package.
const STATUS_D: &str = "var/lib/dpkg/status.d";

/// Reads the databases of dpkg and opkg.
pub(crate) struct Dpkg;

impl Analyzer for Dpkg {
    fn name(&self) -> &'static str {
        "dpkg"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[
            Pattern::Path("var/lib/dpkg/status"),
            Pattern::Path("usr/lib/opkg/status"),
            Pattern::Path("var/lib/opkg/status"),
            Pattern::Below(STATUS_D),
            Pattern::Shape { directory: "info", prefix: "", suffix: ".list" },
        ]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let (directory, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        let mut ledger = Ledger::new(found);
        let result = match directory {
            STATUS_D => match name.strip_suffix(".md5sums") {
                Some(owner) => read_md5sums(owner, &whole(content)?, &mut ledger),
                None => read_status(&whole(content)?, &mut ledger),
            },
            "var/lib/dpkg/info" | "usr/lib/opkg/info" | "var/lib/opkg/info" => {
                read_list(name.trim_end_matches(".list"), &whole(content)?, &mut ledger)
            }
            "var/lib/dpkg" | "usr/lib/opkg" | "var/lib/opkg" => {
                let result = read_status(&whole(content)?, &mut ledger);
                ledger.database();
                result
            }
            _ => Ok(()),
        };
        ledger.close();
        result
    }
}

/// Reads a status or control file. Of two stanzas on the same package and architecture the later
/// counts, as for dpkg.
fn read_status(bytes: &[u8], ledger: &mut Ledger<'_>) -> Result<(), AnalyzeError> {
    let mut packages: Vec<Package> = Vec::new();
    let mut at: HashMap<(String, Option<String>), usize> = HashMap::new();
    let mut known = false;
    for stanza in stanzas(bytes) {
        known |= !stanza.package.is_empty();
        if !is_installed(&stanza) {
            continue;
        }
        let Some(package) = package(&stanza) else {
            ledger.broken(|| {
                let (name, version) = (quoted(stanza.package), quoted(stanza.version));
                format!("a stanza with Package {name} and Version {version}")
            })?;
            continue;
        };
        match at.entry((package.name.clone(), package.arch.clone())) {
            Entry::Occupied(earlier) => packages[*earlier.get()] = package,
            // One more than is taken, so that the ledger refuses it.
            Entry::Vacant(_) if packages.len() > MAX_PACKAGES => break,
            Entry::Vacant(place) => {
                place.insert(packages.len());
                packages.push(package);
            }
        }
    }
    if !known && !bytes.trim_ascii().is_empty() {
        return Err(AnalyzeError::Malformed(format!(
            "no stanza with a Package field; it begins with {}",
            quoted(bytes.trim_ascii_start())
        )));
    }
    packages.into_iter().try_for_each(|package| ledger.package(package))
}

/// Whether files of the package are on the disk. Distroless and some tools write no status; such
/// a file is there because the package is.
fn is_installed(stanza: &Stanza<'_>) -> bool {
    let state = stanza.status.split(|b| b.is_ascii_whitespace()).rfind(|word| !word.is_empty());
    !stanza.package.is_empty() && !matches!(state, Some(b"not-installed" | b"config-files"))
}

fn package(stanza: &Stanza<'_>) -> Option<Package> {
    let mut package = Package::new(PackageKind::Deb, word(stanza.package)?, word(stanza.version)?);
    package.arch = word(stanza.architecture);
    package.vendor = field(stanza.maintainer);
    package.licenses = field(stanza.license).into_iter().collect();
    package.source = source(&package, stanza.source);
    Some(package)
}

/// `Source: NAME [(VERSION)]`: absent when it is the same as the package (deb-control(5)).
fn source(package: &Package, value: &[u8]) -> Option<SourcePackage> {
    let (name, version) = match super::bytes::split_once(value, b'(') {
        Some((name, rest)) => (name, word(rest.split(|&b| b == b')').next().unwrap_or(rest))),
        None => (value, None),
    };
    let source = SourcePackage {
        name: word(name)?,
        version: version.unwrap_or_else(|| package.version.clone()),
    };
    (source.name != package.name || source.version != package.version).then_some(source)
}

/// `info/NAME[:ARCH].list`: one path a line, directories before what they hold. opkg adds the
/// mode behind a tab.
fn read_list(owner: &str, bytes: &[u8], ledger: &mut Ledger<'_>) -> Result<(), AnalyzeError> {
    ledger.owner(owner.split(':').next().unwrap_or(owner));
    let mut paths = lines(bytes)
        .map(|line| line.split(|&b| b == b'\t').next().unwrap_or(line))
        .filter(|path| !path.is_empty())
        .peekable();
    while let Some(path) = paths.next() {
        let holds_next = paths
            .peek()
            .is_some_and(|next| next.strip_prefix(path).is_some_and(|rest| rest.starts_with(b"/")));
        if !holds_next {
            ledger.path(b"", path);
        }
    }
    Ok(())
}

/// `NAME.md5sums`: a hash, two spaces (or a space and `*`), the path.
fn read_md5sums(owner: &str, bytes: &[u8], ledger: &mut Ledger<'_>) -> Result<(), AnalyzeError> {
    const HASH_BYTES: usize = 32;
    ledger.owner(owner.split(':').next().unwrap_or(owner));
    for line in lines(bytes) {
        match line.get(HASH_BYTES..) {
            Some([b' ', b' ' | b'*', path @ ..]) => ledger.path(b"", path),
            _ if line.is_empty() => {}
            _ => ledger.broken(|| format!("not a hash and a path: {}", quoted(line)))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, check, packages, try_analyze, wanted_by};

    const STATUS: &str = "var/lib/dpkg/status";

    /// The text of a stanza in a given state.
    fn stanza(package: &str, status: &str, more: &str) -> String {
        format!("Package: {package}\nStatus: {status}\nVersion: 1.0-1\n{more}\n")
    }

    #[test]
    fn states_decide_what_is_installed() {
        let text: String = [
            ("whole", "install ok installed"),
            ("held", "hold ok installed"),
            ("half", "install reinstreq half-installed"),
            ("unpacked", "install ok unpacked"),
            ("unconfigured", "install ok half-configured"),
            ("awaited", "install ok triggers-awaited"),
            ("pending", "install ok triggers-pending"),
            ("removed", "deinstall ok config-files"),
            ("purged", "purge ok not-installed"),
            ("opkg", "install user installed"),
        ]
        .map(|(package, status)| stanza(package, status, ""))
        .concat();
        let expect = ["awaited", "half", "held", "opkg", "pending", "unconfigured", "unpacked"];
        let expect = expect.map(|name| format!("{name} 1.0-1"));
        let expect: Vec<&str> = expect.iter().map(String::as_str).chain(["whole 1.0-1"]).collect();
        check(STATUS, text.as_bytes(), &expect);
        check("usr/lib/opkg/status", text.as_bytes(), &expect);
        assert!(analyze(STATUS, text.as_bytes()).is_database);
    }

    #[test]
    fn the_source_is_told_when_it_differs() {
        let cases = [
            ("", None),
            ("Source: a", None),
            ("Source: a (1.0-1)", None),
            ("Source: a (1.0)", Some(("a", "1.0"))),
            ("Source: glibc", Some(("glibc", "1.0-1"))),
            ("Source: glibc (2:2.36-9)", Some(("glibc", "2:2.36-9"))),
            ("source:glibc(2.36-9", Some(("glibc", "2.36-9"))),
            ("Source: glibc ( )", Some(("glibc", "1.0-1"))),
            ("Source: two words", None),
        ];
        for (line, expect) in cases {
            let text = stanza("a", "install ok installed", &format!("{line}\n"));
            let found = analyze(STATUS, text.as_bytes());
            let source = found.packages[0].source.as_ref();
            assert_eq!(source.map(|s| (s.name.as_str(), s.version.as_str())), expect, "{line}");
        }
    }

    #[test]
    fn every_field_of_a_multiarch_pair_is_read() {
        let fields = "Maintainer: Jörg <j@example.org>\nDescription: first\n Version: 9\n .\n\
                      \tPackage: no\nConffiles:\n /etc/a 00\n";
        let text: String = ["amd64", "i386", "amd64"]
            .map(|arch| {
                let more = format!("{fields}Architecture: {arch}\n");
                stanza("libc6", "install ok installed", &more)
            })
            .concat()
            .replace('\n', "\r\n");
        let found = analyze(STATUS, text.as_bytes());
        let arches: Vec<_> = found.packages.iter().map(|p| p.arch.clone().unwrap()).collect();
        assert_eq!(arches, ["amd64", "i386"]);
        assert_eq!(found.packages[0].vendor.as_deref(), Some("Jörg <j@example.org>"));
        assert_eq!(packages(&found), ["libc6 1.0-1", "libc6 1.0-1"]);
    }

    #[test]
    fn broken_stanzas_are_told_and_the_rest_is_read() {
        let long = "x".repeat(10_000);
        let text = [
            stanza("a", "install ok installed", &format!("Depends: {}\n", "y, ".repeat(500_000))),
            stanza("b\0c", "install ok installed", ""),
            stanza(&long, "install ok installed", ""),
            "Package: unversioned\nStatus: install ok installed\n\n".to_owned(),
            "no colon\n: no name\n\n\n\n".to_owned(),
            stanza("z", "install ok installed", "").trim_end().to_owned(),
        ]
        .concat();
        let found = analyze(STATUS, text.as_bytes());
        assert_eq!(packages(&found), ["a 1.0-1", "z 1.0-1"]);
        assert_eq!(found.skipped.len(), 3);
        assert!(found.skipped.iter().all(|(_, _, detail)| detail.len() < 300));
    }

    #[test]
    fn garbage_is_an_error_and_an_empty_database_is_none() {
        let (found, errors) = try_analyze(STATUS, b"\x7fELF not a database");
        assert!(found.packages.is_empty());
        assert_eq!(errors.len(), 1);
        let found = analyze(STATUS, b"\n");
        assert!(found.is_database && found.packages.is_empty());
    }

    #[test]
    fn distroless_has_one_file_a_package() {
        let text = b"Package: base-files\nVersion: 12.4+deb12u5\nArchitecture: amd64\n";
        let found = analyze("var/lib/dpkg/status.d/base", text);
        assert_eq!(packages(&found), ["base-files 12.4+deb12u5"]);
        assert!(!found.is_database);

        let sums = b"0123456789abcdef0123456789abcdef  usr/share/a b\n\
                     0123456789abcdef0123456789abcdef */etc/c\n\nbroken\n";
        let found = analyze("var/lib/dpkg/status.d/base-files.md5sums", sums);
        assert!(found.packages.is_empty());
        assert_eq!(found.owned[0].package, "base-files");
        assert_eq!(found.owned[0].paths, ["usr/share/a b", "etc/c"]);
        assert_eq!(found.skipped.len(), 1);
    }

    #[test]
    fn lists_give_the_files_and_not_their_directories() {
        let list = b"/.\n/usr\n/usr/bin\n/usr/bin/a\n/usr/bin-x\n/usr/lib\n/usr/lib/b\n";
        let found = analyze("var/lib/dpkg/info/liba:amd64.list", list);
        assert_eq!(found.owned[0].package, "liba");
        assert_eq!(found.owned[0].paths, ["usr/bin/a", "usr/bin-x", "usr/lib/b"]);
        let found = analyze("usr/lib/opkg/info/busybox.list", b"/bin/busybox\t0755\n");
        assert_eq!(found.owned[0].paths, ["bin/busybox"]);
        assert!(analyze("home/info/busybox.list", b"/bin/busybox\n").is_empty());
    }

    #[test]
    fn only_the_databases_are_wanted() {
        for path in [STATUS, "var/lib/dpkg/status.d/a", "var/lib/dpkg/info/a.list"] {
            assert_eq!(wanted_by(path), ["dpkg"], "{path}");
        }
        for path in ["var/lib/dpkg/status-old", "var/lib/dpkg/info/a.postinst", "status"] {
            assert!(wanted_by(path).is_empty(), "{path}");
        }
    }
}
