//! Headers of every format, well-formed and not.

use model::SkipReason;

use crate::Limits;
use crate::testing::{Tape, check, check_stop, header, lines, sealed, tight, walk_both};

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
