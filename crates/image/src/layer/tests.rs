//! Layers of every sort, streamed and in place.

use std::io::Read;

use model::{NoProgress, SkipReason};
use proptest::prelude::*;

use super::{Claims, SequentialLayer};
use crate::Limits;
use crate::testing::{
    Dribble, Tape, gzip, header, lines, sealed, sha256, skips, walk_all, walk_both, walk_stream,
    xz, zstd,
};

/// Small limits, so that tests can go beyond them.
fn tight() -> Limits {
    Limits {
        entries_per_layer: 5,
        layer_bytes: 64 << 10,
        expansion_ratio: 10,
        ratio_floor_bytes: 16 << 10,
        path_bytes: 64,
        path_depth: 4,
        header_bytes: 4 << 10,
        buffered_file_bytes: 2_000,
        file_bytes: 20_000,
        skips_per_layer: 3,
        ..Limits::default()
    }
}

#[track_caller]
fn check(tar: &[u8], expect: &[&str], expect_skips: &[&str]) {
    let (seen, outcome) = walk_both(tar, &Limits::default());
    assert_eq!(lines(&seen), expect);
    assert_eq!(skips(&outcome), expect_skips);
    assert_eq!(outcome.diff_id, Some(sha256(tar)));
    assert_eq!(outcome.size_bytes, tar.len() as u64);
}

/// The reason why a walk ended early, which leaves no digest.
#[track_caller]
fn check_stop(tar: &[u8], limits: &Limits, expect: SkipReason, detail: &str) {
    let (_, outcome) = walk_both(tar, limits);
    assert_eq!(outcome.diff_id, None);
    let last = outcome.skipped.last().expect("a skip");
    assert_eq!((last.reason, last.layer), (expect, None), "{last:?}");
    assert!(last.detail.contains(detail), "{last:?}");
}

#[test]
fn entries_of_every_kind() {
    let tar = Tape::default()
        .directory("./")
        .directory("/usr/")
        .file("./usr/a", b"content")
        .file("usr//./b/../c", b"cleaned")
        .link(b'2', "usr/link", "../a")
        .link(b'2', "usr/absolute", "/etc/passwd")
        .link(b'1', "usr/hard", "/usr/a")
        .link(b'3', "dev/null", "")
        .link(b'6', "run/fifo", "")
        .member(b'7', "contiguous", "", b"old")
        .member(0, "old-directory/", "", b"")
        .member(0, "old-file", "", b"v7")
        .end();
    check(
        &tar,
        &[
            "usr Directory",
            "usr/a = content",
            "usr/c = cleaned",
            "usr/link -> ../a",
            "usr/absolute -> /etc/passwd",
            "usr/hard == usr/a",
            "dev/null Special",
            "run/fifo Special",
            "contiguous = old",
            "old-directory Directory",
            "old-file = v7",
        ],
        &[],
    );
    let (seen, outcome) = walk_both(&tar, &Limits::default());
    let file = &seen[1].entry;
    assert_eq!((file.mode, file.uid, file.gid, file.size_bytes), (0o644, 1000, 100, 7));
    assert_eq!(outcome.entries, 12);
}

#[test]
fn whiteouts_and_opaque_directories() {
    let tar = Tape::default()
        .file("etc/.wh.passwd", b"")
        .file(".wh.top", b"")
        .file("var/cache/.wh..wh..opq", b"")
        .file(".wh..wh..opq", b"")
        .directory(".wh..wh.plnk/")
        .file(".wh..wh.plnk/12.34", b"linked")
        .link(b'1', "bin/x", ".wh..wh.plnk/12.34")
        .file("a/.wh.", b"")
        .file("a/.wh..", b"")
        .file("a/.wh...", b"")
        .file("a/.who", b"a file")
        .end();
    check(
        &tar,
        &[
            "etc/passwd Whiteout",
            "top Whiteout",
            "var/cache OpaqueDirectory",
            " OpaqueDirectory",
            ".wh..wh.plnk Directory",
            ".wh..wh.plnk/12.34 = linked",
            "bin/x == .wh..wh.plnk/12.34",
            "a/.who = a file",
        ],
        &[
            "UnsafePath a/.wh.: a whiteout that names no file",
            "UnsafePath a/.wh..: a whiteout that names no file",
            "UnsafePath a/.wh...: a whiteout that names no file",
        ],
    );
}

#[test]
fn names_that_leave_the_root_are_passed_over() {
    let tar = Tape::default()
        .file("../etc/shadow", b"1")
        .file("a/../../b", b"2")
        .link(b'1', "hard", "../../etc/shadow")
        .file("/", b"3")
        .pax(&[("path", b"ok\xff")])
        .file("x", b"4")
        .member(b'Z', "strange", "", b"5")
        .file("last", b"6")
        .end();
    check(
        &tar,
        &["ok\u{fffd} = 4", "last = 6"],
        &[
            "UnsafePath ../etc/shadow: a path that leaves the root",
            "UnsafePath a/../../b: a path that leaves the root",
            "UnsafePath hard: links to `../../etc/shadow`: a path that leaves the root",
            "UnsafePath /: an entry that would replace the root",
            "Unsupported strange: an entry of the unknown type `Z`",
        ],
    );
}

#[test]
fn long_names_in_every_format() {
    let long = format!("{}/file", "d".repeat(150));
    let mut prefixed = header(b'0', b"name", "", 1);
    prefixed[345..348].copy_from_slice(b"pre");
    let mut old_gnu = header(b'0', b"name", "", 1);
    old_gnu[257..265].copy_from_slice(b"ustar  \0");
    old_gnu[345..348].copy_from_slice(b"pre");
    let tar = Tape::default()
        .pax(&[("path", long.as_bytes()), ("uid", b"70000"), ("comment", b"x")])
        .file("short", b"pax")
        .member(b'L', "././@LongLink", "", format!("{long}\0").as_bytes())
        .file("short", b"gnu")
        .member(b'K', "././@LongLink", "", format!("{long}\0").as_bytes())
        .link(b'2', "link", "short")
        .member(b'L', "././@LongLink", "", b"gnu-wins\0")
        .pax(&[("path", b"pax-loses"), ("linkpath", b"t")])
        .link(b'2', "link", "short")
        .pax(&[("path", b"first")])
        .pax(&[("mtime", b"1.5")])
        .file("second-header-replaces-the-first", b"x")
        .member(b'g', "pax_global_header", "", b"19 path=everything\n")
        .file("global-names-nothing", b"x")
        .raw(&sealed(prefixed))
        .padded(b"p")
        .raw(&sealed(old_gnu))
        .padded(b"g")
        .end();
    check(
        &tar,
        &[
            &format!("{long} = pax"),
            &format!("{long} = gnu"),
            &format!("link -> {long}"),
            "gnu-wins -> t",
            "second-header-replaces-the-first = x",
            "global-names-nothing = x",
            "pre/name = p",
            "name = g",
        ],
        &[],
    );
    let (seen, _) = walk_both(&tar, &Limits::default());
    assert_eq!(seen[0].entry.uid, 70_000);
}

#[test]
fn sizes_in_base_256_and_pax_count_and_links_have_none() {
    let mut base_256 = header(b'0', b"base-256", "", 0);
    base_256[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
    let mut link = header(b'2', b"link", "t", 0);
    link[124..135].copy_from_slice(b"00000007777");
    let mut directory = header(b'5', b"directory", "", 0);
    directory[124..135].copy_from_slice(b"00000007777");
    let tar = Tape::default()
        .raw(&sealed(base_256))
        .padded(b"12345")
        .raw(&sealed(link))
        .raw(&sealed(directory))
        .pax(&[("size", b"3")])
        .raw(&header(b'0', b"pax-size", "", 0))
        .padded(b"abc")
        .end();
    check(&tar, &["base-256 = 12345", "link -> t", "directory Directory", "pax-size = abc"], &[]);
}

#[test]
fn sizes_that_cannot_be_stop_the_walk() {
    let fields: [&[u8; 12]; 5] = [
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\0\0\0\x80\0\0\0\0\0\0\0",
        b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"0000008\0\0\0\0\0",
        b"not a size\0\0",
    ];
    for field in fields {
        let mut block = header(b'0', b"f", "", 0);
        block[124..136].copy_from_slice(field);
        let tar = Tape::default().file("before", b"x").raw(&sealed(block)).end();
        check_stop(&tar, &Limits::default(), SkipReason::Malformed, "size");
        let (seen, outcome) = walk_both(&tar, &Limits::default());
        assert_eq!((seen.len(), outcome.entries), (1, 1));
    }
}

#[test]
fn sparse_files_are_unfolded() {
    let mut old = header(b'S', b"old", "", 6);
    old[257..265].copy_from_slice(b"ustar  \0");
    for (at, number) in [(386, 2_u64), (398, 3), (410, 8), (422, 3), (483, 12)] {
        old[at..at + 11].copy_from_slice(format!("{number:011o}").as_bytes());
    }
    let mut extended = header(b'S', b"extended", "", 2);
    extended[257..265].copy_from_slice(b"ustar  \0");
    for (at, number) in [(386, 0_u64), (398, 1), (483, 9)] {
        extended[at..at + 11].copy_from_slice(format!("{number:011o}").as_bytes());
    }
    extended[482] = 1;
    let mut extension = [0; 512];
    extension[..11].copy_from_slice(format!("{:011o}", 4).as_bytes());
    extension[12..23].copy_from_slice(format!("{:011o}", 1).as_bytes());
    let mut version_1 = b"2\n1\n2\n5\n1\n".to_vec();
    version_1.resize(512, 0);
    version_1.extend_from_slice(b"xyz");
    let tar = Tape::default()
        .raw(&sealed(old))
        .padded(b"abcdef")
        .raw(&sealed(extended))
        .raw(&extension)
        .padded(b"AB")
        .pax(&[
            ("GNU.sparse.map", b"1,2,4,1"),
            ("GNU.sparse.size", b"6"),
            ("GNU.sparse.name", b"v01"),
        ])
        .file("GNUSparseFile.0/v01", b"xyz")
        .pax(&[
            ("GNU.sparse.size", b"5"),
            ("GNU.sparse.offset", b"1"),
            ("GNU.sparse.numbytes", b"1"),
            ("GNU.sparse.offset", b"3"),
            ("GNU.sparse.numbytes", b"1"),
        ])
        .file("v00", b"xy")
        .pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.realsize", b"7"),
            ("GNU.sparse.name", b"v10"),
        ])
        .file("GNUSparseFile.0/v10", &version_1)
        .file("after", b"ok")
        .end();
    check(
        &tar,
        &[
            "old = \0\0abc\0\0\0def\0",
            "extended = A\0\0\0B\0\0\0\0",
            "v01 = \0xy\0z\0",
            "v00 = \0x\0y\0",
            "v10 = \0xy\0\0z\0",
            "after = ok",
        ],
        &[],
    );
    // Too large for memory: unfolded in a temporary file, and beyond the limit not at all.
    let large = |size: &[u8]| {
        let records: [(&str, &[u8]); 2] =
            [("GNU.sparse.map", b"5000,3"), ("GNU.sparse.size", size)];
        Tape::default().pax(&records).file("large", b"xyz").file("after", b"ok").end()
    };
    let (seen, outcome) = walk_both(&large(b"9000"), &tight());
    let content = seen[0].content.as_ref().unwrap();
    assert_eq!((content.len(), &content[4_999..5_004]), (9_000, b"\0xyz\0".as_slice()));
    assert_eq!((seen.len(), outcome.skipped.len()), (2, 0));
    let (seen, _) = walk_both(&large(b"9000000000000000"), &tight());
    assert!(seen[0].content.as_ref().unwrap_err().starts_with("TooLarge"), "{:?}", seen[0]);
    assert_eq!(lines(&seen[1..]), ["after = ok"]);
}

#[test]
fn sparse_maps_that_lie_stop_the_walk() {
    let maps: [(&[u8], &[u8]); 6] = [
        (b"0,3,1,1", b"9"),
        (b"0,9", b"9"),
        (b"8,3", b"9"),
        (b"0", b"9"),
        (b"9223372036854775807,1", b"9"),
        (b"-1,2", b"9"),
    ];
    for (map, size) in maps {
        let records = [("GNU.sparse.map", map), ("GNU.sparse.size", size)];
        let tar = Tape::default().pax(&records).file("f", b"xyz").end();
        check_stop(&tar, &Limits::default(), SkipReason::Malformed, "");
    }
    let endless: Vec<u8> = b"1\n".repeat(100_000);
    let records: [(&str, &[u8]); 2] = [("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0")];
    for count in ["99999999999999\n", "", "\n"] {
        let content = [count.as_bytes(), &endless].concat();
        let tar = Tape::default().pax(&records).file("f", &content).end();
        let (_, outcome) = walk_both(&tar, &Limits { header_bytes: 4_096, ..Limits::default() });
        assert_eq!(outcome.skipped[0].reason, SkipReason::Malformed);
    }
}

#[test]
fn broken_headers_stop_the_walk() {
    let good = Tape::default().file("good", b"x");
    let stop = |tar: Tape, detail: &str| {
        check_stop(&tar.end(), &Limits::default(), SkipReason::Malformed, detail);
    };
    stop(good.clone().raw(&[7; 512]), "no tar header at byte 1024");
    stop(good.clone().raw(b"not a tar at all").padded(b""), "no tar header at byte 1024");
    stop(good.clone().pax(&[("path", b"a\0b")]).file("f", b""), "NUL");
    for bad in [
        "no length\n",
        "5 a=b\n",
        "99 a=b\n",
        "0 a=b\n",
        "6 a=b\nx",
        "6 abcd\n",
        "-6 a=b\n",
        "99999999999999999999999999 a=b\n",
        "10 size=x\n",
        "12 size=-1\n",
    ] {
        let tar = good.clone().member(b'x', "pax", "", bad.as_bytes()).file("f", b"");
        stop(tar, "PAX");
    }
    // A signed checksum, as some old tars wrote it, is right as well.
    let mut block = header(b'0', "é".as_bytes(), "", 0);
    let sum: i32 = block.iter().map(|&byte| i32::from(byte.cast_signed())).sum();
    let field: i32 = block[148..156].iter().map(|&byte| i32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{:06o}\0 ", sum - field + 256).as_bytes());
    check(&Tape::default().raw(&block).end(), &["é = "], &[]);
}

#[test]
fn what_lies_behind_the_end_is_said_and_not_walked() {
    let end = Tape::default().file("a", b"1").end();
    let hidden = Tape::default().raw(&end).file("hidden", b"2").end();
    check(
        &hidden,
        &["a = 1"],
        &["Malformed : 2048 bytes behind the end of the archive, which runtimes do not unpack"],
    );
    let padded = Tape::default().raw(&end).raw(&[0; 10_240]).bytes;
    check(&padded, &["a = 1"], &[]);
    let lone = Tape::default().file("a", b"1").raw(&[0; 512]).file("b", b"2").end();
    check(&lone, &["a = 1", "b = 2"], &["Malformed : 1 empty headers between entries, read over"]);
    // Without an end mark, with half of one, without the last padding, and with nothing at all.
    let bare = Tape::default().file("a", b"1").bytes;
    check(&bare, &["a = 1"], &[]);
    check(&Tape::default().raw(&bare).raw(&[0; 512]).bytes, &["a = 1"], &[]);
    check(&bare[..513], &["a = 1"], &[]);
    check(&[], &[], &[]);
    check(&[0; 1024], &[], &[]);
}

#[test]
fn truncated_layers_give_what_is_there() {
    let content = vec![b'c'; 3_000];
    let tar = Tape::default().file("a", b"1").file("cut", &content).end();
    for (length, detail) in [
        (100, "tar header"),
        (1_024 + 100, "tar header"),
        (1_024 + 512 + 1_000, "1000 of its 3000 bytes"),
        (1_024 + 512, "0 of its 3000 bytes"),
    ] {
        check_stop(&tar[..length], &Limits::default(), SkipReason::Truncated, detail);
        check_stop(&tar[..length], &tight(), SkipReason::Truncated, detail);
    }
    let pax = Tape::default().pax(&[("path", b"long")]).bytes;
    check_stop(&pax, &Limits::default(), SkipReason::Truncated, "without its entry");
    check_stop(&pax[..520], &Limits::default(), SkipReason::Truncated, "extended header");
    let (seen, _) = walk_both(&tar[..2_000], &Limits::default());
    assert_eq!(seen[0].content, Ok(b"1".to_vec()));
    assert!(seen[1].content.as_ref().unwrap_err().starts_with("Truncated"), "{:?}", seen[1]);
}

#[test]
fn every_limit_stops_or_skips_with_its_number() {
    let limits = tight();
    let many = (0..9).fold(Tape::default(), |tape, i| tape.file(&format!("f{i}"), b"")).end();
    check_stop(&many, &limits, SkipReason::TooMany, "more than 5 entries");
    let large = Tape::default().file("large", &vec![1; 100_000]).end();
    check_stop(&large, &limits, SkipReason::TooLarge, "65536 uncompressed bytes");
    let headers = (0..9).fold(Tape::default(), |tape, _| tape.pax(&[("mtime", b"1")]));
    check_stop(&headers.file("f", b"").end(), &limits, SkipReason::TooLarge, "limit is 4096");
    let headers = (0..9).fold(Tape::default(), |tape, _| tape.member(b'g', "g", "", b""));
    check_stop(&headers.file("f", b"").end(), &limits, SkipReason::TooLarge, "limit is 4096");
    let one = Tape::default().member(b'L', "long", "", &[b'n'; 8_000]).file("f", b"").end();
    check_stop(&one, &limits, SkipReason::TooLarge, "extended headers of 8512 bytes");

    let tar = Tape::default()
        .file("a/b/c/d/e", b"")
        .file(&"l".repeat(65), b"")
        .file("too-large", &[7; 20_001])
        .file("spilled", &[8; 19_999])
        .end();
    let (seen, outcome) = walk_both(&tar, &limits);
    assert_eq!(
        skips(&outcome),
        [
            "TooDeep a/b/c/d/e: a path of 5 parts; the limit is 4",
            &format!("UnsafePath {}: a path of 65 bytes; the limit is 64", "l".repeat(65)),
        ]
    );
    assert_eq!(
        lines(&seen),
        ["too-large ! TooLarge: 20001 bytes; the limit is 20000", "spilled = 19999 bytes"]
    );
    assert!(outcome.diff_id.is_some());
    let bad = (0..5).fold(Tape::default(), |tape, i| tape.file(&format!("../{i}"), b"")).end();
    let (_, outcome) = walk_both(&bad, &limits);
    assert_eq!(outcome.skipped.len(), 4);
    assert_eq!(outcome.skipped[3].detail, "2 more skips; 3 are listed");
}

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

#[test]
fn digests_that_are_not_as_claimed_are_said() {
    let tar = Tape::default().file("a", b"1").end();
    let other = sha256(b"other");
    for compress in [gzip as fn(&[u8]) -> Vec<u8>, <[u8]>::to_vec] {
        let stored = compress(&tar);
        let walk = |claims: Claims| {
            let reader = Box::new(Dribble(&stored, 1));
            let limits = Limits::default();
            walk_all(&mut SequentialLayer::new(reader, claims, &limits, &NoProgress)).1
        };
        let right = Claims { diff_id: Some(sha256(&tar)), blob: Some(sha256(&stored)) };
        assert_eq!(walk(right).skipped, []);
        let wrong = walk(Claims { diff_id: Some(other.clone()), blob: Some(other.clone()) });
        assert_eq!(wrong.diff_id, Some(sha256(&tar)));
        let reasons: Vec<_> = wrong.skipped.iter().map(|skip| skip.reason).collect();
        assert_eq!(reasons, [SkipReason::DigestMismatch; 2]);
        assert!(wrong.skipped[0].detail.contains(other.as_str()), "{wrong:?}");
    }
}

/// A reader that fails after some bytes.
struct Failing<'a>(&'a [u8], std::io::ErrorKind);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::Error::new(self.1, "the connection is gone")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_reader_that_fails_is_a_skip() {
    let tar = Tape::default().file("a", b"1").file("b", b"2").bytes;
    for (kind, reason) in [
        (std::io::ErrorKind::ConnectionReset, SkipReason::Unreadable),
        (std::io::ErrorKind::TimedOut, SkipReason::Timeout),
        (std::io::ErrorKind::UnexpectedEof, SkipReason::Truncated),
    ] {
        let reader = Box::new(Failing(&tar, kind));
        let limits = Limits::default();
        let mut layer = SequentialLayer::new(reader, Claims::default(), &limits, &NoProgress);
        let (seen, outcome) = walk_all(&mut layer);
        assert_eq!((seen.len(), outcome.diff_id.clone()), (2, None));
        assert_eq!(outcome.skipped[0].reason, reason);
        assert!(outcome.skipped[0].detail.contains("the connection is gone"));
    }
}

#[test]
fn a_visitor_may_look_at_heads_only_or_at_nothing() {
    let content = vec![b'x'; 700_000];
    let tar = Tape::default().file("a", &content).file("b", &content).file("c", b"end").end();
    let limits = Limits { buffered_file_bytes: 1_000, ..Limits::default() };
    let reader = Box::new(Dribble(&tar, 1));
    let mut layer = SequentialLayer::new(reader, Claims::default(), &limits, &NoProgress);
    let mut heads = Vec::new();
    use crate::LayerStream;
    let outcome = layer.walk(&mut |entry, body| {
        if entry.path != "b" {
            heads.push(body.head(4_000_000).unwrap().len());
            heads.push(body.head(2).unwrap().len());
        }
    });
    assert_eq!(heads, [1_000, 2, 3, 2]);
    assert_eq!(outcome.diff_id, Some(sha256(&tar)));
    assert!(layer.walk(&mut |_, _| {}).skipped[0].detail.contains("only once"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever the `tar` crate writes is walked with names and contents, however it is stored.
    #[test]
    fn any_tar_yields_its_entries(
        files in proptest::collection::vec(("[a-z]{1,9}(/[a-zé ]{1,140}){0,2}", 0_usize..9_000), 0..30),
    ) {
        let mut builder = ::tar::Builder::new(Vec::new());
        let mut expect = Vec::new();
        for (index, (name, size)) in files.iter().enumerate() {
            let content: Vec<u8> = (0..*size).map(|i| (i * 31 + index) as u8).collect();
            let mut header = ::tar::Header::new_gnu();
            header.set_size(*size as u64);
            header.set_mode(0o755);
            builder.append_data(&mut header, name, content.as_slice()).unwrap();
            expect.push((name.clone(), content));
        }
        let tar = builder.into_inner().unwrap();
        let limits = Limits { buffered_file_bytes: 4_000, ..Limits::default() };
        let (seen, outcome) = walk_both(&tar, &limits);
        let found: Vec<_> =
            seen.iter().map(|s| (s.entry.path.clone(), s.content.clone().unwrap())).collect();
        prop_assert_eq!(&found, &expect);
        prop_assert_eq!(&outcome.diff_id, &Some(sha256(&tar)));
        let (streamed, _) = walk_stream(&gzip(&tar), &limits);
        prop_assert!(streamed == seen);
    }

    /// No bytes make the walk panic or the two ways of reading disagree.
    #[test]
    fn damaged_tars_are_read_the_same_both_ways(
        flips in proptest::collection::vec((0_usize..6_000, any::<u8>()), 1..8),
        length in 0_usize..6_000,
    ) {
        let tape = Tape::default().pax(&[("path", b"long/name"), ("size", b"3")]).file("x", b"abc");
        let mut tar = tape.file("y", &[9; 2_500]).link(b'1', "z", "y").end();
        for (at, byte) in flips {
            let at = at % tar.len();
            tar[at] = byte;
            // Half of the time the checksum is made right again, so that the damage is seen.
            if byte % 2 == 0 && at + 512 < tar.len() {
                let start = at / 512 * 512;
                let block: [u8; 512] = tar[start..start + 512].try_into().unwrap();
                tar[start..start + 512].copy_from_slice(&sealed(block));
            }
        }
        tar.truncate(length.max(1));
        walk_both(&tar, &tight());
    }
}
