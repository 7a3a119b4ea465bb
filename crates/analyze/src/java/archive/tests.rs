//! Archives made here: nested, shaded, broken and hostile ones.

use super::super::zip::tests::{Pack, zip_of, zip_with};
use crate::AnalyzeError;
use crate::testing::{Paged, analyze, analyze_content, check, packages, try_analyze};
use model::SkipReason;

fn pom(group: &str, artifact: &str, version: &str) -> (String, Vec<u8>) {
    let text = format!("version={version}\ngroupId={group}\nartifactId={artifact}\n");
    (format!("META-INF/maven/{group}/{artifact}/pom.properties"), text.into_bytes())
}

/// A jar with these coordinates in Maven's files.
fn jar(pack: Pack, stated: &[(&str, &str, &str)]) -> Vec<u8> {
    let poms: Vec<_> = stated.iter().map(|(g, a, v)| pom(g, a, v)).collect();
    let mut entries: Vec<(&str, &[u8])> = vec![
        ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n"),
        ("a/B.class", b"\xca\xfe"),
    ];
    entries.extend(poms.iter().map(|(name, text)| (name.as_str(), text.as_slice())));
    zip_of(pack, &entries)
}

/// The packages as `name version path`, in the order found.
fn placed(path: &str, bytes: &[u8]) -> Vec<String> {
    let (found, errors) = analyze_content(path, &Paged(bytes));
    assert!(errors.is_empty() && found.skipped.is_empty(), "{errors:?} {:?}", found.skipped);
    found.packages.iter().map(|p| format!("{} {} {}", p.name, p.version, p.path)).collect()
}

/// Wraps an archive in another `times` times.
fn wrapped(mut bytes: Vec<u8>, times: usize, pack: Pack) -> Vec<u8> {
    for n in (0..times).rev() {
        bytes = zip_of(pack, &[(format!("inner{n}.jar").as_str(), &bytes)]);
    }
    bytes
}

#[test]
fn own_and_shaded_packages_have_their_places() {
    let bytes = jar(Pack::Deflate, &[("org.a", "dep", "0.9"), ("org.a", "app", "1.0")]);
    assert_eq!(
        placed("opt/app-1.0.jar", &bytes),
        [
            "org.a:app 1.0 ",
            "org.a:dep 0.9 opt/app-1.0.jar!/META-INF/maven/org.a/dep/pom.properties",
        ]
    );
}

#[test]
fn archives_inside_are_opened_stored_or_deflated() {
    let inner = jar(Pack::Deflate, &[("org.b", "lib", "2.0"), ("org.c", "packed", "3.0")]);
    let manifest = b"Implementation-Title: demo\nImplementation-Version: 4.0\n";
    for pack in [Pack::Store, Pack::Deflate] {
        let bytes = zip_of(
            pack,
            &[
                ("META-INF/MANIFEST.MF", manifest),
                ("BOOT-INF/lib/lib-2.0.jar", &inner),
                ("WEB-INF/lib/spring-web-5.3.1.jar", &zip_of(pack, &[("x", b"")])),
                ("lib/lib-2.0-sources.jar", &inner),
            ],
        );
        assert_eq!(
            placed("srv/demo.war", &bytes),
            [
                "demo 4.0 ",
                "org.b:lib 2.0 srv/demo.war!/BOOT-INF/lib/lib-2.0.jar",
                "org.c:packed 3.0 srv/demo.war!/BOOT-INF/lib/lib-2.0.jar!/META-INF/maven/org.c/packed/pom.properties",
                "org.springframework:spring-web 5.3.1 srv/demo.war!/WEB-INF/lib/spring-web-5.3.1.jar",
            ]
        );
        let script = [b"#!/bin/sh\nexit 0\n".as_slice(), &bytes].concat();
        assert_eq!(packages(&analyze("srv/demo.war", &script)).len(), 4);
    }
}

#[test]
fn a_pom_xml_counts_where_properties_are_missing() {
    let xml = b"<project><parent><groupId>org.p</groupId><version>7</version></parent>\
        <artifactId>tool</artifactId></project>";
    let bytes = zip_of(Pack::Deflate, &[("META-INF/maven/org.p/tool/pom.xml", xml)]);
    assert_eq!(placed("tool.jar", &bytes), ["org.p:tool 7 "]);
}

#[test]
fn every_ending_is_read() {
    let bytes = jar(Pack::Store, &[("org.a", "x", "1")]);
    for ending in super::ENDINGS {
        check(&format!("opt/x{ending}"), &bytes, &["org.a:x 1"]);
    }
    check("opt/x.rar", b"Rar!\x1a\x07\x01\0 another format", &[]);
    check("opt/empty.jar", b"", &[]);
    check("opt/x-1.0-sources.jar", &bytes, &[]);
}

#[test]
fn depth_is_limited_and_what_lies_deeper_is_said() {
    let core = jar(Pack::Store, &[("org.a", "core", "1")]);
    for pack in [Pack::Store, Pack::Deflate] {
        let allowed = wrapped(core.clone(), super::MAX_ARCHIVE_DEPTH, pack);
        assert_eq!(packages(&analyze("a.jar", &allowed)), ["org.a:core 1"]);
        let (found, errors) =
            try_analyze("a.jar", &wrapped(core.clone(), super::MAX_ARCHIVE_DEPTH + 1, pack));
        assert!(errors.is_empty() && found.packages.is_empty());
        assert_eq!(found.skipped[0].1, SkipReason::TooDeep);
        assert!(found.skipped[0].0.starts_with("inner0.jar!/inner1.jar"), "{:?}", found.skipped);
    }
}

#[test]
fn broken_parts_are_skipped_and_the_rest_is_read() {
    let good = jar(Pack::Deflate, &[("org.a", "good", "1")]);
    let cut = &good[..good.len() - 30];
    let bytes = zip_of(
        Pack::Deflate,
        &[
            ("lib/cut-2.0.jar", cut),
            ("lib/text.jar", b"not a zip"),
            ("lib/good.jar", &good),
            ("lib/bomb.jar", &vec![0; 10 << 20]),
        ],
    );
    let found = analyze("app.war", &bytes);
    // A jar that cannot be opened is still known by its name.
    assert_eq!(packages(&found), ["cut 2.0", "org.a:good 1"]);
    let skipped: Vec<_> = found.skipped.iter().map(|s| (s.0.as_str(), s.1)).collect();
    assert_eq!(
        skipped,
        [
            ("lib/cut-2.0.jar", SkipReason::Malformed),
            ("lib/text.jar", SkipReason::Malformed),
            ("lib/bomb.jar", SkipReason::Ratio),
        ]
    );
    let (found, errors) = try_analyze("opt/cut-2.0.jar", cut);
    assert_eq!(packages(&found), ["cut 2.0"]);
    assert!(matches!(errors[..], [AnalyzeError::Malformed(_)]), "{errors:?}");
}

#[test]
fn work_on_entries_that_share_their_bytes_is_limited() {
    // Many directory entries that point to one deflated archive (D. Fifield, "A better zip bomb"),
    // here with a wrong checksum: each costs as if it had been inflated to the limit.
    let one = zip_of(Pack::Deflate, &[("x.jar", &jar(Pack::Store, &[]))]);
    let entry = memchr::memmem::rfind(&one, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::rfind(&one, b"PK\x05\x06").unwrap();
    let (mut record, copies) = (one[entry..end].to_vec(), 2_000_u32);
    record[16] ^= 1;
    let mut bytes = one[..entry].to_vec();
    bytes.extend(record.repeat(copies as usize));
    let mut tail = one[end..].to_vec();
    tail[8..10].copy_from_slice(&(copies as u16).to_le_bytes());
    tail[10..12].copy_from_slice(&(copies as u16).to_le_bytes());
    tail[12..16].copy_from_slice(&(record.len() as u32 * copies).to_le_bytes());
    bytes.extend(tail);
    let found = analyze("a.jar", &bytes);
    let count = |reason| found.skipped.iter().filter(|skip| skip.1 == reason).count() as u64;
    let opened = super::MAX_ARCHIVE_EXPANDED_BYTES / super::MAX_NESTED_ARCHIVE_BYTES;
    assert_eq!(count(SkipReason::Malformed), opened);
    // The rest is refused, and the refusals are told up to a limit.
    assert_eq!(count(SkipReason::TooLarge), super::MAX_ARCHIVE_SKIPS as u64 - opened);
    assert_eq!(count(SkipReason::TooMany), 1);
}

#[test]
fn memory_in_use_at_a_time_is_limited() {
    // Archives of 10, 40 and 60 MiB, deflated one inside the other: each may be held, not all.
    let mut bytes = jar(Pack::Store, &[("org.a", "deep", "1")]);
    for (name, size) in [("a.jar", 10_u32 << 20), ("b.jar", 40 << 20), ("c.jar", 60 << 20)] {
        let filler: Vec<u8> = (0..size / 64)
            .flat_map(|n| [[0_u8; 60].as_slice(), &n.to_le_bytes()].concat())
            .collect();
        bytes = zip_with(&[(Pack::Store, "filler", &filler), (Pack::Deflate, name, &bytes)]);
    }
    let outer = zip_of(Pack::Deflate, &[("d.jar", &bytes)]);
    let found = analyze("e.jar", &outer);
    assert!(found.packages.is_empty());
    let skipped: Vec<_> = found.skipped.iter().map(|s| (s.0.as_str(), s.1)).collect();
    assert_eq!(skipped, [("d.jar!/c.jar", SkipReason::TooLarge)]);
    // The same without the outermost fits.
    assert_eq!(packages(&analyze("d.jar", &bytes)), ["org.a:deep 1"]);
}
