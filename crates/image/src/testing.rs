//! For tests: tars made by hand, images around them, and what a walk of them saw.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use model::{Digest, FileEntry, FileKind, NoProgress, SkipReason};

use crate::hashing::Hashing;
use crate::input::{BLOCK_BYTES, Block};
use crate::layer::{Claims, InPlaceLayer, SequentialLayer, Span};
use crate::{LayerOutcome, LayerStream, LayerVisitor, Limits};

/// A tar, member by member, well-formed or not.
#[derive(Clone, Default)]
pub(crate) struct Tape {
    pub(crate) bytes: Vec<u8>,
}

impl Tape {
    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        self.member(b'0', name, "", content)
    }

    pub(crate) fn directory(self, name: &str) -> Self {
        self.member(b'5', name, "", b"")
    }

    pub(crate) fn link(self, kind: u8, name: &str, target: &str) -> Self {
        self.member(kind, name, target, b"")
    }

    pub(crate) fn member(self, kind: u8, name: &str, link: &str, content: &[u8]) -> Self {
        let header = header(kind, name.as_bytes(), link, content.len() as u64);
        self.raw(&header).padded(content)
    }

    pub(crate) fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let mut content = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while length.to_string().len() + rest != length {
                length = length.to_string().len() + rest;
            }
            content.extend_from_slice(format!("{length} {key}=").as_bytes());
            content.extend_from_slice(value);
            content.push(b'\n');
        }
        self.member(b'x', "PaxHeaders/x", "", &content)
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(crate) fn padded(mut self, content: &[u8]) -> Self {
        self.bytes.extend_from_slice(content);
        let whole = self.bytes.len().div_ceil(BLOCK_BYTES) * BLOCK_BYTES;
        self.bytes.resize(whole, 0);
        self
    }

    pub(crate) fn end(self) -> Vec<u8> {
        self.raw(&[0; 2 * BLOCK_BYTES]).bytes
    }
}

/// A ustar header.
pub(crate) fn header(kind: u8, name: &[u8], link: &str, size: u64) -> Block {
    let mut block = [0; BLOCK_BYTES];
    block[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    block[100..107].copy_from_slice(b"0000644");
    block[108..115].copy_from_slice(b"0001750");
    block[116..123].copy_from_slice(b"0000144");
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    sealed(block)
}

/// A header with the right checksum.
pub(crate) fn sealed(mut block: Block) -> Block {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// What a walk saw of one entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) entry: FileEntry,
    /// Its content; the reason when it could not be had.
    pub(crate) content: Result<Vec<u8>, String>,
}

/// Walks a layer, reading everything.
pub(crate) fn walk_all(layer: &mut dyn LayerStream) -> (Vec<Seen>, LayerOutcome) {
    let mut seen = Vec::new();
    let outcome = layer.walk(&mut |entry, body| {
        let head = body.head(16).map(<[u8]>::to_vec);
        let content = match body.content() {
            Err(skip) => Err(format!("{:?}: {}", skip.reason, skip.detail)),
            Ok(content) => {
                let mut bytes = vec![0xee; usize::try_from(content.size_bytes()).unwrap() + 1];
                let mut read = 0;
                while read < bytes.len() {
                    match content.read_at(read as u64, &mut bytes[read..]).unwrap() {
                        0 => break,
                        count => read += count,
                    }
                }
                assert_eq!(read as u64, content.size_bytes(), "{}", entry.path);
                bytes.truncate(read);
                if let Some(whole) = content.bytes() {
                    assert!(whole == bytes, "bytes and read_at differ: {}", entry.path);
                }
                assert_eq!(head.unwrap(), bytes[..bytes.len().min(16)], "{}", entry.path);
                Ok(bytes)
            }
        };
        seen.push(Seen { entry: entry.clone(), content });
    });
    (seen, outcome)
}

/// Walks a layer as a stream.
pub(crate) fn walk_stream(bytes: &[u8], limits: &Limits) -> (Vec<Seen>, LayerOutcome) {
    let reader = Box::new(Dribble(bytes, 1));
    walk_all(&mut SequentialLayer::new(reader, Claims::default(), limits, &NoProgress))
}

/// Walks an uncompressed layer in a file.
pub(crate) fn walk_in_place(bytes: &[u8], limits: &Limits) -> (Vec<Seen>, LayerOutcome) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"before").unwrap();
    file.write_all(bytes).unwrap();
    file.write_all(b"after").unwrap();
    let span = Span { file: Arc::new(file), offset: 6, size_bytes: bytes.len() as u64 };
    walk_all(&mut InPlaceLayer::new(span, Claims::default(), limits, &NoProgress))
}

/// Walks an uncompressed layer in both ways, which must agree.
pub(crate) fn walk_both(bytes: &[u8], limits: &Limits) -> (Vec<Seen>, LayerOutcome) {
    let (seen, outcome) = walk_stream(bytes, limits);
    let (in_place, other) = walk_in_place(bytes, limits);
    assert_eq!(seen, in_place);
    assert_eq!(format!("{outcome:?}"), format!("{other:?}"));
    (seen, outcome)
}

/// Small limits, so that tests can go beyond them.
pub(crate) fn tight() -> Limits {
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

/// Checks what a good layer holds, in both ways of reading.
#[track_caller]
pub(crate) fn check(tar: &[u8], expect: &[&str], expect_skips: &[&str]) {
    let (seen, outcome) = walk_both(tar, &Limits::default());
    assert_eq!(lines(&seen), expect);
    assert_eq!(skips(&outcome), expect_skips);
    assert_eq!(outcome.diff_id, Some(sha256(tar)));
    assert_eq!(outcome.size_bytes, tar.len() as u64);
}

/// The reason why a walk ended early, which leaves no digest.
#[track_caller]
pub(crate) fn check_stop(tar: &[u8], limits: &Limits, expect: SkipReason, detail: &str) {
    let (_, outcome) = walk_both(tar, limits);
    assert_eq!(outcome.diff_id, None);
    let last = outcome.skipped.last().expect("a skip");
    assert_eq!((last.reason, last.layer), (expect, None), "{last:?}");
    assert!(last.detail.contains(detail), "{last:?}");
}

/// A reader that gives its bytes in pieces of many sizes.
pub(crate) struct Dribble<'a>(pub(crate) &'a [u8], pub(crate) usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = (self.1 * 7 + 3) % 100_003;
        let most = (self.1 % 5_000 + 1).min(buffer.len());
        self.0.read(&mut buffer[..most])
    }
}

/// One line an entry: what it is, and its content when that is short.
pub(crate) fn lines(seen: &[Seen]) -> Vec<String> {
    let line = |seen: &Seen| {
        let path = &seen.entry.path;
        match (&seen.entry.kind, &seen.content) {
            (FileKind::Regular, Ok(bytes)) if bytes.len() < 40 => {
                format!("{path} = {}", String::from_utf8_lossy(bytes))
            }
            (FileKind::Regular, Ok(bytes)) => format!("{path} = {} bytes", bytes.len()),
            (FileKind::Regular, Err(why)) => format!("{path} ! {why}"),
            (FileKind::Symlink(target), _) => format!("{path} -> {target}"),
            (FileKind::HardLink(target), _) => format!("{path} == {target}"),
            (kind, _) => format!("{path} {kind:?}"),
        }
    };
    seen.iter().map(line).collect()
}

/// The skips of an outcome, one line each.
pub(crate) fn skips(outcome: &LayerOutcome) -> Vec<String> {
    let line = |skip: &model::Skip| format!("{:?} {}: {}", skip.reason, skip.path, skip.detail);
    outcome.skipped.iter().map(line).collect()
}

/// The SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    let mut hashing = Hashing::sha256();
    hashing.update(bytes);
    hashing.finish()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 3).unwrap()
}

pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A visitor that keeps everything, by claimed (else real) diff id.
#[derive(Default)]
pub(crate) struct Collector {
    pub(crate) unwanted: Vec<Digest>,
    pub(crate) layers: Mutex<BTreeMap<String, (Vec<Seen>, LayerOutcome)>>,
    pub(crate) claimed: Mutex<Vec<Option<Digest>>>,
}

impl LayerVisitor for Collector {
    fn wants(&self, claimed: Option<&Digest>) -> bool {
        claimed.is_none_or(|digest| !self.unwanted.contains(digest))
    }

    fn visit(&self, claimed: Option<&Digest>, layer: &mut dyn LayerStream) {
        let walked = walk_all(layer);
        let key = walked.1.diff_id.as_ref().or(claimed).map(Digest::to_string);
        self.claimed.lock().unwrap().push(claimed.cloned());
        self.layers.lock().unwrap().insert(key.unwrap_or_default(), walked);
    }
}

/// An image in the making.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) platform: &'static str,
    /// Uncompressed tars.
    pub(crate) layers: Vec<Vec<u8>>,
    pub(crate) compress: fn(&[u8]) -> Vec<u8>,
    pub(crate) tag: &'static str,
}

impl Image {
    /// Two layers: one with a file, one that deletes it.
    pub(crate) fn small(tag: &'static str) -> Self {
        let base = Tape::default().directory("etc/").file("etc/os-release", b"ID=test\n").end();
        let top = Tape::default().file("etc/.wh.os-release", b"").file("app", tag.as_bytes()).end();
        Image { platform: "linux/amd64", layers: vec![base, top], compress: <[u8]>::to_vec, tag }
    }

    pub(crate) fn config(&self) -> Vec<u8> {
        let (os, architecture) = self.platform.split_once('/').unwrap();
        let diff_ids: Vec<String> =
            self.layers.iter().map(|tar| format!("\"{}\"", sha256(tar))).collect();
        format!(
            r#"{{"os":"{os}","architecture":"{architecture}","config":{{"Env":["A=1"]}},
            "rootfs":{{"type":"layers","diff_ids":[{}]}},
            "history":[{{"created_by":"ADD base"}},{{"created_by":"ENV A=1","empty_layer":true}},
            {{"created_by":"RUN top"}}]}}"#,
            diff_ids.join(",")
        )
        .into_bytes()
    }

    pub(crate) fn manifest(&self) -> Vec<u8> {
        let layers: Vec<String> = self
            .layers
            .iter()
            .map(|tar| {
                descriptor(&(self.compress)(tar), "application/vnd.oci.image.layer.v1.tar", "")
            })
            .collect();
        format!(
            r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
            descriptor(&self.config(), "application/vnd.oci.image.config.v1+json", ""),
            layers.join(",")
        )
        .into_bytes()
    }

    /// Its entry in an index.
    pub(crate) fn entry(&self) -> String {
        let (os, architecture) = self.platform.split_once('/').unwrap();
        let more = format!(
            r#","platform":{{"os":"{os}","architecture":"{architecture}"}},
            "annotations":{{"org.opencontainers.image.ref.name":"{}"}}"#,
            self.tag
        );
        descriptor(&self.manifest(), "application/vnd.oci.image.manifest.v1+json", &more)
    }

    /// The blobs of an OCI layout.
    pub(crate) fn blobs(&self) -> Vec<(String, Vec<u8>)> {
        let layers = self.layers.iter().map(|tar| (self.compress)(tar));
        layers.chain([self.config(), self.manifest()]).map(blob).collect()
    }

    /// The members of `docker save` before version 25, layers first.
    pub(crate) fn docker_members(&self) -> (Vec<(String, Vec<u8>)>, String) {
        let mut members = Vec::new();
        let mut paths = Vec::new();
        for (index, tar) in self.layers.iter().enumerate() {
            let id = sha256(format!("{}{index}", self.tag).as_bytes());
            members.push((format!("{}/VERSION", id.hex()), b"1.0".to_vec()));
            members.push((format!("{}/json", id.hex()), br#"{"id":"x","created":"0"}"#.to_vec()));
            let path = format!("{}/layer.tar", id.hex());
            paths.push(format!("\"{path}\""));
            members.push((path, (self.compress)(tar)));
        }
        let config = format!("{}.json", sha256(&self.config()).hex());
        let entry = format!(
            r#"{{"Config":"{config}","RepoTags":["{}"],"Layers":[{}]}}"#,
            self.tag,
            paths.join(",")
        );
        members.push((config, self.config()));
        (members, entry)
    }
}

/// A blob of a layout and its path.
pub(crate) fn blob(bytes: Vec<u8>) -> (String, Vec<u8>) {
    (format!("blobs/sha256/{}", sha256(&bytes).hex()), bytes)
}

/// The descriptor of a blob; `more` goes before its end.
pub(crate) fn descriptor(bytes: &[u8], media_type: &str, more: &str) -> String {
    let (digest, size) = (sha256(bytes), bytes.len());
    format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}{more}}}"#)
}

/// The members of an OCI layout of several images.
pub(crate) fn oci_members(images: &[Image]) -> Vec<(String, Vec<u8>)> {
    let entries: Vec<String> = images.iter().map(Image::entry).collect();
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","));
    let mut members: Vec<_> = images.iter().flat_map(Image::blobs).collect();
    members.push(("oci-layout".into(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
    members.push(("index.json".into(), index.into_bytes()));
    members
}

/// The members of `docker save` before version 25 of several images.
pub(crate) fn docker_members(images: &[Image]) -> Vec<(String, Vec<u8>)> {
    let (members, entries): (Vec<_>, Vec<_>) = images.iter().map(Image::docker_members).unzip();
    let mut members: Vec<_> = members.into_iter().flatten().collect();
    members.push(("manifest.json".into(), format!("[{}]", entries.join(",")).into_bytes()));
    members
}

/// A tar of members, with the directories as docker writes them.
pub(crate) fn archive(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tape = Tape::default();
    for (name, content) in members {
        tape = tape.file(name, content);
    }
    tape.end()
}

/// A directory that goes when the test ends, and a file in it.
pub(crate) fn in_file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    File::create(&path).unwrap().write_all(bytes).unwrap();
    (directory, path)
}
