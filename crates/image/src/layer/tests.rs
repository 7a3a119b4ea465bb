//! Layers of every sort, streamed and in place.

use std::io::Read;

use model::{NoProgress, SkipReason};
use proptest::prelude::*;

use super::{Claims, SequentialLayer};
use crate::Limits;
use crate::testing::{
    Dribble, Tape, check, check_stop, gzip, lines, sealed, sha256, skips, tight, walk_all,
    walk_both, walk_stream,
};

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
