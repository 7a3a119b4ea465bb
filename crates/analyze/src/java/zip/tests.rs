//! Archives made here and then bent: each field that can lie does so once.

use std::io::{Cursor, Write};

use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;
use crate::testing::Paged;

/// How an entry is packed.
#[derive(Clone, Copy)]
pub(in crate::java) enum Pack {
    Store,
    Deflate,
}

/// A zip archive of these entries.
pub(in crate::java) fn zip_of(pack: Pack, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let packed: Vec<_> = entries.iter().map(|(name, bytes)| (pack, *name, *bytes)).collect();
    zip_with(&packed)
}

/// The same, each entry packed in its own way.
pub(in crate::java) fn zip_with(entries: &[(Pack, &str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (pack, name, bytes) in entries {
        let method = match pack {
            Pack::Store => CompressionMethod::Stored,
            Pack::Deflate => CompressionMethod::Deflated,
        };
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The entries by name with their bytes, or the reason of the refusal.
fn listed(archive: &[u8]) -> Vec<(String, Result<Vec<u8>, SkipReason>)> {
    let paged = Paged(archive);
    let directory = ZipDirectory::read(&paged, 1_000_000, &|_| true).unwrap();
    directory
        .entries
        .iter()
        .map(|entry| {
            let bytes = match entry.open(&paged, 16 << 20) {
                Ok(EntryBytes::Stored(span)) => Ok(entry.head(&paged, span.size_bytes()).unwrap()),
                Ok(EntryBytes::Expanded(bytes)) => Ok(bytes),
                Err((reason, _)) => Err(reason),
            };
            (entry.name.clone(), bytes)
        })
        .collect()
}

/// Where the directory's nth entry begins.
fn entry_at(archive: &[u8], n: usize) -> usize {
    memchr::memmem::find_iter(archive, b"PK\x01\x02").nth(n).unwrap()
}

fn end_at(archive: &[u8]) -> usize {
    memchr::memmem::rfind(archive, b"PK\x05\x06").unwrap()
}

#[test]
fn reads_entries_of_both_methods() {
    let text = b"some text, some text, some text".repeat(100);
    for pack in [Pack::Store, Pack::Deflate] {
        let archive = zip_of(pack, &[("a", &text), ("dir/b", b""), ("c", b"c")]);
        let expect = [("a", text.as_slice()), ("dir/b", b""), ("c", b"c")]
            .map(|(name, bytes)| (name.to_owned(), Ok(bytes.to_vec())));
        assert_eq!(listed(&archive), expect);
    }
}

#[test]
fn allows_bytes_before_and_a_comment_after() {
    let archive = zip_of(Pack::Deflate, &[("a", b"text")]);
    let prefixed = [b"#!/bin/sh\nexec java -jar $0\n".as_slice(), &archive].concat();
    assert_eq!(listed(&prefixed)[0].1, Ok(b"text".to_vec()));
    // The same with offsets that count the script, as `zip -A` makes them.
    let shift = (prefixed.len() - archive.len()) as u32;
    let mut adjusted = prefixed.clone();
    let (entry, end) = (entry_at(&adjusted, 0), end_at(&adjusted));
    for at in [entry + 42, end + 16] {
        let old = u32::from_le_bytes(adjusted[at..at + 4].try_into().unwrap());
        adjusted[at..at + 4].copy_from_slice(&(old + shift).to_le_bytes());
    }
    assert_eq!(listed(&adjusted)[0].1, Ok(b"text".to_vec()));

    let comment = [&b"a comment with PK\x05\x06 in it"[..], &[b'x'; 3000]].concat();
    let mut commented = archive.clone();
    let end = end_at(&archive);
    commented[end + 20..end + 22].copy_from_slice(&(comment.len() as u16).to_le_bytes());
    commented.extend_from_slice(&comment);
    assert_eq!(listed(&commented)[0].1, Ok(b"text".to_vec()));
}

#[test]
fn reads_the_64_bit_form() {
    // All sizes and the offset moved to the extra field, all counts to the 64-bit end record.
    let plain = zip_of(Pack::Store, &[("a", b"text")]);
    let (entry, end) = (entry_at(&plain, 0), end_at(&plain));
    let mut archive = plain[..entry].to_vec();
    let mut record = plain[entry..end].to_vec();
    record[20..28].fill(0xff);
    record[42..46].fill(0xff);
    record[30..32].copy_from_slice(&36_u16.to_le_bytes());
    record.extend([9, 0, 4, 0, 1, 2, 3, 4]);
    record.extend([1, 0, 24, 0]);
    record.extend([4_u64, 4, 0].map(u64::to_le_bytes).concat());
    let directory_at = archive.len() as u64;
    archive.extend_from_slice(&record);
    let end64_at = archive.len() as u64;
    archive.extend_from_slice(b"PK\x06\x06");
    archive.extend(44_u64.to_le_bytes());
    archive.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    archive.extend([1, 1, record.len() as u64, directory_at].map(u64::to_le_bytes).concat());
    archive.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    archive.extend(end64_at.to_le_bytes());
    archive.extend([1, 0, 0, 0]);
    archive.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    archive.extend([0xff; 12]);
    archive.extend([0, 0]);
    let expect = [("a".to_owned(), Ok(b"text".to_vec()))];
    assert_eq!(listed(&archive), expect);
    assert_eq!(listed(&[b"prefix".as_slice(), &archive].concat()), expect);
}

#[test]
fn a_lying_count_costs_nothing_and_is_said() {
    let mut archive = zip_of(Pack::Store, &[("a", b"text"), ("b", b"more")]);
    let end = end_at(&archive);
    archive[end + 8..end + 12].fill(0x42);
    let directory = ZipDirectory::read(&Paged(&archive), 1_000_000, &|_| true).unwrap();
    assert_eq!((directory.seen, directory.entries.len()), (2, 2));
    assert!(matches!(directory.problem, Some((SkipReason::Malformed, _))));
    let directory = ZipDirectory::read(&Paged(&archive), 1, &|_| true).unwrap();
    assert!(matches!(directory.problem, Some((SkipReason::TooMany, _))));
}

#[test]
fn memory_follows_the_wanted_entries_only() {
    let names: Vec<_> = (0..60_000).map(|n| format!("com/example/deep/C{n}.class")).collect();
    let mut entries: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b""[..])).collect();
    entries.push(("wanted", b"x"));
    let archive = zip_of(Pack::Store, &entries);
    let directory = ZipDirectory::read(&Paged(&archive), 1_000_000, &|n| n == "wanted").unwrap();
    assert_eq!((directory.seen, directory.entries.len()), (60_001, 1));
    assert_eq!(directory.problem, None);
}

#[test]
fn refuses_what_it_cannot_trust() {
    let text = b"some text, some text, some text".repeat(10);
    let good = zip_of(Pack::Deflate, &[("a", &text)]);
    let entry = entry_at(&good, 0);
    let changed = |at: usize, bytes: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        listed(&bad)[0].1.clone()
    };
    for (at, bytes, reason) in [
        (entry + 8, &[1_u8, 0][..], SkipReason::Unsupported), // encrypted
        (entry + 10, &[12, 0], SkipReason::Unsupported),      // bzip2
        (entry + 10, &[0, 0], SkipReason::Malformed),         // stored, with two sizes
        (entry + 16, &[0, 0, 0, 0], SkipReason::Malformed),   // checksum
        (entry + 24, &[1, 0, 0, 0], SkipReason::Malformed),   // size
        (entry + 24, &[0xff, 0xff, 0xff, 0x7f], SkipReason::TooLarge),
        (entry + 20, &[0xff, 0xff, 0, 0], SkipReason::Malformed), // beyond the file
        (entry + 42, &[1, 0, 0, 0], SkipReason::Malformed),       // no header there
        (entry + 42, &[0xff, 0xff, 0xff, 0x7f], SkipReason::Truncated),
        (35, &[0xff, 0xff], SkipReason::Malformed), // broken deflate stream
    ] {
        assert_eq!(changed(at, bytes), Err(reason), "{at} {bytes:?}");
    }
}

#[test]
fn a_bomb_stops_at_the_ratio() {
    let archive = zip_of(Pack::Deflate, &[("bomb", &vec![0; 15 << 20])]);
    assert_eq!(listed(&archive)[0].1, Err(SkipReason::Ratio));
    // Small entries of one letter are harmless.
    let archive = zip_of(Pack::Deflate, &[("small", &vec![0; 500 << 10])]);
    assert!(listed(&archive)[0].1.is_ok());
}

#[test]
fn a_head_is_a_beginning() {
    let text: Vec<u8> = (0..200_000_u32).flat_map(|n| n.to_le_bytes()).collect();
    for pack in [Pack::Store, Pack::Deflate] {
        let archive = zip_of(pack, &[("a", &text)]);
        let directory = ZipDirectory::read(&Paged(&archive), 9, &|_| true).unwrap();
        let head = directory.entries[0].head(&Paged(&archive), 1000).unwrap();
        assert_eq!(head, &text[..1000]);
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let good = zip_of(Pack::Deflate, &[("META-INF/MANIFEST.MF", b"A: b"), ("x.jar", b"PK")]);
    for at in 0..good.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] = value;
            let Ok(directory) = ZipDirectory::read(&Paged(&bad), 99, &|_| true) else { continue };
            for entry in &directory.entries {
                let _ = entry.open(&Paged(&bad), 1 << 20);
                let _ = entry.head(&Paged(&bad), 100);
            }
        }
        assert!(ZipDirectory::read(&Paged(&good[..at]), 99, &|_| true).is_err(), "{at}");
    }
}
