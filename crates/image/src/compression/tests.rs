//! Compressed layers: every format, many members, damage and bombs.

use model::SkipReason;

use crate::Limits;
use crate::testing::{Tape, gzip, sha256, skips, tight, walk_both, walk_stream, xz, zstd};

#[test]
fn compressed_layers_are_the_same_layers() {
    let content: Vec<u8> = (0..600_000_u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
    let tar = Tape::default().file("a", b"1").file("big", &content).file("b", b"2").end();
    let expect = walk_both(&tar, &Limits::default());
    let (first, second) = tar.split_at(tar.len() / 3);
    let members = |compress: fn(&[u8]) -> Vec<u8>| [compress(first), compress(second)].concat();
    let skippable = [b"\x5a\x2a\x4d\x18\x05\0\0\0hello".to_vec(), zstd(&tar)].concat();
    let table_of_contents = [zstd(&tar), b"\x50\x2a\x4d\x18\x03\0\0\0toc".to_vec()].concat();
    let padded = [gzip(&tar), vec![0; 5_000]].concat();
    let cases = [
        gzip(&tar),
        zstd(&tar),
        xz(&tar),
        members(gzip),
        members(zstd),
        members(xz),
        skippable,
        table_of_contents,
        padded,
        full_gzip_header(&tar),
    ];
    for compressed in cases {
        let (seen, outcome) = walk_stream(&compressed, &Limits::default());
        assert!(seen == expect.0);
        assert_eq!(format!("{outcome:?}"), format!("{:?}", expect.1));
    }
    for compress in [gzip as fn(&[u8]) -> Vec<u8>, zstd, xz] {
        let trailing = [compress(&tar), b"trailing garbage".to_vec()].concat();
        let (seen, outcome) = walk_stream(&trailing, &Limits::default());
        assert!(seen == expect.0);
        assert_eq!(outcome.diff_id, expect.1.diff_id);
        assert!(skips(&outcome)[0].starts_with("Malformed : 16 bytes after the last "));
    }
}

/// A gzip member with every optional header field.
fn full_gzip_header(bytes: &[u8]) -> Vec<u8> {
    let plain = gzip(bytes);
    let mut full = b"\x1f\x8b\x08\x1e\0\0\0\0\0\xff\x04\0abcdname\0comment\0\x12\x34".to_vec();
    full.extend_from_slice(&plain[10..]);
    full
}

#[test]
fn a_member_for_every_file_is_nothing_special() {
    let tape = (0..300).fold(Tape::default(), |tape, i| tape.file(&format!("f{i}"), b"stargz"));
    let tar = tape.end();
    let compressed: Vec<u8> = tar.chunks(512).flat_map(gzip).collect();
    let (seen, outcome) = walk_stream(&compressed, &Limits::default());
    assert_eq!((seen.len(), outcome.diff_id), (300, Some(sha256(&tar))));
}

#[test]
fn damaged_and_truncated_compression_stops_the_walk() {
    let content: Vec<u8> = (0..100_000_u32).flat_map(|i| i.wrapping_mul(i).to_le_bytes()).collect();
    let tar = Tape::default().file("a", b"1").file("b", &content).end();
    for (name, compress) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("zstd", zstd), ("xz", xz)] {
        let whole = compress(&tar);
        for length in [whole.len() / 2, whole.len() - 1, 7] {
            let (_, outcome) = walk_stream(&whole[..length], &Limits::default());
            let skip = outcome.skipped.last().unwrap();
            assert_eq!((outcome.diff_id, skip.reason), (None, SkipReason::Truncated), "{name}");
            assert!(skip.detail.contains(name), "{skip:?}");
        }
        let mut damaged = whole.clone();
        damaged.iter_mut().skip(whole.len() / 2).step_by(50).for_each(|byte| *byte ^= 0x55);
        let (_, outcome) = walk_stream(&damaged, &Limits::default());
        let reason = outcome.skipped.last().unwrap().reason;
        assert!(outcome.diff_id.is_none() && reason != SkipReason::Unreadable, "{name} {reason:?}");
    }
    let (_, outcome) = walk_stream(b"BZh91AY&SY", &Limits::default());
    assert!(skips(&outcome)[0].starts_with("Unsupported : bzip2"), "{outcome:?}");
}

#[test]
fn bombs_stop_at_the_named_limit() {
    let tar = Tape::default().file("zeros", &vec![0; 60_000]).end();
    for compress in [gzip as fn(&[u8]) -> Vec<u8>, zstd, xz] {
        let (_, outcome) = walk_stream(&compress(&tar), &tight());
        let skip = outcome.skipped.last().unwrap();
        assert_eq!((outcome.diff_id, skip.reason), (None, SkipReason::Ratio));
        assert!(skip.detail.contains("the limit is 10 times"), "{skip:?}");
    }
    let limits = Limits { layer_bytes: 50_000, ..Limits::default() };
    let (_, outcome) = walk_stream(&gzip(&tar), &limits);
    assert_eq!(outcome.skipped.last().unwrap().reason, SkipReason::TooLarge);
    assert_eq!((outcome.diff_id, outcome.size_bytes), (None, 50_000));
}
