//! The three formats against what rpm itself prints, and against damage.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::testing::{Paged, analyze, analyze_content, packages, shared, try_analyze};

const BDB: &str = "var/lib/rpm/Packages";
const NDB: &str = "usr/lib/sysimage/rpm/Packages.db";
const SQLITE: &str = "usr/share/rpm/rpmdb.sqlite";

/// The databases of `testdata/rpm` by their format; all hold the same packages.
const TESTDATA: [(&str, &str); 6] = [
    (BDB, "little-endian.bdb"),
    (BDB, "big-endian.bdb"),
    (NDB, "packages.ndb"),
    (SQLITE, "pages-of-512.sqlite"),
    (SQLITE, "pages-of-4096.sqlite"),
    (SQLITE, "pages-of-65536.sqlite"),
];

fn testdata(name: &str) -> Vec<u8> {
    crate::testing::testdata(&format!("rpm/{name}.gz"))
}

/// Builds header blobs, tag after tag.
#[derive(Default)]
pub(super) struct HeaderBuilder {
    entries: u32,
    index: Vec<u8>,
    data: Vec<u8>,
}

impl HeaderBuilder {
    fn add(mut self, tag: u32, kind: u32, count: usize, value: &[u8]) -> Self {
        for number in [tag, kind, self.data.len() as u32, count as u32] {
            self.index.extend(number.to_be_bytes());
        }
        self.data.extend(value);
        self.entries += 1;
        self
    }

    pub(super) fn string(self, tag: u32, value: &str) -> Self {
        self.add(tag, 6, 1, format!("{value}\0").as_bytes())
    }

    pub(super) fn strings(self, tag: u32, kind: u32, values: &[&str]) -> Self {
        let text: String = values.iter().map(|value| format!("{value}\0")).collect();
        self.add(tag, kind, values.len(), text.as_bytes())
    }

    pub(super) fn number(self, tag: u32, value: u32) -> Self {
        self.numbers(tag, &[value])
    }

    pub(super) fn numbers(self, tag: u32, values: &[u32]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        self.add(tag, 4, values.len(), &bytes)
    }

    pub(super) fn modes(self, tag: u32, values: &[u16]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        self.add(tag, 3, values.len(), &bytes)
    }

    pub(super) fn build(self) -> Vec<u8> {
        let counts = [self.entries, self.data.len() as u32].map(u32::to_be_bytes).concat();
        [counts, self.index, self.data].concat()
    }
}

/// An NDB database of these blobs.
fn ndb(blobs: &[Vec<u8>]) -> Vec<u8> {
    let (mut slots, mut body) = (Vec::new(), Vec::new());
    for (number, blob) in (1_u32..).zip(blobs) {
        let size = (blob.len() + 28).next_multiple_of(16);
        let first_block = 256 + body.len() / 16;
        let numbers = [number, first_block as u32, size as u32 / 16].map(u32::to_le_bytes);
        slots.extend([&b"Slot"[..], &numbers.concat()].concat());
        let length = blob.len() as u32;
        let head = [number, 0, length].map(u32::to_le_bytes).concat();
        let mut framed = [&b"BlbS"[..], &head, blob].concat();
        framed.resize(size - 12, 0);
        framed.extend([&[0; 4], &length.to_le_bytes(), &b"BlbE"[..]].concat());
        body.extend(framed);
    }
    let header = [0, 1, 1, 9].map(u32::to_le_bytes).concat();
    let mut file = [&b"RpmP"[..], &header, &[0; 12], &slots].concat();
    while file.len() < 4096 {
        file.extend(b"Slot\0\0\0\0\0\0\0\0\0\0\0\0");
    }
    [file, body].concat()
}

/// A line of `expected.txt`.
fn line(package: &Package, files: &BTreeMap<&str, usize>) -> String {
    let source = package.source.as_ref().map(|s| format!("{} {}", s.name, s.version));
    format!(
        "{} {} {} {} {} {}",
        package.name,
        package.version,
        package.arch.as_deref().unwrap_or("-"),
        source.as_deref().unwrap_or("-"),
        package.module.as_deref().unwrap_or("-"),
        files.get(package.name.as_str()).unwrap_or(&0)
    )
}

#[test]
fn every_format_gives_the_same_packages() {
    let expected = include_str!("../../../testdata/rpm/expected.txt");
    for (path, name) in TESTDATA {
        let (found, errors) = analyze_content(path, &Paged(&testdata(name)));
        assert!(errors.is_empty() && found.skipped.is_empty(), "{name}: {errors:?} {found:?}");
        assert!(found.is_database);
        let files = found.owned.iter().map(|o| (o.package.as_str(), o.paths.len())).collect();
        let mut lines: Vec<_> = found.packages.iter().map(|p| line(p, &files)).collect();
        lines.sort();
        assert_eq!(lines.join("\n"), expected.trim_end(), "{name}");
        let package = &found.packages[0];
        assert_eq!(package.vendor.as_deref(), Some("Example Vendor"));
        assert_eq!(package.licenses, ["MIT"]);
        assert!(found.owned[0].paths[0].starts_with("usr/share/file-"));
    }
}

/// What rpm 4.18 prints for a real database: how many packages (`-qa`), how many files they own
/// (`FILENAMES` less those whose mode is a directory's), and some of the packages. The whole lists
/// were compared by hand and are equal: names, versions, architectures, vendors, licences, files.
struct Real {
    file: &'static str,
    path: &'static str,
    packages: usize,
    files: usize,
    some: &'static [&'static str],
}

#[test]
fn real_databases_give_what_rpm_prints() {
    let reals = [
        Real {
            file: "libuuid.bdb.Packages",
            path: BDB,
            packages: 1,
            files: 5,
            some: &["libuuid 2.32.1-42.el8_8"],
        },
        Real {
            file: "mariner-2.0.rpmdb.sqlite",
            path: SQLITE,
            packages: 129,
            files: 6298,
            some: &["audit-libs 3.0.6-1.cm2", "ca-certificates-base 1:2.0.0-1.cm2"],
        },
        Real {
            file: "sle15-bci.ndb.Packages.db",
            path: NDB,
            packages: 35,
            files: 1777,
            some: &["bash 4.4-19.6.1", "rpm-config-SUSE 1-5.6.1"],
        },
    ];
    for real in reals {
        let Some(bytes) = shared(&format!("fixtures/rpmdb/{}", real.file)) else { return };
        let (found, errors) = analyze_content(real.path, &Paged(&bytes));
        assert!(errors.is_empty() && found.skipped.is_empty(), "{errors:?} {:?}", found.skipped);
        let lines = packages(&found);
        assert_eq!(lines.len(), real.packages, "{}", real.file);
        for some in real.some {
            assert!(lines.iter().any(|line| line == some), "{some} in {}", real.file);
        }
        let files: usize = found.owned.iter().map(|owned| owned.paths.len()).sum();
        assert_eq!(files, real.files, "{}", real.file);
    }
}

#[test]
fn epochs_and_sources_are_written_one_way() {
    let cases = [
        (None, "a-1-1.src.rpm", "1-1", None),
        (Some(0), "a-1-1.src.rpm", "1-1", None),
        (Some(3), "a-1-1.src.rpm", "3:1-1", None),
        (Some(3), "b-c-1-1.src.rpm", "3:1-1", Some("b-c 3:1-1")),
        (Some(3), "a-2-1.src.rpm", "3:1-1", Some("a 2-1")),
        (None, "b-1-1.nosrc.rpm", "1-1", Some("b 1-1")),
        (None, "-1-1.src.rpm", "1-1", None),
        (None, "(none)", "1-1", None),
        (None, "", "1-1", None),
    ];
    for (epoch, source_rpm, version, source) in cases {
        let mut header = HeaderBuilder::default()
            .string(header::NAME, "a")
            .string(header::VERSION, "1")
            .string(header::RELEASE, "1")
            .string(header::SOURCERPM, source_rpm);
        if let Some(epoch) = epoch {
            header = header.number(header::EPOCH, epoch);
        }
        let found = analyze(NDB, &ndb(&[header.build()]));
        assert_eq!(found.packages[0].version, version);
        let read = found.packages[0].source.as_ref().map(|s| format!("{} {}", s.name, s.version));
        assert_eq!(read.as_deref(), source, "{epoch:?} {source_rpm}");
    }
}

#[test]
fn damage_to_one_record_leaves_the_others() {
    let named = |name: &str| {
        HeaderBuilder::default()
            .string(header::NAME, name)
            .string(header::VERSION, "1")
            .string(header::RELEASE, "1")
            .build()
    };
    let blobs = [named("a"), vec![0xff; 60], named("b c"), named("gpg-pubkey"), vec![], named("z")];
    let mut bytes = ndb(&blobs);
    let found = analyze(NDB, &bytes);
    assert_eq!(packages(&found), ["a 1-1", "z 1-1"]);
    assert_eq!(found.skipped.len(), 3, "{:?}", found.skipped);
    // The first blob loses its beginning, the last its end.
    bytes[4096] = 0;
    *bytes.last_mut().unwrap() = 0;
    let found = analyze(NDB, &bytes);
    assert!(found.packages.is_empty());
    assert_eq!(found.skipped.len(), 5);
}

/// A Berkeley DB of one bucket whose pages are linked as told; each holds one package inline.
fn bdb_chain(links: &[(&str, u32)]) -> Vec<u8> {
    let mut file = vec![0; 512];
    for (at, number) in
        [(12, 0x0006_1561), (16, 9), (20, 512), (32, links.len() as u32), (72, 0), (96, 1)]
    {
        file[at..at + 4].copy_from_slice(&u32::to_le_bytes(number));
    }
    for (number, (name, next)) in (1_u32..).zip(links) {
        let mut page = vec![0; 512];
        let blob = HeaderBuilder::default()
            .string(header::NAME, name)
            .string(header::VERSION, "1")
            .string(header::RELEASE, "1")
            .build();
        let key = 512 - 5;
        let value = key - 1 - blob.len();
        page[8..12].copy_from_slice(&number.to_le_bytes());
        page[16..20].copy_from_slice(&next.to_le_bytes());
        page[20] = 2;
        page[25] = 13;
        page[26..28].copy_from_slice(&(key as u16).to_le_bytes());
        page[28..30].copy_from_slice(&(value as u16).to_le_bytes());
        page[value] = 1;
        page[value + 1..key].copy_from_slice(&blob);
        page[key..].copy_from_slice(&[1, 7, 0, 0, 0]);
        file.extend(page);
    }
    file
}

#[test]
fn chains_of_bucket_pages_are_followed_and_circles_are_told() {
    let found = analyze(BDB, &bdb_chain(&[("a", 3), ("c", 0), ("b", 2)]));
    assert_eq!(packages(&found), ["a 1-1", "b 1-1", "c 1-1"]);
    assert!(found.skipped.is_empty());
    for (next, why) in [(1, "linked twice"), (9, "not there"), (u32::MAX, "not there")] {
        let found = analyze(BDB, &bdb_chain(&[("a", 2), ("b", next)]));
        assert_eq!(packages(&found), ["a 1-1", "b 1-1"]);
        assert!(found.skipped[0].2.contains(why), "{:?}", found.skipped);
    }
}

#[test]
fn what_is_no_database_is_an_error() {
    let head = |name| testdata(name)[..512].to_vec();
    let mut utf16 = head("pages-of-512.sqlite");
    utf16[59] = 2;
    let mut encrypted = head("little-endian.bdb");
    encrypted[24] = 1;
    let mut btree = head("little-endian.bdb");
    btree[12..16].copy_from_slice(&0x0005_3162_u32.to_le_bytes());
    let cases = [
        (BDB, b"text".to_vec()),
        (BDB, vec![0; 8192]),
        (BDB, head("little-endian.bdb")),
        (BDB, encrypted),
        (BDB, btree),
        (NDB, vec![0; 8192]),
        (NDB, b"RpmP\x01".iter().copied().chain([0; 8192]).collect()),
        (SQLITE, vec![0; 8192]),
        (SQLITE, utf16),
        (SQLITE, head("pages-of-4096.sqlite")),
    ];
    for (path, bytes) in cases {
        let (found, errors) = try_analyze(path, &bytes);
        assert!(found.packages.is_empty());
        assert_eq!(errors.len(), 1, "{path} {}", bytes.len());
    }
    for path in [BDB, NDB, SQLITE] {
        assert!(analyze(path, b"").packages.is_empty());
    }
}

#[test]
fn a_log_with_changes_is_told() {
    let path = "var/lib/rpm/rpmdb.sqlite-wal";
    assert!(analyze(path, b"").is_empty());
    let mut log = vec![0; 32 + 2 * (24 + 4096)];
    log[8..12].copy_from_slice(&4096_u32.to_be_bytes());
    log[16..24].copy_from_slice(b"saltsalt");
    assert!(analyze(path, &log).is_empty(), "frames of an earlier run");
    log[40..48].copy_from_slice(b"saltsalt");
    let (_, errors) = try_analyze(path, &log);
    assert!(errors[0].to_string().contains("2 pages"), "{errors:?}");
}

/// The same on real databases, which are larger: a fixed series of damage.
#[test]
fn damaged_real_databases_end() {
    const ROUNDS: u64 = 60;
    const STRIKES: usize = 24;
    for (path, file) in [
        (BDB, "libuuid.bdb.Packages"),
        (SQLITE, "mariner-2.0.rpmdb.sqlite"),
        (NDB, "sle15-bci.ndb.Packages.db"),
    ] {
        let Some(sound) = shared(&format!("fixtures/rpmdb/{file}")) else { return };
        let packages = analyze(path, &sound).packages.len();
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        for round in 0..ROUNDS {
            let mut bytes = sound.clone();
            let reach = if round % 2 == 0 { bytes.len() } else { 8192 };
            for _ in 0..STRIKES {
                bytes[next(reach)] = next(256) as u8;
            }
            let (found, _) = try_analyze(path, &bytes);
            assert!(found.packages.len() <= packages, "{file}, round {round}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Random damage to a sound database: no panic, no loop, never more packages than it had.
    #[test]
    fn damaged_databases_end(
        which in 0..5_usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        early in any::<bool>(),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (path, name) = TESTDATA[which];
        let mut bytes = testdata(name);
        // The first pages hold the links: half of the runs strike there.
        let reach = if early { bytes.len().min(2048) } else { bytes.len() };
        for (at, value) in damage {
            bytes[at.index(reach)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let (found, _) = try_analyze(path, &bytes);
        prop_assert!(found.packages.len() <= 65);
    }

    /// Random bytes behind a good magic number.
    #[test]
    fn random_bytes_end(
        which in 0..3_usize,
        tail in proptest::collection::vec(any::<u8>(), 0..20_000),
    ) {
        let (path, name) = TESTDATA[[0, 2, 3][which]];
        let bytes = [&testdata(name)[..100], &tail].concat();
        let _ = try_analyze(path, &bytes);
        let _ = Header::parse(&tail).map(|header| header.files(|_, _| {}));
    }
}
